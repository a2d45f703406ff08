//! Typed allow-lists. A layout names the keys of an object that may be read; whatever else stands there is skipped
//! without being copied, and counted by its position in the list, not by its text.

use crate::cursor::{Broken, Cursor};
use crate::json::Json;
use crate::ledger::Tally;
use crate::place::Place;
use crate::value::{Fate, Value};

/// How many keys of an object were skipped, null or not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Skipped {
    /// Keys that are known and dropped.
    pub(crate) known: usize,
    /// Keys that no layout names.
    pub(crate) unknown: usize,
}

/// Which of the named keys stand in an object, by their indices: objects hold few of the keys that they may hold, and
/// only these are looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Present(u64);

impl Present {
    /// How many keys a layout may name.
    pub(crate) const MAX: usize = 64;

    pub(crate) const fn insert(&mut self, index: usize) {
        self.0 |= 1 << index;
    }

    /// Those with an index below a limit, which is less than [`Self::MAX`].
    pub(crate) const fn below(self, limit: usize) -> Self {
        Self(self.0 & ((1 << limit) - 1))
    }

    pub(crate) const fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// From the lowest up.
    pub(crate) fn indices(mut self) -> impl Iterator<Item = usize> {
        std::iter::from_fn(move || {
            let lowest = (self.0 != 0).then(|| self.0.trailing_zeros() as usize)?;
            self.0 &= self.0 - 1;
            Some(lowest)
        })
    }
}

/// An object of a page, by its named keys.
pub(crate) trait Layout<'a>: Sized {
    /// An object without values.
    fn at(place: Place) -> Self;
    /// Lets go of all values.
    fn clear(&mut self);
    fn place(&self) -> Place;
    fn values(&self) -> &[Value<'a>];
    fn present(&self) -> Present;
    /// Takes what stands at a key in place of what stood there before; tells whether that is lost.
    fn set(&mut self, index: usize, json: Json<'a>, fate: Fate) -> bool;
    fn skipped_mut(&mut self) -> &mut Skipped;

    /// Reads the value of this key where it stands, if objects are expected there; answers what it was.
    fn read_inside(
        &mut self,
        _index: usize,
        _cursor: &mut Cursor<'a>,
        _tally: &mut Tally,
    ) -> Result<Option<Shape>, Broken> {
        Ok(None)
    }
}

/// What stands at a key, or as an element, at which objects are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Object,
    Array,
    /// `null`, or an empty string.
    Null,
    Other,
}

impl Shape {
    fn of(value: Json<'_>) -> Self {
        match value.or_null() {
            Json::Object(_) => Self::Object,
            Json::Array(_) => Self::Array,
            Json::Null => Self::Null,
            _ => Self::Other,
        }
    }

    /// A value of the same shape: it stands for one that was read where it stood.
    const fn json(self) -> Json<'static> {
        match self {
            Self::Object => Json::Object(""),
            Self::Array => Json::Array(""),
            Self::Null => Json::Null,
            Self::Other => Json::Integer(0),
        }
    }
}

/// Objects that are read inside of another one.
pub(crate) trait Inside<'a>: Sized {
    /// Lets go of what was read before.
    fn clear(&mut self);

    /// Reads the next value in place of what was read before; answers what it was.
    fn read(&mut self, place: Place, cursor: &mut Cursor<'a>, tally: &mut Tally) -> Result<Shape, Broken>;
}

/// One object; None where something else stands.
impl<'a, L: Layout<'a>> Inside<'a> for Option<L> {
    fn clear(&mut self) {
        *self = None;
    }

    fn read(&mut self, place: Place, cursor: &mut Cursor<'a>, tally: &mut Tally) -> Result<Shape, Broken> {
        let shape = read_object(cursor, self.insert(L::at(place)), tally)?;
        if shape != Shape::Object {
            *self = None;
        }
        Ok(shape)
    }
}

/// An array of objects. They stay when it is let go of, for the next one is read into them.
pub(crate) struct Many<L> {
    /// Each object, and whether one stood there.
    objects: Vec<(L, bool)>,
    length: usize,
}

impl<L> Default for Many<L> {
    fn default() -> Self {
        Self { objects: Vec::new(), length: 0 }
    }
}

impl<L> Many<L> {
    /// The objects in their order; None for each element that was something else.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = Option<&mut L>> {
        self.objects.iter_mut().take(self.length).map(|(object, is_there)| is_there.then_some(object))
    }
}

impl<'a, L: Layout<'a>> Inside<'a> for Many<L> {
    fn clear(&mut self) {
        self.length = 0;
    }

    fn read(&mut self, place: Place, cursor: &mut Cursor<'a>, tally: &mut Tally) -> Result<Shape, Broken> {
        Inside::clear(self);
        if cursor.peek()? != b'[' {
            return Ok(Shape::of(cursor.value()?));
        }
        cursor.enter();
        while cursor.goes_on(b']', self.length == 0)? {
            let (object, is_there) = match self.objects.get_mut(self.length) {
                Some(object) => object,
                None => self.objects.push_mut((L::at(place), false)),
            };
            object.clear();
            *is_there = read_object(cursor, object, tally)? == Shape::Object;
            self.length += 1;
        }
        Ok(Shape::Array)
    }
}

/// Declares a layout: each key that may be read gets a method, each key at which objects are read inside of this one a
/// method and a field, each key that is known and dropped a name alone.
macro_rules! layout {
    (
        $(#[$doc:meta])*
        $name:ident { $($field:ident $key:literal),* $(,)? }
        $(inside { $($slot:ident $objects:ident $inside:literal $type:ty, $of:expr);* $(;)? })?
        drop { $($dropped:literal),* $(,)? }
    ) => {
        $(#[$doc])*
        pub(crate) struct $name<'a> {
            place: crate::place::Place,
            values: [crate::value::Value<'a>; [$($key,)* $($($inside,)*)?].len()],
            present: crate::layout::Present,
            skipped: crate::layout::Skipped,
            $($(pub(crate) $objects: $type,)*)?
        }

        const _: () = {
            #[derive(Clone, Copy)]
            #[expect(non_camel_case_types, reason = "each variant is the name of a method")]
            enum Field { $($field,)* $($($slot,)*)? }

            impl<'a> $name<'a> {
                /// The keys that may be read, then those that are known and dropped.
                pub(crate) const KEYS: &'static [&'static str] =
                    &[$($key,)* $($($inside,)*)? $($dropped,)*];

                $(pub(crate) const fn $field(&mut self) -> &mut crate::value::Value<'a> {
                    &mut self.values[Field::$field as usize]
                })*

                $($(pub(crate) const fn $slot(&mut self) -> &mut crate::value::Value<'a> {
                    &mut self.values[Field::$slot as usize]
                })*)?
            }

            impl<'a> crate::layout::Layout<'a> for $name<'a> {
                fn at(place: crate::place::Place) -> Self {
                    Self {
                        place,
                        values: std::array::from_fn(|at| crate::value::Value::absent(place, at as u8)),
                        present: crate::layout::Present::default(),
                        skipped: crate::layout::Skipped::default(),
                        $($($objects: Default::default(),)*)?
                    }
                }

                fn clear(&mut self) {
                    for index in std::mem::take(&mut self.present).indices() {
                        self.values.get_mut(index).into_iter().for_each(crate::value::Value::clear);
                    }
                    self.skipped = crate::layout::Skipped::default();
                    $($(crate::layout::Inside::clear(&mut self.$objects);)*)?
                }

                fn place(&self) -> crate::place::Place {
                    self.place
                }

                fn values(&self) -> &[crate::value::Value<'a>] {
                    &self.values
                }

                fn present(&self) -> crate::layout::Present {
                    self.present
                }

                fn set(&mut self, index: usize, json: crate::json::Json<'a>, fate: crate::value::Fate) -> bool {
                    self.present.insert(index);
                    self.values.get_mut(index).is_some_and(|value| value.set(json, fate))
                }

                fn skipped_mut(&mut self) -> &mut crate::layout::Skipped {
                    &mut self.skipped
                }

                $(fn read_inside(
                    &mut self,
                    index: usize,
                    cursor: &mut crate::cursor::Cursor<'a>,
                    tally: &mut crate::ledger::Tally,
                ) -> Result<Option<crate::layout::Shape>, crate::cursor::Broken> {
                    $(if index == Field::$slot as usize {
                        let place = ($of)(self.place);
                        let shape = crate::layout::Inside::read(&mut self.$objects, place, cursor, tally)?;
                        return Ok(Some(shape));
                    })*
                    Ok(None)
                })?
            }

            assert!([$($key,)* $($($inside,)*)?].len() < crate::layout::Present::MAX);
        };
    };
}
pub(crate) use layout;

/// Reads the object that stands as a value of another one, kept as text. None when something else stands there.
pub(crate) fn open<'a, L: Layout<'a>>(value: &mut Value<'a>, place: Place, tally: &mut Tally) -> Option<L> {
    // Most ways are words, for which no object need be made.
    let Json::Object(_) = value.json() else { return None };
    let mut object = L::at(place);
    if read_again(value.json(), &mut object, tally) != Shape::Object {
        return None;
    }
    value.set_fate(Fate::Opened);
    Some(object)
}

/// Reads a value that was passed into an object; answers what it was.
pub(crate) fn read_again<'a, L: Layout<'a>>(value: Json<'a>, object: &mut L, tally: &mut Tally) -> Shape {
    match value {
        Json::Object(raw) => read_object(&mut Cursor::new(raw), object, tally).unwrap_or(Shape::Other),
        value => Shape::of(value),
    }
}

/// Reads the next value into an object; answers what it was.
pub(crate) fn read_object<'a, L: Layout<'a>>(
    cursor: &mut Cursor<'a>,
    object: &mut L,
    tally: &mut Tally,
) -> Result<Shape, Broken> {
    if cursor.peek()? != b'{' {
        return Ok(Shape::of(cursor.value()?));
    }
    cursor.enter();
    let place = object.place();
    let keys = place.keys();
    let mut before = None;
    while cursor.goes_on(b'}', before.is_none())? {
        let index = key_index(cursor, keys, tally.at(place).1, before)?;
        before = Some(index);
        let is_lost = if index < object.values().len() {
            let inside = object.read_inside(index, cursor, tally)?;
            let json = match inside {
                Some(shape) => shape.json(),
                None => cursor.value()?,
            };
            object.set(index, json, if inside == Some(Shape::Object) { Fate::Opened } else { Fate::Dropped })
        } else {
            let skipped = object.skipped_mut();
            if index == keys.len() {
                skipped.unknown += 1;
            } else {
                skipped.known += 1;
            }
            cursor.value()? != Json::Null
        };
        if is_lost && let Some(counts) = tally.at(place).0.get_mut(index) {
            counts.dropped += 1;
        }
    }
    Ok(Shape::Object)
}

/// Reads a key as its index in the list; the list's length when it is not named there. Pages repeat the order of
/// their keys, so the two that followed the same key before are tried first.
fn key_index(
    cursor: &mut Cursor<'_>,
    keys: &[&str],
    followers: &mut [[usize; 2]],
    before: Option<usize>,
) -> Result<usize, Broken> {
    let Some(followers) = followers.get_mut(before.map_or(0, |before| before + 1)) else {
        return find_key(cursor, keys);
    };
    let [last, other] = *followers;
    let mut takes = |index: usize| keys.get(index).is_some_and(|name| cursor.takes_key(name));
    if takes(last) {
        return Ok(last);
    }
    let index = if takes(other) { other } else { find_key(cursor, keys)? };
    *followers = [index, last];
    Ok(index)
}

fn find_key(cursor: &mut Cursor<'_>, keys: &[&str]) -> Result<usize, Broken> {
    let key = cursor.key()?.read();
    Ok(keys.iter().position(|name| *name == key).unwrap_or(keys.len()))
}

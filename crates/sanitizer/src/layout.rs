//! Typed allow-lists. A layout names the keys of an object that may be read; whatever else stands there is skipped
//! without being copied, and counted by its position in the list, not by its text.

use crate::cursor::{Broken, Cursor};
use crate::json::{Json, json};
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

/// An object of a page, by its named keys.
pub(crate) trait Layout<'a>: Sized {
    /// An object without values.
    fn at(place: Place) -> Self;
    fn place(&self) -> Place;
    fn values(&self) -> &[Value<'a>];
    fn values_mut(&mut self) -> &mut [Value<'a>];
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
    /// The shape of a raw value.
    fn of(raw: &str) -> Self {
        match json(raw) {
            Json::Object => Self::Object,
            Json::Array => Self::Array,
            Json::Null => Self::Null,
            _ => Self::Other,
        }
    }

    /// A text of the same shape: it stands for a value that is not kept as text.
    const fn raw(self) -> &'static str {
        match self {
            Self::Object => "{",
            Self::Array => "[",
            Self::Null => "null",
            Self::Other => "0",
        }
    }
}

/// Objects for which space is made in an array.
const OBJECTS_EXPECTED: usize = 8;

/// Objects that are read inside of another one.
pub(crate) trait Inside<'a>: Sized {
    /// Reads the next value in place of what was read before; answers what it was.
    fn read(&mut self, place: Place, cursor: &mut Cursor<'a>, tally: &mut Tally) -> Result<Shape, Broken>;
}

/// One object; None where something else stands.
impl<'a, L: Layout<'a>> Inside<'a> for Option<L> {
    fn read(&mut self, place: Place, cursor: &mut Cursor<'a>, tally: &mut Tally) -> Result<Shape, Broken> {
        let shape = read_object(cursor, self.insert(L::at(place)), tally)?;
        if shape != Shape::Object {
            *self = None;
        }
        Ok(shape)
    }
}

/// An array of objects; None for each element that is something else.
impl<'a, L: Layout<'a>> Inside<'a> for Vec<Option<L>> {
    fn read(&mut self, place: Place, cursor: &mut Cursor<'a>, tally: &mut Tally) -> Result<Shape, Broken> {
        self.clear();
        if cursor.peek()? != b'[' {
            return Ok(Shape::of(cursor.value()?));
        }
        cursor.enter();
        self.reserve(OBJECTS_EXPECTED);
        while cursor.goes_on(b']', self.is_empty())? {
            self.push_mut(None).read(place, cursor, tally)?;
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
                        skipped: crate::layout::Skipped::default(),
                        $($($objects: Default::default(),)*)?
                    }
                }

                fn place(&self) -> crate::place::Place {
                    self.place
                }

                fn values(&self) -> &[crate::value::Value<'a>] {
                    &self.values
                }

                fn values_mut(&mut self) -> &mut [crate::value::Value<'a>] {
                    &mut self.values
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
        };
    };
}
pub(crate) use layout;

/// Reads the object that stands as a value of another one, kept as text. None when something else stands there.
pub(crate) fn open<'a, L: Layout<'a>>(value: &mut Value<'a>, place: Place, tally: &mut Tally) -> Option<L> {
    if value.json() != Json::Object {
        return None;
    }
    let mut object = L::at(place);
    if read_raw(value.raw(), &mut object, tally) != Shape::Object {
        return None;
    }
    value.set_fate(Fate::Opened);
    Some(object)
}

/// Reads a raw value into an object.
pub(crate) fn read_raw<'a, L: Layout<'a>>(raw: &'a str, object: &mut L, tally: &mut Tally) -> Shape {
    read_object(&mut Cursor::new(raw), object, tally).unwrap_or(Shape::Other)
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
            let raw = match inside {
                Some(shape) => shape.raw(),
                None => cursor.value()?,
            };
            object.values_mut().get_mut(index).is_some_and(|value| {
                value.set_fate(if inside == Some(Shape::Object) { Fate::Opened } else { Fate::Dropped });
                value.set(raw)
            })
        } else {
            let skipped = object.skipped_mut();
            if index == keys.len() {
                skipped.unknown += 1;
            } else {
                skipped.known += 1;
            }
            cursor.value()? != "null"
        };
        if is_lost && let Some(counts) = tally.at(place).0.get_mut(index) {
            counts.dropped += 1;
        }
    }
    Ok(Shape::Object)
}

/// Reads a key as its index in the list; the list's length when it is not named there. Pages repeat the order of
/// their keys, so the one that followed the same key before is tried first.
fn key_index(
    cursor: &mut Cursor<'_>,
    keys: &[&str],
    followers: &mut [usize],
    before: Option<usize>,
) -> Result<usize, Broken> {
    let Some(follower) = followers.get_mut(before.map_or(0, |before| before + 1)) else {
        return find_key(cursor, keys);
    };
    if !keys.get(*follower).is_some_and(|name| cursor.takes_key(name)) {
        *follower = find_key(cursor, keys)?;
    }
    Ok(*follower)
}

fn find_key(cursor: &mut Cursor<'_>, keys: &[&str]) -> Result<usize, Broken> {
    let index = match json(cursor.key()?) {
        Json::Text(key) => keys.iter().position(|name| *name == key),
        // The empty key.
        _ => None,
    };
    Ok(index.unwrap_or(keys.len()))
}

//! Typed allow-lists. A layout names the keys of an object that may be read; whatever else stands there is skipped by
//! the parser without being copied, and counted by its position in the list, not by its text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

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
    fn read_inside<A: MapAccess<'a>>(
        &mut self,
        _index: usize,
        _map: &mut A,
        _tally: &mut Tally,
    ) -> Result<Option<Shape>, A::Error> {
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

/// Objects that are read inside of another one.
pub(crate) trait Inside<'a>: Sized {
    /// Reads the value of a key.
    fn read<A: MapAccess<'a>>(
        place: Place,
        map: &mut A,
        tally: &mut Tally,
    ) -> Result<(Shape, Self), A::Error>;
}

/// One object; None where something else stands.
impl<'a, L: Layout<'a>> Inside<'a> for Option<L> {
    fn read<A: MapAccess<'a>>(
        place: Place,
        map: &mut A,
        tally: &mut Tally,
    ) -> Result<(Shape, Self), A::Error> {
        let mut object = L::at(place);
        let shape = if tally.is_careful {
            read_raw(map.next_value::<&'a RawValue>()?.get(), &mut object, tally)
        } else {
            map.next_value_seed(ObjectSeed { object: &mut object, tally })?
        };
        Ok((shape, (shape == Shape::Object).then_some(object)))
    }
}

/// An array of objects; None for each element that is something else.
impl<'a, L: Layout<'a>> Inside<'a> for Vec<Option<L>> {
    fn read<A: MapAccess<'a>>(
        place: Place,
        map: &mut A,
        tally: &mut Tally,
    ) -> Result<(Shape, Self), A::Error> {
        let mut objects = Self::new();
        let shape = if tally.is_careful {
            let raw = map.next_value::<&'a RawValue>()?.get();
            let mut parser = serde_json::Deserializer::from_str(raw);
            match json(raw) {
                Json::Array => {
                    let seed = ArraySeed { objects: &mut objects, place, tally };
                    seed.deserialize(&mut parser).unwrap_or(Shape::Other)
                }
                Json::Null => Shape::Null,
                _ => Shape::Other,
            }
        } else {
            map.next_value_seed(ArraySeed { objects: &mut objects, place, tally })?
        };
        Ok((shape, objects))
    }
}

/// Reads a raw value into an object.
pub(crate) fn read_raw<'a, L: Layout<'a>>(raw: &'a str, object: &mut L, tally: &mut Tally) -> Shape {
    let mut parser = serde_json::Deserializer::from_str(raw);
    ObjectSeed { object, tally }.deserialize(&mut parser).unwrap_or(Shape::Other)
}

/// Reads the next element of an array into an object; None at its end.
pub(crate) fn next_object<'a, L: Layout<'a>, A: SeqAccess<'a>>(
    array: &mut A,
    object: &mut L,
    tally: &mut Tally,
) -> Result<Option<Shape>, A::Error> {
    if tally.is_careful {
        let raw = array.next_element::<&'a RawValue>()?;
        return Ok(raw.map(|raw| read_raw(raw.get(), object, tally)));
    }
    array.next_element_seed(ObjectSeed { object, tally })
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

                $(fn read_inside<A: serde::de::MapAccess<'a>>(
                    &mut self,
                    index: usize,
                    map: &mut A,
                    tally: &mut crate::ledger::Tally,
                ) -> Result<Option<crate::layout::Shape>, A::Error> {
                    $(if index == Field::$slot as usize {
                        let (shape, objects) = crate::layout::Inside::read(($of)(self.place), map, tally)?;
                        self.$objects = objects;
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

/// Reads an array of objects.
struct ArraySeed<'t, L> {
    objects: &'t mut Vec<Option<L>>,
    place: Place,
    tally: &'t mut Tally,
}

/// Reads one value into an object; answers what it was. The parser itself refuses two things that may stand in its
/// place, and so the whole text: a string that is no Unicode, and a number beyond the range of floats. A page on which
/// it does is read once more, carefully: each object is then cut out before it is read ([`crate::page`]).
struct ObjectSeed<'t, L> {
    object: &'t mut L,
    tally: &'t mut Tally,
}

macro_rules! shapes {
    () => {
        type Value = Shape;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E: Error>(self) -> Result<Shape, E> {
            Ok(Shape::Null)
        }

        fn visit_bool<E: Error>(self, _: bool) -> Result<Shape, E> {
            Ok(Shape::Other)
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Shape, E> {
            Ok(Shape::Other)
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<Shape, E> {
            Ok(Shape::Other)
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Shape, E> {
            Ok(Shape::Other)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Shape, E> {
            Ok(if text.is_empty() { Shape::Null } else { Shape::Other })
        }
    };
}

impl<'de, L: Layout<'de>> DeserializeSeed<'de> for ArraySeed<'_, L> {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, L: Layout<'de>> Visitor<'de> for ArraySeed<'_, L> {
    shapes!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Shape, A::Error> {
        loop {
            let mut object = L::at(self.place);
            match next_object(&mut array, &mut object, self.tally)? {
                None => return Ok(Shape::Array),
                Some(shape) => self.objects.push((shape == Shape::Object).then_some(object)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Shape::Object)
    }
}

impl<'de, L: Layout<'de>> DeserializeSeed<'de> for ObjectSeed<'_, L> {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, L: Layout<'de>> Visitor<'de> for ObjectSeed<'_, L> {
    shapes!();

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let Self { object, tally } = self;
        let place = object.place();
        let mut position = 0;
        loop {
            let keys = KeySeed { keys: place.keys(), order: tally.at(place).1, position };
            let Some(index) = map.next_key_seed(keys)? else { return Ok(Shape::Object) };
            position += 1;
            let is_lost = if index < object.values().len() {
                let inside = object.read_inside(index, &mut map, tally)?;
                let raw = match inside {
                    Some(shape) => shape.raw(),
                    None => map.next_value::<&'de RawValue>()?.get(),
                };
                object.values_mut().get_mut(index).is_some_and(|value| {
                    value.set_fate(if inside == Some(Shape::Object) { Fate::Opened } else { Fate::Dropped });
                    value.set(raw)
                })
            } else {
                let skipped = object.skipped_mut();
                if index == place.unknown() {
                    skipped.unknown += 1;
                } else {
                    skipped.known += 1;
                }
                map.next_value::<Option<IgnoredAny>>()?.is_some()
            };
            if let Some(counts) = tally.at(place).0.get_mut(index).filter(|_| is_lost) {
                counts.dropped += 1;
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Shape, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Shape::Array)
    }
}

/// Reads a key as its index in the list; the list's length when it is not named there. Pages repeat the order of
/// their keys, so the index that stood at this position in the object before is tried first.
struct KeySeed<'t> {
    keys: &'static [&'static str],
    order: &'t mut Vec<usize>,
    position: usize,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<usize, E> {
        let guess = self.order.get(self.position).copied().unwrap_or_default();
        if self.keys.get(guess).is_some_and(|name| *name == key) {
            return Ok(guess);
        }
        let index = self.keys.iter().position(|name| *name == key).unwrap_or(self.keys.len());
        // Bounded by the list, whatever a page holds.
        if self.position < self.order.len() {
            self.order[self.position] = index;
        } else if self.order.len() < self.keys.len() {
            self.order.push(index);
        }
        Ok(index)
    }
}

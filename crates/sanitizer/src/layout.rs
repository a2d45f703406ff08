//! Typed allow-lists. A layout names the keys of an object that may be read; whatever else stands there is skipped by
//! the parser without being copied, and counted by its position in the list, not by its text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

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

/// An object of a page, by its named keys.
pub(crate) trait Layout<'a>: Sized {
    /// An object without values.
    fn at(place: Place) -> Self;
    fn place(&self) -> Place;
    fn values(&self) -> &[Value<'a>];
    fn values_mut(&mut self) -> &mut [Value<'a>];
    fn skipped_mut(&mut self) -> &mut Skipped;
}

/// Declares a layout: each key that may be read gets a method, each key that is known and dropped a name alone.
macro_rules! layout {
    (
        $(#[$doc:meta])*
        $name:ident { $($field:ident $key:literal),* $(,)? }
        drop { $($dropped:literal),* $(,)? }
    ) => {
        $(#[$doc])*
        pub(crate) struct $name<'a> {
            place: crate::place::Place,
            values: [crate::value::Value<'a>; [$($key),*].len()],
            skipped: crate::layout::Skipped,
        }

        const _: () = {
            #[derive(Clone, Copy)]
            #[expect(non_camel_case_types, reason = "each variant is the name of a method")]
            enum Field { $($field),* }

            impl<'a> $name<'a> {
                /// The keys that may be read, then those that are known and dropped.
                pub(crate) const KEYS: &'static [&'static str] = &[$($key,)* $($dropped,)*];

                $(pub(crate) const fn $field(&mut self) -> &mut crate::value::Value<'a> {
                    &mut self.values[Field::$field as usize]
                })*
            }

            impl<'a> crate::layout::Layout<'a> for $name<'a> {
                fn at(place: crate::place::Place) -> Self {
                    Self {
                        place,
                        values: std::array::from_fn(|at| crate::value::Value::absent(place, at as u8)),
                        skipped: crate::layout::Skipped::default(),
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
            }
        };
    };
}
pub(crate) use layout;

/// Reads the object that stands as a value of another one. None when something else stands there.
pub(crate) fn open<'a, L: Layout<'a>>(value: &mut Value<'a>, place: Place, tally: &mut Tally) -> Option<L> {
    if value.json() != Json::Object {
        return None;
    }
    let mut object = L::at(place);
    let mut parser = serde_json::Deserializer::from_str(value.raw());
    ObjectSeed { object: &mut object, tally }.deserialize(&mut parser).ok()?;
    value.set_fate(Fate::Opened);
    Some(object)
}

/// Reads one value into an object; answers whether it was one. The parser itself refuses two things that may stand
/// in its place, and so the whole text: a string that is no Unicode, and a number beyond the range of floats.
pub(crate) struct ObjectSeed<'t, L> {
    pub(crate) object: &'t mut L,
    pub(crate) tally: &'t mut Tally,
}

impl<'de, L: Layout<'de>> DeserializeSeed<'de> for ObjectSeed<'_, L> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, L: Layout<'de>> Visitor<'de> for ObjectSeed<'_, L> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let place = self.object.place();
        let (counts, order) = self.tally.at(place);
        let mut position = 0;
        while let Some(index) = map.next_key_seed(KeySeed { keys: place.keys(), order, position })? {
            position += 1;
            let is_lost = if let Some(value) = self.object.values_mut().get_mut(index) {
                value.set(map.next_value::<&'de RawValue>()?.get())
            } else {
                let skipped = self.object.skipped_mut();
                if index == place.unknown() {
                    skipped.unknown += 1;
                } else {
                    skipped.known += 1;
                }
                map.next_value::<Option<IgnoredAny>>()?.is_some()
            };
            if let Some(counts) = counts.get_mut(index).filter(|_| is_lost) {
                counts.dropped += 1;
            }
        }
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<bool, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<bool, E> {
        Ok(false)
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

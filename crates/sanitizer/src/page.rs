//! One walk through a page: its rows to the stream's reader, its envelope beside.

use std::fmt;

use deskmeter_zendesk::{Envelope, Stream};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::context::Context;
use crate::envelope::RawEnvelope;
use crate::error::Error;
use crate::json::{Json, each_element, json};
use crate::layout::{Layout, Shape, next_object};
use crate::place::Place;
use crate::streams::Rows;

/// Reads a page's rows and answers them with its envelope. A page on which the parser stumbles is read once more from
/// the start, each object cut out before it is read, so that what cannot be read costs its own record alone.
pub(crate) fn read<'s, R: Rows>(
    stream: Stream,
    page: &[u8],
    context: impl Fn() -> Context<'s>,
) -> Result<(Envelope, R, Context<'s>), Error> {
    let bytes = page.len();
    // Checked first: the parser does not look at the bytes of the strings that it skips.
    let text = std::str::from_utf8(page).map_err(|error| Error::NotUtf8 {
        stream,
        bytes,
        position: error.valid_up_to(),
    })?;
    if text.trim_start().starts_with('<') {
        return Err(Error::Markup { stream, bytes });
    }
    walk(stream, text, context()).or_else(|_| {
        let mut careful = context();
        careful.tally.is_careful = true;
        walk(stream, text, careful)
    })
}

fn walk<'s, R: Rows>(
    stream: Stream,
    text: &str,
    mut context: Context<'s>,
) -> Result<(Envelope, R, Context<'s>), Error> {
    let bytes = text.len();
    let mut rows = R::default();
    let mut walk =
        Walk { stream, rows: &mut rows, context: &mut context, envelope: RawEnvelope::default(), arrays: 0 };
    let mut parser = serde_json::Deserializer::from_str(text);
    match PageSeed(&mut walk).deserialize(&mut parser).and_then(|()| parser.end()) {
        // Raised where the walk finds another type than it looks for; the text may be JSON all the same.
        Err(error) if error.classify() == Category::Data => return Err(Error::NoRows { stream, bytes }),
        Err(error) if error.is_eof() => return Err(Error::Truncated { stream, bytes }),
        Err(error) => {
            let position = offset(text, error.line(), error.column());
            return Err(Error::NotJson { stream, bytes, position });
        }
        Ok(()) => {}
    }
    match walk.arrays {
        0 => Err(Error::NoRows { stream, bytes }),
        1 => {
            let envelope = walk.envelope.finish(walk.context.rows, walk.context.newest);
            Ok((envelope, rows, context))
        }
        _ => Err(Error::RowsTwice { stream, bytes }),
    }
}

/// Bytes before a line and column of the parser, which count from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let lines: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (lines + column.saturating_sub(1)).min(text.len())
}

struct Walk<'de, 'w, 's, R> {
    stream: Stream,
    rows: &'w mut R,
    context: &'w mut Context<'s>,
    envelope: RawEnvelope<'de>,
    /// Arrays of rows that were seen.
    arrays: usize,
}

struct PageSeed<'de, 'p, 'w, 's, R>(&'p mut Walk<'de, 'w, 's, R>);

impl<'de, R: Rows> DeserializeSeed<'de> for PageSeed<'de, '_, '_, '_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, R: Rows> Visitor<'de> for PageSeed<'de, '_, '_, '_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let walk = self.0;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == walk.stream.rows_key() {
                map.next_value_seed(RowsSeed(walk))?;
            } else if let Some(slot) = walk.envelope.slot(&key) {
                *slot = Some(map.next_value::<&'de RawValue>()?.get());
            } else {
                let n_values = map.next_value_seed(CountSeed)?;
                walk.context.tally.drop_beside(Place::page_of(walk.stream), &key, n_values);
            }
        }
        Ok(())
    }
}

/// Skips a value; answers how many values are lost with it: the elements of an array, none of a null.
struct CountSeed;

impl<'de> DeserializeSeed<'de> for CountSeed {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(match json(raw) {
            Json::Null => 0,
            Json::Array => {
                let mut n_elements = 0;
                each_element(raw, |_| n_elements += 1);
                n_elements
            }
            _ => 1,
        })
    }
}

struct RowsSeed<'de, 'p, 'w, 's, R>(&'p mut Walk<'de, 'w, 's, R>);

impl<'de, R: Rows> DeserializeSeed<'de> for RowsSeed<'de, '_, '_, '_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, R: Rows> Visitor<'de> for RowsSeed<'de, '_, '_, '_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let Walk { rows, context, arrays, .. } = self.0;
        *arrays += 1;
        loop {
            let mut row = R::Row::at(R::PLACE);
            let Some(shape) = next_object(&mut array, &mut row, &mut context.tally)? else { return Ok(()) };
            context.rows += 1;
            rows.add((shape == Shape::Object).then_some(row), context);
        }
    }
}

//! One walk through a page: its rows to the stream's reader, its envelope beside.

use deskmeter_zendesk::{Envelope, Stream};

use crate::context::Context;
use crate::cursor::{Broken, Cursor};
use crate::envelope::EnvelopeValues;
use crate::error::Error;
use crate::json::{Json, each_element};
use crate::layout::{Layout, Shape, read_object};
use crate::place::Place;
use crate::streams::Rows;

/// Reads a page's rows and answers them with its envelope.
pub(crate) fn read<'s, R: Rows>(
    stream: Stream,
    page: &[u8],
    mut rows: R,
    mut context: Context<'s>,
) -> Result<(Envelope, R, Context<'s>), Error> {
    let bytes = page.len();
    // Checked first: nobody looks at the bytes of the strings that are skipped.
    let text = std::str::from_utf8(page).map_err(|error| Error::NotUtf8 {
        stream,
        bytes,
        position: error.valid_up_to(),
    })?;
    if text.trim_start().starts_with('<') {
        return Err(Error::Markup { stream, bytes });
    }
    let mut walk = Walk {
        stream,
        rows: &mut rows,
        context: &mut context,
        envelope: EnvelopeValues::default(),
        arrays: 0,
    };
    let is_page = walk.page(&mut Cursor::new(text)).map_err(|Broken(position)| {
        if position >= bytes {
            Error::Truncated { stream, bytes }
        } else {
            Error::NotJson { stream, bytes, position }
        }
    })?;
    match walk.arrays {
        1 if is_page => {
            let envelope = walk.envelope.finish(walk.context.rows, walk.context.newest);
            Ok((envelope, rows, context))
        }
        0 | 1 => Err(Error::NoRows { stream, bytes }),
        _ => Err(Error::RowsTwice { stream, bytes }),
    }
}

struct Walk<'a, 'w, 's, R> {
    stream: Stream,
    rows: &'w mut R,
    context: &'w mut Context<'s>,
    envelope: EnvelopeValues<'a>,
    /// Arrays of rows that were seen.
    arrays: usize,
}

impl<'a, R: Rows> Walk<'a, '_, '_, R> {
    /// Walks through the text; tells whether it is an object whose rows are an array.
    fn page(&mut self, cursor: &mut Cursor<'a>) -> Result<bool, Broken> {
        let mut is_page = cursor.peek()? == b'{';
        if is_page {
            cursor.enter();
            let mut is_first = true;
            while cursor.goes_on(b'}', is_first)? {
                is_first = false;
                is_page &= self.entry(cursor)?;
            }
        } else {
            cursor.value()?;
        }
        cursor.end()?;
        Ok(is_page)
    }

    /// Reads one key of the page; false where it is that of the rows and no array stands there.
    fn entry(&mut self, cursor: &mut Cursor<'a>) -> Result<bool, Broken> {
        let key = cursor.key()?.read();
        if key == self.stream.rows_key() {
            return self.rows(cursor);
        }
        let value = cursor.value()?;
        match self.envelope.slot(&key) {
            Some(slot) => *slot = value,
            None => self.drop(&key, value),
        }
        Ok(true)
    }

    /// Counts what stands beside the rows: the elements of an array one by one, nothing of a null.
    fn drop(&mut self, key: &str, value: Json<'_>) {
        let n_values = match value.or_null() {
            Json::Null => 0,
            Json::Array(raw) => {
                let mut n_elements = 0;
                each_element(raw, |_| n_elements += 1);
                n_elements
            }
            _ => 1,
        };
        self.context.tally.drop_beside(Place::page_of(self.stream), key, n_values);
    }

    fn rows(&mut self, cursor: &mut Cursor<'a>) -> Result<bool, Broken> {
        if cursor.peek()? != b'[' {
            cursor.value()?;
            return Ok(false);
        }
        cursor.enter();
        self.arrays += 1;
        let mut is_first = true;
        let mut row = R::Row::at(R::PLACE);
        while cursor.goes_on(b']', is_first)? {
            is_first = false;
            row.clear();
            let shape = read_object(cursor, &mut row, &mut self.context.tally)?;
            self.context.rows += 1;
            self.rows.add((shape == Shape::Object).then_some(&mut row), self.context);
        }
        Ok(true)
    }
}

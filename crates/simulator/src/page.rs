//! Which rows a page holds: the mechanics of incremental exports, as recorded from real accounts.
//!
//! Cursor pages are ordered by (time, id), are cut in the middle of a second, and go on strictly after the
//! cursor's pair. Time pages are ordered by time alone; a page whose rows all share one second grows to hold
//! that whole second and ends one second later, any other ends at the time of its last row, which comes again.

use crate::server::sideloads::Sideloads;
use crate::world::World;
use crate::world::stream::{Filter, Stream};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Where a page begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Position {
    /// At this second, which is included.
    From(i64),
    /// Strictly after the row of this time and id.
    After(i64, i64),
}

/// What is asked of a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) stream: Stream,
    /// Rows later than this second are not visible.
    pub(crate) as_of: i64,
    pub(crate) filter: Filter,
    pub(crate) sideloads: Sideloads,
    pub(crate) limit: usize,
}

/// The rows of a page, as indices into the stream, and what follows.
#[derive(Debug)]
pub(crate) struct Picked {
    pub(crate) rows: Vec<usize>,
    /// Nothing visible comes after these rows.
    pub(crate) end_of_stream: bool,
    /// Where a time page ends; none when it is empty.
    pub(crate) end_time: Option<i64>,
}

/// A cursor: base64 of `"<time>.0||<id>|"`.
pub(crate) fn encode_cursor(at: i64, id: i64) -> String {
    STANDARD.encode(format!("{at}.0||{id}|"))
}

/// The pair inside a cursor; none when it is not one of ours.
pub(crate) fn decode_cursor(cursor: &str) -> Option<Position> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    let (at, id) = text.strip_suffix('|')?.split_once(".0||")?;
    Some(Position::After(at.parse().ok()?, id.parse().ok()?))
}

/// A page of cursor mode.
pub(crate) fn by_cursor(world: &World, ask: &Ask, start: Position) -> Picked {
    let mut visible = visible_from(world, ask, start);
    let rows: Vec<usize> = visible.by_ref().take(ask.limit).collect();
    Picked { rows, end_of_stream: visible.next().is_none(), end_time: None }
}

/// A page of time mode; `stuck` turns the growth off that keeps a client from looping on a busy second.
pub(crate) fn by_time(world: &World, ask: &Ask, start_time: i64, stuck: bool) -> Picked {
    let at = |row: &usize| world.at(ask.stream, *row);
    let mut rows: Vec<usize> = Vec::new();
    let mut more = false;
    for row in visible_from(world, ask, Position::From(start_time)) {
        if rows.len() >= ask.limit && rows.last().map(at) != Some(at(&row)) {
            more = true;
            break;
        }
        rows.push(row);
    }
    rows.sort_by_key(|row| (at(row), world.tie(ask.stream, *row)));
    let one_second = rows.first().map(at) == rows.get(ask.limit - 1).or(rows.last()).map(at);
    if !one_second || stuck {
        more |= rows.len() > ask.limit;
        rows.truncate(ask.limit);
    } else if let Some(second) = rows.first().map(at) {
        more |= rows.last().map(at) != Some(second);
        rows.retain(|row| at(row) == second);
    }
    let last = rows.last().map(at);
    let end_time = if one_second && !stuck { last.map(|second| second + 1) } else { last };
    Picked { rows, end_of_stream: !more, end_time }
}

fn visible_from<'a>(world: &'a World, ask: &'a Ask, start: Position) -> impl Iterator<Item = usize> + 'a {
    let first = world.seek(ask.stream, start);
    (first..world.len(ask.stream)).filter(move |row| world.shows(ask.stream, *row, ask.as_of, ask.filter))
}

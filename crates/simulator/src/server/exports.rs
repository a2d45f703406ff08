//! The incremental exports: parameters in, a page with its envelope out.

use super::Simulator;
use super::answer::Answer;
use super::asked::Asked;
use super::route::Mode;
use super::sideloads::Sideloads;
use crate::fault::Kind;
use crate::page::{self, Ask, Picked, Position};
use crate::world::stream::{Filter, Stream, SupportScope};
use serde_json::json;

/// Most rows that a page holds, and how many it holds when nothing is said.
const PAGE_ROWS_MAX: usize = 1000;
/// Rows of a sample.
const SAMPLE_ROWS: usize = 50;
/// Rows younger than this are withheld; a `start_time` younger than this is refused.
const RECENT_SECS: i64 = 60;

/// An incremental export.
pub(crate) fn export(
    simulator: &Simulator,
    asked: &Asked,
    (stream, mode): (Stream, Mode),
    sideloads: Sideloads,
    faults: &[Kind],
) -> Answer {
    let paged = stream == Stream::MetricEvents && asked.value("page[size]").is_some();
    let ask = ask(simulator, asked, stream, if paged { "page[size]" } else { "per_page" });
    let ask = Ask { sideloads, ..ask };
    let start = match start(simulator, asked, stream, paged || mode == Mode::Cursor) {
        Ok(start) => start,
        Err(refusal) => return refusal,
    };
    let body = if paged {
        meta_page(simulator, asked, &ask, start, faults)
    } else if mode == Mode::Cursor {
        cursor_page(simulator, asked, &ask, start, faults)
    } else {
        time_page(simulator, asked, &ask, start, faults)
    };
    Answer::json(200, body)
}

/// `…/sample`: one short page of the newest rows.
pub(crate) fn sample(simulator: &Simulator, asked: &Asked, stream: Stream, sideloads: Sideloads) -> Answer {
    let ask = Ask { limit: SAMPLE_ROWS, sideloads, ..ask(simulator, asked, stream, "per_page") };
    let start = match start(simulator, asked, stream, false) {
        Ok(start) => start,
        Err(refusal) => return refusal,
    };
    let picked = page::by_cursor(&simulator.world, &ask, start);
    let mut body = rows(simulator, &ask, &picked, &[]);
    body.extend_from_slice(format!(",\"count\":{}}}", picked.rows.len()).as_bytes());
    Answer::json(200, body)
}

fn ask(simulator: &Simulator, asked: &Asked, stream: Stream, size: &str) -> Ask {
    let includes = asked.words("include");
    let wants = |name: &str| includes.iter().any(|include| include == name);
    let support = match asked.value("support_type_scope") {
        Some("all") => SupportScope::All,
        Some("ai_agent") => SupportScope::AiAgent,
        _ => SupportScope::Agent,
    };
    let withheld = if simulator.options.withhold_last_minute && stream.withholds() { RECENT_SECS } else { 0 };
    let limit = asked.value(size).and_then(|text| text.parse().ok()).filter(|rows| *rows > 0);
    Ask {
        stream,
        as_of: simulator.now() - withheld,
        filter: Filter {
            support,
            exclude_deleted: asked.value("exclude_deleted") == Some("true"),
            metric_sets: wants("metric_sets"),
            comment_events: wants("comment_events"),
            oddity_percent: simulator.options.oddity_percent,
            ..Filter::default()
        },
        sideloads: Sideloads::default(),
        limit: limit.unwrap_or(PAGE_ROWS_MAX).min(PAGE_ROWS_MAX),
    }
}

fn start(simulator: &Simulator, asked: &Asked, stream: Stream, cursors: bool) -> Result<Position, Answer> {
    let cursor = asked.value("cursor").or_else(|| asked.value("page[after]"));
    if let Some(cursor) = cursor.filter(|_| cursors) {
        let refusal =
            || Answer::refusal(400, "InvalidPaginationParameter", "The cursor parameter is invalid");
        return page::decode_cursor(cursor).ok_or_else(refusal);
    }
    let refusal = || Answer::refusal(400, "InvalidValue", "Parameter start_time must be an integer");
    let start_time = asked.value("start_time").and_then(leading_integer).ok_or_else(refusal)?;
    // tap-zendesk asks for the metric events of this very second whenever it discovers, and has no way around a refusal.
    let refuses = simulator.options.withhold_last_minute && stream != Stream::MetricEvents;
    if refuses && start_time > simulator.now() - RECENT_SECS {
        let why = "Too recent start_time. Use a start_time older than 60 seconds.";
        return Err(Answer::refusal(400, "StartTimeTooRecent", why));
    }
    Ok(Position::From(start_time))
}

/// The number that a text begins with, as Ruby reads it: published clients send `1763800000.0` and whole dates, and
/// are served.
fn leading_integer(text: &str) -> Option<i64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

/// `{"<stream>":[rows]`, and the sideloads that were asked for or that a fault adds.
fn rows(simulator: &Simulator, ask: &Ask, picked: &Picked, faults: &[Kind]) -> Vec<u8> {
    let mut body = Vec::with_capacity(picked.rows.len() * 2048 + 256);
    body.extend_from_slice(format!("{{\"{}\":[", ask.stream.key()).as_bytes());
    let first = body.len() - 1;
    let copies = if faults.contains(&Kind::DuplicateRows) { 2 } else { 1 };
    let all = std::iter::repeat_n(&picked.rows, copies).flatten();
    for (place, row) in all.enumerate() {
        if place > 0 {
            body.push(b',');
        }
        simulator.world.write_row(ask.stream, *row, ask.filter, &mut body);
    }
    body.push(b']');
    if faults.contains(&Kind::UnaskedSideloads) {
        let others = crate::render::SIDELOADS.iter().filter(|(key, _)| *key != ask.stream.key());
        others.for_each(|(_, array)| body.extend_from_slice(array.as_bytes()));
    } else if ask.stream == Stream::Tickets {
        let mut arrays = Vec::new();
        ask.sideloads.write(simulator, body.get(first..).unwrap_or_default(), ask.as_of, &mut arrays);
        body.append(&mut arrays);
    }
    body
}

/// The cursor after the last row; with a fault the one that this page began with.
fn next_cursor(
    simulator: &Simulator,
    asked: &Asked,
    ask: &Ask,
    picked: &Picked,
    again: bool,
) -> Option<String> {
    let given = asked.value("cursor").or_else(|| asked.value("page[after]")).map(str::to_owned);
    if again {
        let start_time = || asked.value("start_time").and_then(leading_integer);
        return given.or_else(|| Some(page::encode_cursor(start_time()? - 1, 0)));
    }
    let last = picked.rows.last();
    let after = |row: &usize| {
        page::encode_cursor(simulator.world.at(ask.stream, *row), simulator.world.id(ask.stream, *row))
    };
    last.map(after).or(given)
}

fn cursor_page(simulator: &Simulator, asked: &Asked, ask: &Ask, start: Position, faults: &[Kind]) -> Vec<u8> {
    let mut picked = page::by_cursor(&simulator.world, ask, start);
    let again = faults.contains(&Kind::DuplicatePage);
    let cursor = next_cursor(simulator, asked, ask, &picked, again);
    if faults.contains(&Kind::TiesOutOfOrder) {
        let key = |row: &usize| (simulator.world.at(ask.stream, *row), crate::dice::mix(*row as u64, 7));
        picked.rows.sort_by_key(key);
    }
    let mut body = rows(simulator, ask, &picked, faults);
    let after_url = cursor.as_deref().map(|cursor| asked.again(&[("cursor", cursor)]));
    let end_of_stream = picked.end_of_stream && !again;
    body.extend_from_slice(
        format!(
            ",\"after_url\":{},\"before_url\":null,\"after_cursor\":{},\"before_cursor\":null,\
             \"end_of_stream\":{end_of_stream}}}",
            json!(after_url),
            json!(cursor)
        )
        .as_bytes(),
    );
    body
}

fn meta_page(simulator: &Simulator, asked: &Asked, ask: &Ask, start: Position, faults: &[Kind]) -> Vec<u8> {
    let picked = page::by_cursor(&simulator.world, ask, start);
    let again = faults.contains(&Kind::DuplicatePage);
    let cursor = next_cursor(simulator, asked, ask, &picked, again);
    let has_more = !picked.end_of_stream || again;
    let url = |cursor: &str| asked.again(&[("page[after]", cursor)]);
    let next = cursor.as_deref().filter(|_| has_more).map(url);
    let mut body = rows(simulator, ask, &picked, faults);
    let tail = format!(
        ",\"meta\":{{\"has_more\":{has_more},\"after_cursor\":{},\"before_cursor\":null}},\
         \"links\":{{\"next\":{},\"prev\":null}}}}",
        json!(cursor),
        json!(next)
    );
    body.extend_from_slice(tail.as_bytes());
    body
}

fn time_page(simulator: &Simulator, asked: &Asked, ask: &Ask, start: Position, faults: &[Kind]) -> Vec<u8> {
    let start_time = match start {
        Position::From(at) | Position::After(at, _) => at,
    };
    let stuck = faults.contains(&Kind::BurstStuck);
    let picked = page::by_time(&simulator.world, ask, start_time, stuck);
    let again = faults.contains(&Kind::DuplicatePage);
    let end_time = if again { Some(start_time) } else { picked.end_time };
    let next = end_time.unwrap_or(start_time).to_string();
    let next_page = json!(asked.again(&[("start_time", &next)]));
    let count = format!("\"count\":{}", picked.rows.len());
    let end = format!("\"end_of_stream\":{}", picked.end_of_stream && !again);
    let next_page = format!("\"next_page\":{next_page}");
    let end_time = format!("\"end_time\":{}", json!(end_time));
    let mut keys = match ask.stream {
        Stream::Users => vec![next_page, count, end, end_time],
        Stream::MetricEvents => vec![count, end_time, next_page, end],
        _ => vec![count, end, next_page, end_time],
    };
    if faults.contains(&Kind::NoEndOfStream) {
        keys.retain(|key| !key.starts_with("\"end_of_stream"));
    }
    let mut body = rows(simulator, ask, &picked, faults);
    body.extend_from_slice(format!(",{}}}", keys.join(",")).as_bytes());
    body
}

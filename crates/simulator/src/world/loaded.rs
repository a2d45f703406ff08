//! A world read from files: rows are kept as they were written and served back to the byte.

use crate::error::Error;
use crate::page::Position;
use crate::world::stream::Stream;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The keys that a file of a world may hold.
pub(crate) const KEYS: [&str; 5] =
    ["tickets", "ticket_events", "ticket_metric_events", "users", "organizations"];

/// A file: any of the lists, in any combination; other keys (a page's cursor, say) are passed over.
#[derive(Deserialize)]
struct File {
    tickets: Option<Vec<Box<RawValue>>>,
    ticket_events: Option<Vec<Box<RawValue>>>,
    ticket_metric_events: Option<Vec<Box<RawValue>>>,
    users: Option<Vec<Box<RawValue>>>,
    organizations: Option<Vec<Box<RawValue>>>,
}

/// The fields that place a row.
#[derive(Deserialize)]
struct Place {
    #[serde(default, deserialize_with = "number_or_nothing")]
    id: Option<i64>,
    generated_timestamp: Option<i64>,
    timestamp: Option<i64>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    time: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    updated_at: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    created_at: Option<String>,
}

/// Ids are numbers, and in some rows numeric text.
fn number_or_nothing<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_i64().or_else(|| value.as_str()?.parse().ok()))
}

fn text_or_nothing<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<serde_json::Value>::deserialize(deserializer)?
        .and_then(|value| value.as_str().map(str::to_owned)))
}

struct Row {
    at: i64,
    id: i64,
    /// Position in the files: breaks ties of time mode as the files do.
    order: u64,
    /// The first second at which a newer version of the same row hides this one.
    until: i64,
    deleted: bool,
    json: Box<str>,
}

/// Rows of the five streams, each ordered by (time, id, position in the files).
pub(crate) struct Loaded {
    rows: HashMap<Stream, Vec<Row>>,
    /// Whether rows later than the clock, and versions with a newer one, are hidden.
    as_of_clock: bool,
}

impl Loaded {
    pub(crate) fn read(folder: &Path, as_of_clock: bool) -> Result<Self, Error> {
        let mut loaded = Self { rows: HashMap::new(), as_of_clock };
        for path in json_files(folder)? {
            loaded.read_file(&path)?;
        }
        for rows in loaded.rows.values_mut() {
            rows.sort_by_key(|row| (row.at, row.id, row.order));
            hide_older_versions(rows);
        }
        Ok(loaded)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::File { path: path.into(), source })?;
        let file: File = serde_json::from_str(&text).map_err(|cause| Error::Json {
            path: path.into(),
            line: cause.line(),
            column: cause.column(),
        })?;
        let lists = [
            (Stream::Tickets, file.tickets),
            (Stream::TicketEvents, file.ticket_events),
            (Stream::MetricEvents, file.ticket_metric_events),
            (Stream::Users, file.users),
            (Stream::Organizations, file.organizations),
        ];
        let mut known = false;
        for (stream, list) in lists {
            let Some(list) = list else { continue };
            known = true;
            let rows = self.rows.entry(stream).or_default();
            for (number, json) in list.iter().enumerate() {
                let order = rows.len() as u64;
                rows.push(place(stream, json, order).map_err(|field| Error::Row {
                    path: path.into(),
                    key: stream.key(),
                    row: number + 1,
                    field,
                })?);
            }
        }
        if known { Ok(()) } else { Err(Error::Keys { path: path.into() }) }
    }

    fn list(&self, stream: Stream) -> &[Row] {
        self.rows.get(&stream).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn len(&self, stream: Stream) -> usize {
        self.list(stream).len()
    }

    pub(crate) fn at(&self, stream: Stream, row: usize) -> i64 {
        self.list(stream).get(row).map_or(0, |row| row.at)
    }

    pub(crate) fn id(&self, stream: Stream, row: usize) -> i64 {
        self.list(stream).get(row).map_or(0, |row| row.id)
    }

    /// Ties of the users' time mode were recorded in order of id, those of tickets in order of storage.
    pub(crate) fn tie(&self, stream: Stream, row: usize) -> u64 {
        let row = self.list(stream).get(row);
        match stream {
            Stream::Users => row.map_or(0, |row| row.id as u64),
            _ => row.map_or(0, |row| row.order),
        }
    }

    pub(crate) fn seek(&self, stream: Stream, start: Position) -> usize {
        self.list(stream).partition_point(|row| match start {
            Position::From(at) => row.at < at,
            Position::After(at, id) => (row.at, row.id) <= (at, id),
        })
    }

    pub(crate) fn shows(&self, stream: Stream, row: usize, as_of: i64, exclude_deleted: bool) -> bool {
        self.list(stream).get(row).is_some_and(|row| {
            let now = !self.as_of_clock || (row.at <= as_of && as_of < row.until);
            now && !(exclude_deleted && row.deleted)
        })
    }

    pub(crate) fn json(&self, stream: Stream, row: usize) -> &str {
        self.list(stream).get(row).map_or("null", |row| &row.json)
    }
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Folder { path: folder.into(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(Error::Empty { path: folder.into() }) } else { Ok(files) }
}

fn place(stream: Stream, json: &RawValue, order: u64) -> Result<Row, &'static str> {
    let place: Place = serde_json::from_str(json.get()).map_err(|_| "id")?;
    let seconds = |text: &Option<String>| {
        text.as_ref().and_then(|text| text.parse::<Timestamp>().ok()).map(Timestamp::as_second)
    };
    let (at, field) = match stream {
        Stream::Tickets => (place.generated_timestamp.or(seconds(&place.updated_at)), "generated_timestamp"),
        Stream::TicketEvents => (place.timestamp.or(seconds(&place.created_at)), "timestamp"),
        Stream::MetricEvents => (seconds(&place.time), "time"),
        Stream::Users | Stream::Organizations => {
            (seconds(&place.updated_at).or(seconds(&place.created_at)), "updated_at")
        }
    };
    let deleted = stream == Stream::Tickets && has_status_deleted(json);
    Ok(Row {
        at: at.ok_or(field)?,
        id: place.id.ok_or("id")?,
        order,
        until: i64::MAX,
        deleted,
        json: json.get().into(),
    })
}

fn has_status_deleted(json: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Status {
        status: Option<serde_json::Value>,
    }
    serde_json::from_str::<Status>(json.get())
        .is_ok_and(|row| row.status.is_some_and(|status| status == "deleted"))
}

fn hide_older_versions(rows: &mut [Row]) {
    let mut newer: HashMap<i64, i64> = HashMap::new();
    for row in rows.iter_mut().rev() {
        if let Some(at) = newer.insert(row.id, row.at) {
            row.until = at;
        }
    }
}

//! The state store, held against what the contract says of it ([`deskmeter_tables::STATE`]).

use deskmeter_tables::{Holds, STATE, STATE_STREAMS, StateFile, StateKind};
use serde_json::Value;

use crate::content::{is_digits, is_run_id, is_time};
use crate::patterns::Manner;
use crate::place::{tell, without_stage};
use crate::scan::{Knowledge, Scan};
use crate::{Part, Rule, bytes_search};

/// What sealed files begin with.
const SEALED: &[u8] = b"dmv1";
/// A sealed file holds a few tokens and keys.
const SEALED_BYTES_MAX: usize = 1 << 16;
/// Digits of a number in a path.
const NUMBER_DIGITS: usize = 12;
/// 1970 to 2200, in seconds.
const TIMES: std::ops::Range<u64> = 0..7_258_118_400;

/// Examines a file of the state store by its path below the store.
pub(crate) fn examine<'k>(path: &str, bytes: &bytes::Bytes, knowledge: &'k Knowledge) -> Scan<'k> {
    let file = STATE.iter().find(|file| is_path(path, file.path));
    let may_be_told = file.is_some() && knowledge.canaries.find(path.as_bytes()).is_none();
    let mut scan = Scan::new(knowledge, format!("state/{}", tell(path, may_be_told)), None);
    scan.find_canaries(Part::Path, None, path.as_bytes());
    match file {
        None => {
            scan.refuse(Part::Path, None, Rule::UnknownObject, path.as_bytes());
            bytes_search::search(&mut scan, bytes, Manner::Values);
        }
        Some(StateFile { holds: Holds::Sealed, .. }) => {
            scan.values += 1;
            scan.find_canaries(Part::Bytes, None, bytes);
            if !bytes.starts_with(SEALED) || bytes.len() > SEALED_BYTES_MAX {
                scan.report(Part::Bytes, None, Rule::Unreadable, &[]);
                bytes_search::search(&mut scan, bytes, Manner::Values);
            }
        }
        Some(file) => examine_json(&mut scan, bytes, file),
    }
    scan
}

fn examine_json(scan: &mut Scan<'_>, bytes: &[u8], file: &StateFile) {
    scan.find_canaries(Part::Bytes, None, bytes);
    let known: Vec<_> = file.values().map(|(path, value)| (path, value.kind)).collect();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(json @ Value::Object(_)) => examine_value(scan, &known, "", &json),
            _ => scan.refuse(Part::Bytes, None, Rule::Unreadable, line),
        }
    }
}

fn examine_value(scan: &mut Scan<'_>, known: &[(String, StateKind)], path: &str, value: &Value) {
    match value {
        Value::Object(entries) => {
            for (key, inner) in entries {
                if let Some(below) = step(known, path, key) {
                    examine_value(scan, known, &below, inner);
                } else {
                    let told = format!("{key} {}", told(inner));
                    scan.refuse(Part::Values, Some(path), Rule::UnknownKey, told.as_bytes());
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                examine_value(scan, known, &format!("{path}[]"), item);
            }
        }
        Value::Null => {}
        leaf => {
            scan.values += 1;
            let kind = known.iter().find(|(known, _)| known == path);
            if !kind.is_some_and(|(_, kind)| fits(*kind, leaf)) {
                scan.refuse(Part::Values, Some(path), Rule::OutsideDomain, told(leaf).as_bytes());
            }
        }
    }
}

/// The path of a key below another path, as the contract writes it; None when it has none.
fn step(known: &[(String, StateKind)], path: &str, key: &str) -> Option<String> {
    let names = [
        Some(key),
        STATE_STREAMS.get(key).map(|_| "<stream>"),
        (is_digits(key) && key.len() <= 3).then_some("<exit code>"),
    ];
    names.into_iter().flatten().find_map(|name| {
        let below = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let leads_on = |known: &str| {
            known.strip_prefix(&below).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        known.iter().any(|(known, _)| leads_on(known)).then_some(below)
    })
}

fn fits(kind: StateKind, value: &Value) -> bool {
    let is_text = |holds: &dyn Fn(&str) -> bool| value.as_str().is_some_and(holds);
    match kind {
        StateKind::Count => value.is_u64(),
        StateKind::Time => value.as_u64().is_some_and(|time| TIMES.contains(&time)),
        StateKind::Moment => is_text(&is_time),
        StateKind::Word(words) => is_text(&|text| words.contains(&text)),
        StateKind::RunId => is_text(&is_run_id),
        StateKind::Connection => is_text(&is_connection),
        StateKind::Place => is_text(&is_place),
        StateKind::Owner => is_text(&is_owner),
        StateKind::Bytes => is_text(&|text| {
            let is_of =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
            text.len() <= 100 && text.bytes().all(is_of)
        }),
    }
}

/// The text of a value, or its JSON.
fn told(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_connection(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=63).contains(&name.len()) && name.bytes().all(|byte| is_plain(byte) || matches!(byte, b'-' | b'_'))
}

fn is_place(place: &str) -> bool {
    let is_odd = |character: char| {
        character.is_whitespace() || character.is_control() || matches!(character, '@' | '?' | '#')
    };
    place.len() <= 1_024 && place.contains('/') && !place.contains(is_odd)
}

fn is_owner(owner: &str) -> bool {
    let (word, number) = owner.split_once(' ').unwrap_or((owner, "0"));
    word.len() <= 16 && word.bytes().all(|byte| byte.is_ascii_lowercase()) && is_digits(number)
}

fn is_path(path: &str, pattern: &str) -> bool {
    let (path, pattern): (Vec<_>, Vec<_>) = (path.split('/').collect(), pattern.split('/').collect());
    path.len() == pattern.len()
        && path.iter().zip(pattern).all(|(segment, pattern)| match pattern {
            "<connection>" => is_connection(segment),
            "<number>" => {
                let number = without_stage(segment);
                number.len() == NUMBER_DIGITS && is_digits(number)
            }
            name => name == without_stage(segment),
        })
}

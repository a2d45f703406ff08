//! From TOML to the typed file; an unknown key names the nearest known one.

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::Problem;

/// Unknown keys that are told at once; a file with more is not one of ours.
const UNKNOWN_KEYS_MAX: usize = 50;

/// The file, if it can be understood but for unknown keys, and every such key; else where it is wrong.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> (Option<T>, Vec<Problem>) {
    let mut unknown = Vec::new();
    let (mut problems, mut misspelt) = (Vec::new(), Vec::new());
    let file = loop {
        let error = match without(text, &unknown).and_then(|table| T::deserialize(Deserializer::from(table)))
        {
            Ok(file) => break Some(file),
            Err(error) => error,
        };
        let start = error.span().map(|span| span.start);
        let at = start.map_or_else(|| "file".to_owned(), |start| line_and_column(text, start));
        let Some((key, nearest)) = unknown_key(error.message()) else {
            // A key that is missing because it was misspelt is told once.
            if !misspelt.iter().any(|key| error.message() == format!("missing field `{key}`")) {
                problems.push((start, Problem { at, what: error.message().to_owned() }));
            }
            break None;
        };
        let what = match nearest {
            Some(nearest) => {
                let what = format!("unknown key `{key}`; did you mean `{nearest}`?");
                misspelt.push(nearest);
                what
            }
            None => format!("unknown key `{key}`; pipelines/README.md lists every key"),
        };
        problems.push((start, Problem { at, what }));
        let Some(start) = start.filter(|start| unknown.len() < UNKNOWN_KEYS_MAX && !unknown.contains(start))
        else {
            break None;
        };
        unknown.push(start);
    };
    problems.sort_by_key(|(start, _)| *start);
    (file, problems.into_iter().map(|(_, problem)| problem).collect())
}

/// The parsed text without the keys that start at these places: what remains is looked at as if they were not there.
fn without<'a>(text: &'a str, unknown: &[usize]) -> Result<toml::Spanned<DeTable<'a>>, toml::de::Error> {
    let mut table = DeTable::parse(text)?;
    if !unknown.is_empty() {
        remove(table.get_mut(), unknown);
    }
    Ok(table)
}

fn remove(table: &mut DeTable<'_>, starts: &[usize]) {
    let known = std::mem::take(table).into_iter().filter(|(key, _)| !starts.contains(&key.span().start));
    *table = known
        .map(|(key, mut value)| {
            remove_below(value.get_mut(), starts);
            (key, value)
        })
        .collect();
}

fn remove_below(value: &mut DeValue<'_>, starts: &[usize]) {
    match value {
        DeValue::Table(table) => remove(table, starts),
        DeValue::Array(array) => array.iter_mut().for_each(|value| remove_below(value.get_mut(), starts)),
        _ => {}
    }
}

fn line_and_column(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}")
}

/// The key of serde's message "unknown field `x`, expected one of `a`, `b`", and the nearest of those expected.
fn unknown_key(message: &str) -> Option<(String, Option<String>)> {
    let rest = message.strip_prefix("unknown field `")?;
    let mut words = rest.split('`');
    let key = words.next()?.to_owned();
    let expected = words.filter(|word| !word.is_empty() && !word.contains([' ', ',']));
    let nearest = expected
        .map(|known| (strsim::damerau_levenshtein(&key, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len().max(key.len()) / 2)
        .map(|(_, known)| known.to_owned());
    Some((key, nearest))
}

//! From TOML to the typed file; an unknown key names the nearest known one.

use serde::de::DeserializeOwned;

use super::Problem;

/// Parses `text`, or says where it is wrong.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or_else(|| "file".to_owned(), |span| line_and_column(text, span.start));
        let what = match unknown_key(error.message()) {
            Some((key, Some(nearest))) => format!("unknown key `{key}`; did you mean `{nearest}`?"),
            Some((key, None)) => format!("unknown key `{key}`; pipelines/README.md lists every key"),
            None => error.message().to_owned(),
        };
        Problem { at, what }
    })
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

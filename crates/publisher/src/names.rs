//! Names and texts in SQL, and which names are taken at all.

use crate::Error;

/// Longest name that PostgreSQL keeps whole, in bytes.
const NAME_BYTES_MAX: usize = 63;

/// A name as SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names as SQL, with commas between.
pub(crate) fn quoted_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// A table of a schema as SQL.
pub(crate) fn qualified(schema: &str, table: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(table))
}

/// A text as SQL; needs `standard_conforming_strings`.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A schema's or a role's name that every tool can write without quotes, and that is not PostgreSQL's own.
pub(crate) fn check(what: &'static str, name: &str) -> Result<(), Error> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c == '_';
    let is_plain = name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit());
    let is_reserved = name.starts_with("pg_") || ["public", "information_schema"].contains(&name);
    if is_plain && !is_reserved && name.len() <= NAME_BYTES_MAX {
        return Ok(());
    }
    let rule = "write 1 to 63 lower-case letters, digits or `_`, not public, pg_… or information_schema";
    Err(Error::Name { what, name: name.to_owned(), rule })
}

/// A connection's name, as pipeline files have it.
pub(crate) fn check_connection(name: &str) -> Result<(), Error> {
    let is_taken = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if (1..=NAME_BYTES_MAX).contains(&name.len()) && name.chars().all(is_taken) {
        return Ok(());
    }
    let rule = "write 1 to 63 lower-case letters, digits, `-` or `_`";
    Err(Error::Name { what: "connection", name: name.to_owned(), rule })
}

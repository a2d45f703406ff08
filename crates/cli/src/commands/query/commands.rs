//! Commands of the prompt, as users of psql, DuckDB and SQLite know them.

use anyhow::Result;
use arrow::datatypes::DataType;
use deskmeter_pipeline::Answer;

use crate::args::Format;
use crate::commands::{Opened, println};
use crate::output::Table;

/// What `\?` shows.
pub(super) const HELP: &str = "\
\\d              every table
\\d TABLE        its columns, with unit and meaning
\\format FORMAT  table, csv or json from now on
\\q              ends, as Ctrl-D does
Tab completes tables, columns and words of SQL; Ctrl-C stops a statement; a line that begins with a blank is not kept
in the history.";

/// A line that is no SQL.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Help,
    Describe(Option<&'a str>),
    Format(Format),
    End,
    /// What is wrong with it.
    Unknown(String),
}

/// The command of a line; none for SQL.
pub(super) fn parse(text: &str) -> Option<Command<'_>> {
    let mut words = text.trim().trim_end_matches(';').split_whitespace();
    let (first, second) = (words.next()?, words.next());
    Some(match (first, second) {
        ("\\q" | ".quit" | ".exit" | "quit" | "exit", None) => Command::End,
        ("\\?" | "\\h" | ".help" | "help", _) => Command::Help,
        ("\\d" | "\\dt" | ".tables" | ".schema", name) => Command::Describe(name),
        ("\\format" | ".mode", Some("table")) => Command::Format(Format::Table),
        ("\\format" | ".mode", Some("csv")) => Command::Format(Format::Csv),
        ("\\format" | ".mode", Some("json")) => Command::Format(Format::Json),
        ("\\format" | ".mode", _) => Command::Unknown("write \\format table, csv or json".to_owned()),
        (other, _) if other.starts_with(['\\', '.']) => {
            Command::Unknown(format!("there is no command {other}; \\? lists them"))
        }
        _ => return None,
    })
}

/// Every table, or the columns of one.
pub(super) async fn describe(opened: &Opened, name: Option<&str>) -> Result<()> {
    let table = match name {
        None => tables(opened)?,
        Some(name) => columns(opened, name).await?,
    };
    println(&table.to_string())?;
    Ok(())
}

fn tables(opened: &Opened) -> Result<Table> {
    let mut table = Table::new(["table", "one row per", "kind"]);
    let warehouse = deskmeter_pipeline::new_warehouse(&opened.pipeline)?;
    for mart in warehouse.catalogue().marts() {
        let grain = mart.description.grain.trim_start_matches("one row per ");
        table.row([mart.name.clone(), grain.to_owned(), "mart".to_owned()]);
    }
    for collected in deskmeter_tables::ALL {
        table.row([collected.name.to_owned(), collected.grain.to_owned(), "collected".to_owned()]);
    }
    Ok(table)
}

/// Columns as the engine has them, with what the catalogue and the contract say of them.
async fn columns(opened: &Opened, name: &str) -> Result<Table> {
    let sql = format!("select * from {name} limit 0");
    let schema = Answer::to(&opened.pipeline, &opened.context, &sql).await?.schema;
    let warehouse = deskmeter_pipeline::new_warehouse(&opened.pipeline)?;
    let described = warehouse.catalogue().get(name).map(|model| &model.description.columns);
    let collected = deskmeter_tables::ALL.iter().find(|table| table.name == name);
    let mut table = Table::new(["column", "type", "unit", "meaning"]);
    for field in schema.fields() {
        let known = described.and_then(|columns| columns.iter().find(|column| column.name == *field.name()));
        let contract = collected
            .and_then(|table| table.columns.iter().find(|column| column.name == field.name().as_str()));
        let unit = known.and_then(|column| column.unit.clone()).unwrap_or_default();
        let about = known.map(|column| column.about.clone());
        let about = about.or_else(|| contract.map(|column| column.about.to_owned()));
        table.row([field.name().clone(), kind(field.data_type()), unit, about.unwrap_or_default()]);
    }
    Ok(table)
}

/// A type in the words of SQL.
fn kind(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Dictionary(_, values) => self::kind(values),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Float32 | DataType::Float64 => "double".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        whole if whole.is_integer() => "bigint".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<&Command<'_>>) {
        assert_eq!(parse(line).as_ref(), expected, "{line}");
    }

    #[test]
    fn commands_are_told_from_sql() {
        check("\\d", Some(&Command::Describe(None)));
        check("\\d ticket_metrics;", Some(&Command::Describe(Some("ticket_metrics"))));
        check(".tables", Some(&Command::Describe(None)));
        check(" exit ", Some(&Command::End));
        check("\\format csv", Some(&Command::Format(Format::Csv)));
        check("\\format xml", Some(&Command::Unknown("write \\format table, csv or json".to_owned())));
        check("\\x", Some(&Command::Unknown("there is no command \\x; \\? lists them".to_owned())));
        check("select 1;", None);
        check("exit from here", None);
    }
}

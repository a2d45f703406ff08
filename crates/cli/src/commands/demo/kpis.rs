//! The KPI table, with numbers as people say them.

use std::path::Path;

use anyhow::Result;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use arrow::util::display::array_value_to_string;
use deskmeter_pipeline::{Context, PipelineFile};

use crate::args::Format;
use crate::commands::println;
use crate::output::{self, Table};

/// The order and the wording are the mart's.
const SQL: &str =
    "select section, kpi, subject, cast(value as double) as value, unit from kpis order by position";

/// Prints the headline numbers.
pub(crate) async fn print(
    pipeline: &PipelineFile,
    context: &Context,
    format: Format,
    to: Option<&Path>,
) -> Result<()> {
    let (schema, batches) = deskmeter_pipeline::query(pipeline, context, SQL).await?;
    if format != Format::Table {
        return output::rows(&schema, &batches, format, to);
    }
    let mut table = Table::new(["", "", "value"]);
    table.align_right(2);
    let mut section = String::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let text = |index: usize| array_value_to_string(batch.column(index), row).unwrap_or_default();
            let heading = if text(0) == section { String::new() } else { text(0) };
            section = text(0);
            let subject = text(2).replace('_', " ");
            let what = if subject.is_empty() { text(1) } else { format!("{}: {subject}", text(1)) };
            table.row([heading, what, value(batch, row, &text(4))]);
        }
    }
    println(&format!("\n{table}"))?;
    Ok(())
}

/// A value with its unit: `15 h 24 min`, `41.0 %`, `4,935`.
fn value(batch: &RecordBatch, row: usize, unit: &str) -> String {
    let values = batch.column(3).as_primitive::<Float64Type>();
    let Some(value) = values.iter().nth(row).flatten() else { return "-".to_owned() };
    match unit {
        "minutes" => duration(value),
        "percent" => format!("{value:.1} %"),
        _ => thousands(value.round() as i64),
    }
}

fn duration(minutes: f64) -> String {
    let minutes = minutes.round() as i64;
    let (days, hours, rest) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{rest} min"),
        (0, _) => format!("{hours} h {rest:02} min"),
        _ => format!("{days} d {hours:02} h {rest:02} min"),
    }
}

fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|chunk| std::str::from_utf8(chunk).ok()).collect();
    format!("{}{}", if number < 0 { "-" } else { "" }, groups.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_numbers_as_people_do() {
        assert_eq!(duration(0.0), "0 min");
        assert_eq!(duration(59.4), "59 min");
        assert_eq!(duration(924.0), "15 h 24 min");
        assert_eq!(duration(15_272.8), "10 d 14 h 33 min");
        assert_eq!(thousands(4_935), "4,935");
        assert_eq!(thousands(-12), "-12");
        assert_eq!(thousands(1_000_000), "1,000,000");
    }
}

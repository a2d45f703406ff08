//! `runs`: the history of runs.

use std::sync::Arc;

use anyhow::Result;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt64Array};
use deskmeter_pipeline::Run;

use super::{Opened, println};
use crate::args::{Format, RunsArgs};
use crate::exit_code::Exit;
use crate::output::{self, Table};

pub(crate) async fn run(opened: &Opened, args: &RunsArgs) -> Result<Exit> {
    let runs = deskmeter_pipeline::runs(&opened.pipeline, &opened.context, args.limit as usize).await?;
    match opened.global.format {
        Format::Json => println(&serde_json::to_string_pretty(&runs)?)?,
        Format::Table if runs.is_empty() => println("no run yet: run `deskmeter sync`")?,
        Format::Table => println(&described(&runs))?,
        format => {
            let batch = batch(&runs)?;
            output::rows(&batch.schema(), &[batch], format, None)?;
        }
    }
    Ok(Exit::Ok)
}

/// A table for people; what failed says what to do.
fn described(runs: &[Run]) -> String {
    let mut table =
        Table::new(["started", "took", "outcome", "rows", "rejected", "requests", "429s", "received"]);
    for run in runs {
        let took = run.ended_at.as_second() - run.started_at.as_second();
        let outcome = match run.exit_code {
            0 => "ok".to_owned(),
            code => format!("exit code {code}"),
        };
        table.row([
            run.started_at.to_string(),
            duration(took),
            outcome,
            run.rows.to_string(),
            run.rejected.to_string(),
            run.requests.to_string(),
            run.throttled.to_string(),
            super::sync::bytes(run.bytes),
        ]);
    }
    for index in [1, 3, 4, 5, 6, 7] {
        table.align_right(index);
    }
    let failed = runs.first().and_then(|newest| next_step(newest.exit_code));
    let next = failed.map(|next| format!("\nthe newest run failed; next: {next}")).unwrap_or_default();
    format!("{table}{next}")
}

/// What helps after a run that ended with this code.
fn next_step(exit_code: u8) -> Option<&'static str> {
    Some(match exit_code {
        0 => return None,
        2 => "run `deskmeter validate`, which tells everything that is wrong with the configuration",
        3 => "run `deskmeter connect`",
        4 => {
            "run `deskmeter sync` again: what was committed is kept; if it stays, check base_url and the network"
        }
        5 => "run `deskmeter validate`, which tries the stores, then `deskmeter lake check`",
        6 => "another run was at work; let runs wait with --wait-secs",
        7 => "run `deskmeter sync` and read which check failed; the rows are kept",
        8 => "run `deskmeter purge` now",
        _ => "run `deskmeter sync -v` and tell us what it says",
    })
}

fn duration(seconds: i64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// The runs as rows, for scripts.
fn batch(runs: &[Run]) -> Result<RecordBatch> {
    let texts = |value: fn(&Run) -> String| -> ArrayRef {
        Arc::new(runs.iter().map(value).map(Some).collect::<StringArray>())
    };
    let counts =
        |value: fn(&Run) -> u64| -> ArrayRef { Arc::new(runs.iter().map(value).collect::<UInt64Array>()) };
    let exit_codes: ArrayRef =
        Arc::new(runs.iter().map(|run| i64::from(run.exit_code)).collect::<Int64Array>());
    Ok(RecordBatch::try_from_iter([
        ("run", texts(|run| run.id.clone())),
        ("started_at", texts(|run| run.started_at.to_string())),
        ("ended_at", texts(|run| run.ended_at.to_string())),
        ("exit_code", exit_codes),
        ("rows", counts(|run| run.rows)),
        ("rejected", counts(|run| run.rejected)),
        ("requests", counts(|run| run.requests)),
        ("throttled", counts(|run| run.throttled)),
        ("bytes", counts(|run| run.bytes)),
    ])?)
}

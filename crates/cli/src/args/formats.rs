//! In which formats each command answers: here for all of them, so that none takes a format and writes another.

use clap::ValueEnum as _;

use super::{Cli, Command, Format, MetricsCommand, PrivacyCommand};

/// Rows.
const ROWS: &[Format] = &[Format::Csv, Format::Json, Format::Parquet];
/// Plain files.
const FILES: &[Format] = &[Format::Csv, Format::Parquet];
/// A report of what was found or done.
const REPORT: &[Format] = &[Format::Json];
/// Words, or what has a format of its own.
const WORDS: &[Format] = &[];

impl Cli {
    /// What is wrong with `--format`, if the command does not answer in it.
    pub(crate) fn format_problem(&self) -> Option<String> {
        let (asked, others) = (self.global.format, self.command.formats());
        if asked == Format::Table || others.contains(&asked) {
            return None;
        }
        let options: Vec<_> = others.iter().map(|format| format!("--format {}", name(*format))).collect();
        let or =
            if options.is_empty() { String::new() } else { format!(", or write {}", options.join(" or ")) };
        Some(format!("this command does not answer as {}: leave --format out{or}", name(asked)))
    }
}

impl Command {
    /// The formats beside the one that is taken when none is asked for.
    fn formats(&self) -> &'static [Format] {
        match self {
            Self::Demo(_) | Self::Query(_) | Self::Runs(_) | Self::Report(_) => ROWS,
            Self::Metrics { command } => match command {
                MetricsCommand::Parity => ROWS,
                MetricsCommand::List | MetricsCommand::Show { .. } => REPORT,
                MetricsCommand::Docs { .. } => WORDS,
            },
            Self::Privacy { command } => match command {
                PrivacyCommand::Ledger => ROWS,
                PrivacyCommand::Manifest | PrivacyCommand::Audit(_) => REPORT,
            },
            Self::Export(_) => FILES,
            Self::Plan(_)
            | Self::Sync(_)
            | Self::Status
            | Self::Disconnect(_)
            | Self::Purge
            | Self::Rekey
            | Self::Receipt { .. }
            | Self::Explain(_)
            | Self::Validate(_)
            | Self::Publish(_)
            | Self::Lake { .. }
            | Self::Erase { .. }
            | Self::Schema => REPORT,
            Self::Init(_)
            | Self::Simulate(_)
            | Self::Connect(_)
            | Self::Serve(_)
            | Self::Completions { .. }
            | Self::Man { .. } => WORDS,
            #[cfg(feature = "ballista")]
            Self::Scheduler(_) | Self::Executor(_) => WORDS,
        }
    }
}

fn name(format: Format) -> String {
    format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    /// The formats that are refused of the four.
    fn check(command: &str, expected: &[&str]) {
        let refused = ["table", "csv", "json", "parquet"].into_iter().filter(|format| {
            let words = format!("deskmeter {command} --format {format}");
            Cli::try_parse_from(words.split(' ')).unwrap().format_problem().is_some()
        });
        assert_eq!(refused.collect::<Vec<_>>(), expected, "{command}");
    }

    #[test]
    fn every_command_refuses_the_formats_that_it_does_not_write() {
        for rows in ["demo", "query x", "runs", "report", "metrics parity", "privacy ledger"] {
            check(rows, &[]);
        }
        check("export --to out", &["json"]);
        for report in [
            "plan",
            "sync",
            "status",
            "disconnect",
            "purge",
            "rekey",
            "explain 1",
            "validate",
            "metrics list",
            "metrics show kpis",
            "privacy manifest",
            "privacy audit",
            "lake check",
            "erase --ticket 1",
            "schema",
        ] {
            check(report, &["csv", "parquet"]);
        }
        for words in ["init", "connect", "simulate", "serve", "metrics docs", "man --dir x"] {
            check(words, &["csv", "json", "parquet"]);
        }
    }

    #[test]
    fn a_refusal_lists_what_is_possible() {
        let problem = |words: &str| Cli::try_parse_from(words.split(' ')).unwrap().format_problem().unwrap();
        assert_eq!(
            problem("deskmeter status --format csv"),
            "this command does not answer as csv: leave --format out, or write --format json"
        );
        assert_eq!(
            problem("deskmeter export --to x --format json"),
            "this command does not answer as json: leave --format out, or write --format csv or --format parquet"
        );
        assert_eq!(
            problem("deskmeter init --format json"),
            "this command does not answer as json: leave --format out"
        );
    }
}

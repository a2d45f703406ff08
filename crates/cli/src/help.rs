//! The command line with what is known only when the program runs: examples for every command, the faults of
//! `simulate`. The examples stand here once; a test parses each of them.

use std::fmt::Write as _;

use clap::{Command, CommandFactory};

use crate::args::Cli;

/// A command line, and what it is good for.
type Example = (&'static str, &'static str);

/// Examples by command; the empty name is `deskmeter` itself.
const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "",
        &[
            ("deskmeter demo", "everything at once, without an account"),
            ("deskmeter init && deskmeter connect && deskmeter sync", "a real account"),
            ("deskmeter query \"select * from kpis\"", ""),
        ],
    ),
    ("demo", &[("deskmeter demo", ""), ("deskmeter demo --tickets 20000 --seed 7 --dir /tmp/demo", "")]),
    (
        "init",
        &[
            ("deskmeter init", "asks"),
            ("deskmeter init --account acme --start-date 2025-01-01 --time-zone Europe/Madrid", ""),
            ("deskmeter init -p acme.toml --account acme --lake s3://desk/lake --state s3://desk/state", ""),
        ],
    ),
    (
        "simulate",
        &[
            ("deskmeter simulate", ""),
            ("deskmeter simulate --live 3600 --rate-limit 600", "an hour in a second"),
            ("deskmeter simulate --fault 503%5 --fault reset@7", "a bad day"),
            ("deskmeter simulate --world DIR", "JSON files of your own"),
        ],
    ),
    (
        "connect",
        &[
            ("deskmeter connect", ""),
            ("deskmeter connect --no-browser", "prints the URL, for machines without a browser"),
        ],
    ),
    (
        "plan",
        &[
            ("deskmeter plan", "from at most 20 sample pages of the account"),
            ("deskmeter plan --tickets 300000", "before there is a connection, from the number alone"),
        ],
    ),
    ("rekey", &[("DESKMETER_KEY=NEW,OLD deskmeter rekey", "then NEW alone")]),
    (
        "sync",
        &[
            ("deskmeter sync", ""),
            ("deskmeter sync --all /etc/deskmeter", "every pipeline file of a folder"),
            ("deskmeter sync --log-format json", "for cron: warnings, errors and one line of summary"),
            ("deskmeter sync --metrics-file /var/lib/node_exporter/deskmeter.prom", "for Prometheus"),
        ],
    ),
    ("status", &[("deskmeter status", ""), ("deskmeter status --format json", "for scripts")]),
    ("disconnect", &[("deskmeter disconnect", "asks first"), ("deskmeter disconnect --yes", "does not")]),
    ("purge", &[("deskmeter purge", "after a disconnect that was cut off")]),
    (
        "receipt verify",
        &[("deskmeter receipt verify receipt-acme-1.txt --public-key KEY", "as disconnect printed it")],
    ),
    (
        "query",
        &[
            ("deskmeter query", "a prompt; \\? lists its commands"),
            ("deskmeter query \"select * from kpis\"", ""),
            ("deskmeter query --format csv \"select * from ticket_metrics\" > tickets.csv", ""),
            ("deskmeter query --format parquet -o tickets.parquet \"select * from ticket_metrics\"", ""),
            ("deskmeter query -f report.sql", "as does: deskmeter query < report.sql"),
            (
                "deskmeter query --labels labels.toml \"select * from agent_workload\"",
                "agents and groups by name",
            ),
            (
                "deskmeter query --all /etc/deskmeter \"select connection, count(*) from ticket_metrics group by 1\"",
                "",
            ),
        ],
    ),
    ("metrics list", &[("deskmeter metrics list", "")]),
    (
        "metrics show",
        &[
            ("deskmeter metrics show sla_targets", ""),
            ("deskmeter metrics show ticket_metrics.first_reply_minutes_calendar", "one column"),
        ],
    ),
    ("metrics docs", &[("deskmeter metrics docs -o metrics.html", "")]),
    ("explain", &[("deskmeter explain 1042", ""), ("deskmeter explain 1042 agent_work", "")]),
    ("metrics parity", &[("deskmeter metrics parity", "")]),
    (
        "validate",
        &[
            ("deskmeter validate", "also tries stores, database and Zendesk"),
            ("deskmeter validate --offline", "the file, the environment and the models only"),
        ],
    ),
    ("privacy ledger", &[("deskmeter privacy ledger", "")]),
    ("privacy manifest", &[("deskmeter privacy manifest --format csv > manifest.csv", "")]),
    (
        "privacy audit",
        &[
            ("deskmeter privacy audit", ""),
            (
                "deskmeter privacy audit --canaries names.txt --file sync.log",
                "nothing of these may be anywhere",
            ),
        ],
    ),
    (
        "serve",
        &[
            ("deskmeter serve -p deskmeter-demo/deskmeter.toml --open", "opens the browser"),
            ("deskmeter serve --also emea.toml --labels labels.toml", "two connections, groups by name"),
            (
                "deskmeter serve --bind 0.0.0.0:8780 --public-url https://desk.example",
                "needs DESKMETER_PASSWORD",
            ),
        ],
    ),
    (
        "report",
        &[
            ("deskmeter report -o report.html", ""),
            ("deskmeter report --format json", "the headline numbers, for scripts"),
            ("deskmeter report --labels labels.toml -o report.html", "groups by name"),
        ],
    ),
    (
        "publish",
        &[
            ("deskmeter publish postgres://etl@db.example/warehouse", ""),
            (
                "deskmeter publish postgres://etl@db.example/warehouse --reader-role bi",
                "bi may read, no more",
            ),
            (
                "DESKMETER_DATABASE_URL=postgres://etl@db.example/warehouse deskmeter publish",
                "in no process list",
            ),
        ],
    ),
    (
        "export",
        &[
            ("deskmeter export --to marts", "every mart as Parquet"),
            ("deskmeter export --to s3://bucket/marts --format csv ticket_metrics sla_targets", ""),
        ],
    ),
    (
        "lake check",
        &[
            ("deskmeter lake check", ""),
            ("deskmeter lake check --repair && deskmeter sync", "reads again what was broken"),
        ],
    ),
    ("erase", &[("deskmeter erase --ticket 4711", "")]),
    ("runs", &[("deskmeter runs", ""), ("deskmeter runs --limit 500 --format csv > runs.csv", "")]),
    ("schema", &[("deskmeter schema > deskmeter.schema.json", "")]),
    (
        "completions",
        &[
            ("deskmeter completions bash > /etc/bash_completion.d/deskmeter", ""),
            ("deskmeter completions zsh > ~/.zfunc/_deskmeter", ""),
            ("deskmeter completions fish > ~/.config/fish/completions/deskmeter.fish", ""),
        ],
    ),
    #[cfg(feature = "ballista")]
    (
        "scheduler",
        &[("deskmeter scheduler", ""), ("deskmeter scheduler --bind 10.0.0.1:50050 --trusted-network", "")],
    ),
    #[cfg(feature = "ballista")]
    ("executor", &[("deskmeter executor --scheduler 127.0.0.1:50050 --work-dir /dev/shm/deskmeter", "")]),
    ("man", &[("deskmeter man --dir /usr/local/share/man/man1", "")]),
];

/// The whole command line.
pub(crate) fn command() -> Command {
    let mut root = Cli::command();
    for (path, examples) in EXAMPLES {
        root = with_examples(root, path, &rendered(examples));
    }
    root.mut_subcommand("simulate", |simulate| {
        let examples = simulate.get_after_help().map(ToString::to_string).unwrap_or_default();
        simulate.after_help(format!("{examples}\n\n{}", faults()))
    })
}

fn with_examples(command: Command, path: &str, examples: &str) -> Command {
    match path.split_once(' ') {
        Some((first, rest)) => command.mut_subcommand(first, |it| with_examples(it, rest, examples)),
        None if path.is_empty() => {
            let after = command.get_after_help().map(|more| format!("\n\n{more}")).unwrap_or_default();
            command.after_help(format!("{examples}{after}"))
        }
        None => command.mut_subcommand(path, |it| with_examples(it, "", examples)),
    }
}

fn rendered(examples: &[Example]) -> String {
    let with_note = examples.iter().filter(|(_, note)| !note.is_empty());
    let width = with_note.map(|(line, _)| line.len()).max().unwrap_or_default();
    let mut text = "Examples:".to_owned();
    for (line, note) in examples {
        let _ = if note.is_empty() {
            write!(text, "\n  {line}")
        } else {
            write!(text, "\n  {line:<width$}   {note}")
        };
    }
    text
}

/// Every fault that `simulate` can serve.
fn faults() -> String {
    let mut text = "Faults (each time, @n at the n-th export request, %p at p percent of them):".to_owned();
    for fault in deskmeter_simulator::FAULTS {
        let value = if fault.value.is_empty() { String::new() } else { format!("[={}]", fault.value) };
        let _ = write!(text, "\n  {:<24} {}", format!("{}{value}", fault.name), fault.sentence);
    }
    text
}

#[cfg(test)]
mod tests;

//! The product page's troubleshooting entries, answered by looking.

use crate::backend::{Standing, State};
use crate::format;
use crate::live::{Phase, Progress};

/// Collection normally begins within this long after connecting (product page).
const NORMAL_SECONDS: i64 = 10 * 60;
/// Without data after this long, something is wrong (product page).
const LATE_SECONDS: i64 = 30 * 60;
/// A sync that has not run for this long is worth a word.
const STALE_SECONDS: i64 = 26 * 3_600;

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// How it stands: `ok`, `warn`, `bad`, or empty for neither.
    pub(crate) class: &'static str,
    /// What a person asks.
    pub(crate) question: &'static str,
    /// What was found, and what to do.
    pub(crate) answer: String,
}

/// Everything that can be told of a connection.
pub(crate) fn findings(standing: &Standing, progress: Option<&Progress>, now: i64) -> Vec<Finding> {
    vec![
        authorization(standing),
        data(standing, progress, now),
        access(standing),
        last_run(standing, progress, now),
    ]
}

fn finding(question: &'static str, class: &'static str, answer: impl Into<String>) -> Finding {
    Finding { class, question, answer: answer.into() }
}

fn authorization(standing: &Standing) -> Finding {
    let question = "Is the connection authorized?";
    let join = |text: &str| {
        [standing.cause.as_deref(), Some(text)].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    match standing.state {
        State::Connected => {
            finding(question, "ok", "Yes. Zendesk accepted the authorization when it was last used.")
        }
        State::Expiring => {
            finding(question, "warn", "Yes, but it ends within three days. Reconnect to renew it.")
        }
        State::Disconnected => finding(
            question,
            "bad",
            join(
                "Reconnect from the Integrations page. If it stays, check that the admin has not revoked the authorization.",
            ),
        ),
        State::Never => finding(question, "", "Not yet. Connect from the Integrations page."),
        State::Deleting => finding(question, "warn", "No. Everything that was collected is being deleted."),
        State::Deleted => finding(question, "", "No. Everything that was collected has been deleted."),
        State::Unknown => finding(question, "bad", join("")),
    }
}

fn data(standing: &Standing, progress: Option<&Progress>, now: i64) -> Finding {
    let question = "Is there data?";
    let newest =
        standing.streams.iter().filter(|stream| stream.name == "tickets").find_map(|stream| stream.newest);
    if let Some(newest) = newest {
        return finding(question, "ok", format!("Yes, complete until {}.", format::instant(newest)));
    }
    if !standing.state.is_connected() {
        return finding(question, "", "None: there is no connection.");
    }
    if progress.is_some_and(Progress::is_running) || standing.is_running {
        return finding(
            question,
            "",
            "Not yet: a sync is running. First data normally appears within 5 to 10 minutes.",
        );
    }
    let waited = now - standing.connected_at.unwrap_or(now);
    match waited {
        ..NORMAL_SECONDS => finding(
            question,
            "",
            "Not yet. Collection normally begins within 5 to 10 minutes; Sync now starts it at once.",
        ),
        NORMAL_SECONDS..LATE_SECONDS => {
            finding(question, "warn", "Not yet, and no sync is running. Choose Sync now.")
        }
        _ => finding(
            question,
            "bad",
            format!(
                "None after {}. See below whether the account refuses a stream, then choose Sync now; its error is shown here.",
                format::span_words(waited)
            ),
        ),
    }
}

fn access(standing: &Standing) -> Finding {
    let question = "Does the account allow everything that is read?";
    let refused: Vec<String> = standing
        .streams
        .iter()
        .filter(|stream| !stream.is_available)
        .map(|stream| format!("{} ({})", stream.label(), stream.access))
        .collect();
    if standing.streams.is_empty() {
        finding(question, "", "Known after the first sync.")
    } else if refused.is_empty() {
        finding(question, "ok", "Yes, all streams can be read.")
    } else {
        finding(
            question,
            "warn",
            format!("Not all of it: {}. What depends on it stays empty.", refused.join("; ")),
        )
    }
}

fn last_run(standing: &Standing, progress: Option<&Progress>, now: i64) -> Finding {
    let question = "Did the last sync succeed?";
    if let Some(Progress { phase: Phase::Failed { what, next }, .. }) = progress {
        let next = next.as_ref().map(|next| format!(" Next: {next}.")).unwrap_or_default();
        return finding(question, "bad", format!("No: {what}.{next}"));
    }
    match &standing.last_run {
        None => finding(question, "", "None has ended yet."),
        Some(run) if run.exit_code != 0 => finding(
            question,
            "bad",
            format!(
                "No, it ended early (exit code {}). What was committed is kept; the next sync goes on from there.",
                run.exit_code
            ),
        ),
        Some(run) => {
            let ended = run.ended_at.as_second();
            let class = if now - ended > STALE_SECONDS { "warn" } else { "ok" };
            finding(
                question,
                class,
                format!(
                    "Yes, {}: {} rows in {} requests.",
                    format::ago(ended, now),
                    format::thousands(run.rows as i64),
                    run.requests
                ),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connected() -> Standing {
        Standing {
            state: State::Connected,
            cause: None,
            next_step: None,
            connected_at: Some(0),
            last_run: None,
            is_running: false,
            streams: Vec::new(),
            deletion: None,
        }
    }

    #[test]
    fn no_data_is_normal_at_first_and_wrong_after_half_an_hour() {
        let class = |now| findings(&connected(), None, now)[1].class;
        assert_eq!([class(60), class(900), class(LATE_SECONDS)], ["", "warn", "bad"]);
    }
}

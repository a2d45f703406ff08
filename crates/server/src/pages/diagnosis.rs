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
        _ => finding(question, "bad", late(standing, progress, waited)),
    }
}

/// Nothing has come for half an hour: the connection's status and the account's permissions say why.
fn late(standing: &Standing, progress: Option<&Progress>, waited: i64) -> String {
    let cause = match (refused(standing, "tickets"), failure(standing, progress)) {
        (Some(access), _) => format!("The account does not let tickets be read: {access}."),
        (None, Some(failure)) => format!("The last sync failed: {failure}"),
        (None, None) if standing.last_run.is_none() => {
            "No sync has run: choose Sync now, and see that the scheduled one runs.".to_owned()
        }
        (None, None) => {
            "Syncs succeed: the account has no ticket since the start date of the pipeline file.".to_owned()
        }
    };
    format!("None after {}. {cause}", format::span_words(waited))
}

/// Why the stream cannot be read, if it cannot.
fn refused<'a>(standing: &'a Standing, name: &str) -> Option<&'a str> {
    let stream = standing.streams.iter().find(|stream| stream.name == name && !stream.is_available);
    stream.map(|stream| stream.access.as_str())
}

/// What the last sync failed of, and what to do; as the process that ran it knows it, else by its published exit code.
fn failure(standing: &Standing, progress: Option<&Progress>) -> Option<String> {
    if let Some(Progress { phase: Phase::Failed { what, next }, .. }) = progress {
        let next = next.as_ref().map(|next| format!(" Next: {next}.")).unwrap_or_default();
        return Some(format!("{what}.{next}"));
    }
    let words = match standing.last_run.as_ref()?.exit_code {
        0 => return None,
        2 => "the pipeline file or the environment is not right: run `deskmeter validate`.",
        3 => "Zendesk refused the authorization: reconnect, and check that the admin has not revoked it.",
        4 => "Zendesk refused or was out of reach: the next sync goes on from there.",
        5 => "the lake or the state store failed: check its place, its space and its credentials.",
        6 => "another sync held the lease: the next one goes on from there.",
        7 => "a data check failed: what was committed is kept; run `deskmeter sync --full-refresh`.",
        8 => "a deletion is overdue: run `deskmeter purge`.",
        _ => "by a fault of deskmeter: run `deskmeter sync -v` and read its error.",
    };
    Some(words.to_owned())
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
    if progress.is_some_and(Progress::is_running) {
        return finding(question, "", "A sync is running.");
    }
    if let Some(failure) = failure(standing, progress) {
        let text = format!("No: {failure} What was committed is kept.");
        return finding(question, "bad", text);
    }
    match &standing.last_run {
        None => finding(question, "", "None has ended yet."),
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
    use crate::backend::StreamStanding;

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

    fn stream(access: &str) -> StreamStanding {
        let is_available = access == "available";
        StreamStanding { name: "tickets".into(), access: access.into(), is_available, newest: None }
    }

    fn run(exit_code: u8) -> deskmeter_pipeline::Run {
        let at = jiff::Timestamp::from_second(0).unwrap();
        deskmeter_pipeline::Run {
            id: "r".into(),
            started_at: at,
            ended_at: at,
            exit_code,
            cause: None,
            rows: 0,
            requests: 1,
            bytes: 0,
            rejected: 0,
            throttled: 0,
        }
    }

    /// Answers of all questions about `standing`, a time after it was connected.
    fn check(standing: &Standing, now: i64, index: usize, class: &str, words: &str) {
        let found = &findings(standing, None, now)[index];
        assert_eq!(found.class, class, "{found:?}");
        assert!(found.answer.contains(words), "{found:?}");
    }

    #[test]
    fn no_data_is_normal_at_first_and_wrong_after_half_an_hour() {
        for (now, class, words) in [
            (60, "", "Collection normally begins within 5 to 10 minutes"),
            (NORMAL_SECONDS, "warn", "no sync is running"),
            (LATE_SECONDS, "bad", "None after 30 minutes. No sync has run"),
        ] {
            check(&connected(), now, 1, class, words);
        }
        let running = Standing { is_running: true, ..connected() };
        check(&running, LATE_SECONDS, 1, "", "a sync is running");
    }

    #[test]
    fn no_data_after_half_an_hour_is_told_by_status_and_permissions() {
        let refused =
            Standing { streams: vec![stream("refused: the connection lacks the scope")], ..connected() };
        check(
            &refused,
            LATE_SECONDS,
            1,
            "bad",
            "does not let tickets be read: refused: the connection lacks",
        );
        check(&refused, LATE_SECONDS, 2, "warn", "Not all of it: Tickets (refused");
        for (exit_code, words) in [(4, "out of reach"), (5, "its credentials"), (2, "deskmeter validate")] {
            let failed = Standing { last_run: Some(run(exit_code)), ..connected() };
            check(&failed, LATE_SECONDS, 1, "bad", words);
            check(&failed, LATE_SECONDS, 3, "bad", words);
        }
        let empty = Standing { streams: vec![stream("available")], last_run: Some(run(0)), ..connected() };
        check(&empty, LATE_SECONDS, 1, "bad", "no ticket since the start date");
    }

    #[test]
    fn disconnected_says_why_to_reconnect_and_what_if_it_stays() {
        let cause = Some("Disconnected since 22 Nov 2026, 12:00 UTC: revoked in Zendesk.".to_owned());
        let gone = Standing { state: State::Disconnected, cause, ..connected() };
        check(
            &gone,
            60,
            0,
            "bad",
            "revoked in Zendesk. Reconnect from the Integrations page. If it stays, check that the admin",
        );
        check(&gone, LATE_SECONDS, 1, "", "there is no connection");
    }
}

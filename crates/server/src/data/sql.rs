//! The questions of the console: one file each in `queries/`, with parameters that are filled by type. A parameter is
//! a number, an instant or a word of a closed list, so text from a request cannot become SQL.

use crate::data::filters::{Bucket, Filters, Span, Split};

macro_rules! queries {
    ($($constant:ident = $file:literal;)*) => {
        $(pub(crate) const $constant: Query = Query {
            name: $file,
            text: include_str!(concat!("../../queries/", $file, ".sql")),
        };)*
        /// Every question.
        pub(crate) const ALL: &[&Query] = &[$(&$constant),*];
    };
}

queries! {
    AS_OF = "as_of";
    BACKLOG_AGES = "backlog_ages";
    BACKLOG_BY_GROUP = "backlog_by_group";
    BACKLOG_KPIS = "backlog_kpis";
    BACKLOG_OLDEST = "backlog_oldest";
    BACKLOG_OVER_TIME = "backlog_over_time";
    BACKLOG_STATUS = "backlog_status";
    ESCALATION_KPIS = "escalation_kpis";
    ESCALATIONS_BETWEEN_TIERS = "escalations_between_tiers";
    ESCALATIONS_BY_GROUP = "escalations_by_group";
    ESCALATIONS_DELAY = "escalations_delay";
    ESCALATIONS_OVER_TIME = "escalations_over_time";
    ESCALATIONS_RETURNS = "escalations_returns";
    FILTER_GROUPS = "filter_groups";
    OVERVIEW_CHANNELS = "overview_channels";
    OVERVIEW_FLOW = "overview_flow";
    OVERVIEW_GROUPS = "overview_groups";
    OVERVIEW_KPIS = "overview_kpis";
    OVERVIEW_TREND = "overview_trend";
    PRIVACY_KPIS = "privacy_kpis";
    PRIVACY_PATHS = "privacy_paths";
    PRIVACY_STREAMS = "privacy_streams";
    QUALITY_CHECKS = "quality_checks";
    QUALITY_COVERAGE = "quality_coverage";
    QUALITY_KPIS = "quality_kpis";
    QUALITY_PARITY = "quality_parity";
    QUALITY_REASONS = "quality_reasons";
    REPLY_DISTRIBUTION = "reply_distribution";
    REPLY_OVER_TIME = "reply_over_time";
    REPLY_SPLIT = "reply_split";
    RESOLUTION_BY_CHANNEL = "resolution_by_channel";
    RESOLUTION_BY_GROUP = "resolution_by_group";
    RESOLUTION_BY_PRIORITY = "resolution_by_priority";
    RESOLUTION_DISTRIBUTION = "resolution_distribution";
    RESOLUTION_KPIS = "resolution_kpis";
    RESOLUTION_OVER_TIME = "resolution_over_time";
    RESOLUTION_SPLIT = "resolution_split";
    SLA_AT_RISK = "sla_at_risk";
    SLA_BY_GROUP = "sla_by_group";
    SLA_BY_METRIC = "sla_by_metric";
    SLA_BY_POLICY = "sla_by_policy";
    SLA_BY_PRIORITY = "sla_by_priority";
    SLA_KPIS = "sla_kpis";
    SLA_OVER_TIME = "sla_over_time";
    WORKLOAD_AGENTS = "workload_agents";
    WORKLOAD_BALANCE = "workload_balance";
    WORKLOAD_CONCURRENCY = "workload_concurrency";
    WORKLOAD_FLOW = "workload_flow";
    WORKLOAD_GROUPS = "workload_groups";
    WORKLOAD_KPIS = "workload_kpis";
}

/// A question, with parameters written as `$name`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Query {
    /// Name in URLs: letters and `_`.
    pub(crate) name: &'static str,
    /// The file.
    pub(crate) text: &'static str,
}

/// A value that stands in a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// An instant, seconds since the epoch.
    Instant(i64),
    /// A number, or NULL.
    Number(Option<i64>),
    /// A word of a closed list of ours, or NULL.
    Word(Option<&'static str>),
}

impl Value {
    fn literal(self) -> String {
        match self {
            Self::Instant(seconds) => format!("to_timestamp_seconds({seconds})"),
            Self::Number(Some(number)) => number.to_string(),
            Self::Number(None) => "cast(null as bigint)".to_owned(),
            Self::Word(Some(word)) => format!("'{}'", word.replace('\'', "''")),
            Self::Word(None) => "cast(null as varchar)".to_owned(),
        }
    }
}

/// Everything that a question may ask for.
#[derive(Debug, Clone)]
pub(crate) struct Parameters {
    span: Span,
    bucket: Bucket,
    group: Option<i64>,
    priority: Option<&'static str>,
    channel: Option<&'static str>,
    by: Split,
    as_of: i64,
    at: i64,
}

impl Parameters {
    /// The parameters of a page whose newest data is of `as_of`. The span of an earlier period takes the instant of the
    /// backlog along.
    pub(crate) fn new(filters: &Filters, span: Span, as_of: i64) -> Self {
        let Filters { group, priority, channel, by, .. } = *filters;
        let at = filters.instant(as_of) - (filters.span(as_of).to - span.to);
        Self { span, bucket: span.bucket(), group, priority, channel, by, as_of, at }
    }

    fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "from" => Value::Instant(self.span.from),
            "to" => Value::Instant(self.span.to),
            "as_of" => Value::Instant(self.as_of),
            "at" => Value::Instant(self.at),
            "by" => Value::Word(Some(self.by.word())),
            "bucket" => Value::Word(Some(self.bucket.word())),
            "group_id" => Value::Number(self.group),
            "priority" => Value::Word(self.priority),
            "channel" => Value::Word(self.channel),
            _ => return None,
        })
    }
}

impl Query {
    /// Whether the statement names this table or column.
    pub(crate) fn names(&self, word: &str) -> bool {
        names(self.text, word)
    }

    /// The statement with every parameter in its place. An unknown one stays, and the engine refuses it.
    pub(crate) fn filled(&self, parameters: &Parameters) -> String {
        let mut pieces = self.text.split('$');
        let mut sql = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let end = piece.find(|c: char| !(c.is_ascii_lowercase() || c == '_')).unwrap_or(piece.len());
            let (name, rest) = piece.split_at(end);
            if let Some(value) = parameters.value(name) {
                sql.push_str(&value.literal());
            } else {
                sql.push('$');
                sql.push_str(name);
            }
            sql.push_str(rest);
        }
        sql
    }
}

/// Whether a statement has this word, beside what its comments say.
pub(crate) fn names(statement: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let lines = statement.lines().filter(|line| !line.starts_with("--"));
    lines.flat_map(|line| line.split(|c: char| !is_word(c))).any(|named| named == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_filled_by_type() {
        let query = Query {
            name: "q",
            text: "select 1 where a >= $from and ($group_id is null or g = $group_id) and $nothing",
        };
        let filters = Filters { group: Some(7), ..Filters::standard() };
        let filled = query.filled(&Parameters::new(&filters, Span { from: 5, to: 9 }, 9));
        assert_eq!(
            filled,
            "select 1 where a >= to_timestamp_seconds(5) and (7 is null or g = 7) and $nothing"
        );
    }

    #[test]
    fn every_question_has_its_own_name_and_no_unknown_parameter() {
        let parameters = Parameters::new(&Filters::standard(), Span { from: 0, to: 1 }, 1);
        for query in ALL {
            assert!(!query.filled(&parameters).contains('$'), "{} has an unknown parameter", query.name);
            assert_eq!(ALL.iter().filter(|other| other.name == query.name).count(), 1);
        }
    }
}

//! Which tickets a page is about. What stands in the URL is parsed into closed lists, numbers and days before anything
//! else sees it.

use deskmeter_tables::{CHANNEL, PRIORITY};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::Deserialize;

/// Periods by name, with their days.
const PERIODS: [(&str, &str, i64); 5] = [
    ("7d", "Last 7 days", 7),
    ("30d", "Last 30 days", 30),
    ("90d", "Last 90 days", 90),
    ("12m", "Last 12 months", 365),
    ("all", "All time", 3_650),
];
const PERIOD_DEFAULT: &str = "90d";

/// The text of the URL, as it came.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct RawFilters {
    period: Option<String>,
    from: Option<String>,
    to: Option<String>,
    group: Option<String>,
    priority: Option<String>,
    channel: Option<String>,
    by: Option<String>,
    at: Option<String>,
}

/// A filter that the URL asks for and that does not exist. Names the key, never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadFilter(pub(crate) &'static str);

/// A span of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    /// One of [`PERIODS`].
    Named(&'static str, i64),
    /// First and last day, both inclusive.
    Days(Date, Date),
}

/// Which tickets a page is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filters {
    /// The span of time.
    pub(crate) period: Period,
    /// Tickets of this group.
    pub(crate) group: Option<i64>,
    /// Tickets of this priority.
    pub(crate) priority: Option<&'static str>,
    /// Tickets that came this way.
    pub(crate) channel: Option<&'static str>,
    /// By what charts are split into lines.
    pub(crate) by: Split,
    /// The day at whose end the backlog is looked at; none is the newest data.
    pub(crate) at: Option<Date>,
}

/// By what a chart is split into lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Split {
    /// Priorities.
    #[default]
    Priority,
    /// Groups.
    Group,
    /// Channels.
    Channel,
}

impl Split {
    /// All, in the order of the choice.
    pub(crate) const ALL: [Self; 3] = [Self::Priority, Self::Group, Self::Channel];

    /// Its word in URLs and in SQL.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Group => "group",
            Self::Channel => "channel",
        }
    }
}

/// Seconds since the epoch, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First second.
    pub(crate) from: i64,
    /// The second after the last.
    pub(crate) to: i64,
}

/// Width of the steps of a chart over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bucket {
    /// Days.
    Day,
    /// Weeks from Monday.
    Week,
    /// Months.
    Month,
}

impl RawFilters {
    /// The filters; empty fields, as a form sends them, mean no filter.
    pub(crate) fn parse(self) -> Result<Filters, BadFilter> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let day = |text: Option<String>, key| {
            given(text).map(|text| text.parse::<Date>().map_err(|_| BadFilter(key))).transpose()
        };
        let period = match (day(self.from, "from")?, day(self.to, "to")?) {
            (Some(from), Some(to)) if from <= to => Period::Days(from, to),
            (None, None) => named(given(self.period).as_deref().unwrap_or(PERIOD_DEFAULT))?,
            _ => return Err(BadFilter("from")),
        };
        let group =
            given(self.group).map(|text| text.parse::<i64>().map_err(|_| BadFilter("group"))).transpose()?;
        let priority =
            given(self.priority).map(|text| PRIORITY.get(&text).ok_or(BadFilter("priority"))).transpose()?;
        let channel =
            given(self.channel).map(|text| CHANNEL.get(&text).ok_or(BadFilter("channel"))).transpose()?;
        let by = match given(self.by) {
            None => Split::default(),
            Some(word) => Split::ALL.into_iter().find(|by| by.word() == word).ok_or(BadFilter("by"))?,
        };
        let at = given(self.at).map(|text| instant(&text).ok_or(BadFilter("at"))).transpose()?;
        Ok(Filters { period, group, priority, channel, by, at })
    }
}

/// A day as people write it, or counted from the epoch as a slider sends it.
fn instant(text: &str) -> Option<Date> {
    text.parse().ok().or_else(|| text.parse::<u32>().ok().and_then(|day| civil(i64::from(day))))
}

fn named(name: &str) -> Result<Period, BadFilter> {
    let found = PERIODS.into_iter().find(|(known, ..)| *known == name);
    found.map(|(name, _, days)| Period::Named(name, days)).ok_or(BadFilter("period"))
}

impl Filters {
    /// All tickets of the default period.
    pub(crate) fn standard() -> Self {
        RawFilters::default().parse().unwrap_or(Self {
            period: Period::Named(PERIOD_DEFAULT, 90),
            group: None,
            priority: None,
            channel: None,
            by: Split::default(),
            at: None,
        })
    }

    /// All tickets of each named period.
    pub(crate) fn every_period() -> impl Iterator<Item = Self> {
        let filters = |(name, _, days)| Self { period: Period::Named(name, days), ..Self::standard() };
        PERIODS.into_iter().map(filters)
    }

    /// Name and label of every named period.
    pub(crate) fn periods() -> impl Iterator<Item = (&'static str, &'static str)> {
        PERIODS.into_iter().map(|(name, label, _)| (name, label))
    }

    /// The span, where the newest data is of `as_of`. Named periods end with the day of `as_of`.
    pub(crate) fn span(&self, as_of: i64) -> Span {
        match self.period {
            Period::Days(from, to) => Span { from: midnight(from), to: midnight(next_day(to)) },
            Period::Named(_, days) => {
                let to = as_of - as_of.rem_euclid(86_400) + 86_400;
                Span { from: to - days * 86_400, to }
            }
        }
    }

    /// The second at which the backlog is looked at: the end of the chosen day, at the latest that of the newest data.
    pub(crate) fn instant(&self, as_of: i64) -> i64 {
        self.at.map_or(as_of, |day| midnight(next_day(day)).min(as_of))
    }

    /// The period in words.
    pub(crate) fn period_label(&self) -> String {
        match self.period {
            Period::Days(from, to) => format!("{from} to {to}"),
            Period::Named(name, _) => {
                Self::periods().find(|(known, _)| *known == name).map_or(name, |(_, label)| label).to_owned()
            }
        }
    }

    /// Name of the period for the form; empty when days are given.
    pub(crate) fn period_name(&self) -> &'static str {
        match self.period {
            Period::Named(name, _) => name,
            Period::Days(..) => "",
        }
    }

    /// The same filters as the query of a URL, the `?` included.
    pub(crate) fn url_query(&self) -> String {
        let mut pairs: Vec<String> = match self.period {
            Period::Named(name, _) => vec![format!("period={name}")],
            Period::Days(from, to) => vec![format!("from={from}&to={to}")],
        };
        pairs.extend(self.group.map(|group| format!("group={group}")));
        pairs.extend(self.priority.map(|priority| format!("priority={priority}")));
        pairs.extend(self.channel.map(|channel| format!("channel={channel}")));
        pairs.extend((self.by != Split::default()).then(|| format!("by={}", self.by.word())));
        pairs.extend(self.at.map(|day| format!("at={day}")));
        format!("?{}", pairs.join("&"))
    }
}

impl Span {
    /// The span of the same length that ends where this one begins.
    pub(crate) fn previous(self) -> Self {
        Self { from: self.from - (self.to - self.from), to: self.from }
    }

    /// The step of charts over this span: at most some sixty points.
    pub(crate) fn bucket(self) -> Bucket {
        match (self.to - self.from) / 86_400 {
            ..=45 => Bucket::Day,
            46..=400 => Bucket::Week,
            _ => Bucket::Month,
        }
    }
}

impl Bucket {
    /// The word of `date_trunc`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// First day of every step that touches the span, as days since the epoch.
    pub(crate) fn steps(self, first: i64, last: i64) -> Vec<i64> {
        let mut steps = Vec::new();
        let mut day = first;
        while day <= last && steps.len() < 600 {
            steps.push(day);
            day = self.next(day);
        }
        steps
    }

    /// First day of the step that holds this day.
    pub(crate) fn floor(self, day: i64) -> i64 {
        match self {
            Self::Day => day,
            Self::Week => day - (day + 3).rem_euclid(7),
            Self::Month => civil(day).map_or(day, |date| days(date.first_of_month())),
        }
    }

    fn next(self, day: i64) -> i64 {
        match self {
            Self::Day => day + 1,
            Self::Week => day + 7,
            Self::Month => {
                let month = civil(day).and_then(|date| date.first_of_month().checked_add(1.month()).ok());
                month.map_or(day + 31, days)
            }
        }
    }

    /// The step as a label.
    pub(crate) fn label(self, day: i64) -> String {
        let Some(date) = civil(day) else { return "–".to_owned() };
        match self {
            Self::Day | Self::Week => date.strftime("%-d %b").to_string(),
            Self::Month => date.strftime("%b %Y").to_string(),
        }
    }
}

/// A day since the epoch as a date.
pub(crate) fn civil(day: i64) -> Option<Date> {
    Timestamp::from_second(day.checked_mul(86_400)?).ok().map(|time| time.to_zoned(TimeZone::UTC).date())
}

fn days(date: Date) -> i64 {
    midnight(date).div_euclid(86_400)
}

fn midnight(date: Date) -> i64 {
    date.to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_second())
}

fn next_day(date: Date) -> Date {
    date.checked_add(1.day()).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(key: &str, value: &str) -> RawFilters {
        let mut raw = RawFilters::default();
        let text = Some(value.to_owned());
        match key {
            "period" => raw.period = text,
            "from" => raw.from = text,
            "group" => raw.group = text,
            "priority" => raw.priority = text,
            "by" => raw.by = text,
            "at" => raw.at = text,
            _ => raw.channel = text,
        }
        raw
    }

    #[test]
    fn what_is_not_on_a_list_is_refused_by_key() {
        for key in ["period", "from", "group", "priority", "channel", "by", "at"] {
            assert_eq!(raw(key, "1' or '1'='1").parse(), Err(BadFilter(key)));
        }
        assert_eq!(raw("group", "").parse().unwrap(), Filters::standard());
    }

    #[test]
    fn a_url_leads_back_to_the_same_filters() {
        let filters = raw("group", "36000000000002").parse().unwrap();
        assert_eq!(filters.url_query(), "?period=90d&group=36000000000002");
    }

    #[test]
    fn a_day_of_the_backlog_ends_with_the_newest_data() {
        let noon = 20_779 * 86_400 + 43_200;
        for (text, second) in [("20778", 20_779 * 86_400), ("2026-11-21", 20_779 * 86_400), ("20779", noon)] {
            let filters = raw("at", text).parse().unwrap();
            assert_eq!(filters.instant(noon), second, "{text}");
        }
        assert_eq!(raw("at", "20778").parse().unwrap().url_query(), "?period=90d&at=2026-11-21");
        assert_eq!(Filters::standard().instant(noon), noon);
    }

    #[test]
    fn steps_begin_where_date_trunc_begins() {
        // 2026-11-22 is a Sunday; its week begins on 2026-11-16.
        let sunday = 20_779;
        assert_eq!(Bucket::Day.label(sunday), "22 Nov");
        assert_eq!(Bucket::Week.label(Bucket::Week.floor(sunday)), "16 Nov");
        assert_eq!(Bucket::Month.label(Bucket::Month.floor(sunday)), "Nov 2026");
        assert_eq!(Bucket::Month.steps(Bucket::Month.floor(sunday), sunday + 60).len(), 3);
    }
}

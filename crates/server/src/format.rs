//! Numbers, times and shares as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Things.
    Count,
    /// A length of time in minutes.
    Minutes,
    /// A share from 0 to 1, shown in percent.
    Percent,
    /// A number with decimals.
    Ratio,
}

const MINUTES_PER_DAY: f64 = 1_440.0;

/// A value with its unit: `3 h 12 m`, `1,204`, `93.4 %`.
pub(crate) fn value(number: f64, unit: Unit) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    match unit {
        Unit::Count => thousands(number.round() as i64),
        Unit::Minutes => duration(number),
        Unit::Percent => format!("{:.1} %", number * 100.0),
        Unit::Ratio => format!("{number:.2}"),
    }
}

/// A value on an axis, as short as can be.
pub(crate) fn axis(number: f64, unit: Unit) -> String {
    match unit {
        Unit::Count if number >= 10_000.0 => format!("{:.0} k", number / 1_000.0),
        Unit::Percent => format!("{:.0} %", number * 100.0),
        Unit::Ratio => format!("{number:.1}"),
        Unit::Minutes => axis_duration(number),
        Unit::Count => value(number, unit),
    }
}

fn axis_duration(minutes: f64) -> String {
    if minutes == 0.0 {
        "0".to_owned()
    } else if minutes < 60.0 {
        format!("{minutes:.0} m")
    } else if minutes < MINUTES_PER_DAY {
        format!("{} h", trim(minutes / 60.0))
    } else {
        format!("{} d", trim(minutes / MINUTES_PER_DAY))
    }
}

fn trim(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// From so many days on hours say nothing more.
const DAYS_ALONE: i64 = 10;

/// Minutes as the two largest parts; days alone from ten on.
pub(crate) fn duration(minutes: f64) -> String {
    let sign = if minutes < 0.0 { "-" } else { "" };
    let minutes = minutes.abs();
    let whole = minutes.round() as i64;
    if minutes < 1.0 && minutes > 0.0 {
        format!("{sign}{:.0} s", minutes * 60.0)
    } else if whole < 60 {
        format!("{sign}{whole} m")
    } else if whole < 1_440 {
        parts(sign, (whole / 60, "h"), (whole % 60, "m"))
    } else if whole < DAYS_ALONE * 1_440 {
        parts(sign, (whole / 1_440, "d"), (whole % 1_440 / 60, "h"))
    } else {
        format!("{sign}{} d", thousands((whole + 720) / 1_440))
    }
}

fn parts(sign: &str, (large, large_unit): (i64, &str), (small, small_unit): (i64, &str)) -> String {
    let small = if small == 0 { String::new() } else { format!(" {small} {small_unit}") };
    format!("{sign}{large} {large_unit}{small}")
}

/// An integer with commas between thousands.
pub(crate) fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A second since the epoch as `22 Nov 2026, 12:46 UTC`.
pub(crate) fn instant(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(
        |_| "–".to_owned(),
        |time| time.to_zoned(TimeZone::UTC).strftime("%-d %b %Y, %H:%M UTC").to_string(),
    )
}

/// A second since the epoch as `22 Nov 2026`.
pub(crate) fn day(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(
        |_| "–".to_owned(),
        |time| time.to_zoned(TimeZone::UTC).strftime("%-d %b %Y").to_string(),
    )
}

/// A second since the epoch as RFC 3339.
pub(crate) fn rfc3339(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

/// How long ago, as a person says it.
pub(crate) fn ago(seconds: i64, now: i64) -> String {
    match now.saturating_sub(seconds) {
        ..=59 => "just now".to_owned(),
        span => format!("{} ago", span_words(span)),
    }
}

/// A length of time in words: `5 minutes`, `3 hours`, `2 days`.
pub(crate) fn span_words(seconds: i64) -> String {
    let (count, word) = match seconds {
        ..60 => (seconds.max(0), "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// A word of a closed list as a label: `native_messaging` becomes `Native messaging`.
pub(crate) fn label(word: &str) -> String {
    let words = word.split('_').map(|word| match word {
        "api" | "sla" | "sms" => word.to_ascii_uppercase(),
        word => word.to_owned(),
    });
    let mut text = words.collect::<Vec<_>>().join(" ");
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// Bytes in the unit that fits.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        ..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.2} GB", count as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_people_write_them() {
        assert_eq!(value(1_234_567.0, Unit::Count), "1,234,567");
        assert_eq!(value(192.0, Unit::Minutes), "3 h 12 m");
        assert_eq!(value(4_380.0, Unit::Minutes), "3 d 1 h");
        assert_eq!(value(159_000.0, Unit::Minutes), "110 d");
        assert_eq!(value(0.934, Unit::Percent), "93.4 %");
        assert_eq!(value(f64::NAN, Unit::Count), "–");
        assert_eq!(axis(4_320.0, Unit::Minutes), "3 d");
        assert_eq!(ago(0, 7_300), "2 hours ago");
        assert_eq!(label("native_messaging"), "Native messaging");
        assert_eq!(label("sla_first_reply_time"), "SLA first reply time");
        assert_eq!(label("api"), "API");
    }
}

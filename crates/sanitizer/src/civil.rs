//! Times: RFC 3339 texts to seconds, seconds to months. UTC throughout.

use std::ops::Range;

use deskmeter_zendesk::UnixSeconds;

/// Times that are accepted: from 1970 until before 2200.
pub(crate) const TIMES: Range<i64> = 0..7_258_118_400;

const DAY: i64 = 86_400;

/// The time that an RFC 3339 text tells, with `Z` or an offset, fractions of a second cut off. The range is not
/// checked here.
pub(crate) fn parse_rfc3339(text: &str) -> Option<UnixSeconds> {
    let (clock, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let [y1, y2, y3, y4, dash1, m1, m2, dash2, d1, d2, t, h1, h2, colon1, n1, n2, colon2, s1, s2] = *clock;
    let is_punctuated = [dash1, dash2, colon1, colon2] == *b"--::" && matches!(t, b'T' | b't');
    // Without a branch for each: nearly all of them are digits.
    let are_digits = [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2]
        .iter()
        .fold(true, |all, byte| all & byte.is_ascii_digit());
    if !(is_punctuated && are_digits) {
        return None;
    }
    let two = |tens: u8, ones: u8| i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
    let (year, month, day) = (two(y1, y2) * 100 + two(y3, y4), two(m1, m2), two(d1, d2));
    let (hour, minute, second) = (two(h1, h2), two(n1, n2), two(s1, s2));
    if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let local = days_from_civil(year, month, day) * DAY + hour * 3_600 + minute * 60 + second;
    Some(UnixSeconds(local - offset_seconds(after_fraction(rest)?)?))
}

/// Year, month and day of a time.
pub(crate) fn date(time: UnixSeconds) -> (i64, i64, i64) {
    civil_from_days(time.0.div_euclid(DAY))
}

/// Hour, minute and second of a time.
pub(crate) fn time_of_day(time: UnixSeconds) -> (i64, i64, i64) {
    let second = time.0.rem_euclid(DAY);
    (second / 3_600, second / 60 % 60, second % 60)
}

/// The months of times as `2026-11`; the last one is kept at hand, for times that follow each other lie together.
#[derive(Default)]
pub(crate) struct Months {
    last: Range<i64>,
    text: String,
}

impl Months {
    /// The month of a time within [`TIMES`].
    pub(crate) fn of(&mut self, time: UnixSeconds) -> &str {
        if !self.last.contains(&time.0) {
            let (year, month, _) = date(time);
            let start = days_from_civil(year, month, 1);
            self.last = start * DAY..(start + days_in_month(year, month)) * DAY;
            self.text = format!("{year:04}-{month:02}");
        }
        &self.text
    }
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes
        .iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

/// What follows a fraction of a second, if there is one.
fn after_fraction(rest: &[u8]) -> Option<&[u8]> {
    let Some((b'.', fraction)) = rest.split_first() else { return Some(rest) };
    let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (length > 0).then(|| fraction.split_at(length).1)
}

fn offset_seconds(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            let seconds = hours * 3_600 + minutes * 60;
            (hours <= 23 && minutes <= 59).then_some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; years start in March, so that the leap day is last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(parse_rfc3339(text).map(|time| time.0), expected, "{text}");
    }

    #[test]
    fn reads_zones_offsets_and_fractions() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("2026-11-22T12:00:00Z", Some(1_795_348_800));
        check("2026-11-22T12:00:00.999Z", Some(1_795_348_800));
        check("2026-11-22T14:00:00+02:00", Some(1_795_348_800));
        check("2026-11-22t07:30:00-04:30", Some(1_795_348_800));
        check("2024-02-29T23:59:59Z", Some(1_709_251_199));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T12:00:00",
            "2026-11-22T12:00:00.Z",
            "2026-11-22T12:00:00+0200",
            "2026-11-22T12:00:00+24:00",
            "2026-11-22 12:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T12:00:00Zx",
            "+026-11-22T12:00:00Z",
            "2026-11-22T12:00:0éZ",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn days_and_dates_are_inverse_over_all_accepted_years() {
        for days in 0..TIMES.end / DAY {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }

    #[test]
    fn months_are_those_of_the_dates_in_any_order() {
        let mut months = Months::default();
        for days in (0..TIMES.end / DAY).step_by(9).chain((0..TIMES.end / DAY).rev().step_by(13)) {
            for time in [days * DAY, days * DAY + DAY - 1] {
                let (year, month, _) = date(UnixSeconds(time));
                assert_eq!(months.of(UnixSeconds(time)), format!("{year:04}-{month:02}"), "{time}");
            }
        }
        for (time, text) in
            [(1_709_164_800, "2024-02"), (1_709_251_199, "2024-02"), (1_709_251_200, "2024-03")]
        {
            assert_eq!(months.of(UnixSeconds(time)), text);
        }
    }
}

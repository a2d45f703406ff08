//! Whether a value may stand in a column.

use std::collections::BTreeSet;

use deskmeter_tables::Kind;

use crate::{Content, ExpectedColumn};

/// Ids that the API can give: what a double holds exactly.
const IDS: std::ops::RangeInclusive<i64> = 1..=1 << 53;
/// Counts, minutes and seconds of a collected row: up to 230 years. A telephone number with its country is greater.
const AMOUNTS: std::ops::RangeInclusive<i64> = 0..=7_258_118_400;
/// Sums and differences in a mart.
const SUMS: std::ops::RangeInclusive<i64> = -(1 << 53)..=1 << 53;
/// 1970 to 2200, in seconds.
const SECONDS: std::ops::Range<i64> = 0..7_258_118_400;
/// Characters of a path shape or word; longer ones are texts.
const NAME_BYTES_MAX: usize = 120;

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400;

impl ExpectedColumn {
    /// Whether the column may hold the text.
    pub(crate) fn allows_text(&self, text: &str) -> bool {
        match &self.content {
            Content::Collected(Kind::Enum(domain)) => domain.get(text).is_some(),
            Content::Collected(Kind::Pseudonym) => is_pseudonym(text),
            Content::Collected(Kind::Month) => is_month(text),
            Content::Collected(Kind::PolicyKey) => is_policy_key(text),
            Content::Collected(Kind::PathShape) => is_path_shape(text),
            Content::Collected(Kind::RunId) => is_run_id(text),
            Content::Collected(Kind::Integer | Kind::Boolean | Kind::Timestamp | Kind::Labels) => false,
            Content::Labels(labels) => are_labels(text, labels),
            Content::Mart(words) if are_labels(text, words) => true,
            // Labels are made of several words: "achieved, first reply time".
            Content::Mart(words) if words.contains(text) => true,
            Content::Mart(words) => text.split(", ").all(|word| {
                words.contains(word)
                    || is_pseudonym(word)
                    || is_month(word)
                    || is_day(word)
                    || is_policy_key(word)
                    || is_run_id(word)
                    || (self.is_key() && is_id(word))
            }),
        }
    }

    /// Whether the column may hold the integer.
    pub(crate) fn allows_integer(&self, value: i64) -> bool {
        match &self.content {
            Content::Collected(Kind::Integer) if self.name == "instance_id" => AMOUNTS.contains(&value),
            Content::Collected(Kind::Integer) if self.name.ends_with("_id") => IDS.contains(&value),
            Content::Collected(Kind::Integer) => AMOUNTS.contains(&value),
            Content::Collected(_) | Content::Labels(_) => false,
            Content::Mart(_) => SUMS.contains(&value),
        }
    }

    /// Whether the column may hold the time, in microseconds since the epoch. Collected times have whole seconds.
    pub(crate) fn allows_micros(&self, micros: i64) -> bool {
        let is_whole = micros % MICROS == 0 || matches!(self.content, Content::Mart(_));
        is_whole && SECONDS.contains(&micros.div_euclid(MICROS))
    }

    /// Whether the column may hold the day, counted from the epoch.
    pub(crate) fn allows_day(&self, day: i64) -> bool {
        matches!(self.content, Content::Mart(_)) && SECONDS.contains(&day.saturating_mul(DAY))
    }

    /// Whether the bounds of its texts may stand in a log: never.
    pub(crate) fn is_text(&self) -> bool {
        self.data_type == arrow::datatypes::DataType::Utf8
    }

    /// Words with a space that may stand in a page of the column.
    pub(crate) fn allows_phrase(&self, phrase: &str) -> bool {
        match &self.content {
            Content::Collected(_) | Content::Labels(_) => false,
            Content::Mart(words) => {
                self.allows_text(phrase) || words.iter().any(|word| word.contains(phrase))
            }
        }
    }

    /// Whether a text of the column may be longer than this.
    pub(crate) fn allows_longer(&self, bytes: usize) -> bool {
        match &self.content {
            Content::Collected(kind) => matches!(kind, Kind::PathShape) && bytes < NAME_BYTES_MAX,
            Content::Labels(labels) => labels.iter().map(|label| label.len() + 1).sum::<usize>() > bytes,
            Content::Mart(words) => words.iter().any(|word| word.len() > bytes),
        }
    }

    fn is_key(&self) -> bool {
        self.name.ends_with("_id") || self.name.ends_with("_key")
    }
}

/// 20 characters of lower-case base32.
pub(crate) fn is_pseudonym(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
}

/// `2026-11`, from 1970 to 2199.
pub(crate) fn is_month(text: &str) -> bool {
    let Some((year, month)) = text.split_once('-') else { return false };
    is_number_of(year, 4, 1970..=2199) && is_number_of(month, 2, 1..=12)
}

/// `2026-11-22`.
fn is_day(text: &str) -> bool {
    let Some((month, day)) = text.rsplit_once('-') else { return false };
    is_month(month) && is_number_of(day, 2, 1..=31)
}

/// An RFC 3339 time in UTC, as the log writes bounds.
pub(crate) fn is_time(text: &str) -> bool {
    let Some((day, time)) = text.split_once('T') else { return false };
    let time = time.strip_suffix('Z').or_else(|| time.strip_suffix("+00:00")).unwrap_or_default();
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock.split(':');
    let mut is_part = |range| parts.next().is_some_and(|part| is_number_of(part, 2, range));
    let is_clock = is_part(0..=23) && is_part(0..=59) && is_part(0..=60) && parts.next().is_none();
    is_day(day) && is_clock && is_digits(fraction) && fraction.len() <= 9
}

/// Whether a bound in the log is one that this time or day column may have.
pub(crate) fn is_time_bound(text: &str) -> bool {
    is_time(text) || is_day(text)
}

/// Words of the list, each once, in order, with commas between.
fn are_labels(text: &str, allowed: &BTreeSet<String>) -> bool {
    let labels: Vec<&str> = text.split(',').collect();
    labels.is_sorted_by(|one, next| one < next) && labels.iter().all(|label| allowed.contains(*label))
}

fn is_policy_key(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'Z'))
}

/// `20261122T120000Z-0badcafe`.
pub(crate) fn is_run_id(text: &str) -> bool {
    let Some((start, random)) = text.split_once("Z-") else { return false };
    let Some((day, time)) = start.split_once('T') else { return false };
    let is_hexadecimal = random.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    day.len() == 8
        && is_digits(day)
        && time.len() == 6
        && is_digits(time)
        && random.len() == 8
        && is_hexadecimal
}

/// Parts of `a-z0-9_`, `[]` and `*`, with dots between.
fn is_path_shape(text: &str) -> bool {
    let is_part = |part: &str| {
        let name = part.strip_suffix("[]").unwrap_or(part);
        (name.is_empty() && part == "[]")
            || name == "*"
            || (!name.is_empty() && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')))
    };
    text.len() <= NAME_BYTES_MAX && text.split('.').all(is_part)
}

/// An id as text, as keys of two kinds are merged into one column.
fn is_id(text: &str) -> bool {
    text.len() <= 16 && is_digits(text) && text.parse().is_ok_and(|id| IDS.contains(&id))
}

pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_number_of(text: &str, digits: usize, range: std::ops::RangeInclusive<u32>) -> bool {
    text.len() == digits && is_digits(text) && text.parse().is_ok_and(|number| range.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_have_no_room_for_a_name() {
        assert!(is_pseudonym("abcdefghijklmnopq237") && !is_pseudonym("jo.doe@example.test1"));
        assert!(is_month("2026-11") && !is_month("2026-13") && !is_month("+026-11") && !is_month("1899-12"));
        assert!(is_time("2026-11-22T12:00:00Z") && is_time("2026-11-22T12:00:00.123456Z"));
        assert!(
            !is_time("2026-11-22T25:00:00Z") && !is_time("2026-11-22 12:00:00") && !is_time("2026-11-22TZ")
        );
        assert!(is_run_id("20261122T120000Z-0badcafe") && !is_run_id("20261122T120000Z-0badcafg"));
        assert!(is_path_shape("child_events[].via.*") && is_path_shape("[]") && !is_path_shape("via.Jo Doe"));
        assert!(is_policy_key("01HXABCDEFGHJKMNPQRSTVWXYZ") && !is_policy_key("ACME Gold for one hour ...."));
        let labels = BTreeSet::from(["escalated".to_owned(), "tier_2".to_owned()]);
        assert!(are_labels("escalated,tier_2", &labels) && are_labels("tier_2", &labels));
        assert!(!are_labels("tier_2,escalated", &labels) && !are_labels("tier_2,tier_2", &labels));
        assert!(!are_labels("", &labels) && !are_labels("tier_2,Jo Doe", &labels));
        assert!(is_id("9007199254740992") && !is_id("9007199254740993") && !is_id("0"));
    }
}

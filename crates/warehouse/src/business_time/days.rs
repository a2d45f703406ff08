//! Local days as an operator writes them: of one year or of every year, one or several in a row.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Local days in a row, both ends included: `2026-12-25`, `2026-12-24..2026-12-26`, and of every year `12-25`,
/// `12-24..01-01`. 29 February comes in leap years alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Days {
    /// From the first day to the last, once.
    Once(Date, Date),
    /// From one month and day to another in every year; over the new year when the last is before the first.
    Yearly((i8, i8), (i8, i8)),
}

/// A text that tells no days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no days; write 2026-12-25, 2026-12-24..2026-12-26, or for every year 12-25, 12-24..01-01")]
pub struct NoDays;

impl Days {
    /// Whether a local day is one of these.
    pub fn contains(&self, day: Date) -> bool {
        match *self {
            Self::Once(first, last) => first <= day && day <= last,
            Self::Yearly(first, last) if first <= last => (first..=last).contains(&month_day(day)),
            Self::Yearly(first, last) => first <= month_day(day) || month_day(day) <= last,
        }
    }

    /// Whether they come again every year.
    pub const fn is_yearly(&self) -> bool {
        matches!(self, Self::Yearly(..))
    }

    /// Whether both are of one year, or both of every year, and share a day.
    pub(crate) fn overlap(&self, other: &Self) -> bool {
        let first = |days: &Self| match *days {
            Self::Once(first, _) => Some(first),
            Self::Yearly((month, day), _) => Date::new(LEAP_YEAR, month, day).ok(),
        };
        self.is_yearly() == other.is_yearly()
            && (first(self).is_some_and(|day| other.contains(day))
                || first(other).is_some_and(|day| self.contains(day)))
    }
}

/// A year that has every day of the year.
const LEAP_YEAR: i16 = 2024;

fn month_day(day: Date) -> (i8, i8) {
    (day.month(), day.day())
}

impl FromStr for Days {
    type Err = NoDays;

    fn from_str(text: &str) -> Result<Self, NoDays> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (first.trim(), last.trim());
        if let (Ok(first), Ok(last)) = (first.parse::<Date>(), last.parse::<Date>()) {
            return if first <= last { Ok(Self::Once(first, last)) } else { Err(NoDays) };
        }
        let yearly = |text: &str| {
            let day: Date = format!("{LEAP_YEAR}-{text}").parse().map_err(|_| NoDays)?;
            if text.len() == "12-25".len() { Ok(month_day(day)) } else { Err(NoDays) }
        };
        Ok(Self::Yearly(yearly(first)?, yearly(last)?))
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once(first, last) if first == last => write!(f, "{first}"),
            Self::Once(first, last) => write!(f, "{first}..{last}"),
            Self::Yearly(first, last) if first == last => write!(f, "{:02}-{:02}", first.0, first.1),
            Self::Yearly((month, day), (last_month, last_day)) => {
                write!(f, "{month:02}-{day:02}..{last_month:02}-{last_day:02}")
            }
        }
    }
}

//! The value at one named key, and the only ways to read it: as a number within a range, a time, a boolean, a word of
//! a closed list or a pseudonym. Each way refuses what it is not meant for with a [`Rule`].

use std::ops::RangeInclusive;

use deskmeter_tables::{Domain, OTHER};
use deskmeter_zendesk::{OrganizationId, UnixSeconds, UserId};

use crate::civil::{self, TIMES};
use crate::json::{Json, each_element};
use crate::place::Place;
use crate::pseudonym::{Pseudonym, Pseudonyms};
use crate::reject::{Fault, Rule};

/// Ids that are accepted, as in [`deskmeter_zendesk`]: longer digits are not ids (leak place 28).
pub(crate) const IDS: RangeInclusive<i64> = 1..=1 << 53;
/// Counts and small codes.
pub(crate) const COUNTS: RangeInclusive<i64> = 0..=1_000_000;
/// Durations in seconds: up to 230 years.
pub(crate) const SECONDS: RangeInclusive<i64> = 0..=7_258_118_400;
/// Durations in minutes: up to 230 years.
pub(crate) const MINUTES: RangeInclusive<i64> = 0..=120_968_640;

/// What became of a value, for the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Not read.
    Dropped,
    /// Stored as it is.
    Kept,
    /// Stored as a pseudonym.
    Pseudonymised,
    /// A word outside its list, stored as `other`.
    Other,
    /// An object that was read: its own values are counted, it is not.
    Opened,
}

/// What stands at a named key of an object, borrowed from the page.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    /// None where the key is not there.
    json: Option<Json<'a>>,
    place: Place,
    index: u8,
    fate: Fate,
}

impl<'a> Value<'a> {
    pub(crate) const fn absent(place: Place, index: u8) -> Self {
        Self { json: None, place, index, fate: Fate::Dropped }
    }

    pub(crate) const fn clear(&mut self) {
        self.json = None;
        self.fate = Fate::Dropped;
    }

    /// Takes what stands there in place of an earlier one (the last of equal keys wins); tells whether one was lost.
    pub(crate) fn set(&mut self, json: Json<'a>, fate: Fate) -> bool {
        let is_lost = self.fate().is_some();
        self.json = Some(json);
        self.fate = fate;
        is_lost
    }

    /// Whether the key stands in the object, be it null.
    pub(crate) const fn is_present(&self) -> bool {
        self.json.is_some()
    }

    /// What happened to the value, or None when there is none to account for.
    pub(crate) fn fate(&self) -> Option<Fate> {
        match self.json {
            None | Some(Json::Null) => None,
            Some(_) => Some(self.fate),
        }
    }

    pub(crate) const fn set_fate(&mut self, fate: Fate) {
        self.fate = fate;
    }

    /// What there is to read: an empty string is nothing.
    pub(crate) fn json(&self) -> Json<'a> {
        self.json.map_or(Json::Null, Json::or_null)
    }

    pub(crate) const fn rule(&self, fault: Fault) -> Rule {
        Rule { place: self.place, index: self.index as usize, fault }
    }

    /// What `read` finds, which every row needs.
    pub(crate) fn required<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Option<T>, Rule>,
    ) -> Result<T, Rule> {
        read(self)?.ok_or(self.rule(Fault::Missing))
    }

    /// An integer, as a number or as a string of digits. A fraction of zeros is none.
    pub(crate) fn integer(&mut self, range: RangeInclusive<i64>) -> Result<Option<i64>, Rule> {
        let integer = match self.json() {
            Json::Integer(integer) => integer,
            Json::Null => return Ok(None),
            Json::Number(number) => integer(number).map_err(|fault| self.rule(fault))?,
            Json::Text(text) => match text.read() {
                text if is_integer(&text) => integer(&text).map_err(|fault| self.rule(fault))?,
                _ => return Err(self.rule(Fault::WrongType)),
            },
            _ => return Err(self.rule(Fault::WrongType)),
        };
        if !range.contains(&integer) {
            return Err(self.rule(Fault::OutOfRange));
        }
        self.fate = Fate::Kept;
        Ok(Some(integer))
    }

    /// The id of something structural: a ticket, a group, an event.
    pub(crate) fn id(&mut self) -> Result<Option<i64>, Rule> {
        self.integer(IDS)
    }

    pub(crate) fn count(&mut self) -> Result<Option<i64>, Rule> {
        self.integer(COUNTS)
    }

    /// The pseudonym of a user.
    pub(crate) fn user(&mut self, pseudonyms: &Pseudonyms<'_>) -> Result<Option<Pseudonym>, Rule> {
        let Some(id) = self.id()? else { return Ok(None) };
        let id = UserId::new(id).map_err(|_| self.rule(Fault::OutOfRange))?;
        self.fate = Fate::Pseudonymised;
        Ok(Some(pseudonyms.user(id)))
    }

    /// The pseudonym of an organization.
    pub(crate) fn organization(&mut self, pseudonyms: &Pseudonyms<'_>) -> Result<Option<Pseudonym>, Rule> {
        let Some(id) = self.id()? else { return Ok(None) };
        let id = OrganizationId::new(id).map_err(|_| self.rule(Fault::OutOfRange))?;
        self.fate = Fate::Pseudonymised;
        Ok(Some(pseudonyms.organization(id)))
    }

    pub(crate) fn boolean(&mut self) -> Result<Option<bool>, Rule> {
        match self.json() {
            Json::Null => Ok(None),
            Json::Boolean(boolean) => {
                self.fate = Fate::Kept;
                Ok(Some(boolean))
            }
            _ => Err(self.rule(Fault::WrongType)),
        }
    }

    /// An RFC 3339 time.
    pub(crate) fn time(&mut self) -> Result<Option<UnixSeconds>, Rule> {
        let time = match self.json() {
            Json::Null => return Ok(None),
            Json::Text(text) => civil::parse_rfc3339(&text.read()).ok_or(self.rule(Fault::NotATime))?,
            _ => return Err(self.rule(Fault::WrongType)),
        };
        if !TIMES.contains(&time.0) {
            return Err(self.rule(Fault::OutOfRange));
        }
        self.fate = Fate::Kept;
        Ok(Some(time))
    }

    /// Seconds since the epoch.
    pub(crate) fn epoch(&mut self) -> Result<Option<UnixSeconds>, Rule> {
        Ok(self.integer(TIMES.start..=TIMES.end - 1)?.map(UnixSeconds))
    }

    /// A word of an open list, or `other`.
    pub(crate) fn word(&mut self, domain: &'static Domain) -> Result<Option<&'static str>, Rule> {
        match self.json() {
            Json::Null => Ok(None),
            Json::Text(text) => {
                let word = domain.or_other(&text.read());
                self.fate = if word == OTHER { Fate::Other } else { Fate::Kept };
                Ok(Some(word))
            }
            _ => Err(self.rule(Fault::WrongType)),
        }
    }

    /// How many elements an array has; 0 when there is none. What they are is not read.
    pub(crate) fn length(&self) -> Result<i64, Rule> {
        match self.json() {
            Json::Null => Ok(0),
            Json::Array(raw) => {
                let mut length = 0;
                let is_read = each_element(raw, |_| length += 1);
                if is_read { Ok(length) } else { Err(self.rule(Fault::WrongType)) }
            }
            _ => Err(self.rule(Fault::WrongType)),
        }
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn integer(number: &str) -> Result<i64, Fault> {
    let whole = number.split_once('.').map_or(number, |(whole, fraction)| {
        if fraction.bytes().all(|byte| byte == b'0') { whole } else { number }
    });
    if !is_integer(whole) {
        return Err(Fault::NotAnInteger);
    }
    whole.parse().map_err(|_| Fault::OutOfRange)
}

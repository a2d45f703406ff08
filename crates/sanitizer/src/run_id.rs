//! The name of a run.

use std::fmt;

use deskmeter_zendesk::UnixSeconds;

use crate::civil;

/// A run's id: when it started and 8 random hexadecimal digits, as `20261122T120000Z-0badcafe`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// The id of a run that started then; `random` keeps runs of the same second apart.
    pub fn new(started_at: UnixSeconds, random: u32) -> Self {
        let (year, month, day) = civil::date(started_at);
        let (hour, minute, second) = civil::time_of_day(started_at);
        Self(format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z-{random:08x}"))
    }

    /// The id of this text, if it has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == 25
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 => byte == b'T',
                15 => byte == b'Z',
                16 => byte == b'-',
                17.. => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
                _ => byte.is_ascii_digit(),
            });
        is_id.then(|| Self(text.to_owned()))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_run_by_its_start_and_reads_the_name_back() {
        let id = RunId::new(UnixSeconds(1_795_348_800), 0x0bad_cafe);
        assert_eq!(id.as_str(), "20261122T120000Z-0badcafe");
        assert_eq!(RunId::parse(id.as_str()), Some(id));
        assert_eq!(RunId::parse("20261122T120000Z-0badcafE"), None);
        assert_eq!(RunId::parse("someone@example.test-----"), None);
    }
}

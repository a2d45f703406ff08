//! The search for planted texts in any bytes, and for planted numbers among numbers.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::Error;

/// Shorter texts would be found in any compressed page by chance.
const BYTES_MIN: usize = 4;
/// The automaton looks for this many bytes of each canary; sets of millions share few beginnings.
const HEAD_BYTES: usize = 10;

/// Texts that must be nowhere, without regard to case.
#[derive(Debug, Default)]
pub(crate) struct Canaries {
    heads: Option<AhoCorasick>,
    /// By head: the whole texts in lower case, by length.
    tails: Vec<BTreeMap<usize, HashSet<Vec<u8>>>>,
    integers: HashSet<i64>,
}

impl Canaries {
    pub(crate) fn new(texts: &[String]) -> Result<Self, Error> {
        let mut by_head: BTreeMap<Vec<u8>, BTreeMap<usize, HashSet<Vec<u8>>>> = BTreeMap::new();
        for (position, text) in texts.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            if text.len() < BYTES_MIN {
                let (number, bytes) = (position + 1, text.len());
                return Err(Error::ShortCanary { number, bytes, least: BYTES_MIN });
            }
            let text = text.to_ascii_lowercase().into_bytes();
            let head = text.iter().take(HEAD_BYTES).copied().collect();
            by_head.entry(head).or_default().entry(text.len()).or_default().insert(text);
        }
        if by_head.is_empty() {
            return Ok(Self::default());
        }
        // Overlapping matches are asked for: one canary may begin inside another's head.
        let heads = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(by_head.keys())
            .map_err(|_| Error::Canaries { count: texts.len() })?;
        let integers = texts.iter().filter_map(|text| text.parse().ok()).collect();
        Ok(Self { heads: Some(heads), tails: by_head.into_values().collect(), integers })
    }

    /// How many canaries begin in the bytes, and the first of them.
    pub(crate) fn find<'b>(&self, bytes: &'b [u8]) -> Option<(u64, &'b [u8])> {
        let heads = self.heads.as_ref()?;
        let mut starts = BTreeSet::new();
        let mut first = None;
        for head in heads.find_overlapping_iter(bytes) {
            let rest = bytes.get(head.start()..).unwrap_or_default();
            let Some(found) = self.tail(head.pattern().as_usize(), rest) else { continue };
            starts.insert(head.start());
            first.get_or_insert(found);
        }
        first.map(|found| (starts.len() as u64, found))
    }

    /// Whether this number is one of the canaries.
    pub(crate) fn has_integer(&self, integer: i64) -> bool {
        self.integers.contains(&integer)
    }

    fn tail<'b>(&self, head: usize, rest: &'b [u8]) -> Option<&'b [u8]> {
        self.tails.get(head)?.iter().find_map(|(length, texts)| {
            let candidate = rest.get(..*length)?;
            texts.contains(&candidate.to_ascii_lowercase()).then_some(candidate)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_whole_canaries_in_any_case_and_none_that_only_begins() {
        let canaries =
            Canaries::new(&["CANARY-subject-1".into(), "+1555010".into(), "380000000007".into()]).unwrap();
        assert_eq!(canaries.find(b"\0canary-SUBJECT-12\0"), Some((1, b"canary-SUBJECT-1".as_slice())));
        assert_eq!(canaries.find(b"CANARY-subject-2"), None);
        assert_eq!(canaries.find(b"x+15550101 and +1555010"), Some((2, b"+1555010".as_slice())));
        assert!(canaries.has_integer(380_000_000_007) && !canaries.has_integer(7));
        assert_eq!(Canaries::default().find(b"CANARY-subject-1"), None);
    }

    #[test]
    fn refuses_a_canary_that_chance_would_find() {
        let error = Canaries::new(&["CANARY".into(), "abc".into()]).unwrap_err();
        assert_eq!(error.to_string(), "canary 2 has 3 bytes, fewer than 4");
    }
}

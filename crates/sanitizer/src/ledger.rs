//! What was seen, kept and dropped, as counts by the shape of the path: the evidence for the promise.

use deskmeter_tables::PRIVACY_LEDGER;
use deskmeter_zendesk::{Stream, UnixSeconds};

use crate::layout::Layout;
use crate::place::Place;
use crate::reject::Rule;
use crate::table_builder::{Month, Path, Room, TableBuilder};
use crate::value::Fate;
use crate::{CleanBatch, RunId};

/// Values seen at one path. Nulls are not values and are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) kept: u64,
    pub(crate) pseudonymised: u64,
    pub(crate) other: u64,
    pub(crate) dropped: u64,
    pub(crate) rejected: u64,
}

/// Counts of all pages that were read, by stream and path. An array or object that is dropped counts once, at its
/// own path, whatever it holds. Rows that were refused or dropped count all their values as dropped. Of what tells of
/// satisfaction surveys no count leaves this crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    places: [Vec<Counts>; Place::ALL.len()],
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// The stream of the pages.
    pub stream: Stream,
    /// Path of the values below a row; `*` stands for keys that are not known, `[]` for the row itself. `page.` stands
    /// before what lies beside the rows: addresses of other pages, and rows of other kinds that nobody asked for,
    /// which count one by one.
    pub path: String,
    /// Values stored as they came: numbers, times, booleans, words of a closed list.
    pub n_kept: u64,
    /// Values stored as a keyed pseudonym.
    pub n_pseudonymised: u64,
    /// Words outside their list, stored as `other`.
    pub n_other: u64,
    /// Values seen and not stored.
    pub n_dropped: u64,
    /// Records refused because of this path.
    pub n_rejected: u64,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { places: Place::ALL.map(|place| vec![Counts::default(); place.whole() + 1]) }
    }
}

impl Ledger {
    /// Every path at which anything was seen, but for those of which nothing is told.
    pub fn rows(&self) -> impl Iterator<Item = LedgerRow> {
        Place::ALL.into_iter().zip(&self.places).flat_map(|(place, counts)| {
            let seen = counts.iter().enumerate();
            let seen = seen.filter(move |(at, counts)| place.is_told(*at) && **counts != Counts::default());
            seen.map(move |(index, counts)| LedgerRow {
                stream: place.stream(),
                path: place.path(index),
                n_kept: counts.kept,
                n_pseudonymised: counts.pseudonymised,
                n_other: counts.other,
                n_dropped: counts.dropped,
                n_rejected: counts.rejected,
            })
        })
    }

    /// How many values were seen and dropped at a path of a stream's rows.
    pub fn dropped(&self, stream: Stream, path: &str) -> u64 {
        self.rows().find(|row| row.stream == stream && row.path == path).map_or(0, |row| row.n_dropped)
    }

    /// The ledger as rows of the `privacy_ledger` table for one run.
    pub fn to_batch(&self, run_id: &RunId, started_at: UnixSeconds) -> CleanBatch {
        let mut table = TableBuilder::new(&PRIVACY_LEDGER, &Room::default());
        for row in self.rows() {
            table.row((
                ("run_id", run_id),
                ("run_month", Month(started_at)),
                ("started_at", started_at),
                ("stream", row.stream.name()),
                ("path", Path(&row.path)),
                ("n_kept", row.n_kept as i64),
                ("n_pseudonymised", row.n_pseudonymised as i64),
                ("n_other", row.n_other as i64),
                ("n_dropped", row.n_dropped as i64),
                ("n_rejected", row.n_rejected as i64),
            ));
        }
        table.finish()
    }

    /// Adds the counts of a page.
    pub(crate) fn add(&mut self, page: &Self) {
        for (all, page) in self.places.iter_mut().flatten().zip(page.places.iter().flatten()) {
            all.kept += page.kept;
            all.pseudonymised += page.pseudonymised;
            all.other += page.other;
            all.dropped += page.dropped;
            all.rejected += page.rejected;
        }
    }
}

/// The counts of one page, and the order in which its keys come.
pub(crate) struct Tally {
    pub(crate) ledger: Ledger,
    /// By place: the indices of the keys that came first, and then of those that followed each key, the last time and
    /// before it.
    followers: [Vec<[usize; 2]>; Place::ALL.len()],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            ledger: Ledger::default(),
            followers: Place::ALL.map(|place| vec![[0; 2]; place.unknown() + 2]),
        }
    }
}

impl Tally {
    /// The counts of a place by index, and which keys followed which there.
    pub(crate) fn at(&mut self, place: Place) -> (&mut [Counts], &mut [[usize; 2]]) {
        (&mut self.ledger.places[place as usize], &mut self.followers[place as usize])
    }

    /// Accounts for the values of an object whose row was stored, or not.
    pub(crate) fn settle<'a>(&mut self, object: &impl Layout<'a>, is_stored: bool) {
        let (counts, _) = self.at(object.place());
        for index in object.present().indices() {
            let (Some(value), Some(counts)) = (object.values().get(index), counts.get_mut(index)) else {
                continue;
            };
            match value.fate() {
                None | Some(Fate::Opened) => {}
                Some(Fate::Kept) if is_stored => counts.kept += 1,
                Some(Fate::Pseudonymised) if is_stored => counts.pseudonymised += 1,
                Some(Fate::Other) if is_stored => counts.other += 1,
                Some(_) => counts.dropped += 1,
            }
        }
    }

    /// Counts a row or child that was dropped as such.
    pub(crate) fn drop_whole(&mut self, place: Place) {
        if let Some(counts) = self.at(place).0.get_mut(place.whole()) {
            counts.dropped += 1;
        }
    }

    /// Counts values that stand beside the rows of a page.
    pub(crate) fn drop_beside(&mut self, page: Place, key: &str, n_values: u64) {
        let index = page.keys().iter().position(|known| *known == key).unwrap_or(page.unknown());
        if let Some(counts) = self.at(page).0.get_mut(index) {
            counts.dropped += n_values;
        }
    }

    pub(crate) fn reject(&mut self, rule: Rule) {
        if let Some(counts) = self.at(rule.place).0.get_mut(rule.index) {
            counts.rejected += 1;
        }
    }
}

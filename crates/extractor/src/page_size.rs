//! The page size that a stream's server bears: halved on timeouts, grown again by pages that come through
//! (airbyte#52059, estuary#2331: heavy pages answer 504 until they are asked for in smaller pieces).

use std::collections::BTreeMap;

use deskmeter_zendesk::{PageSize, Stream};

/// Pages that must come through before the size is doubled again.
const PAGES_BEFORE_GROWING: u32 = 5;

/// What each stream has shown to bear. A stream that is not listed bears everything.
#[derive(Debug, Default)]
pub(crate) struct PageSizes(BTreeMap<Stream, Learned>);

#[derive(Debug)]
struct Learned {
    size: PageSize,
    pages: u32,
}

impl PageSizes {
    /// The size to ask for when `wanted` is wanted.
    pub(crate) fn fit(&self, stream: Stream, wanted: PageSize) -> PageSize {
        self.0.get(&stream).map_or(wanted, |learned| learned.size.min(wanted))
    }

    /// A page of `size` rows timed out.
    pub(crate) fn timed_out(&mut self, stream: Stream, size: PageSize) {
        self.0.insert(stream, Learned { size: size.halved(), pages: 0 });
    }

    /// A page came through.
    pub(crate) fn came_through(&mut self, stream: Stream) {
        let Some(learned) = self.0.get_mut(&stream) else { return };
        learned.pages += 1;
        if learned.pages == PAGES_BEFORE_GROWING {
            *learned = Learned { size: learned.size.doubled(), pages: 0 };
        }
        if learned.size == PageSize::MAX {
            self.0.remove(&stream);
        }
    }
}

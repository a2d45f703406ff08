//! The only place that reads the clock.

use std::sync::Arc;

use deskmeter_pipeline::Clock;
use deskmeter_zendesk::UnixSeconds;

/// The real clock.
pub(crate) fn clock() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    Arc::new(|| UnixSeconds(jiff::Timestamp::now().as_second()))
}

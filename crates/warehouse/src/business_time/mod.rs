//! Business time: schedules compiled into sorted UTC spans with running totals, and the SQL functions over them.

mod compiled;
mod days;
mod functions;
mod rails_zones;
mod schedules;
mod windows;
mod zones;

pub use days::{Days, NoDays};
pub(crate) use functions::all as functions;
#[cfg(feature = "ballista")]
pub(crate) use functions::schedules_of;
pub(crate) use schedules::{Schedule, Schedules};
pub use zones::time_zone_problem;

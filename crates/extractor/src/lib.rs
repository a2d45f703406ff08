//! The only HTTP client: OAuth, the rate governor, retries. It hands on pages as opaque bytes ([`RawPage`]) and never
//! looks into them beyond their first byte.
//!
//! One attempt goes like this: [`Client`] asks its gate for a passage (the governor's decisions are pure and take
//! instants), sends, reads the body within bounds, and sorts whatever went wrong into an [`ErrorKind`]. What can heal
//! by waiting is waited for and repeated, a refused token is refreshed once, everything else is the caller's.

mod callback;
mod classify;
mod client;
mod clock;
mod error;
mod gate;
mod governor;
mod limits;
mod oauth;
mod options;
mod page;
mod page_size;
mod pkce;
mod retry;
mod stats;
mod tokens;
mod transport;

pub use callback::CallbackListener;
pub use client::Client;
pub use clock::{Clock, TokioClock};
pub use deskmeter_zendesk::Secret;
pub use error::{Error, ErrorKind};
pub use gate::{Waiting, WaitingFor};
pub use oauth::CodeGrant;
pub use options::ClientOptions;
pub use page::{PageBudget, RawPage};
pub use pkce::{Pkce, state};
pub use stats::Stats;
pub use tokens::{TokenError, TokenSource};

//! The Zendesk API as data: which streams exist, what a request for a page may say, what the envelope of a page
//! answers, and where to go on. Nothing here performs input or output, reads a clock, or knows content.
//!
//! A request is built from [`PageRequest`] alone, whose fields cannot express a forbidden parameter: there is no way
//! to write `include=comment_events`, a sideload of people, or a path outside the five streams.

mod envelope;
mod error;
mod identity;
mod ids;
mod oauth;
mod position;
mod request;
mod secret;
mod stream;
mod time;

pub use envelope::{Cursor, Envelope};
pub use error::Error;
pub use identity::{CurrentUser, Me, Role};
pub use ids::{OrganizationId, TicketId, UserId};
pub use oauth::{AuthorizationUrl, OAuthError, Scope, TokenResponse};
pub use position::{Next, Position};
pub use request::{PageRequest, PageSize};
pub use secret::Secret;
pub use stream::{RateBucket, Stream};
pub use time::UnixSeconds;

//! Tests through the border of the crate: a real client, a real socket.

/// A client that logs in and reads pages.
mod client;
/// Consent, PKCE, rotation, revocation, scopes, roles.
mod oauth;
/// Recorded exchanges, served back.
mod replay;
/// Generated worlds: the pages tell one history.
mod world;

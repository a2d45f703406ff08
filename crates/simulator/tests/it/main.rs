//! Tests through the border of the crate: a real client, a real socket.

/// A client that logs in and reads pages.
mod client;
/// The exports and the truth tell the same history.
mod consistency;
/// Limits and faults.
mod faults;
/// Consent, PKCE, rotation, revocation, scopes, roles.
mod oauth;
/// Recorded exchanges, served back.
mod replay;
/// How fast and in how much memory; run by hand.
mod speed;
/// Generated worlds: the pages tell one history.
mod world;

//! Tests through the border of the crate: a real client, a real socket.
#![expect(clippy::expect_used, reason = "a helper of a test that finds nothing is a test that fails")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tests skip aloud and measurements are read")]

/// A client that logs in and reads pages.
mod client;
/// The exports and the truth tell the same history.
mod consistency;
/// Limits and faults.
mod faults;
/// Plain lists, single rows and metric sets.
mod lists;
/// Worlds from files.
mod load;
/// Consent, PKCE, rotation, revocation, scopes, roles.
mod oauth;
/// Recorded exchanges, served back.
mod replay;
/// How fast and in how much memory; run by hand.
mod speed;
/// Generated worlds: the pages tell one history.
mod world;

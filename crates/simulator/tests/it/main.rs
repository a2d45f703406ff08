//! Tests through the border of the crate: a real client, a real socket.
#![expect(clippy::expect_used, reason = "a helper of a test that finds nothing is a test that fails")]
#![expect(clippy::print_stderr, reason = "tests skip aloud")]

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
/// What published clients send and look at.
mod outside;
/// Recorded exchanges, served back.
mod replay;
/// What `include` brings along.
mod sideloads;
/// Generated worlds: the pages tell one history.
mod world;

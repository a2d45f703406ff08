//! The console through HTTP: the real server, and where data is needed the real pipeline against the simulator.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test binary: a failure is a panic"
)]

mod browser;
mod pages;
mod security;
mod support;

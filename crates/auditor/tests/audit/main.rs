//! What the audit promises: it sees every planted leak, wherever it lies, tells the place and never the value, and
//! has nothing to say about a lake that is as it should be.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly, their helpers too")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod clean;
mod desk;
mod leaks;
mod pages;
mod scanner;
mod state;
mod written;

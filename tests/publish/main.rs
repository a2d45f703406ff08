//! Marts published into a real PostgreSQL server, read back with psql, psycopg and SQLAlchemy.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod desk;
mod evolution;
mod export;
mod login;
mod ownership;
mod publish;
mod readers;
mod scale;
mod server;

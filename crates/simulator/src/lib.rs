//! A faithful Zendesk on 127.0.0.1: real HTTP, real OAuth, the recorded mechanics of the incremental exports,
//! and worlds to serve: generated from a seed, with the true answers, or loaded from files.
//!
//! It is the ground that every claim of the product is tested on, and `deskmeter simulate` serves it to people.

mod dice;
mod error;
mod fault;
mod options;
mod page;
mod render;
mod server;
mod tenant;
mod tenant_toml;
mod world;

pub use error::Error;
pub use fault::{FAULTS, Fault, FaultDoc};
pub use options::{Clock, Options, RateLimit, ScopeProfile, TokenRole};
pub use server::oauth::{CLIENT_SECRET, CONFIDENTIAL_CLIENT};
pub use server::running::{LoggedRequest, Running, start};
pub use tenant::{Tenant, TenantSchedule};
pub use world::{World, WorldOptions};

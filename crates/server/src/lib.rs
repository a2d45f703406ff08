//! The web console: connects and disconnects accounts, shows live progress, the dashboards and what lies behind every
//! number, and writes the same as one file to hand on. HTML is written on the server and works without a script.

mod app;
mod backend;
mod charts;
mod dashboards;
mod data;
mod error;
mod format;
mod labels;
mod live;
mod options;
mod pages;
mod prometheus;
mod report;
mod security;
mod serve;
mod snapshot;
mod visitors;

pub use error::Error;
pub use labels::Labels;
pub use options::{BIND_DEFAULT, Limits, ServeOptions, Serving};
pub use prometheus::metrics_text;
pub use report::report;
pub use security::Password;
pub use serve::serve;

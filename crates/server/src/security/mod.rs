//! What stands between the network and a page: the host that was asked for, the session, the forms' tokens, the
//! password and how often it may be tried, and the headers that tell the browser what a page may do.

mod attempts;
mod client;
mod gate;
mod headers;
mod hosts;
mod password;
mod session;

pub(crate) use attempts::Attempts;
pub(crate) use client::Client;
pub(crate) use gate::{Peer, body, guard};
pub(crate) use hosts::Hosts;
pub use password::Password;
pub(crate) use session::{SessionId, Sessions};

//! What the console is given from outside.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use deskmeter_pipeline::{Context, PipelineFile};
use url::Url;

use crate::{Labels, Password};

/// Where the console listens when nothing else is said: this machine only.
pub const BIND_DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8780);

/// How the console is served.
#[derive(Debug)]
pub struct ServeOptions {
    /// Address; any but a loopback one needs a password. Port 0 takes a free one.
    pub bind: SocketAddr,
    /// The address that people's browsers use, when a proxy stands before the console, as `https://metrics.example`.
    /// The last address that the proxy names in `X-Forwarded-For` is then the visitor's, by which wrong passwords count.
    /// With `https` cookies travel over TLS alone.
    pub public_url: Option<Url>,
    /// The configured connections, each with the path of its file.
    pub pipelines: Vec<(PathBuf, PipelineFile)>,
    /// Time, environment, observer.
    pub context: Context,
    /// What people must know to get in.
    pub password: Option<Password>,
    /// The operator's own names for groups and agents.
    pub labels: Labels,
    /// How long a slow sender is waited for.
    pub limits: Limits,
}

/// How long a slow sender is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A request's head must be there after this long; a connection that is kept may also be idle for as long.
    pub head: Duration,
    /// A request's body must be there after this long.
    pub body: Duration,
}

impl Default for Limits {
    /// 15 seconds for a head, 10 for a body.
    fn default() -> Self {
        Self { head: Duration::from_secs(15), body: Duration::from_secs(10) }
    }
}

impl ServeOptions {
    /// A console for these connections on [`BIND_DEFAULT`], without a password.
    pub fn new(pipelines: Vec<(PathBuf, PipelineFile)>, context: Context) -> Self {
        Self {
            bind: BIND_DEFAULT,
            public_url: None,
            pipelines,
            context,
            password: None,
            labels: Labels::default(),
            limits: Limits::default(),
        }
    }
}

/// The console answers from now on.
#[derive(Debug, Clone, Copy)]
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
}

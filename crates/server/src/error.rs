//! What can go wrong in the console.

use std::net::SocketAddr;

/// A failure of the console. Messages never hold a value of a request or a row.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be bound.
    #[error("listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The address can be reached by others, and there is no password.
    #[error("refuse to serve on {address} without a password: others can reach it")]
    Unprotected {
        /// The address, or the public one.
        address: String,
    },
    /// Two pipeline files name the same connection.
    #[error("serve connection {name} twice: two pipeline files name it")]
    Twice {
        /// The connection.
        name: String,
    },
    /// The password or its hash cannot be used.
    #[error("use the password: it {0}")]
    Password(&'static str),
    /// The label file cannot be used.
    #[error("read labels: {0}")]
    Labels(String),
    /// A step of the pipeline failed.
    #[error("{what}")]
    Pipeline {
        /// What was done.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<deskmeter_pipeline::Error>,
    },
    /// A page cannot be written.
    #[error("write the page")]
    Page(#[source] askama::Error),
}

impl Error {
    pub(crate) fn pipeline(what: &'static str) -> impl FnOnce(deskmeter_pipeline::Error) -> Self {
        move |source| Self::Pipeline { what, source: Box::new(source) }
    }

    /// What to do next, if there is something.
    pub fn next_step(&self) -> Option<&str> {
        match self {
            Self::Unprotected { .. } => Some("set a password, or bind 127.0.0.1 without a public URL"),
            Self::Pipeline { source, .. } => source.next_step(),
            _ => None,
        }
    }
}

//! What a client is made of.

use std::time::Duration;

use url::{Host, Url};

use crate::{Error, ErrorKind, PageBudget};

/// The settings of a [`Client`](crate::Client). Start from [`ClientOptions::new`] and change what differs.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// The account, for example `https://acme.zendesk.com`: https, or http on a loopback address; no path.
    pub base_url: Url,
    /// The share of every limit that this client may use, 1 to 100 percent; the rest is left to other apps.
    pub quota_percent: u8,
    /// The longest that one request may take, body included.
    pub request_timeout: Duration,
    /// The longest that a connection may take to be made.
    pub connect_timeout: Duration,
    /// How often one call is repeated after failures that waiting can heal.
    pub retries_max: u32,
    /// Whether the account has the High Volume add-on (30 exports a minute, 60 user exports, 2,500 in all). Only the
    /// start: what the account's answers announce counts from then on.
    pub high_volume: bool,
    /// The largest page that is accepted, in bytes after decompression.
    pub page_bytes_max: usize,
    /// How many pages may be in memory at once, shared by all clients that are given the same budget.
    pub pages: PageBudget,
    /// A proxy for all requests; none by default, and none is taken from the environment.
    pub proxy: Option<Url>,
}

impl ClientOptions {
    /// The defaults: 80 percent of the limits, 120 s a request, 15 s a connection, 10 retries, 256 MiB a page, four pages at once.
    pub fn new(base_url: Url) -> Self {
        Self {
            base_url,
            quota_percent: 80,
            request_timeout: Duration::from_mins(2),
            connect_timeout: Duration::from_secs(15),
            retries_max: 10,
            high_volume: false,
            page_bytes_max: 256 << 20,
            pages: PageBudget::new(4),
            proxy: None,
        }
    }

    /// Checks the ranges that the fields state.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |reason| Err(Error::new(ErrorKind::Configuration, "client options", reason));
        let url = &self.base_url;
        let is_loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return refuse("the base URL has no host"),
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback) {
            return refuse("the base URL must be https, or http on a loopback address");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return refuse("the base URL must end after its host and port");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("the base URL must not hold credentials");
        }
        if !(1..=100).contains(&self.quota_percent) {
            return refuse("quota_percent must be 1 to 100");
        }
        Ok(())
    }
}

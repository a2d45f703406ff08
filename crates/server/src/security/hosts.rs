//! Which `Host` a request may name. A page of another site that points its own name at this machine (DNS rebinding)
//! asks for that name, and gets nothing.

use std::net::{IpAddr, SocketAddr};

use url::Url;

/// The hosts that are answered.
#[derive(Debug)]
pub(crate) struct Hosts {
    names: Vec<String>,
    /// Whether any address is answered, not only the bound one: bound to all of them, behind a password.
    is_any_address: bool,
}

impl Hosts {
    /// The hosts of a server bound to `bound`, and of the address that people reach it by.
    pub(crate) fn new(bound: SocketAddr, public_url: Option<&Url>) -> Self {
        let port = bound.port();
        let mut names = vec![bound.to_string()];
        if bound.ip().is_loopback() {
            names.extend([format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")]);
        }
        if let Some((url, host)) = public_url.and_then(|url| Some((url, url.host_str()?))) {
            names.push(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")));
        }
        Self { names, is_any_address: bound.ip().is_unspecified() }
    }

    /// Whether a request for this host is answered.
    pub(crate) fn allows(&self, host: &str) -> bool {
        self.names.iter().any(|name| name.eq_ignore_ascii_case(host))
            || (self.is_any_address && is_address(host))
    }

    /// Whether a form may come from this origin.
    pub(crate) fn allows_origin(&self, origin: &str) -> bool {
        origin.split_once("://").is_some_and(|(_, host)| self.allows(host))
    }
}

fn is_address(host: &str) -> bool {
    host.parse::<SocketAddr>().is_ok() || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_are_refused() {
        let hosts = Hosts::new("127.0.0.1:8780".parse().unwrap(), None);
        assert!(hosts.allows("localhost:8780") && hosts.allows_origin("http://127.0.0.1:8780"));
        for host in ["evil.example:8780", "localhost", "127.0.0.1:80", "localhost:8780.evil.example", ""] {
            assert!(!hosts.allows(host), "{host}");
        }
        let url = Url::parse("https://metrics.example/").unwrap();
        let hosts = Hosts::new("0.0.0.0:8780".parse().unwrap(), Some(&url));
        assert!(
            hosts.allows("metrics.example")
                && hosts.allows("192.168.0.7:8780")
                && !hosts.allows("evil.example")
        );
    }
}

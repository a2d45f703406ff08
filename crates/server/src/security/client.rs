//! From which address a request comes.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;

/// Where a proxy writes for whom it asks.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// The part of an IPv6 address that its owner was given; the rest is the owner's to choose.
const NETWORK: u128 = !0 << 64;

/// Who sends requests, as far as an address tells: one of IPv4, or a network of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Client(IpAddr);

impl Client {
    /// The sender at this address.
    pub(crate) fn new(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
            address @ IpAddr::V4(_) => address,
        })
    }

    /// The sender for whom a proxy asks: the last that it names, since it appends to what it was sent, which anyone can
    /// make up. The proxy itself where it names none.
    pub(crate) fn behind(proxy: IpAddr, headers: &HeaderMap) -> Self {
        let line = headers.get_all(FORWARDED_FOR).iter().next_back();
        let last = line.and_then(|line| line.as_bytes().rsplit(|byte| *byte == b',').next());
        let named = last.and_then(|last| address(std::str::from_utf8(last).ok()?.trim()));
        Self::new(named.unwrap_or(proxy))
    }
}

/// The address in a text; some proxies add a port.
fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.trim_matches(['[', ']']).parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check(lines: &[&[u8]], expected: &str) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        let proxy = IpAddr::from([127, 0, 0, 1]);
        assert_eq!(Client::behind(proxy, &headers), Client(expected.parse().unwrap()), "{lines:?}");
    }

    #[test]
    fn a_client_is_whom_the_proxy_names_last() {
        check(&[b"203.0.113.7"], "203.0.113.7");
        check(&[b"198.51.100.1, 203.0.113.7"], "203.0.113.7");
        check(&[b"198.51.100.1", b"198.51.100.2,203.0.113.7"], "203.0.113.7");
        check(&[b"203.0.113.7:55123"], "203.0.113.7");
        check(&[b"\xff, 203.0.113.7"], "203.0.113.7");
    }

    #[test]
    fn an_address_that_is_none_is_the_proxys_own() {
        for line in [&b""[..], b"unknown", b"203.0.113.7, ", b"203.0.113.7, \xff"] {
            check(&[line], "127.0.0.1");
        }
        check(&[], "127.0.0.1");
    }

    #[test]
    fn whoever_has_a_network_of_ipv6_is_one_client() {
        check(&[b"2001:db8:0:7:1::1"], "2001:db8:0:7::");
        check(&[b"[2001:db8:0:7:2::2]:55123"], "2001:db8:0:7::");
        check(&[b"[2001:db8:0:8::2]"], "2001:db8:0:8::");
        check(&[b"::ffff:203.0.113.7"], "203.0.113.7");
    }
}

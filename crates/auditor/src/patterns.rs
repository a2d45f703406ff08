//! What personal data and secrets look like in bytes.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::Rule;

/// A pattern is a constant: one that does not compile would find nothing, which a test rules out.
fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?-u)[A-Za-z0-9._%+\-]{2,64}(?:@|%40)[A-Za-z0-9\-]{2,63}(?:\.[A-Za-z0-9\-]{2,63})*\.[A-Za-z]{2,24}",
    )
});
static PHONE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let international = r"\+[1-9](?:[ ().\-/]{0,2}[0-9]){7,14}";
    let national =
        r"\([0-9]{3}\) ?[0-9]{3}-[0-9]{4}|\b[0-9]{3}-[0-9]{3}-[0-9]{4}\b|\b[0-9]{3}\.[0-9]{3}\.[0-9]{4}\b";
    pattern(&format!(r"(?-u)(?:{international}|{national})"))
});
static IP_ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    let six = r"\b(?:[0-9A-Fa-f]{1,4}:){4,7}:?[0-9A-Fa-f]{1,4}\b";
    pattern(&format!(r"(?-u)\b(?:{octet}\.){{3}}{octet}\b|{six}"))
});
static URL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r#"(?i-u)\b(?:https?|ftp|wss?)://(?P<host>[^\s/?#"'<>\\:]{1,255})[^\s"'<>\\]*|\bwww\.[a-z0-9\-]{2,}\.[a-z]{2,}"#,
    )
});
static TOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let zendesk = r"\bz(?:at|rt|ac|cs)_[A-Za-z0-9]{16,}";
    let bearer = r"(?i:\bbearer[ \t]+[A-Za-z0-9._~+/=\-]{20,})";
    let pair = r#"(?i:\b(?:access|refresh)_token["']?[ \t]*[:=][ \t]*["']?[A-Za-z0-9._~+/=\-]{16,})"#;
    let web_token = r"\beyJ[A-Za-z0-9_\-]{10,}\.eyJ";
    pattern(&format!("(?-u){zendesk}|{bearer}|{pair}|{web_token}"))
});
static FREE_TEXT: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?-u)[A-Za-z'\x80-\xf4]{2,}(?:[,;:.]?\x20[A-Za-z'\x80-\xf4]{2,}){2,}[.!?]?"));

/// Which patterns a kind of bytes must not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Values of rows: no sentences either, but the words that are allowed.
    Values,
    /// Sentences of our own: comments of columns, notes of writers.
    Sentences,
    /// Logs and reports: addresses of the operator's own hosts may stand there.
    Reports,
}

/// Calls `found` with every match.
pub(crate) fn search(
    bytes: &[u8],
    manner: Manner,
    hosts: &BTreeSet<String>,
    mut found: impl FnMut(Rule, &[u8]),
) {
    let plain: [(&Option<Regex>, Rule); 3] =
        [(&EMAIL, Rule::Email), (&PHONE, Rule::Phone), (&TOKEN, Rule::Token)];
    for (regex, rule) in plain {
        for hit in regex.iter().flat_map(|regex| regex.find_iter(bytes)) {
            found(rule, hit.as_bytes());
        }
    }
    for hit in IP_ADDRESS.iter().flat_map(|regex| regex.find_iter(bytes)) {
        if manner != Manner::Reports || !is_own_address(hit.as_bytes(), hosts) {
            found(Rule::IpAddress, hit.as_bytes());
        }
    }
    for hit in URL.iter().flat_map(|regex| regex.captures_iter(bytes)) {
        let Some(whole) = hit.get(0) else { continue };
        let host = hit.name("host").map(|host| host.as_bytes()).unwrap_or_default();
        let has_query = whole.as_bytes().contains(&b'?');
        if manner != Manner::Reports || has_query || !is_own_address(host, hosts) {
            found(Rule::Url, whole.as_bytes());
        }
    }
    if manner == Manner::Values {
        for hit in FREE_TEXT.iter().flat_map(|regex| regex.find_iter(bytes)) {
            found(Rule::FreeText, hit.as_bytes());
        }
    }
}

fn is_own_address(host: &[u8], hosts: &BTreeSet<String>) -> bool {
    let Ok(host) = std::str::from_utf8(host) else { return false };
    host == "localhost" || host.starts_with("127.") || host == "0.0.0.0" || hosts.contains(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, manner: Manner, expected: &[Rule]) {
        let mut rules = BTreeSet::new();
        let hosts = BTreeSet::from(["acme.zendesk.com".to_owned()]);
        search(text.as_bytes(), manner, &hosts, |rule, _| {
            rules.insert(rule);
        });
        assert_eq!(rules, expected.iter().copied().collect(), "{text}");
    }

    #[test]
    fn sees_contact_details_addresses_and_tokens() {
        check("mail to jo.doe+x@mail.example.test now", Manner::Sentences, &[Rule::Email]);
        check("jo%40example.test", Manner::Sentences, &[Rule::Email]);
        check("call +1 (555) 010-0199", Manner::Sentences, &[Rule::Phone]);
        check("call (555) 010-0199 or 555-010-0199", Manner::Sentences, &[Rule::Phone]);
        check("from 203.0.113.7", Manner::Reports, &[Rule::IpAddress]);
        check("2001:db8:0:0:0:ff00:42:8329", Manner::Reports, &[Rule::IpAddress]);
        check("https://files.example.test/a.png", Manner::Reports, &[Rule::Url]);
        check("https://acme.zendesk.com/x?cursor=1", Manner::Reports, &[Rule::Url]);
        check("zat_0123456789abcdef0123", Manner::Reports, &[Rule::Token]);
        check("Authorization: Bearer 0123456789abcdef0123456789", Manner::Reports, &[Rule::Token]);
        check("refresh_token=0123456789abcdef0123", Manner::Reports, &[Rule::Token]);
        check("my printer is broken", Manner::Values, &[Rule::FreeText]);
    }

    #[test]
    fn lets_numbers_times_versions_ids_and_own_hosts_pass() {
        for text in [
            "1795352047923 380000000007 35436000000001",
            "2026-11-22T12:00:00+00:00 2026-11-22 12:00:00.000001Z",
            "parquet-rs version 59.3.2",
            "20261122T120000Z-12345678 abcdefghij2345672345",
            "c3325239-fc91-4527-89c5-c5a742dc76d4",
            "8d0ad03a22d49700192944a0c4b7a5bc.zstd.parquet",
            "rows=100 200 3000 in 1.25 s",
        ] {
            check(text, Manner::Values, &[]);
        }
        check("GET https://acme.zendesk.com/api/v2 on 127.0.0.1:4711", Manner::Reports, &[]);
        check("the run has ended well", Manner::Reports, &[]);
    }
}

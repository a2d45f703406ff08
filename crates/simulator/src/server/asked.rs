//! A request, taken apart once.

use percent_encoding::percent_decode_str;

/// Method, path, query pairs in order, the headers that matter, and the body.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) host: String,
    pub(crate) authorization: Option<String>,
    pub(crate) gzip: bool,
    pub(crate) json_body: bool,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// The value of a query parameter.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of a comma-separated query parameter.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        let words = self.value(name).unwrap_or_default().split(',').map(str::trim);
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    /// The address that the client knows this server by. Only this machine is plain: whoever asks for another name
    /// came through TLS.
    pub(crate) fn origin(&self) -> String {
        let name = self.host.rsplit_once(':').map_or(self.host.as_str(), |(name, _)| name);
        let scheme = if matches!(name, "127.0.0.1" | "localhost" | "[::1]") { "http" } else { "https" };
        format!("{scheme}://{}", self.host)
    }

    /// A URL that repeats this request with other values: keys in order of name, as recorded.
    pub(crate) fn again(&self, changes: &[(&str, &str)]) -> String {
        let replaced = |key: &str| changes.iter().any(|(name, _)| *name == key);
        let kept = self.query.iter().filter(|(key, _)| !replaced(key) && !dropped(key, changes));
        let mut pairs: Vec<(&str, &str)> = kept.map(|(key, value)| (key.as_str(), value.as_str())).collect();
        pairs.extend(changes);
        pairs.sort_unstable();
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("{}{}?{query}", self.origin(), self.path)
    }
}

/// A cursor takes the place of the time that a run began with.
fn dropped(key: &str, changes: &[(&str, &str)]) -> bool {
    key == "start_time" && changes.iter().any(|(name, _)| *name == "cursor")
}

/// The pairs of a query or a form.
pub(crate) fn pairs(encoded: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pieces = encoded.split('&').filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| {
            let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
            (decoded(key), decoded(value))
        })
        .collect()
}

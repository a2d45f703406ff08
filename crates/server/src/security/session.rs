//! Sessions. A cookie holds a random id; who has signed in is remembered here by the id's hash. The token of a form is
//! a keyed hash of the id, so that nothing is stored for visitors who have not signed in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::time::Instant;

/// Name of the cookie.
const COOKIE: &str = "deskmeter_session";
/// A session ends this long after it was last used.
const IDLE: Duration = Duration::from_hours(8);
/// How many may be signed in at once; the one that was idle longest gives way.
const SESSIONS_MAX: usize = 1_000;
const ID_BYTES: usize = 32;

/// The random id of a session. Debug shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SessionId([u8; ID_BYTES]);

impl SessionId {
    /// A new one.
    pub(crate) fn random() -> Self {
        Self(rand::random())
    }

    /// The id in the `Cookie` header, if there is one.
    pub(crate) fn from_cookies(header: &str) -> Option<Self> {
        let value = header.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
        Some(Self(URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok()?))
    }

    /// The `Set-Cookie` header. It names no domain and no age: the cookie ends with the browser.
    pub(crate) fn cookie(&self, is_secure: bool) -> String {
        let value = URL_SAFE_NO_PAD.encode(self.0);
        let secure = if is_secure { "; Secure" } else { "" };
        format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}")
    }

    fn hash(&self) -> blake3::Hash {
        blake3::hash(&self.0)
    }
}

impl std::fmt::Debug for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionId(****)")
    }
}

/// Who has signed in, and the key of the forms' tokens.
pub(crate) struct Sessions {
    key: [u8; 32],
    signed_in: Mutex<HashMap<blake3::Hash, Instant>>,
}

impl Sessions {
    /// No one has signed in.
    pub(crate) fn new() -> Self {
        Self { key: rand::random(), signed_in: Mutex::new(HashMap::new()) }
    }

    /// The token that a form of this session must send back.
    pub(crate) fn form_token(&self, id: &SessionId) -> String {
        URL_SAFE_NO_PAD.encode(blake3::keyed_hash(&self.key, &id.0).as_bytes())
    }

    /// Whether this is the token; compares in constant time.
    pub(crate) fn is_form_token(&self, id: &SessionId, token: &str) -> bool {
        let Ok(Ok(token)) = URL_SAFE_NO_PAD.decode(token).map(<[u8; 32]>::try_from) else { return false };
        blake3::keyed_hash(&self.key, &id.0) == blake3::Hash::from_bytes(token)
    }

    /// Remembers that this session signed in.
    pub(crate) fn sign_in(&self, id: &SessionId, now: Instant) {
        let mut signed_in = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        signed_in.retain(|_, used| now.duration_since(*used) < IDLE);
        if signed_in.len() >= SESSIONS_MAX
            && let Some(oldest) = signed_in.iter().min_by_key(|(_, used)| **used).map(|(hash, _)| *hash)
        {
            signed_in.remove(&oldest);
        }
        signed_in.insert(id.hash(), now);
    }

    /// Forgets it.
    pub(crate) fn sign_out(&self, id: &SessionId) {
        self.signed_in.lock().unwrap_or_else(PoisonError::into_inner).remove(&id.hash());
    }

    /// Whether this session has signed in and was used since, which counts as a use.
    pub(crate) fn is_signed_in(&self, id: &SessionId, now: Instant) -> bool {
        let mut signed_in = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        match signed_in.get_mut(&id.hash()) {
            Some(used) if now.duration_since(*used) < IDLE => {
                *used = now;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_after_eight_idle_hours() {
        let (sessions, id) = (Sessions::new(), SessionId::random());
        let now = Instant::now();
        sessions.sign_in(&id, now);
        let used = now + IDLE - Duration::from_secs(1);
        assert!(sessions.is_signed_in(&id, used));
        assert!(!sessions.is_signed_in(&id, used + IDLE));
    }

    #[test]
    fn a_token_belongs_to_one_session() {
        let (sessions, id) = (Sessions::new(), SessionId::random());
        let token = sessions.form_token(&id);
        assert!(sessions.is_form_token(&id, &token));
        assert!(!sessions.is_form_token(&SessionId::random(), &token));
        assert!(!sessions.is_form_token(&id, ""));
    }

    #[test]
    fn a_cookie_leads_back_to_its_session() {
        let id = SessionId::random();
        let cookie = id.cookie(true);
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"));
        let pair = cookie.split(';').next().unwrap();
        assert_eq!(SessionId::from_cookies(&format!("a=b; {pair}")), Some(id));
        assert_eq!(SessionId::from_cookies("deskmeter_session=short"), None);
    }
}

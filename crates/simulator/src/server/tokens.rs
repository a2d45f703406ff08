//! Codes, access tokens and refresh tokens: single-use codes of 120 seconds, refresh tokens that rotate.

use crate::dice::mix;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Life of an authorization code in seconds.
const CODE_LIFE_SECS: i64 = 120;
/// Default life of a refresh token in seconds: 30 days.
pub(crate) const REFRESH_LIFE_SECS: i64 = 2_592_000;

/// What a person consented to.
#[derive(Clone, Debug)]
pub(crate) struct Consent {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    /// The PKCE challenge (S256); a confidential client may go without.
    pub(crate) challenge: Option<String>,
}

/// Who holds a token, and for what.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) id: i64,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    /// The client showed its secret; a refresh must show it too.
    pub(crate) confidential: bool,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) refresh_expires_at: i64,
}

impl Grant {
    /// Holds the global `read`.
    pub(crate) fn reads_all(&self) -> bool {
        self.scope.split(' ').any(|held| held == "read")
    }
}

/// A pair as it is handed out once.
pub(crate) struct Issued {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) grant: Grant,
}

#[derive(Default)]
struct Store {
    serial: u64,
    codes: HashMap<String, (Consent, i64)>,
    access: HashMap<String, Grant>,
    /// Refresh token to the access token it was issued with, and its grant.
    refresh: HashMap<String, (String, Grant)>,
}

/// All tokens of the account.
#[derive(Default)]
pub(crate) struct Tokens {
    store: Mutex<Store>,
}

impl Tokens {
    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A code for a consent.
    pub(crate) fn issue_code(&self, consent: Consent, now: i64) -> String {
        let mut store = self.lock();
        let code = store.secret("zac", now);
        store.codes.insert(code.clone(), (consent, now + CODE_LIFE_SECS));
        code
    }

    /// Takes a code out: it is good once and for 120 seconds.
    pub(crate) fn redeem_code(&self, code: &str, now: i64) -> Option<Consent> {
        let (consent, expires_at) = self.lock().codes.remove(code)?;
        (now < expires_at).then_some(consent)
    }

    /// Issues a pair, or an access token alone.
    pub(crate) fn issue(&self, mut grant: Grant, with_refresh: bool, now: i64) -> Issued {
        let mut store = self.lock();
        let access_token = store.secret("zat", now);
        let refresh_token = with_refresh.then(|| store.secret("zrt", now));
        grant.id = 61_000_000_000_000 + store.serial as i64;
        store.access.insert(access_token.clone(), grant.clone());
        if let Some(refresh) = &refresh_token {
            store.refresh.insert(refresh.clone(), (access_token.clone(), grant.clone()));
        }
        Issued { access_token, refresh_token, grant }
    }

    /// Takes a refresh token out when it fits the client: it and its access token are dead from now on.
    pub(crate) fn redeem_refresh(&self, token: &str, client_id: &str, now: i64) -> Option<Grant> {
        let mut store = self.lock();
        let fits = store.refresh.get(token).is_some_and(|(_, grant)| grant.client_id == client_id);
        let (access, grant) = if fits { store.refresh.remove(token)? } else { return None };
        store.access.remove(&access);
        (now < grant.refresh_expires_at).then_some(grant)
    }

    /// The grant of a living access token.
    pub(crate) fn grant(&self, access_token: &str, now: i64) -> Option<Grant> {
        self.lock().access.get(access_token).filter(|grant| now < grant.expires_at).cloned()
    }

    /// Revokes one pair by the id of its access token; false when there is none.
    pub(crate) fn revoke(&self, id: i64) -> bool {
        let mut store = self.lock();
        let before = store.access.len();
        store.access.retain(|_, grant| grant.id != id);
        store.refresh.retain(|_, (_, grant)| grant.id != id);
        store.access.len() < before
    }

    /// Revokes everything.
    pub(crate) fn revoke_all(&self) {
        let mut store = self.lock();
        store.access.clear();
        store.refresh.clear();
        store.codes.clear();
    }

    /// Lets every access token expire; refresh tokens go on working.
    pub(crate) fn expire_access(&self) {
        self.lock().access.clear();
    }
}

impl Store {
    fn secret(&mut self, prefix: &str, now: i64) -> String {
        self.serial += 1;
        let part = |salt: u64| mix(self.serial.wrapping_mul(salt), now as u64 ^ salt);
        format!("{prefix}_{:016x}{:016x}{:016x}", part(0x51), part(0xC0DE), part(0x0070_CE17))
    }
}

//! How a simulator behaves; the defaults are those of a well-behaved account.

use crate::fault::Fault;
use std::fmt;
use std::sync::Arc;

/// Seconds since the Unix epoch, from whoever embeds the simulator: the library has no clock of its own.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Which endpoints the granular scopes open. Nobody has published a live probe, so both answers are tested.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ScopeProfile {
    /// `tickets:read` covers the ticket, event and metric exports; `users:read` and `organizations:read` theirs.
    #[default]
    Lenient,
    /// Only the plain lists and `users/me`; every incremental export wants the global `read`.
    Strict,
}

/// The role of whoever authorises: incremental exports are for admins only.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TokenRole {
    /// May export.
    #[default]
    Admin,
    /// Gets 403 with an error object from every incremental export.
    Agent,
}

/// How many incremental export requests a minute are served.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RateLimit {
    /// 10 a minute for all exports together, 20 a minute for `users/cursor`.
    #[default]
    Documented,
    /// This many a minute in either bucket (30 and 60 are the High Volume add-on).
    PerMinute(u32),
    /// No limit, and no bucket headers.
    Off,
}

/// Everything that can be set about a running simulator.
#[derive(Clone)]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// The time the simulated account lives in; what lies after it is not visible yet.
    pub clock: Clock,
    /// Which endpoints the granular scopes open.
    pub scope_profile: ScopeProfile,
    /// The scopes that every client may ask for ("Allowed scopes" of an OAuth client in Admin Center); none means
    /// any. Another scope is a 400 `invalid_scope`.
    pub allowed_scopes: Option<Vec<String>>,
    /// The role of whoever authorises.
    pub token_role: TokenRole,
    /// Life of an access token in seconds, when the request names none (300 to 172,800 there).
    pub token_life_secs: u32,
    /// Limit on export requests.
    pub rate_limit: RateLimit,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// Share of generated rows, in percent, that come in an odd but real shape (`via` as an object, ids as
    /// text, missing optional keys, unknown kinds, nulls, `\u0000`); never changes the truth.
    pub oddity_percent: u8,
    /// Withhold tickets and ticket events of the last minute and refuse a `start_time` within it.
    pub withhold_last_minute: bool,
}

impl Options {
    /// A well-behaved account: lenient scopes, any of them allowed, an admin, 30-minute tokens, documented limits, 3 % odd rows.
    pub fn new(clock: Clock) -> Self {
        Self {
            port: 0,
            clock,
            scope_profile: ScopeProfile::default(),
            allowed_scopes: None,
            token_role: TokenRole::default(),
            token_life_secs: 1800,
            rate_limit: RateLimit::default(),
            faults: Vec::new(),
            oddity_percent: 3,
            withhold_last_minute: true,
        }
    }

    /// Whether a client may ask for all of these scopes, separated by spaces.
    pub(crate) fn allows(&self, scopes: &str) -> bool {
        let allowed = |scope: &str| {
            self.allowed_scopes.as_ref().is_none_or(|list| list.iter().any(|allowed| allowed == scope))
        };
        scopes.split_whitespace().all(allowed)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("port", &self.port)
            .field("scope_profile", &self.scope_profile)
            .field("allowed_scopes", &self.allowed_scopes)
            .field("token_role", &self.token_role)
            .field("token_life_secs", &self.token_life_secs)
            .field("rate_limit", &self.rate_limit)
            .field("faults", &self.faults)
            .field("oddity_percent", &self.oddity_percent)
            .field("withhold_last_minute", &self.withhold_last_minute)
            .finish_non_exhaustive()
    }
}

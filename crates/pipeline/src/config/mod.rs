//! The pipeline file: what may stand in it, and every problem it has, at once.

mod parse;
mod privacy;
mod schedule;
mod validate;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

pub use privacy::{LabelConfig, PrivacyConfig};
pub use schedule::ScheduleConfig;

/// Something wrong in a pipeline file: where, what, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what}")]
pub struct Problem {
    /// Key, or line and column.
    pub at: String,
    /// What is wrong and what would be right.
    pub what: String,
}

/// A pipeline file that parsed and whose values make sense together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    title = "deskmeter pipeline file",
    description = "One Zendesk account: where it is, where its tables go, how they are computed."
)]
pub struct PipelineFile {
    /// The Zendesk account.
    pub connection: ConnectionConfig,
    /// Where the tables lie.
    pub lake: LakeConfig,
    /// Where sealed tokens, leases and receipts lie.
    pub state: StateConfig,
    /// How a run reads.
    #[serde(default)]
    pub sync: SyncConfig,
    /// Business hours; the first is the default.
    #[serde(default)]
    pub schedules: Vec<ScheduleConfig>,
    /// `GROUP_ID = tier`: a move to a higher tier is an escalation.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"pattern": "^[0-9]+$"}))]
    pub tiers: BTreeMap<String, u32>,
    /// What may be stored beyond structure: nothing unless it is named.
    #[serde(default)]
    pub privacy: PrivacyConfig,
    /// How the marts are computed.
    #[serde(default)]
    pub warehouse: WarehouseConfig,
    /// Database that each run ends with publishing to.
    pub publish: Option<PublishConfig>,
    /// Folder of the file: relative paths in it start here.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// `[connection]`: the Zendesk account and how it is asked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionConfig {
    /// Folder of the connection in the lake: 1 to 63 lower-case letters, digits, `-` and `_`.
    #[schemars(regex(pattern = "^[a-z0-9_-]{1,63}$"))]
    pub name: String,
    /// The account, for example `https://acme.zendesk.com`.
    #[schemars(with = "String", extend("format" = "uri", "pattern" = "^(https://[^/]+|http://(127\\.0\\.0\\.1|localhost|\\[::1\\])(:[0-9]+)?)/?$"))]
    pub base_url: Url,
    /// Unique identifier of the OAuth client (Admin Center, APIs, OAuth clients).
    #[schemars(length(min = 1))]
    pub client_id: String,
    /// Environment variable that holds the client's secret; public clients use PKCE alone.
    pub client_secret_env: Option<String>,
    /// Share of the account's documented rate limits that deskmeter may use, 1 to 100.
    #[serde(default = "default_quota_percent")]
    #[schemars(range(min = 1, max = 100))]
    pub quota_percent: u8,
    /// Whether the account has the High Volume add-on: 30 export requests a minute instead of 10.
    #[serde(default)]
    pub high_volume: bool,
    /// Port of the loopback callback, for clients registered with a fixed redirect URI; 0 takes any.
    #[serde(default)]
    pub callback_port: u16,
}

/// `[lake]`: where the tables lie.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LakeConfig {
    /// `file:///…`, `s3://bucket/prefix`, `gs://…`, `az://…`, or a folder relative to the file.
    pub url: String,
    /// Old versions of tables stay readable this long, in hours.
    #[serde(default = "default_keep_versions_hours")]
    pub keep_versions_hours: u64,
}

/// `[state]`: where sealed tokens, leases and receipts lie.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateConfig {
    /// Place of sealed tokens, leases, run history and receipts, written as `[lake] url`; not inside the lake.
    pub url: String,
    /// Environment variable that holds the sealing key: base64 of 32 random bytes. Several, separated by commas,
    /// while a key is rotated: the first seals, all open.
    pub key_env: String,
}

/// `[sync]`: how a run reads.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SyncConfig {
    /// First day that is read, UTC, as `2024-01-01`; everything when left out.
    #[schemars(extend("format" = "date"))]
    pub start_date: Option<String>,
    /// Rows are committed when this much is buffered, in bytes.
    #[schemars(range(min = 1_048_576))]
    pub buffer_bytes: u64,
    /// A run fails (exit code 7) when more than this share of a stream's rows is refused.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reject_share_max: f64,
    /// Time allowed for one request, in seconds.
    #[schemars(range(min = 1))]
    pub request_timeout_secs: u64,
    /// How often one request is repeated after failures that waiting can heal.
    pub retries_max: u32,
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self {
            start_date: None,
            buffer_bytes: 64 << 20,
            reject_share_max: 0.01,
            request_timeout_secs: 120,
            retries_max: 10,
        }
    }
}

/// `[warehouse]`: how the marts are computed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WarehouseConfig {
    /// Memory that queries may use before they spill to disk, in bytes.
    pub memory_limit_bytes: u64,
    /// Folder of your own models, beside the shipped ones.
    pub models_dir: Option<PathBuf>,
    /// What runs the SQL: `embedded`, or `ballista://HOST:PORT` of a cluster's scheduler.
    pub engine: String,
    /// `zendesk` or `all_schedules`: how business time is counted over changing schedules.
    #[schemars(extend("enum" = ["zendesk", "all_schedules"]))]
    pub definitions: String,
}

impl Default for WarehouseConfig {
    fn default() -> Self {
        Self {
            memory_limit_bytes: 2 << 30,
            models_dir: None,
            engine: "embedded".into(),
            definitions: "zendesk".into(),
        }
    }
}

/// `[publish]`: the database that each run ends with publishing every mart to.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishConfig {
    /// Environment variable that holds the database's `postgres://` URL.
    pub url_env: String,
    /// Role that may read what is published; made when it is missing.
    pub reader_role: Option<String>,
}

/// The JSON Schema of pipeline files (draft 2020-12), for editors and other checkers.
pub fn schema() -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&schemars::schema_for!(PipelineFile))
}

const fn default_quota_percent() -> u8 {
    80
}

const fn default_keep_versions_hours() -> u64 {
    168
}

impl PipelineFile {
    /// Parses and checks the text of a pipeline file that lies in `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<Problem>> {
        match Self::read(text, folder) {
            (Some(file), problems) if problems.is_empty() => Ok(file),
            (_, problems) => Err(problems),
        }
    }

    /// The file as far as it can be understood, and every problem it has.
    pub(crate) fn read(text: &str, folder: &Path) -> (Option<Self>, Vec<Problem>) {
        let (file, mut problems) = parse::parse::<Self>(text);
        let file = file.map(|file| Self { folder: folder.to_path_buf(), ..file });
        problems.extend(file.iter().flat_map(validate::problems));
        (file, problems)
    }

    /// The lake's URL, a relative folder made absolute.
    pub fn lake_url(&self) -> String {
        self.absolute(&self.lake.url)
    }

    /// The lake's URL as it is written down, with blanks and the like encoded.
    pub(crate) fn lake_place(&self) -> String {
        let url = self.lake_url();
        Url::parse(&url).map_or(url, String::from)
    }

    /// The state's URL, a relative folder made absolute.
    pub fn state_url(&self) -> String {
        self.absolute(&self.state.url)
    }

    /// The account without a slash at the end.
    pub fn base_url(&self) -> &str {
        self.connection.base_url.as_str().trim_end_matches('/')
    }

    /// Group tiers with their ids as numbers.
    pub fn tiers(&self) -> BTreeMap<i64, u32> {
        self.tiers.iter().filter_map(|(group, tier)| Some((group.parse().ok()?, *tier))).collect()
    }

    /// First second that is read.
    pub fn start_time(&self) -> i64 {
        let date = self.sync.start_date.as_deref().and_then(|day| day.parse::<jiff::civil::Date>().ok());
        let start = date.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
        start.map_or(0, |start| start.timestamp().as_second())
    }

    fn absolute(&self, url: &str) -> String {
        absolute_url(url, &self.folder)
    }
}

/// A URL as it is; a folder, relative to `folder`, as a `file` URL.
pub(crate) fn absolute_url(url: &str, folder: &Path) -> String {
    if url.contains("://") {
        return url.to_owned();
    }
    let path = std::path::absolute(folder.join(url)).unwrap_or_else(|_| folder.join(url));
    Url::from_directory_path(&path).map_or_else(|()| url.to_owned(), |url| url.to_string())
}

#[cfg(test)]
mod tests;

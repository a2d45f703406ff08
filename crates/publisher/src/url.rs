//! Where the database is. The password in it is never printed.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::Error;

/// Time within which a server must answer, when the address does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The server's usual port.
const PORT: u16 = 5432;

/// Address of a PostgreSQL database: `postgres://role:password@host:port/database`. Printed with `****` for the
/// password.
///
/// `sslmode` is `require` (encrypted, certificate and host name verified; also `verify-full`) or `disable`. Without
/// it, a server on this machine is reached in the clear and any other one encrypted. `sslrootcert=FILE` names the
/// certificates (PEM) to trust in the place of the system's.
#[derive(Clone)]
pub struct DatabaseUrl {
    config: Config,
    root_certificates: Option<PathBuf>,
}

impl DatabaseUrl {
    /// Server and database, without role and password.
    pub fn place(&self) -> String {
        format!("{}/{}", self.server(), self.database())
    }

    /// What the client needs.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether the connection is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Require
    }

    /// The file of certificates to trust in the place of the system's.
    pub(crate) fn root_certificates(&self) -> Option<&PathBuf> {
        self.root_certificates.as_ref()
    }

    /// The role that logs in.
    pub(crate) fn role(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    /// The database: by default of the role's name.
    pub(crate) fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or(self.role())
    }

    /// Host and port.
    pub(crate) fn server(&self) -> String {
        let ports = self.config.get_ports();
        let servers = self.config.get_hosts().iter().enumerate().map(|(index, host)| {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(PORT);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                #[cfg(unix)]
                Host::Unix(folder) => format!("{}:{port}", folder.display()),
            }
        });
        servers.collect::<Vec<_>>().join(",")
    }
}

impl FromStr for DatabaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(Error::Url("it begins with postgres://"));
        }
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut mode, mut root_certificates, mut others) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(ssl_mode(value)?),
                Some(("sslrootcert", value)) => {
                    let path = percent_decode_str(value).decode_utf8();
                    root_certificates = Some(PathBuf::from(path.map_err(|_| not_utf8())?.into_owned()));
                }
                _ => others.push(pair),
            }
        }
        // The client's own message could quote a piece of the text, and with it a piece of the password.
        let mut config = Config::from_str(&format!("{address}?{}", others.join("&"))).map_err(|_| {
            Error::Url("it is postgres://role:password@host:port/database, special characters as %XX")
        })?;
        if config.get_hosts().is_empty() {
            return Err(Error::Url("it names no host"));
        }
        if config.get_user().is_none() {
            return Err(Error::Url("it names no role"));
        }
        let is_local = config.get_hosts().iter().all(is_this_machine);
        config.ssl_mode(mode.unwrap_or(if is_local { SslMode::Disable } else { SslMode::Require }));
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("deskmeter");
        }
        Ok(Self { config, root_certificates })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.config.get_password().map_or("", |_| ":****");
        write!(formatter, "postgres://{}{password}@{}/{}", self.role(), self.server(), self.database())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Modes that encrypt only when it suits the server, or without looking at its certificate, protect from nobody.
fn ssl_mode(value: &str) -> Result<SslMode, Error> {
    match value {
        "disable" => Ok(SslMode::Disable),
        "require" | "verify-full" => Ok(SslMode::Require),
        _ => Err(Error::Url("sslmode is disable, require or verify-full")),
    }
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn not_utf8() -> Error {
    Error::Url("sslrootcert is not UTF-8")
}

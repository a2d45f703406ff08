//! A PostgreSQL server of the test run's own: made in a temporary folder, reached on 127.0.0.1, stopped at the end.

use std::fmt::Debug;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

/// Password of the roles that tests make.
pub(crate) const PASSWORD: &str = "open sesame";

/// Who may log in: `tls_only` with TLS alone.
const HBA: &str = "\
    hostnossl all tls_only 127.0.0.1/32 reject\n\
    host all all 127.0.0.1/32 scram-sha-256\n";

/// A running server.
pub(crate) struct Server {
    dir: TempDir,
    bin: PathBuf,
    port: u16,
    databases: AtomicU32,
}

/// A database of a server, with a role that owns nothing else.
pub(crate) struct Database {
    pub(crate) server: Arc<Server>,
    pub(crate) name: String,
}

/// The server that all tests of the run share while one of them uses it; none (told aloud) where PostgreSQL is missing.
pub(crate) fn server(test: &str) -> Option<Arc<Server>> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return Some(server);
    }
    let server = Arc::new(Server::start(test, true)?);
    *shared = Arc::downgrade(&server);
    Some(server)
}

/// A new database whose owner, a role of the same name, may create schemas in it.
pub(crate) fn database(test: &str) -> Option<Database> {
    let server = server(test)?;
    let name = format!("case_{}", server.databases.fetch_add(1, Ordering::Relaxed));
    server.admin(&format!("create role {name} login createrole password '{PASSWORD}'"));
    server.admin(&format!("create database {name} owner {name}"));
    Some(Database { server, name })
}

impl Server {
    /// Makes and starts a server, with or without TLS.
    pub(crate) fn start(test: &str, has_tls: bool) -> Option<Self> {
        let Some(bin) = binaries() else {
            assert!(!requires_all(), "PostgreSQL is missing (initdb, pg_ctl, psql)");
            eprintln!("SKIPPED {test}: no PostgreSQL server installed (initdb, pg_ctl, psql)");
            return None;
        };
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("password"), PASSWORD).unwrap();
        let server = Self { port: free_port(), dir, bin, databases: AtomicU32::new(0) };
        if is_root() {
            done(Command::new("chown").args(["-R", "postgres"]).arg(server.dir.path()));
        }
        let (data, password) = (server.path("data"), server.path("password"));
        server.run(
            "initdb",
            &["-D", &data, "-U", "admin", "-A", "scram-sha-256", "--pwfile", &password, "--no-sync"],
        );
        std::fs::write(server.path("data/pg_hba.conf"), HBA).unwrap();
        if has_tls {
            server.make_certificate();
        }
        let settings = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories= -c fsync=off -c ssl={}",
            server.port,
            if has_tls { "on" } else { "off" }
        );
        let log = server.path("log");
        server.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &settings, "start"]);
        Some(server)
    }

    /// The address of a database for a role.
    pub(crate) fn url(&self, role: &str, database: &str) -> String {
        let password = PASSWORD.replace(' ', "%20");
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// The certificate that the server shows.
    pub(crate) fn certificate(&self) -> String {
        self.path("data/server.crt")
    }

    /// Runs a statement as the administrator of the server.
    pub(crate) fn admin(&self, statement: &str) -> String {
        self.psql(&self.url("admin", "postgres"), statement)
    }

    /// Runs statements with psql; rows as `a|b`, one a line.
    pub(crate) fn psql(&self, url: &str, statements: &str) -> String {
        self.psql_with(url, &["-t", "-c", statements])
    }

    /// Runs psql with these arguments.
    pub(crate) fn psql_with(&self, url: &str, args: &[&str]) -> String {
        let fixed = ["-X", "-A", "-q", "-v", "ON_ERROR_STOP=1", "-d", url];
        done(Command::new(self.bin.join("psql")).args(fixed).args(args))
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// Runs a program of the server as a user that it accepts: it refuses root.
    fn run(&self, program: &str, args: &[&str]) {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        done(command.args(args).current_dir(self.dir.path()).stdout(std::process::Stdio::null()));
    }

    fn make_certificate(&self) {
        let (key, certificate) = (self.path("data/server.key"), self.certificate());
        done(Command::new("openssl").args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "3650",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1,DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ]));
        done(Command::new("chmod").args(["600", &key]));
        if is_root() {
            done(Command::new("chown").args(["postgres", &key, &certificate]));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.path("data");
        if Path::new(&data).join("postmaster.pid").exists() {
            self.run("pg_ctl", &["-D", &data, "-w", "-m", "immediate", "stop"]);
        }
    }
}

impl Database {
    /// The database's address for its owner.
    pub(crate) fn url_text(&self) -> String {
        self.server.url(&self.name, &self.name)
    }

    /// The same, as publishes take it.
    pub(crate) fn url<U: FromStr<Err: Debug>>(&self) -> U {
        self.url_text().parse().unwrap()
    }

    /// Runs statements as the database's owner; rows as `a|b`, one a line.
    pub(crate) fn psql(&self, statement: &str) -> String {
        self.server.psql(&self.url_text(), statement)
    }
}

/// Whether missing parts fail a test. `.ci/run` sets the variable.
pub(crate) fn requires_all() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a switch of the test run")]
    std::env::var_os("DESKMETER_REQUIRE_ALL").is_some()
}

/// The folder of the newest server's programs: Debian keeps them out of the path.
fn binaries() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = debian.map(|version| version.path().join("bin")).collect();
    folders.sort();
    #[expect(clippy::disallowed_methods, reason = "a part of the test run")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.splice(0..0, std::env::split_paths(&path));
    folders
        .into_iter()
        .rev()
        .find(|folder| ["initdb", "pg_ctl", "psql"].iter().all(|it| folder.join(it).exists()))
}

fn is_root() -> bool {
    done(Command::new("id").arg("-u")) == "0"
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Runs a command that must end well; what it printed.
fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

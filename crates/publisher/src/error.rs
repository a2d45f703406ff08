//! What can go wrong while publishing.

use std::fmt;

use arrow::datatypes::DataType;
use tokio_postgres::error::{DbError, SqlState};

/// A failure of a publish or an export. Messages name hosts, roles, schemas, tables and columns, never a password or
/// a value of a row.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text that is no database address.
    #[error("read database url: {0}")]
    Url(&'static str),
    /// The file of root certificates that the address names cannot be read.
    #[error("read root certificates {file}")]
    RootCertificates {
        /// Path, as it stands in the address.
        file: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A schema, role or connection name that cannot be used.
    #[error("use {name:?} as {what}: {rule}")]
    Name {
        /// What it should name.
        what: &'static str,
        /// The name.
        name: String,
        /// What names must look like.
        rule: &'static str,
    },
    /// No server answers there.
    #[error("reach database server {server}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server's certificate is not trusted, or the handshake failed.
    #[error(
        "encrypt the connection to {server} (a private certificate authority is named with sslrootcert=FILE in the \
         url)"
    )]
    Tls {
        /// Host and port.
        server: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server does not offer TLS, and the address wants it.
    #[error(
        "encrypt the connection to {server}: the server offers no TLS (sslmode=disable in the url sends the marts in \
         the clear)"
    )]
    NoTls {
        /// Host and port.
        server: String,
    },
    /// The server takes encrypted connections only.
    #[error("log in to {server}: the server wants TLS (write sslmode=require in the url)")]
    TlsRequired {
        /// Host and port.
        server: String,
    },
    /// The server does not let the role in.
    #[error("log in to {server} as {role}: password or role is wrong")]
    Login {
        /// Host and port.
        server: String,
        /// The role.
        role: String,
        /// What the server said.
        #[source]
        source: ServerError,
    },
    /// The address names no database of the server.
    #[error("open database {database} of {server}: there is none of this name")]
    NoDatabase {
        /// Host and port.
        server: String,
        /// The database.
        database: String,
    },
    /// The role may not do what a publish needs.
    #[error("{action}: the role may not ({remedy})")]
    Forbidden {
        /// What was tried.
        action: String,
        /// What an administrator of the database can do about it.
        remedy: String,
        /// What the server said.
        #[source]
        source: ServerError,
    },
    /// The schema belongs to someone else.
    #[error("publish into schema {schema}: it is not ours ({reason}); nothing was changed")]
    NotOurs {
        /// The schema.
        schema: String,
        /// How that is known.
        reason: String,
    },
    /// The schema holds tables, views or the like that no publish made.
    #[error("publish into schema {schema}: it holds what no publish made ({}); nothing was changed", objects.join(", "))]
    ForeignObjects {
        /// The schema.
        schema: String,
        /// The objects.
        objects: Vec<String>,
    },
    /// Another publish of the same schema runs.
    #[error("publish into schema {schema}: another publish of it runs")]
    Busy {
        /// The schema.
        schema: String,
    },
    /// A table must change its columns and a reader holds it.
    #[error("{action}: readers of the table held it too long")]
    Locked {
        /// What was tried.
        action: String,
    },
    /// A table or column must go and a view of someone else reads it.
    #[error("{action}: a view reads it; drop the view, or publish into another schema")]
    InUse {
        /// What was tried.
        action: String,
    },
    /// Two rows have the same key.
    #[error("{action}: two rows have the same key")]
    DuplicateKey {
        /// What was tried.
        action: String,
    },
    /// The server refused a statement, or went away.
    #[error("{action}")]
    Database {
        /// What was tried.
        action: String,
        /// What the server said, or why it cannot be heard.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A column of a type that databases do not take from us.
    #[error("publish column {table}.{column}: there is no database type for {data_type}")]
    ColumnType {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its type in the lake.
        data_type: DataType,
    },
    /// A table that does not exist was asked for.
    #[error("export {name}: there is no such table (there are {})", known.join(", "))]
    UnknownTable {
        /// The name.
        name: String,
        /// What could be asked for.
        known: Vec<String>,
    },
    /// The warehouse cannot be read.
    #[error("read {table}")]
    Read {
        /// The table.
        table: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file cannot be written.
    #[error("write {file}")]
    Write {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    pub(crate) fn read(table: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Read { table: table.to_owned(), source: source.into() }
    }

    pub(crate) fn write(file: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Write { file: file.to_owned(), source: source.into() }
    }

    /// The error of a statement.
    pub(crate) fn statement(action: impl Into<String>, error: tokio_postgres::Error) -> Self {
        let action = action.into();
        let Some(refusal) = error.as_db_error() else {
            return Self::Database { action, source: plain(error) };
        };
        let source = ServerError::new(refusal);
        match refusal.code() {
            code if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
                let remedy = "grant it to the role, or publish as the owner of the schema".to_owned();
                Self::Forbidden { action, remedy, source }
            }
            code if *code == SqlState::LOCK_NOT_AVAILABLE => Self::Locked { action },
            code if *code == SqlState::DEPENDENT_OBJECTS_STILL_EXIST => Self::InUse { action },
            code if *code == SqlState::UNIQUE_VIOLATION => Self::DuplicateKey { action },
            _ => Self::Database { action, source: Box::new(source) },
        }
    }

    /// The same error; where it says that the role may not, with this remedy.
    pub(crate) fn remedied_by(self, remedy: impl Into<String>) -> Self {
        match self {
            Self::Forbidden { action, source, .. } => {
                Self::Forbidden { action, remedy: remedy.into(), source }
            }
            other => other,
        }
    }
}

/// The client's own error without what the server sent: its text could hold values.
fn plain(error: tokio_postgres::Error) -> Box<dyn std::error::Error + Send + Sync> {
    match error.into_source() {
        Some(source) => source,
        None => "the connection ended".into(),
    }
}

/// What the server said: its code, and its sentence where sentences of that kind name objects only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    code: String,
    sentence: Option<String>,
}

impl ServerError {
    /// Classes of SQLSTATE whose sentence names roles, objects and limits, never a value of a row: connection,
    /// authorization, catalogue, privileges, dependencies, resources, limits, state, operator, system.
    const CLASSES_TOLD: [&str; 11] = ["08", "28", "2B", "3D", "3F", "42", "53", "54", "55", "57", "58"];

    pub(crate) fn new(error: &DbError) -> Self {
        let code = error.code().code();
        let is_told = Self::CLASSES_TOLD.iter().any(|class| code.starts_with(class));
        Self { code: code.to_owned(), sentence: is_told.then(|| error.message().to_owned()) }
    }

    /// The SQLSTATE.
    pub fn code(&self) -> &str {
        &self.code
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sentence {
            Some(sentence) => write!(formatter, "{sentence} (SQLSTATE {})", self.code),
            None => write!(formatter, "SQLSTATE {}", self.code),
        }
    }
}

impl std::error::Error for ServerError {}

//! One connection to a database.

use std::io;

use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls, Transaction};
use tokio_rustls::rustls;

use crate::Error;
use crate::error::ServerError;
use crate::tls::Tls;
use crate::url::DatabaseUrl;

/// Settings of the one transaction: it may last, it waits for readers a minute at most, and names mean what they say
/// whatever the role's defaults are.
const SETTINGS: &str = "\
    set local statement_timeout = 0; \
    set local idle_in_transaction_session_timeout = 0; \
    set local lock_timeout = '60s'; \
    set local client_min_messages = warning; \
    set local standard_conforming_strings = on; \
    set local search_path = pg_catalog";

/// An open connection and the task that drives it.
pub(crate) struct Database {
    client: Client,
    connection: JoinHandle<Result<(), tokio_postgres::Error>>,
}

impl Database {
    /// Logs in.
    pub(crate) async fn connect(url: &DatabaseUrl) -> Result<Self, Error> {
        let failed = |error| connect_error(url, error);
        if url.is_encrypted() {
            let (client, connection) = url.config().connect(Tls::new(url)?).await.map_err(failed)?;
            Ok(Self { client, connection: tokio::spawn(connection) })
        } else {
            let (client, connection) = url.config().connect(NoTls).await.map_err(failed)?;
            Ok(Self { client, connection: tokio::spawn(connection) })
        }
    }

    /// Begins the one transaction of a publish; it is rolled back unless it is committed.
    pub(crate) async fn begin(&mut self) -> Result<Transaction<'_>, Error> {
        let failed = |error| Error::statement("begin transaction", error);
        let transaction = self.client.transaction().await.map_err(failed)?;
        transaction.batch_execute(SETTINGS).await.map_err(failed)?;
        Ok(transaction)
    }

    /// Says goodbye and waits until it is said. The work is committed or has failed by now: how it ends is no news.
    pub(crate) async fn close(self) {
        let Self { client, connection } = self;
        drop(client);
        if let Ok(Err(error)) = connection.await {
            tracing::debug!(is_closed = error.is_closed(), "database connection ended early");
        }
    }
}

fn connect_error(url: &DatabaseUrl, error: tokio_postgres::Error) -> Error {
    let server = url.server();
    if let Some(refusal) = error.as_db_error() {
        let role = url.role().to_owned();
        let is_turned_away = *refusal.code() == SqlState::INVALID_AUTHORIZATION_SPECIFICATION;
        return match ServerError::new(refusal) {
            _ if *refusal.code() == SqlState::INVALID_CATALOG_NAME => {
                Error::NoDatabase { server, database: url.database().to_owned() }
            }
            // The address is in no line of the server's list for connections in the clear.
            _ if is_turned_away && !url.is_encrypted() && refusal.message().contains("pg_hba.conf") => {
                Error::TlsRequired { server }
            }
            source if source.code().starts_with("28") => Error::Login { server, role, source },
            source => Error::Unreachable { server, source: Box::new(source) },
        };
    }
    let action = error.to_string();
    let Some(source) = error.into_source() else {
        // Without a cause there is only the client's own word: a time limit, or a broken protocol.
        return Error::Unreachable { server, source: action.into() };
    };
    match source.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(cause) if cause.is::<rustls::Error>() => Error::Tls { server, source },
        _ if source.to_string() == "server does not support TLS" => Error::NoTls { server },
        _ => Error::Unreachable { server, source },
    }
}

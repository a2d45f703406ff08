//! What a publish is told.

use crate::{Error, names};

/// What is published where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishOptions {
    /// The connection that the marts belong to. The schema's comment says it, and no other connection may publish
    /// there.
    pub connection: String,
    /// The database schema: one per connection, for example `deskmeter_acme`. Made when it is not there.
    pub schema: String,
    /// A role that may read the schema, and nothing else of it; made (without login) when it is not there. Grant it
    /// to the people and tools that read. A role named in former publishes keeps its rights.
    pub reader_role: Option<String>,
    /// The instant as of which the marts hold, seconds since the epoch: `as_of` of their refresh.
    pub as_of: i64,
    /// Groups of fewer tickets are not sent; above 1, nor are tables whose rows are about a single ticket or agent.
    pub group_min: u32,
}

impl PublishOptions {
    /// Everything of a connection, into the schema `deskmeter_` and its name, for its owner alone.
    pub fn new(connection: &str, as_of: i64) -> Self {
        let schema = format!("deskmeter_{}", connection.replace('-', "_"));
        Self { connection: connection.to_owned(), schema, reader_role: None, as_of, group_min: 1 }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        names::check_connection(&self.connection)?;
        names::check("schema", &self.schema)?;
        self.reader_role.as_deref().map_or(Ok(()), |role| names::check("reader role", role))
    }
}

//! One table: its grain, key, version order and partition.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use crate::{Class, Column, Kind};

/// Version of this contract. It goes up when a column or a table is added; a lake of a newer contract is refused.
pub const CONTRACT_VERSION: u32 = 2;

/// What happens when a key that is already stored comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Rows never change: the first one stays.
    Immutable,
    /// The row with the greater value of this column replaces the other; an equal one does not.
    Newest(&'static str),
    /// The row that came last replaces the other when it differs (metric events: `deleted` may flip, and carries
    /// no version).
    LastSeen,
}

/// A collected table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Folder in the lake and name in SQL.
    pub name: &'static str,
    /// What one row is.
    pub grain: &'static str,
    /// Columns that identify a row.
    pub key: &'static [&'static str],
    /// The month column that partitions the table: of a date that never changes for the row.
    pub partition: &'static str,
    /// What happens when a key comes again.
    pub version: Version,
    /// The columns, in order.
    pub columns: &'static [Column],
}

impl Table {
    /// The Arrow schema of the table's batches, partition column included.
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.columns.iter().map(Column::field).collect::<Vec<_>>()))
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Position of the column of this name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Columns whose minimum and maximum may stand in the log: the structural ones only, the partition excepted.
    pub fn data_skipping_columns(&self) -> impl Iterator<Item = &'static str> {
        self.columns
            .iter()
            .filter(|column| {
                column.class == Class::Structural && matches!(column.kind, Kind::Integer | Kind::Timestamp)
            })
            .map(|column| column.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crate::{ALL, Class, Kind, Version};

    #[test]
    fn keys_versions_and_partitions_are_columns_that_are_never_null() {
        for table in ALL {
            let version = match table.version {
                Version::Newest(column) => Some(column),
                Version::Immutable | Version::LastSeen => None,
            };
            for name in table.key.iter().copied().chain([table.partition]).chain(version) {
                let column = table.column(name).unwrap_or_else(|| panic!("{}.{name}", table.name));
                assert!(!column.is_nullable, "{}.{name}", table.name);
            }
            assert_eq!(table.column(table.partition).unwrap().kind, Kind::Month, "{}", table.name);
        }
    }

    #[test]
    fn every_column_says_what_it_is_and_stands_once() {
        for table in ALL {
            let mut names = HashSet::new();
            for column in table.columns {
                assert!(names.insert(column.name), "{}.{} stands twice", table.name, column.name);
                assert!(column.about.ends_with('.'), "{}.{}: a sentence", table.name, column.name);
                assert!(!column.source.is_empty(), "{}.{}: a source", table.name, column.name);
            }
        }
    }

    #[test]
    fn pseudonyms_and_labels_are_classed_as_such_and_nothing_else_is() {
        for column in ALL.iter().flat_map(|table| table.columns) {
            let is_pseudonymous =
                matches!(column.class, Class::PseudonymousAgent | Class::PseudonymousCustomer);
            assert_eq!(column.kind == Kind::Pseudonym, is_pseudonymous, "{}", column.name);
            assert_eq!(column.kind == Kind::Labels, column.class == Class::Allowed, "{}", column.name);
        }
    }
}

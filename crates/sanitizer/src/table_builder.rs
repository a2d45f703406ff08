//! Rows into the columns of a table. Every cell is checked against the contract: name, kind and nullability.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder};
use arrow::record_batch::RecordBatch;
use deskmeter_tables::{Column, Kind, Table};
use deskmeter_zendesk::UnixSeconds;

use crate::allow_list::{AllowList, LabelSet};
use crate::batch::CleanBatch;
use crate::pseudonym::Pseudonym;
use crate::streams::PolicyKey;
use crate::{RunId, civil};

/// Rows for which space is made at first.
const ROWS_EXPECTED: usize = 1_024;

/// One value of a row. There is no cell for a text of the page: a word is of a list, hence `'static`; the other texts
/// are of types of a fixed shape.
#[derive(Clone, Copy)]
pub(crate) enum Cell<'a> {
    Integer(Option<i64>),
    Boolean(Option<bool>),
    Time(Option<UnixSeconds>),
    /// The month of a time.
    Month(UnixSeconds),
    Word(Option<&'static str>),
    Pseudonym(Option<Pseudonym>),
    PolicyKey(Option<PolicyKey>),
    /// A path of the ledger.
    Path(&'a str),
    RunId(&'a RunId),
    /// Labels of the operator's list.
    Labels(LabelSet, &'a AllowList),
}

macro_rules! cell_from {
    ($($cell:ident $inner:ty),*) => {
        $(
            impl From<$inner> for Cell<'_> {
                fn from(value: $inner) -> Self {
                    Self::$cell(Some(value))
                }
            }

            impl From<Option<$inner>> for Cell<'_> {
                fn from(value: Option<$inner>) -> Self {
                    Self::$cell(value)
                }
            }
        )*
    };
}
cell_from!(Integer i64, Boolean bool, Time UnixSeconds, Word &'static str, Pseudonym Pseudonym, PolicyKey PolicyKey);

enum ColumnBuilder {
    Integer(Int64Builder),
    Boolean(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
    Text(StringBuilder),
}

impl ColumnBuilder {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Integer => Self::Integer(Int64Builder::with_capacity(ROWS_EXPECTED)),
            Kind::Boolean => Self::Boolean(BooleanBuilder::with_capacity(ROWS_EXPECTED)),
            Kind::Timestamp => {
                Self::Time(TimestampMicrosecondBuilder::with_capacity(ROWS_EXPECTED).with_timezone("UTC"))
            }
            _ => Self::Text(StringBuilder::with_capacity(ROWS_EXPECTED, ROWS_EXPECTED * 8)),
        }
    }

    /// Appends the cell; tells whether it fits the column.
    fn push(&mut self, column: &Column, cell: Cell<'_>) -> bool {
        let is_null = match (self, column.kind, cell) {
            (Self::Integer(builder), Kind::Integer, Cell::Integer(value)) => {
                builder.append_option(value);
                value.is_none()
            }
            (Self::Boolean(builder), Kind::Boolean, Cell::Boolean(value)) => {
                builder.append_option(value);
                value.is_none()
            }
            (Self::Time(builder), Kind::Timestamp, Cell::Time(value)) => {
                builder.append_option(value.map(|time| time.0 * 1_000_000));
                value.is_none()
            }
            (Self::Text(builder), Kind::Enum(_), Cell::Word(value)) => {
                builder.append_option(value);
                value.is_none()
            }
            (Self::Text(builder), Kind::Pseudonym, Cell::Pseudonym(value)) => {
                builder.append_option(value.as_ref().map(Pseudonym::as_str));
                value.is_none()
            }
            (Self::Text(builder), Kind::PolicyKey, Cell::PolicyKey(value)) => {
                builder.append_option(value.as_ref().map(PolicyKey::as_str));
                value.is_none()
            }
            (Self::Text(builder), Kind::Month, Cell::Month(time)) => {
                builder.append_value(civil::month(time).as_str());
                false
            }
            (Self::Text(builder), Kind::PathShape, Cell::Path(path)) => {
                builder.append_value(path);
                false
            }
            (Self::Text(builder), Kind::RunId, Cell::RunId(run_id)) => {
                builder.append_value(run_id.as_str());
                false
            }
            (Self::Text(builder), Kind::Labels, Cell::Labels(set, allow)) => {
                builder.append_option(allow.text(set));
                set.is_empty()
            }
            _ => return false,
        };
        !is_null || column.is_nullable
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Integer(mut builder) => Arc::new(builder.finish()),
            Self::Boolean(mut builder) => Arc::new(builder.finish()),
            Self::Time(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
        }
    }
}

/// A table's rows on their way into a [`CleanBatch`].
pub(crate) struct TableBuilder {
    table: &'static Table,
    columns: Vec<ColumnBuilder>,
    /// Whether the names of a row were compared with the columns.
    is_compared: bool,
}

impl TableBuilder {
    pub(crate) fn new(table: &'static Table) -> Self {
        let columns = table.columns.iter().map(|column| ColumnBuilder::new(column.kind)).collect();
        Self { table, columns, is_compared: false }
    }

    /// Appends a row: every column of the table, by name and in order. Anything else is a mistake of ours, which no
    /// page can bring about. Rows of a table are written at one place of the code, so that the first one's names stand
    /// for all; the kinds are compared in each.
    pub(crate) fn row<const N: usize>(&mut self, cells: [(&'static str, Cell<'_>); N]) {
        assert_eq!(N, self.columns.len(), "a row of {} has all columns", self.table.name);
        for ((builder, column), (name, cell)) in self.columns.iter_mut().zip(self.table.columns).zip(&cells) {
            let fits = (self.is_compared || *name == column.name) && builder.push(column, *cell);
            assert!(fits, "{name} is not the next column of {}, or of another kind", self.table.name);
        }
        self.is_compared = true;
    }

    #[expect(clippy::expect_used, reason = "the builders are of the schema's types and of equal lengths")]
    pub(crate) fn finish(self) -> CleanBatch {
        let columns = self.columns.into_iter().map(ColumnBuilder::finish).collect();
        let batch = RecordBatch::try_new(self.table.schema(), columns).expect("columns of the table");
        CleanBatch::new(self.table, batch)
    }
}

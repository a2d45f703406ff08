//! Rows into the columns of a table, checked against the contract: name and kind of each column with the first row, whose
//! types all others share, and NULLs with each.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray as _, BooleanBuilder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::record_batch::RecordBatch;
use deskmeter_tables::{Column, Kind, Table};
use deskmeter_zendesk::UnixSeconds;

use crate::RunId;
use crate::allow_list::{AllowList, LabelSet};
use crate::batch::CleanBatch;
use crate::civil::Months;
use crate::pseudonym::Pseudonym;
use crate::streams::PolicyKey;

/// How many rows each table had on the page before, and how many bytes of texts each of its columns: pages of a stream are
/// alike, and what grows by doubling holds half of its memory for nothing.
#[derive(Debug, Default)]
pub(crate) struct Room(BTreeMap<&'static str, Vec<(usize, usize)>>);

impl Room {
    /// Rows and bytes for a column of a table on its first page.
    const FIRST: (usize, usize) = (1_024, 8 * 1_024);

    pub(crate) fn note(&mut self, batches: &[CleanBatch]) {
        for batch in batches {
            let columns = batch.record_batch().columns().iter();
            let bytes = columns
                .map(|column| column.as_string_opt::<i32>().map_or(0, |texts| texts.value_data().len()));
            let noted = bytes.map(|bytes| (batch.num_rows(), bytes)).collect();
            self.0.insert(batch.table().name, noted);
        }
    }

    /// Room for somewhat more than there was.
    fn of(&self, table: &Table, column: usize) -> (usize, usize) {
        let noted = self.0.get(table.name).and_then(|columns| columns.get(column)).copied();
        noted.map_or(Self::FIRST, |(rows, bytes)| (rows + rows / 8, bytes + bytes / 8))
    }
}

/// One value of a row. There is no cell of a text of the page: a word is of a list, hence `'static`; the other texts
/// are of types of a fixed shape.
pub(crate) trait Cell {
    /// Whether it is of a column of this kind.
    fn is_of(kind: Kind) -> bool;

    /// Appends it to a column of its kind; tells whether it was one, and whether the cell is NULL.
    fn push(self, column: &mut ColumnBuilder) -> Pushed;
}

/// What became of a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    Value,
    Null,
    /// The column is of another kind.
    Refused,
}

impl Pushed {
    const fn of(is_null: bool) -> Self {
        if is_null { Self::Null } else { Self::Value }
    }
}

/// The month of a time.
pub(crate) struct Month(pub(crate) UnixSeconds);

/// A path of the ledger.
pub(crate) struct Path<'a>(pub(crate) &'a str);

/// Labels of the operator's list.
pub(crate) struct Labels<'a>(pub(crate) LabelSet, pub(crate) &'a AllowList);

/// The cells of types whose values may be NULL: how each is appended to which column.
macro_rules! cell {
    ($type:ty, $kind:pat, $column:ident, |$value:ident| $stored:expr) => {
        impl Cell for Option<$type> {
            fn is_of(kind: Kind) -> bool {
                matches!(kind, $kind)
            }

            #[inline]
            fn push(self, column: &mut ColumnBuilder) -> Pushed {
                let ColumnBuilder::$column(builder) = column else { return Pushed::Refused };
                match &self {
                    Some($value) => builder.append_value($stored),
                    None => builder.append_null(),
                }
                Pushed::of(self.is_none())
            }
        }

        impl Cell for $type {
            fn is_of(kind: Kind) -> bool {
                Option::<Self>::is_of(kind)
            }

            #[inline]
            fn push(self, column: &mut ColumnBuilder) -> Pushed {
                Some(self).push(column)
            }
        }
    };
}

cell!(i64, Kind::Integer, Integer, |value| *value);
cell!(bool, Kind::Boolean, Boolean, |value| *value);
cell!(UnixSeconds, Kind::Timestamp, Time, |time| time.0 * 1_000_000);
cell!(&'static str, Kind::Enum(_), Text, |word| word);
cell!(Pseudonym, Kind::Pseudonym, Text, |pseudonym| pseudonym.as_str());
cell!(PolicyKey, Kind::PolicyKey, Text, |key| key.as_str());
cell!(&RunId, Kind::RunId, Text, |id| id.as_str());
cell!(Path<'_>, Kind::PathShape, Text, |path| path.0);

impl Cell for Month {
    fn is_of(kind: Kind) -> bool {
        matches!(kind, Kind::Month)
    }

    #[inline]
    fn push(self, column: &mut ColumnBuilder) -> Pushed {
        let ColumnBuilder::Month(builder, months) = column else { return Pushed::Refused };
        builder.append_value(months.of(self.0));
        Pushed::Value
    }
}

impl Cell for Labels<'_> {
    fn is_of(kind: Kind) -> bool {
        matches!(kind, Kind::Labels)
    }

    fn push(self, column: &mut ColumnBuilder) -> Pushed {
        let ColumnBuilder::Text(builder) = column else { return Pushed::Refused };
        builder.append_option(self.1.text(self.0));
        Pushed::of(self.0.is_empty())
    }
}

/// The values of a column.
pub(crate) enum ColumnBuilder {
    Integer(Int64Builder),
    Boolean(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
    Month(StringBuilder, Months),
    Text(StringBuilder),
}

impl ColumnBuilder {
    fn new(kind: Kind, (rows, bytes): (usize, usize)) -> Self {
        let texts = || StringBuilder::with_capacity(rows, bytes);
        match kind {
            Kind::Integer => Self::Integer(Int64Builder::with_capacity(rows)),
            Kind::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            Kind::Timestamp => {
                Self::Time(TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC"))
            }
            Kind::Month => Self::Month(texts(), Months::default()),
            _ => Self::Text(texts()),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Integer(mut builder) => Arc::new(builder.finish()),
            Self::Boolean(mut builder) => Arc::new(builder.finish()),
            Self::Time(mut builder) => Arc::new(builder.finish()),
            Self::Month(mut builder, _) | Self::Text(mut builder) => Arc::new(builder.finish()),
        }
    }
}

/// The cells of a whole row with the names of their columns.
pub(crate) trait Cells {
    /// Hands each to its column, in order; how many there are.
    fn push(self, row: &mut Row<'_>) -> usize;
}

macro_rules! cells {
    ($($cell:ident)*) => {
        impl<$($cell: Cell),*> Cells for ($((&'static str, $cell),)*) {
            #[inline]
            #[expect(non_snake_case, reason = "a variable is called as its type")]
            fn push(self, row: &mut Row<'_>) -> usize {
                let ($($cell,)*) = self;
                $(row.push($cell.0, $cell.1);)*
                [$(stringify!($cell)),*].len()
            }
        }
    };
}

// Of organizations, agents, the ledger, metric events, events, metric sets and tickets.
cells!(A B C D E);
cells!(A B C D E F G H I J);
cells!(A B C D E F G H I J K L M N);
cells!(A B C D E F G H I J K L M N O P Q R S);
cells!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z A1 B1 C1 D1 E1);
cells!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z A1 B1 C1 D1);

/// A row that is being appended.
pub(crate) struct Row<'t> {
    table: &'static Table,
    columns: std::iter::Zip<std::slice::IterMut<'t, ColumnBuilder>, std::slice::Iter<'static, Column>>,
    is_compared: bool,
}

impl Row<'_> {
    #[inline]
    fn push<C: Cell>(&mut self, name: &str, cell: C) {
        let Some((builder, column)) = self.columns.next() else { unfit(self.table, name) };
        if !self.is_compared && (name != column.name || !C::is_of(column.kind)) {
            unfit(self.table, name);
        }
        match cell.push(builder) {
            Pushed::Value => {}
            Pushed::Null if column.is_nullable => {}
            _ => unfit(self.table, name),
        }
    }
}

/// A mistake of ours, which no page can bring about.
#[cold]
#[expect(clippy::panic, reason = "a row that does not fit its table is a mistake in this crate")]
fn unfit(table: &Table, name: &str) -> ! {
    panic!("{name} is not the next column of {}, or of another kind", table.name)
}

/// A table's rows on their way into a [`CleanBatch`].
pub(crate) struct TableBuilder {
    table: &'static Table,
    columns: Vec<ColumnBuilder>,
    /// Whether the names and kinds of a row were compared with the columns.
    is_compared: bool,
}

impl TableBuilder {
    pub(crate) fn new(table: &'static Table, room: &Room) -> Self {
        let columns = table.columns.iter().enumerate();
        let columns =
            columns.map(|(at, column)| ColumnBuilder::new(column.kind, room.of(table, at))).collect();
        Self { table, columns, is_compared: false }
    }

    /// Appends a row: every column of the table, by name and in order. Anything else is a mistake of ours, which no
    /// page can bring about. Rows of a table are written at one place of the code, so that the first one's names and
    /// types stand for all.
    pub(crate) fn row(&mut self, cells: impl Cells) {
        let columns = self.columns.iter_mut().zip(self.table.columns);
        let mut row = Row { table: self.table, columns, is_compared: self.is_compared };
        let n_cells = cells.push(&mut row);
        assert_eq!(n_cells, self.table.columns.len(), "a row of {} has all columns", self.table.name);
        self.is_compared = true;
    }

    #[expect(clippy::expect_used, reason = "the builders are of the schema's types and of equal lengths")]
    pub(crate) fn finish(self) -> CleanBatch {
        let columns = self.columns.into_iter().map(ColumnBuilder::finish).collect();
        let batch = RecordBatch::try_new(self.table.schema(), columns).expect("columns of the table");
        CleanBatch::new(self.table, batch)
    }
}

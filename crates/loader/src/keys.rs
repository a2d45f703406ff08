//! Keys of rows, as what compares quickest: most tables have one integer, the others rows of bytes.

use arrow::array::{ArrayRef, AsArray};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use arrow::row::{Row, RowConverter, Rows, SortField};

/// Makes keys of the columns of a table's key.
#[derive(Debug)]
pub(crate) enum KeyMaker {
    /// Of one integer, which is its own key.
    Integer,
    Rows(RowConverter),
}

/// Keys of rows, in the order of the rows.
#[derive(Debug)]
pub(crate) enum Keys {
    Integers(ScalarBuffer<i64>),
    Rows(Rows),
}

/// The key of a row. Keys of one [`KeyMaker`] compare as the values do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key<'a> {
    Integer(i64),
    Row(Row<'a>),
}

impl KeyMaker {
    /// Makes keys of columns of these types.
    pub(crate) fn of(columns: &[ArrayRef]) -> Result<Self, ArrowError> {
        match columns {
            [only] if *only.data_type() == DataType::Int64 => Ok(Self::Integer),
            _ => row_converter(columns).map(Self::Rows),
        }
    }

    pub(crate) fn keys(&self, columns: &[ArrayRef]) -> Result<Keys, ArrowError> {
        match (self, columns) {
            (Self::Integer, [only]) => Ok(Keys::Integers(only.as_primitive::<Int64Type>().values().clone())),
            (Self::Integer, _) => Err(ArrowError::SchemaError("the key is not one column".to_owned())),
            (Self::Rows(converter), _) => converter.convert_columns(columns).map(Keys::Rows),
        }
    }
}

impl Keys {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Integers(integers) => integers.len(),
            Self::Rows(rows) => rows.num_rows(),
        }
    }

    /// The key of a row that is there.
    #[expect(clippy::indexing_slicing, reason = "whoever asks counts the rows")]
    pub(crate) fn at(&self, row: usize) -> Key<'_> {
        match self {
            Self::Integers(integers) => Key::Integer(integers[row]),
            Self::Rows(rows) => Key::Row(rows.row(row)),
        }
    }
}

/// What turns columns into rows of bytes that compare as the values do.
pub(crate) fn row_converter(columns: &[ArrayRef]) -> Result<RowConverter, ArrowError> {
    RowConverter::new(columns.iter().map(|column| SortField::new(column.data_type().clone())).collect())
}

//! Columns: their types in the lake and in the database.

use arrow::datatypes::{DataType, Schema, TimeUnit};

use crate::Error;

/// A database type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    BigInt,
    Double,
    Boolean,
    TimestampTz,
    Date,
    Text,
}

/// A column of a published table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: ColumnType,
}

impl ColumnType {
    fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Dictionary(_, values) => Self::of(values),
            DataType::Float16 | DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) => {
                Some(Self::Double)
            }
            DataType::Boolean => Some(Self::Boolean),
            DataType::Timestamp(..) => Some(Self::TimestampTz),
            DataType::Date32 | DataType::Date64 => Some(Self::Date),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(Self::Text),
            whole if whole.is_integer() => Some(Self::BigInt),
            _ => None,
        }
    }

    /// The type's name, as the catalogue of the database writes it.
    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::BigInt => "bigint",
            Self::Double => "double precision",
            Self::Boolean => "boolean",
            Self::TimestampTz => "timestamp with time zone",
            Self::Date => "date",
            Self::Text => "text",
        }
    }

    /// The one Arrow type from which the column is written.
    pub(crate) fn arrow(self) -> DataType {
        match self {
            Self::BigInt => DataType::Int64,
            Self::Double => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Date => DataType::Date32,
            Self::Text => DataType::Utf8,
        }
    }
}

/// The columns of a table with this schema.
pub(crate) fn columns(table: &str, schema: &Schema) -> Result<Vec<Column>, Error> {
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| match ColumnType::of(field.data_type()) {
        Some(kind) => Ok(Column { name: field.name().clone(), kind }),
        None => Err(Error::ColumnType {
            table: table.to_owned(),
            column: field.name().clone(),
            data_type: field.data_type().clone(),
        }),
    };
    schema.fields().iter().map(column).collect()
}

//! Rows of the warehouse as PostgreSQL's binary COPY (protocol documentation, "COPY": file formats, binary format),
//! sent batch by batch: no more than a batch and a buffer is held.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray,
};
use arrow::array::{RecordBatch, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use bytes::{BufMut, Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use tokio_postgres::{CopyInSink, Transaction};

use crate::columns::{Column, ColumnType};
use crate::relation::Rows;
use crate::{Error, names};

/// Signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// In the place of a row's number of fields: the end.
const TRAILER: i16 = -1;
/// In the place of a field's length.
const NULL: i32 = -1;
/// Size from which the buffer is sent.
const BUFFER_BYTES: usize = 256 * 1024;
/// 2000-01-01 in microseconds since 1970: PostgreSQL counts from there.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// 2000-01-01 in days since 1970.
const EPOCH_DAYS: i32 = 10_957;

/// What was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// Sends all rows of a stream into a table.
pub(crate) async fn copy(
    transaction: &Transaction<'_>,
    (schema, table): (&str, &str),
    columns: &[Column],
    mut rows: Rows,
) -> Result<Sent, Error> {
    let failed = |error| Error::statement(format!("send rows of {table}"), error);
    let list = names::quoted_list(columns.iter().map(|column| column.name.as_str()));
    let statement = format!("copy {} ({list}) from stdin (format binary)", names::qualified(schema, table));
    let sink: CopyInSink<Bytes> = transaction.copy_in(&statement).await.map_err(failed)?;
    let mut sink = std::pin::pin!(sink);
    let mut sent = Sent::default();
    let mut buffer = BytesMut::with_capacity(2 * BUFFER_BYTES);
    buffer.put_slice(HEADER);
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        let values = values(&batch, columns).map_err(|source| Error::read(table, source))?;
        for row in 0..batch.num_rows() {
            buffer.put_i16(columns.len() as i16);
            for column in &values {
                column.put(row, &mut buffer);
            }
            if buffer.len() >= BUFFER_BYTES {
                sent.bytes += buffer.len() as u64;
                sink.send(buffer.split().freeze()).await.map_err(failed)?;
            }
        }
    }
    buffer.put_i16(TRAILER);
    sent.bytes += buffer.len() as u64;
    sink.send(buffer.freeze()).await.map_err(failed)?;
    sent.rows = sink.as_mut().finish().await.map_err(failed)?;
    Ok(sent)
}

/// A column of a batch, as what it is in the database.
enum Values {
    BigInt(Int64Array),
    Double(Float64Array),
    Boolean(BooleanArray),
    TimestampTz(TimestampMicrosecondArray),
    Date(Date32Array),
    Text(StringArray),
}

fn values(batch: &RecordBatch, columns: &[Column]) -> Result<Vec<Values>, ArrowError> {
    let pairs = batch.columns().iter().zip(columns);
    pairs.map(|(array, column)| Ok(Values::new(&cast(array, &column.kind.arrow())?, column.kind))).collect()
}

impl Values {
    fn new(array: &ArrayRef, kind: ColumnType) -> Self {
        match kind {
            ColumnType::BigInt => Self::BigInt(array.as_primitive::<Int64Type>().clone()),
            ColumnType::Double => Self::Double(array.as_primitive::<Float64Type>().clone()),
            ColumnType::Boolean => Self::Boolean(array.as_boolean().clone()),
            ColumnType::TimestampTz => {
                Self::TimestampTz(array.as_primitive::<TimestampMicrosecondType>().clone())
            }
            ColumnType::Date => Self::Date(array.as_primitive::<Date32Type>().clone()),
            ColumnType::Text => Self::Text(array.as_string::<i32>().clone()),
        }
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::BigInt(array) => array.is_null(row),
            Self::Double(array) => array.is_null(row),
            Self::Boolean(array) => array.is_null(row),
            Self::TimestampTz(array) => array.is_null(row),
            Self::Date(array) => array.is_null(row),
            Self::Text(array) => array.is_null(row),
        }
    }

    fn put(&self, row: usize, buffer: &mut BytesMut) {
        if self.is_null(row) {
            return buffer.put_i32(NULL);
        }
        match self {
            Self::BigInt(array) => put_eight(buffer, array.value(row)),
            Self::Double(array) => put_eight(buffer, array.value(row).to_bits() as i64),
            Self::TimestampTz(array) => put_eight(buffer, array.value(row).saturating_sub(EPOCH_MICROS)),
            Self::Date(array) => {
                buffer.put_i32(4);
                buffer.put_i32(array.value(row).saturating_sub(EPOCH_DAYS));
            }
            Self::Boolean(array) => {
                buffer.put_i32(1);
                buffer.put_u8(u8::from(array.value(row)));
            }
            Self::Text(array) => {
                let text = array.value(row).as_bytes();
                buffer.put_i32(text.len() as i32);
                buffer.put_slice(text);
            }
        }
    }
}

fn put_eight(buffer: &mut BytesMut, value: i64) {
    buffer.put_i32(8);
    buffer.put_i64(value);
}

//! Is a data file what the log says it is?

use deltalake_core::DeltaTable;
use object_store::ObjectStoreExt as _;

use crate::{DataFile, Error, busy, fetch_file};

/// What is wrong with a data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFault {
    /// It is not there.
    Missing,
    /// It is not as long as the log says.
    Length,
    /// It cannot be read to its end, does not hold as many rows as the log says, or is not the file that was written: its
    /// name is a hash of what was.
    Unreadable,
}

/// Reads the whole file and tells what is wrong with it; None when nothing is. An error is the storage's.
pub async fn verify_file(
    table: &DeltaTable,
    name: &str,
    file: &DataFile,
) -> Result<Option<FileFault>, Error> {
    let meta = match table.object_store().head(&file.path).await {
        Ok(meta) => meta,
        Err(object_store::Error::NotFound { .. }) => return Ok(Some(FileFault::Missing)),
        Err(error) => return Err(Error::storage("look at file", &file.path, &error)),
    };
    if meta.size != file.bytes {
        return Ok(Some(FileFault::Length));
    }
    let state = table.snapshot().map_err(|error| Error::table("read log of", name, &error))?;
    let schema = state.snapshot().arrow_schema();
    let fetched = fetch_file(table, name, file).await?;
    let written = file.path.filename().unwrap_or_default().to_owned();
    let counted = busy(move || {
        let batches = fetched.batches(&schema)?;
        let rows = batches.map(|batch| Ok(batch?.num_rows() as u64)).sum::<Result<u64, Error>>()?;
        Ok((fetched.is_as_named(&written), rows))
    });
    let Ok((true, rows)) = counted.await else { return Ok(Some(FileFault::Unreadable)) };
    Ok(file.rows.is_some_and(|told| told != rows).then_some(FileFault::Unreadable))
}

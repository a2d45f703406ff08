//! Is what the log promises there? And if it is not: what can be had again is had again.

use deskmeter_lake::{
    Change, ConnectionLake, DataFile, DeltaTable, FileFault, LogFault, commit, data_files, log_faults,
    orphans, repair_log, verify_file,
};
use deskmeter_tables::{ALL, TICKET_METRIC_SETS, TICKETS, Table};

use crate::commit::POSITION;
use crate::{Error, Loader, open};

/// Something that is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the table.
    pub table: String,
    /// File it is about, below the table's folder; empty when it is the log as a whole.
    pub path: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A data file is not there.
    Missing,
    /// A data file is not as long as the log says.
    Length,
    /// A data file is no Parquet, or does not hold the rows that the log says.
    Unreadable,
    /// A data file that no commit knows: a writer died before its commit. Harmless; housekeeping deletes it.
    Orphan,
    /// The newest commit is cut off: a repair takes it away, and its rows come again.
    Torn,
    /// A checkpoint is missing or damaged: a repair takes it away, and the log is read without it.
    Checkpoint,
    /// A commit that others build on is missing or damaged. It cannot be had again: the table must be made anew.
    Log,
}

impl Fault {
    /// Whether rows are lost by it.
    pub const fn loses_rows(self) -> bool {
        !matches!(self, Self::Orphan)
    }
}

impl From<LogFault> for Fault {
    fn from(fault: LogFault) -> Self {
        match fault {
            LogFault::Torn => Self::Torn,
            LogFault::Commit => Self::Log,
            LogFault::Checkpoint => Self::Checkpoint,
        }
    }
}

impl From<FileFault> for Fault {
    fn from(fault: FileFault) -> Self {
        match fault {
            FileFault::Missing => Self::Missing,
            FileFault::Length => Self::Length,
            FileFault::Unreadable => Self::Unreadable,
        }
    }
}

/// Reads every table of the connection from end to end, marts too, and tells what is wrong. Changes nothing; a table
/// that does not exist yet is in order.
pub async fn check(lake: &ConnectionLake) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for table in ALL {
        findings.extend(check_table(lake, table.name).await?);
    }
    for mart in marts(lake).await? {
        findings.extend(check_table(lake, &mart).await?);
    }
    Ok(findings)
}

/// Tables that are made from the collected ones.
async fn marts(lake: &ConnectionLake) -> Result<Vec<String>, Error> {
    let mut names = lake.table_names().await.map_err(Error::Lake)?;
    names.retain(|name| ALL.iter().all(|table| table.name != name));
    Ok(names)
}

async fn check_table(lake: &ConnectionLake, name: &str) -> Result<Vec<Finding>, Error> {
    let finding = |path: String, fault| Finding { table: name.to_owned(), path, fault };
    let broken = log_faults(lake, name).await.map_err(Error::Lake)?;
    let mut findings: Vec<_> =
        broken.iter().map(|(path, fault)| finding(path.to_string(), (*fault).into())).collect();
    let handle = match lake.table(name).await {
        Ok(Some(handle)) => handle,
        Ok(None) => return Ok(findings),
        Err(deskmeter_lake::Error::Table { .. }) => {
            if findings.is_empty() {
                findings.push(finding(String::new(), Fault::Log));
            }
            return Ok(findings);
        }
        Err(error) => return Err(Error::Lake(error)),
    };
    let damaged = broken_files(&handle, name).await?;
    findings.extend(damaged.into_iter().map(|(file, fault)| finding(file.path.to_string(), fault)));
    let unknown = orphans(&handle, name).await.map_err(Error::Lake)?;
    findings.extend(unknown.into_iter().map(|path| finding(path, Fault::Orphan)));
    Ok(findings)
}

async fn broken_files(handle: &DeltaTable, name: &str) -> Result<Vec<(DataFile, Fault)>, Error> {
    let mut broken = Vec::new();
    for file in data_files(handle, name).map_err(Error::Lake)? {
        if let Some(fault) = verify_file(handle, name, &file).await.map_err(Error::Lake)? {
            broken.push((file, fault.into()));
        }
    }
    Ok(broken)
}

/// Takes damaged marts away, whole: they are made anew from the collected tables. Gives the number of damaged files. It
/// needs the run's lease.
pub async fn repair_marts(lake: &ConnectionLake) -> Result<u64, Error> {
    let mut files = 0;
    for mart in marts(lake).await? {
        let damaged = check_table(lake, &mart).await?.iter().filter(|found| found.fault.loses_rows()).count();
        if damaged > 0 {
            lake.remove_table(&mart).await.map_err(Error::Lake)?;
            files += damaged as u64;
        }
    }
    Ok(files)
}

/// Takes away a newest commit that is cut off and checkpoints that cannot be read, so that the tables open again. Gives
/// the number of files. It needs the run's lease.
pub async fn repair_logs(lake: &ConnectionLake) -> Result<u64, Error> {
    let mut files = 0;
    for table in ALL {
        files += repair_log(lake, table.name).await.map_err(Error::Lake)?;
    }
    Ok(files)
}

impl Loader {
    /// Takes broken files out of their tables and forgets the position of the streams that filled them, so that the
    /// next run reads these streams from the start and has the rows again; gives the number of files. Rows of the
    /// privacy ledger cannot be had again. It needs the run's lease.
    pub async fn repair(&mut self) -> Result<u64, Error> {
        let mut files = 0;
        for table in ALL {
            self.reload(table).await?;
            let broken = broken_files(self.handle(table)?, table.name).await?;
            if broken.is_empty() {
                continue;
            }
            // The position first: a repair that dies in between is done again, rows that are not read again are lost.
            let cursor = if table == &TICKET_METRIC_SETS { &TICKETS } else { table };
            if cursor != table {
                self.commit_repair(cursor, &[]).await?;
            }
            self.commit_repair(table, &broken).await?;
            files += broken.len() as u64;
        }
        Ok(files)
    }

    async fn commit_repair(
        &mut self,
        table: &'static Table,
        broken: &[(DataFile, Fault)],
    ) -> Result<(), Error> {
        let fence = self.options.fence;
        let handle = self.handle(table)?;
        open::refuse_fenced(handle, table, fence).await?;
        let mut change = Change::settings();
        change.fence = Some(fence);
        change.removes = broken.iter().map(|(file, _)| file.remove(true)).collect();
        change.configuration.insert(POSITION.to_owned(), None);
        commit(handle, table.name, change).await.map(|_| ()).map_err(Error::Lake)
    }
}

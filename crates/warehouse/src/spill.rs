//! Where sorts and joins put rows that memory cannot hold: in files without a name, so that the system itself lets go
//! of them when the process ends, however it ends. Files of a temporary folder outlived a kill, and a disconnect.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use datafusion::error::Result;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::{SpillFile, SpillWriter, TempFileFactory};
use futures::stream::{self, Stream};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 128 << 10;

/// Spills into nameless files on the disk of this folder.
pub(crate) fn spill_in(folder: &Path) -> DiskManagerBuilder {
    let files = Arc::new(Nameless { folder: folder.to_path_buf() });
    DiskManagerBuilder::default().with_mode(DiskManagerMode::Custom(files))
}

struct Nameless {
    folder: PathBuf,
}

impl TempFileFactory for Nameless {
    fn create_temp_file(&self, _description: &str) -> Result<Arc<dyn SpillFile>> {
        let file = tempfile::tempfile_in(&self.folder)?;
        Ok(Arc::new(Spilled { file: Arc::new(file), size: Arc::default() }))
    }
}

struct Spilled {
    file: Arc<File>,
    size: Arc<AtomicU64>,
}

impl SpillFile for Spilled {
    fn size(&self) -> Option<u64> {
        Some(self.size.load(Ordering::Relaxed))
    }

    fn read_stream(&self) -> Result<Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>> {
        let file = Arc::clone(&self.file);
        Ok(Box::pin(stream::try_unfold((file, 0), |(file, at)| async move {
            let read = Arc::clone(&file);
            let chunk = tokio::task::spawn_blocking(move || chunk_at(&read, at)).await;
            let chunk = chunk.map_err(std::io::Error::from)??;
            let next = at + chunk.len() as u64;
            Ok((!chunk.is_empty()).then_some((chunk, (file, next))))
        })))
    }

    fn open_writer(&self) -> Result<Box<dyn SpillWriter>> {
        Ok(Box::new(Writer { file: Arc::clone(&self.file), size: Arc::clone(&self.size) }))
    }
}

/// The bytes from an offset, none at the end. Readers have no position in common, neither with each other nor with a
/// writer.
fn chunk_at(file: &File, at: u64) -> std::io::Result<Bytes> {
    let mut chunk = vec![0; CHUNK_BYTES];
    #[cfg(unix)]
    let length = std::os::unix::fs::FileExt::read_at(file, &mut chunk, at)?;
    #[cfg(windows)]
    let length = std::os::windows::fs::FileExt::seek_read(file, &mut chunk, at)?;
    chunk.truncate(length);
    Ok(chunk.into())
}

/// Writes at the position of the file, which nobody else uses.
struct Writer {
    file: Arc<File>,
    size: Arc<AtomicU64>,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let length = (&*self.file).write(bytes)?;
        self.size.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl SpillWriter for Writer {
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, RecordBatch};
    use arrow::datatypes::Int64Type;
    use datafusion::execution::memory_pool::FairSpillPool;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::physical_plan::{ExecutionPlan, collect};
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    const ROWS: i64 = 400_000;

    fn spills(plan: &Arc<dyn ExecutionPlan>) -> usize {
        let own = plan.metrics().and_then(|metrics| metrics.spill_count()).unwrap_or(0);
        own + plan.children().into_iter().map(spills).sum::<usize>()
    }

    fn is_sorted(batches: &[RecordBatch]) -> bool {
        let numbers =
            batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().iter());
        numbers.is_sorted()
    }

    #[tokio::test]
    async fn rows_that_do_not_fit_are_sorted_by_way_of_files_that_no_folder_shows() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(12 << 20)))
            .with_disk_manager_builder(spill_in(folder.path()))
            .build_arc()
            .unwrap();
        let config = SessionConfig::new()
            .with_target_partitions(1)
            .set_u64("datafusion.execution.sort_spill_reservation_bytes", 1 << 20);
        let context = SessionContext::new_with_config_rt(config, runtime);
        let sql = format!(
            "select (value * 7919) % {ROWS} as number, repeat('x', 40) as filler from range(0, {ROWS}) order by 1"
        );
        let plan = context.sql(&sql).await.unwrap().create_physical_plan().await.unwrap();
        let sorted = collect(Arc::clone(&plan), context.task_ctx()).await.unwrap();
        assert_eq!(sorted.iter().map(RecordBatch::num_rows).sum::<usize>(), usize::try_from(ROWS).unwrap());
        assert!(is_sorted(&sorted));
        assert!(spills(&plan) > 1, "nothing was spilled");

        // Also while a file is written and read there is nothing that a kill could leave.
        let spilled = Nameless { folder: folder.path().to_path_buf() }.create_temp_file("a test").unwrap();
        spilled.open_writer().unwrap().write_all(&vec![7; CHUNK_BYTES + 1]).unwrap();
        assert_eq!(spilled.size(), Some(CHUNK_BYTES as u64 + 1));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        for _ in 0..2 {
            let chunks: Vec<Bytes> =
                futures::TryStreamExt::try_collect(spilled.read_stream().unwrap()).await.unwrap();
            assert_eq!(chunks.iter().map(Bytes::len).collect::<Vec<_>>(), [CHUNK_BYTES, 1]);
        }
    }

    #[tokio::test]
    async fn a_folder_that_takes_no_file_fails_when_rows_are_spilled_and_not_before() {
        let nowhere = PathBuf::from("no-such-folder");
        let runtime = RuntimeEnvBuilder::new().with_disk_manager_builder(spill_in(&nowhere)).build_arc();
        let runtime = runtime.unwrap();
        assert!(runtime.disk_manager.create_tmp_file("a test").is_err());
    }
}

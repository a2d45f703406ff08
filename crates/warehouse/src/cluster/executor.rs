//! The process that runs tasks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ballista_core::config::TaskSchedulingPolicy;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;

use super::stores::Stores;
use super::{MESSAGE_BYTES_MAX, codec};
use crate::Error;
use crate::spill::spill_in;

/// How an executor runs.
#[derive(Debug, Clone)]
pub struct ExecutorOptions {
    /// Host of the scheduler.
    pub scheduler_host: String,
    /// Port of the scheduler.
    pub scheduler_port: u16,
    /// Where clients and other executors fetch rows.
    pub bind: SocketAddr,
    /// Port on the same host where the scheduler hands in tasks.
    pub task_port: u16,
    /// Tasks that run side by side.
    pub cores: usize,
    /// Memory of all tasks together, in bytes; beyond it they spill.
    pub memory_limit_bytes: u64,
    /// Folder for rows on their way between stages. Whatever is in it is deleted at start and at the end: best on an
    /// encrypted or a memory-backed file system.
    pub work_dir: PathBuf,
    /// Credentials of the object store, as in [`deskmeter_lake::object_store`].
    pub store_options: BTreeMap<String, String>,
}

/// Runs tasks until the process is asked to stop.
pub async fn executor(options: &ExecutorOptions) -> Result<(), Error> {
    let folder = options.work_dir.join("deskmeter-executor");
    wipe(&folder)?;
    let result = start_executor_process(Arc::new(config(options, &folder))).await;
    wipe(&folder)?;
    result.map_err(Error::cluster)
}

fn config(options: &ExecutorOptions, folder: &Path) -> ExecutorProcessConfig {
    let message_bytes = u32::try_from(MESSAGE_BYTES_MAX).unwrap_or(u32::MAX);
    let stores = Arc::new(Stores::new(options.store_options.clone()));
    let spill = folder.to_path_buf();
    ExecutorProcessConfig {
        bind_host: options.bind.ip().to_string(),
        external_host: Some(options.bind.ip().to_string()),
        port: options.bind.port(),
        grpc_port: options.task_port,
        scheduler_host: options.scheduler_host.clone(),
        scheduler_port: options.scheduler_port,
        scheduler_connect_timeout_seconds: 30,
        vcores: options.cores,
        task_scheduling_policy: TaskSchedulingPolicy::PushStaged,
        work_dir: Some(folder.display().to_string()),
        job_data_ttl_seconds: super::SHUFFLE_SECONDS,
        job_data_clean_up_interval_seconds: super::SHUFFLE_SECONDS,
        grpc_max_decoding_message_size: message_bytes,
        grpc_max_encoding_message_size: message_bytes,
        memory_pool_size: Some(options.memory_limit_bytes),
        override_runtime_producer: Some(Arc::new(move |_| {
            RuntimeEnvBuilder::new()
                .with_object_store_registry(Arc::clone(&stores) as _)
                .with_disk_manager_builder(spill_in(&spill))
                .build_arc()
        })),
        override_logical_codec: Some(Arc::new(codec::Logical::default())),
        override_physical_codec: Some(Arc::new(codec::Physical::default())),
        ..ExecutorProcessConfig::default()
    }
}

/// An empty folder that only this user may read.
fn wipe(folder: &Path) -> Result<(), Error> {
    let failed = |source| Error::table("clear", "work folder", source);
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(failed)?;
    }
    std::fs::create_dir_all(folder).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

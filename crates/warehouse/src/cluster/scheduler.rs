//! The process that plans stages and hands out tasks.

use std::net::SocketAddr;
use std::sync::Arc;

use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;

use super::{MESSAGE_BYTES_MAX, codec};
use crate::Error;

/// How a scheduler runs.
#[derive(Debug, Clone)]
pub struct SchedulerOptions {
    /// Where clients and executors reach it.
    pub bind: SocketAddr,
}

/// Serves until the process is asked to stop.
pub async fn scheduler(options: &SchedulerOptions) -> Result<(), Error> {
    let message_bytes = u32::try_from(MESSAGE_BYTES_MAX).unwrap_or(u32::MAX);
    let config = SchedulerConfig {
        bind_host: options.bind.ip().to_string(),
        external_host: options.bind.ip().to_string(),
        bind_port: options.bind.port(),
        override_logical_codec: Some(Arc::new(codec::Logical::default())),
        override_physical_codec: Some(Arc::new(codec::Physical::default())),
        grpc_server_max_decoding_message_size: message_bytes,
        grpc_server_max_encoding_message_size: message_bytes,
        grpc_client_max_message_size: message_bytes,
        // Shuffle files hold rows: they go as soon as their job's answer can have been fetched.
        finished_job_data_clean_up_interval_seconds: super::SHUFFLE_SECONDS,
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await.map_err(Error::cluster)?;
    start_server(cluster, options.bind, Arc::new(config)).await.map_err(Error::cluster)
}

//! Joins the parts into runs: reads the pipeline file, connects an account, syncs it page by page into the lake, has
//! the marts refreshed, and tells how a connection stands. What a run does is here; how each step works is in the
//! crate that it calls.

mod audit;
mod config;
mod connect;
mod context;
mod disconnect;
mod error;
mod explain;
mod maintain;
mod observer;
mod open;
mod plan;
mod probe;
mod publish;
mod rekey;
mod state;
mod status;
mod stop;
mod sync;
mod tokens;

pub use audit::{LastAudit, audit_privacy, last_audit};
pub use config::{
    ConnectionConfig, LabelConfig, LakeConfig, PipelineFile, PrivacyConfig, Problem, PublishConfig,
    ScheduleConfig, StateConfig, SyncConfig, WarehouseConfig, schema,
};
pub use connect::{ConnectReport, Pending, begin_authorization, connect};
pub use context::{Clock, Context, Environment, Shares, Storage};
pub use deskmeter_connections::Totals;
pub use deskmeter_extractor::Clock as Timer;
pub use disconnect::{
    DisconnectReport, LastReceipt, disconnect, last_receipt, purge, resume_deletion, verify_receipt,
};
pub use error::{Error, ErrorKind};
pub use explain::{explain, story};
pub use maintain::{check_lake, erase_ticket, repair_lake};
pub use observer::{Event, Observer, Silent};
pub use open::{
    Answer, cloud_options, new_warehouse, newest_entries, open_lake, open_warehouse, open_warehouse_for,
    open_warehouses, query, query_all,
};
pub use plan::{PlanReport, Range, StreamPlan, plan, plan_unasked};
pub use probe::{Check, CheckScope, check};
pub use publish::{DATABASE_URL, export, publish};
pub use rekey::{RekeyReport, rekey};
pub use status::{ConnectionStatus, DeletionState, NoData, Run, StreamState, runs, status};
pub use stop::Stop;
pub use sync::{StreamReport, SyncOptions, SyncReport, sync};

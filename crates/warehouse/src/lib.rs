//! The warehouse: runs the models of `sql/` with DataFusion over the tables of a connection, keeps the marts beside
//! them, and answers read-only questions. Time is a value (`$as_of`): the same tables give the same marts.

mod business_time;
#[cfg(feature = "ballista")]
mod cluster;
mod engine;
mod error;
mod explain;
mod fill_down;
mod group_windows;
mod held;
mod models;
mod options;
mod planned;
mod query;
mod reader;
mod refresh;
mod session;
mod snapshot;
mod spill;
mod staging;
mod store;
mod warehouse;

pub use business_time::{Days, NoDays, time_zone_problem};
#[cfg(feature = "ballista")]
pub use cluster::{ExecutorOptions, SchedulerOptions, executor, scheduler};
pub use engine::Engine;
pub use error::Error;
pub use explain::{Explanation, Piece, Row, Story, Total, Window, WindowKind};
pub use held::Room;
pub use models::{
    Catalogue, Check, Decision, Description, Explain, Layer, Model, ModelColumn, OwnCheck, Severity, Summed,
    SumsByDay, decisions,
};
pub use options::{AppliesTo, Definitions, Hours, LabelSpec, ScheduleSpec, WarehouseOptions};
pub use refresh::{CheckReport, CheckSummary, ModelReport, RefreshReport, RefreshScope, Touched, Untold};
pub use store::{LakeTables, MemoryTables, Parts, Store};
pub use warehouse::Warehouse;

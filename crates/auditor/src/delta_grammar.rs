//! What the actions of a Delta log may say, as data. A key that is not here is a finding.
//! Source: the Delta transaction log protocol, and what delta-rs writes.

use crate::Part;

/// What may stand at a key. NULL may stand anywhere.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// A number up to 2^53, also as text.
    Number,
    /// True or false, also as text.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Nothing but NULL, an empty text, an empty list or an empty object.
    Nothing,
    /// A universally unique id.
    Uuid,
    /// `delta-rs` and a version.
    Engine,
    /// The table's name.
    TableName,
    /// A sentence of ours: what a row or a column means.
    Sentence,
    /// The table's own address.
    Location,
    /// Path of a data file below the table.
    FilePath,
    /// Path of a part of a checkpoint.
    SidecarPath,
    /// Columns of the table, as a list, as its JSON text, or with commas between.
    Columns,
    /// Values of the partition columns.
    PartitionValues,
    /// Rows, NULLs and bounds by column, as JSON text.
    Statistics,
    /// The table's columns, as JSON text.
    Schema,
    /// The table's properties, also as JSON text.
    Configuration,
    /// Which rows a change was for: told nowhere.
    Predicate,
    /// An object with these keys, also as JSON text.
    Object(&'static [(&'static str, Shape)]),
    /// A list of words.
    Words(&'static [&'static str]),
    /// An object of numbers and times by any of these keys' names.
    Metrics,
}

use Shape::{
    Columns, Configuration, Engine, FilePath, Flag, Location, Metrics, Nothing, Number, Object,
    PartitionValues, Predicate, Schema, Sentence, SidecarPath, Statistics, TableName, Uuid, Word, Words,
};

/// An action: its key, the part that it is told as, and what it may hold.
pub(crate) const ACTIONS: &[(&str, Part, Shape)] = &[
    ("add", Part::LogAction, Object(ADD)),
    ("remove", Part::LogAction, Object(REMOVE)),
    ("metaData", Part::LogAction, Object(METADATA)),
    ("protocol", Part::LogAction, Object(PROTOCOL)),
    ("commitInfo", Part::CommitInfo, Object(COMMIT_INFO)),
    ("txn", Part::LogAction, Object(TRANSACTION)),
    ("checkpointMetadata", Part::LogAction, Object(&[("version", Number), ("tags", Nothing)])),
    ("sidecar", Part::LogAction, Object(SIDECAR)),
];

/// The file that names the newest checkpoint.
pub(crate) const LAST_CHECKPOINT: Shape = Object(&[
    ("version", Number),
    ("size", Number),
    ("parts", Number),
    ("sizeInBytes", Number),
    ("numOfAddFiles", Number),
    ("checkpointSchema", Nothing),
]);

const ADD: &[(&str, Shape)] = &[
    ("path", FilePath),
    ("partitionValues", PartitionValues),
    ("size", Number),
    ("modificationTime", Number),
    ("dataChange", Flag),
    ("stats", Statistics),
    ("tags", Nothing),
    ("deletionVector", Nothing),
    ("baseRowId", Number),
    ("defaultRowCommitVersion", Number),
    ("clusteringProvider", Nothing),
];

const REMOVE: &[(&str, Shape)] = &[
    ("path", FilePath),
    ("deletionTimestamp", Number),
    ("dataChange", Flag),
    ("extendedFileMetadata", Flag),
    ("partitionValues", PartitionValues),
    ("size", Number),
    ("stats", Statistics),
    ("tags", Nothing),
    ("deletionVector", Nothing),
    ("baseRowId", Number),
    ("defaultRowCommitVersion", Number),
];

const METADATA: &[(&str, Shape)] = &[
    ("id", Uuid),
    ("name", TableName),
    ("description", Sentence),
    ("format", Object(&[("provider", Word(&["parquet"])), ("options", Nothing)])),
    ("schemaString", Schema),
    ("partitionColumns", Columns),
    ("createdTime", Number),
    ("configuration", Configuration),
];

/// Features of the protocol that our tables may have.
const FEATURES: &[&str] =
    &["appendOnly", "invariants", "timestampNtz", "vacuumProtocolCheck", "v2Checkpoint"];

const PROTOCOL: &[(&str, Shape)] = &[
    ("minReaderVersion", Number),
    ("minWriterVersion", Number),
    ("readerFeatures", Words(FEATURES)),
    ("writerFeatures", Words(FEATURES)),
];

const TRANSACTION: &[(&str, Shape)] =
    &[("appId", Word(&[deskmeter_lake::FENCE])), ("version", Number), ("lastUpdated", Number)];

const SIDECAR: &[(&str, Shape)] =
    &[("path", SidecarPath), ("sizeInBytes", Number), ("modificationTime", Number), ("tags", Nothing)];

const COMMIT_INFO: &[(&str, Shape)] = &[
    ("timestamp", Number),
    ("inCommitTimestamp", Number),
    ("operation", Word(OPERATIONS)),
    ("operationParameters", Object(OPERATION_PARAMETERS)),
    ("operationMetrics", Metrics),
    ("engineInfo", Engine),
    ("clientVersion", Engine),
    ("readVersion", Number),
    ("isolationLevel", Word(&["Serializable", "WriteSerializable", "SnapshotIsolation"])),
    ("isBlindAppend", Flag),
    ("txnId", Uuid),
    ("userId", Nothing),
    ("userName", Nothing),
    ("userMetadata", Nothing),
    ("tags", Nothing),
];

const OPERATIONS: &[&str] = &[
    "CREATE TABLE",
    "CREATE OR REPLACE TABLE",
    "WRITE",
    "DELETE",
    "OPTIMIZE",
    "SET TBLPROPERTIES",
    "ADD COLUMN",
    "VACUUM START",
    "VACUUM END",
    "RESTORE",
];

const OPERATION_PARAMETERS: &[(&str, Shape)] = &[
    ("mode", Word(&["Append", "Overwrite", "ErrorIfExists", "Ignore"])),
    ("location", Location),
    ("metadata", Object(METADATA)),
    ("protocol", Object(PROTOCOL)),
    ("partitionBy", Columns),
    ("properties", Configuration),
    ("targetSize", Number),
    ("predicate", Predicate),
    ("readVersion", Number),
    ("retentionCheckEnabled", Flag),
    ("specifiedRetentionMillis", Number),
    ("defaultRetentionMillis", Number),
    ("status", Word(&["COMPLETED", "FAILED"])),
];

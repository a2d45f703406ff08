//! Opens what a pipeline file names, and says in its words what went wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use deskmeter_connections::{BucketVersions, Error as StateError, SealingKey};
use deskmeter_extractor::ErrorKind as FetchError;
use deskmeter_lake::{ConnectionLake, Lake, credentials, object_store};
use deskmeter_warehouse::{Definitions, Engine, Store, Warehouse, WarehouseOptions};
use deskmeter_zendesk::Stream;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;

use crate::error::{Error, ErrorKind};
use crate::state::OTHER_ADDRESS;
use crate::{Context, PipelineFile};

/// Credentials of every cloud, for a worker that is told only later where a lake lies. A cloud whose credentials cannot
/// be found is left out.
pub fn cloud_options(context: &Context) -> BTreeMap<String, String> {
    let clouds = ["s3://any", "gs://any", "az://any"].into_iter();
    clouds.filter_map(|url| credentials(url, &*context.environment).ok()).flatten().collect()
}

/// The store at a URL of the pipeline file or the command line, with the credentials of its cloud.
pub(crate) fn open_store(
    url: &str,
    context: &Context,
    what: &str,
) -> Result<(Arc<dyn ObjectStore>, Path), Error> {
    credentials(url, &*context.environment)
        .and_then(|options| object_store(url, &options))
        .map_err(|error| of_lake(what, error))
}

/// What a bucket at this URL may keep of deleted objects; None where the store is no S3.
pub(crate) fn bucket_versions(url: &str, context: &Context) -> Result<Option<Arc<BucketVersions>>, Error> {
    let what = "open the bucket's versions";
    let options = credentials(url, &*context.environment).map_err(|error| of_lake(what, error))?;
    let versions = BucketVersions::of(url, &options);
    Ok(versions.map_err(|error| Error::new(ErrorKind::Storage, what).because(error))?.map(Arc::new))
}

/// The lake with all its connections.
pub(crate) fn whole_lake(pipeline: &PipelineFile, context: &Context) -> Result<Lake, Error> {
    lake_at(&pipeline.lake_url(), context)
}

/// The lake at this URL.
pub(crate) fn lake_at(url: &str, context: &Context) -> Result<Lake, Error> {
    let lake = credentials(url, &*context.environment).and_then(|options| Lake::open(url, &options));
    Ok(lake.map_err(|error| of_lake("open the lake", error))?.behind(&*context.storage))
}

/// The connection's tables.
pub fn open_lake(pipeline: &PipelineFile, context: &Context) -> Result<ConnectionLake, Error> {
    Ok(whole_lake(pipeline, context)?.connection(&pipeline.connection.name))
}

/// The newest entry of every table's log, by the table's name: nothing was written as long as they stay the same.
pub async fn newest_entries(
    pipeline: &PipelineFile,
    context: &Context,
) -> Result<BTreeMap<String, String>, Error> {
    let lake = open_lake(pipeline, context)?;
    lake.newest_entries().await.map_err(|error| of_lake("look at the lake", error))
}

/// The keys of `key_env`: the first seals, all open.
pub(crate) fn sealing_keys(pipeline: &PipelineFile, context: &Context) -> Result<Vec<SealingKey>, Error> {
    let name = &pipeline.state.key_env;
    let how = "make one with: openssl rand -base64 32, and keep it where you keep secrets";
    let text = (context.environment)(name).ok_or_else(|| {
        Error::new(ErrorKind::Config, format!("environment variable {name} is not set")).next(how)
    })?;
    text.split(',')
        .map(|key| {
            SealingKey::from_text(key).map_err(|error| {
                Error::new(ErrorKind::Config, format!("read sealing key from {name}"))
                    .because(error)
                    .next(how)
            })
        })
        .collect()
}

/// The warehouse over the connection's tables.
pub async fn open_warehouse(pipeline: &PipelineFile, context: &Context) -> Result<Warehouse, Error> {
    let mut warehouse = new_warehouse(pipeline)?;
    warehouse.open(open_lake(pipeline, context)?).await.map_err(of_warehouse)?;
    Ok(warehouse)
}

/// The warehouse over those of the connection's tables alone that these statements read, and the operator's own marts.
pub async fn open_warehouse_for(
    pipeline: &PipelineFile,
    context: &Context,
    statements: impl IntoIterator<Item = &str>,
) -> Result<Warehouse, Error> {
    let mut warehouse = new_warehouse(pipeline)?;
    let opened = warehouse.open_for(open_lake(pipeline, context)?, statements).await;
    opened.map_err(of_warehouse)?;
    Ok(warehouse)
}

/// A warehouse over the tables of several connections as one: marts and collected tables have a column `connection`
/// before their own, and can be read only. Settings are those of the first pipeline file.
pub async fn open_warehouses(pipelines: &[PipelineFile], context: &Context) -> Result<Warehouse, Error> {
    let Some(first) = pipelines.first() else {
        return Err(Error::new(ErrorKind::Config, "open the connections: no pipeline file is named"));
    };
    let mut lakes = BTreeMap::new();
    for pipeline in pipelines {
        let name = &pipeline.connection.name;
        if lakes.insert(name.clone(), open_lake(pipeline, context)?).is_some() {
            return Err(Error::new(
                ErrorKind::Config,
                format!("open the connections: two files name {name}"),
            )
            .next("give each connection a name of its own"));
        }
    }
    let mut warehouse = new_warehouse(first)?;
    warehouse.open(Store::Union(lakes.into_iter().collect())).await.map_err(of_warehouse)?;
    Ok(warehouse)
}

/// A warehouse without tables: enough for the catalogue.
pub fn new_warehouse(pipeline: &PipelineFile) -> Result<Warehouse, Error> {
    Warehouse::new(warehouse_options(pipeline)).map_err(of_warehouse)
}

/// Digest of all that decides what the marts say of the same rows: the models with their checks, and the settings they
/// read. Marts of another digest are made anew.
pub(crate) fn definition(pipeline: &PipelineFile, warehouse: &Warehouse) -> String {
    let WarehouseOptions { schedules, tiers, labels, definitions, .. } = warehouse_options(pipeline);
    let said = format!(
        "{} {:?} {:?}",
        env!("CARGO_PKG_VERSION"),
        (schedules, tiers, labels, definitions),
        warehouse.catalogue()
    );
    blake3::hash(said.as_bytes()).to_hex().to_string()
}

/// How the warehouse is asked for in the pipeline file.
fn warehouse_options(pipeline: &PipelineFile) -> WarehouseOptions {
    let schedules = pipeline.schedules.iter().filter_map(|schedule| schedule.spec().ok()).collect();
    let config = &pipeline.warehouse;
    WarehouseOptions {
        schedules,
        tiers: pipeline.tiers(),
        engine: config.engine.parse::<Engine>().unwrap_or_default(),
        labels: pipeline.privacy.label_specs(),
        memory_limit_bytes: usize::try_from(config.memory_limit_bytes).unwrap_or(usize::MAX),
        target_partitions: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        models_dir: config.models_dir.as_ref().map(|dir| pipeline.folder.join(dir)),
        definitions: match config.definitions.as_str() {
            "all_schedules" => Definitions::AllSchedules,
            _ => Definitions::Zendesk,
        },
    }
}

/// Rows of a read-only statement over one connection, all at once.
pub async fn query(
    pipeline: &PipelineFile,
    context: &Context,
    sql: &str,
) -> Result<(SchemaRef, Vec<RecordBatch>), Error> {
    let mut answer = Answer::to(pipeline, context, sql).await?;
    let mut batches = Vec::new();
    while let Some(batch) = answer.next().await? {
        batches.push(batch);
    }
    Ok((answer.schema, batches))
}

/// Rows of a read-only statement over several connections, as [`open_warehouses`] shows them.
pub async fn query_all(
    pipelines: &[PipelineFile],
    context: &Context,
    sql: &str,
) -> Result<(SchemaRef, Vec<RecordBatch>), Error> {
    rows(&open_warehouses(pipelines, context).await?, sql).await
}

async fn rows(warehouse: &Warehouse, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>), Error> {
    let stream = warehouse.query(sql).await.map_err(of_warehouse)?;
    let schema = stream.schema();
    let batches = stream
        .try_collect()
        .await
        .map_err(|error| Error::new(ErrorKind::Query, "run the query").because(error))?;
    Ok((schema, batches))
}

/// Rows of a read-only statement as they are computed: no more than a few batches are held.
pub struct Answer {
    /// Names and types of the columns.
    pub schema: SchemaRef,
    batches: BoxStream<'static, Result<RecordBatch, Error>>,
    pipeline: PipelineFile,
}

impl Answer {
    /// Plans the statement over the tables as they are now.
    pub async fn to(pipeline: &PipelineFile, context: &Context, sql: &str) -> Result<Self, Error> {
        let warehouse = open_warehouse(pipeline, context).await?;
        let rows = warehouse.query(sql).await.map_err(of_warehouse);
        let rows = rows.map_err(|error| of_engine(pipeline, error))?;
        let schema = rows.schema();
        let failed = |error| Error::new(ErrorKind::Query, "run the query").because(error);
        Ok(Self { schema, batches: rows.map_err(failed).boxed(), pipeline: pipeline.clone() })
    }

    /// The next rows; none at the end.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        self.batches.try_next().await.map_err(|error| of_engine(&self.pipeline, error))
    }
}

/// The client's secret, where the file names one.
pub(crate) fn client_secret(
    pipeline: &PipelineFile,
    context: &Context,
) -> Result<Option<deskmeter_extractor::Secret>, Error> {
    let Some(name) = &pipeline.connection.client_secret_env else { return Ok(None) };
    let secret = (context.environment)(name).ok_or_else(|| {
        Error::new(ErrorKind::Config, format!("environment variable {name} is not set"))
            .next("set it to the OAuth client's secret, or take client_secret_env out for a public client")
    })?;
    Ok(Some(deskmeter_extractor::Secret::new(secret)))
}

pub(crate) fn of_lake(what: &str, error: deskmeter_lake::Error) -> Error {
    use deskmeter_lake::Error as E;
    let kind = match error {
        E::Url { .. } | E::Credentials { .. } | E::NewerContract { .. } => ErrorKind::Config,
        _ => ErrorKind::Storage,
    };
    Error::new(kind, what.to_owned()).because(error)
}

pub(crate) fn of_warehouse(error: deskmeter_warehouse::Error) -> Error {
    use deskmeter_warehouse::Error as E;
    let below = match &error {
        E::Table { source, .. } => source.downcast_ref::<deskmeter_lake::Error>(),
        _ => None,
    };
    let kind = match &error {
        _ if matches!(below, Some(deskmeter_lake::Error::NewerContract { .. })) => ErrorKind::Config,
        _ if matches!(below, Some(deskmeter_lake::Error::Fenced { .. })) => ErrorKind::Leased,
        E::Schedules(_) | E::Models(_) | E::ModelFile { .. } | E::ModelColumn { .. } => ErrorKind::Config,
        E::ReadOnly(_) | E::UnknownTable { .. } | E::UnknownColumn { .. } | E::Query(_) => ErrorKind::Query,
        E::Table { .. } => ErrorKind::Storage,
        error if is_of_storage(error) => ErrorKind::Storage,
        _ => ErrorKind::Bug,
    };
    let what = match kind {
        ErrorKind::Query => "run the query",
        ErrorKind::Storage | ErrorKind::Leased => "read or write the marts",
        _ => "prepare the warehouse",
    };
    Error::new(kind, what).because(error)
}

/// Whether a failure of the storage lies at the bottom: an engine that reads while it computes passes it on as its own.
fn is_of_storage(error: &(dyn std::error::Error + 'static)) -> bool {
    use object_store::Error as StoreError;
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(|cause| {
        cause.is::<StoreError>() || cause.is::<Box<StoreError>>() || cause.is::<std::io::Error>()
    })
}

/// A failure on a cluster says where to look, where it says nothing better.
pub(crate) fn of_engine(pipeline: &PipelineFile, error: Error) -> Error {
    let engine = &pipeline.warehouse.engine;
    if engine == "embedded" || error.next_step().is_some() {
        return error;
    }
    error.next(format!(
        "look whether the scheduler and an executor of {engine} run; `--engine embedded` does the work in this process"
    ))
}

pub(crate) fn of_fetch(error: deskmeter_extractor::Error) -> Error {
    let (kind, next) = match error.kind() {
        FetchError::NotAuthorized => (
            ErrorKind::NotConnected,
            Some("the authorization was revoked or has expired: run `deskmeter connect`"),
        ),
        FetchError::AccessDenied => {
            (ErrorKind::NotConnected, Some("run `deskmeter connect` again and allow the three permissions"))
        }
        FetchError::CallbackFailed => (ErrorKind::NotConnected, Some("run `deskmeter connect` again")),
        FetchError::TokenVault if is_of_other_address(&error) => (ErrorKind::Config, Some(OTHER_ADDRESS)),
        FetchError::TokenVault => (ErrorKind::Storage, None),
        FetchError::Configuration | FetchError::ClientRefused => (
            ErrorKind::Config,
            Some("check [connection] in the pipeline file and the OAuth client in Admin Center"),
        ),
        FetchError::NotAdmin => (ErrorKind::Zendesk, Some("let an admin run `deskmeter connect`")),
        FetchError::Unreachable | FetchError::WrongAddress => (
            ErrorKind::Zendesk,
            Some("check [connection] base_url and the network; what was committed is kept"),
        ),
        _ => (ErrorKind::Zendesk, Some("what was committed is kept; the next run goes on from there")),
    };
    let error = Error::new(kind, "ask Zendesk").because(error);
    match next {
        Some(next) => error.next(next),
        None => error,
    }
}

/// Whether somebody connected to another account while tokens of this one were in use.
fn is_of_other_address(error: &deskmeter_extractor::Error) -> bool {
    let mut causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.any(|cause| matches!(cause.downcast_ref(), Some(StateError::OtherAddress { .. })))
}

pub(crate) fn of_loader(error: deskmeter_loader::Error) -> Error {
    let kind = match error {
        deskmeter_loader::Error::Lake(deskmeter_lake::Error::Fenced { .. }) => ErrorKind::Leased,
        deskmeter_loader::Error::Lake(deskmeter_lake::Error::NewerContract { .. }) => ErrorKind::Config,
        _ => ErrorKind::Storage,
    };
    Error::new(kind, "commit to the lake").because(error)
}

pub(crate) fn of_sanitizer(stream: Stream, error: deskmeter_sanitizer::Error) -> Error {
    let kind = match error {
        deskmeter_sanitizer::Error::TooManyRejects { .. } => ErrorKind::DataCheck,
        _ => ErrorKind::Zendesk,
    };
    Error::new(kind, format!("read a page of {stream}"))
        .because(error)
        .next("what was committed is kept; the next run asks for the page again")
}

//! Publishing the marts into a PostgreSQL database, and taking them back on a disconnect.

use std::collections::BTreeSet;

use deskmeter_publisher::{
    DatabaseUrl, ExportFormat, ExportReport, PublishOptions, PublishReport, Unpublished,
};

use crate::config::absolute_url;
use crate::error::{Error, ErrorKind};
use crate::open::{open_store, open_warehouse};
use crate::state::State;
use crate::sync::watermark;
use crate::{Context, PipelineFile};

/// The database that a disconnect takes tables out of, where the pipeline file names none; also that of `publish`.
pub const DATABASE_URL: &str = "DESKMETER_DATABASE_URL";

/// Publishes every mart of the connection into the database at `url`, in one transaction: what changed there since
/// the last time.
pub async fn publish(
    pipeline: &PipelineFile,
    context: &Context,
    url: &str,
    reader_role: Option<String>,
) -> Result<PublishReport, Error> {
    let url = parse_url(url)?;
    let warehouse = open_warehouse(pipeline, context).await?;
    let as_of = watermark(&warehouse).await?.unwrap_or(context.started_at.0);
    let options = PublishOptions {
        reader_role,
        group_min: pipeline.privacy.group_min,
        ..PublishOptions::new(&pipeline.connection.name, as_of)
    };
    // Written down first: a disconnect must find what a publish that is cut off leaves. One that fails leaves nothing.
    let (state, place) = (State::open(pipeline, context)?, url.place());
    let is_new = state.note(|record| &mut record.databases, &place).await?;
    let published = deskmeter_publisher::publish(&warehouse, &url, &options).await;
    if published.is_err() && is_new {
        state.forget(|record| &mut record.databases, &place).await?;
    }
    published.map_err(|error| Error::new(ErrorKind::Storage, "publish the marts").because(error))
}

/// Publishes as `[publish]` says, if the file has it.
pub(crate) async fn publish_configured(
    pipeline: &PipelineFile,
    context: &Context,
) -> Result<Option<PublishReport>, Error> {
    let Some(config) = &pipeline.publish else { return Ok(None) };
    let url = database_url(pipeline, context)?;
    publish(pipeline, context, &url, config.reader_role.clone()).await.map(Some)
}

/// Drops what was published of this connection, out of every database that it was published into; None where it never
/// was.
pub(crate) async fn unpublish_all(
    pipeline: &PipelineFile,
    context: &Context,
    databases: &BTreeSet<String>,
) -> Result<Option<Unpublished>, Error> {
    let configured = pipeline.publish.is_some().then(|| database_url(pipeline, context)).transpose()?;
    let configured = configured.map(|url| parse_url(&url)).transpose()?;
    let named = (context.environment)(DATABASE_URL).map(|url| parse_url(&url)).transpose()?;
    let mut places = databases.clone();
    places.extend(configured.as_ref().map(DatabaseUrl::place));
    let urls = [configured, named];
    let name = &pipeline.connection.name;
    let schema = PublishOptions::new(name, 0).schema;
    let mut all = None::<Unpublished>;
    for place in places {
        let Some(url) = urls.iter().flatten().find(|url| url.place() == place) else {
            let how = format!("set {DATABASE_URL} to its postgres:// URL");
            let what = format!("drop the marts that were published into {place}: {how}");
            return Err(Error::new(ErrorKind::Config, what));
        };
        let dropped = deskmeter_publisher::unpublish(url, name, &schema).await;
        let dropped = dropped
            .map_err(|error| Error::new(ErrorKind::Storage, "drop the published marts").because(error))?;
        let all = all.get_or_insert_default();
        all.tables.extend(dropped.tables);
        all.left.extend(dropped.left);
    }
    Ok(all)
}

pub(crate) fn database_url(pipeline: &PipelineFile, context: &Context) -> Result<String, Error> {
    let name = pipeline.publish.as_ref().map(|config| config.url_env.clone()).unwrap_or_default();
    (context.environment)(&name).ok_or_else(|| {
        Error::new(ErrorKind::Config, format!("environment variable {name} is not set"))
            .next("set it to the database's postgres:// URL")
    })
}

pub(crate) fn parse_url(url: &str) -> Result<DatabaseUrl, Error> {
    url.parse().map_err(|error| Error::new(ErrorKind::Config, "read the database URL").because(error))
}

/// Writes marts as plain files, one each: all of them, or those that are named. `to` is a folder or a URL.
pub async fn export(
    pipeline: &PipelineFile,
    context: &Context,
    to: &str,
    is_csv: bool,
    marts: &[String],
) -> Result<ExportReport, Error> {
    let warehouse = open_warehouse(pipeline, context).await?;
    let url = absolute_url(to, std::path::Path::new("."));
    let place = open_store(&url, context, "open the place for the files")?;
    let format = if is_csv { ExportFormat::Csv } else { ExportFormat::Parquet };
    let named = (!marts.is_empty()).then_some(marts);
    let exported =
        deskmeter_publisher::export(&warehouse, place, format, named, pipeline.privacy.group_min).await;
    exported.map_err(|error| {
        let kind = match error {
            deskmeter_publisher::Error::UnknownTable { .. } => ErrorKind::Query,
            _ => ErrorKind::Storage,
        };
        Error::new(kind, "export the marts").because(error)
    })
}

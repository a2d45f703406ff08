//! Publishing the marts into a PostgreSQL database, and taking them back on a disconnect.

use deskmeter_publisher::{
    DatabaseUrl, ExportFormat, ExportReport, PublishOptions, PublishReport, Unpublished,
};

use crate::config::absolute_url;
use crate::error::{Error, ErrorKind};
use crate::open::{open_store, open_warehouse};
use crate::sync::watermark;
use crate::{Context, PipelineFile};

/// Publishes every mart of the connection into the database at `url`, in one transaction: what changed there since
/// the last time.
pub async fn publish(
    pipeline: &PipelineFile,
    context: &Context,
    url: &str,
    reader_role: Option<String>,
) -> Result<PublishReport, Error> {
    let warehouse = open_warehouse(pipeline, context).await?;
    let as_of = watermark(&warehouse).await?.unwrap_or(context.started_at.0);
    let options = PublishOptions {
        reader_role,
        group_min: pipeline.privacy.group_min,
        ..PublishOptions::new(&pipeline.connection.name, as_of)
    };
    let published = deskmeter_publisher::publish(&warehouse, &parse_url(url)?, &options).await;
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

/// Drops what was published of this connection, if the file has `[publish]`.
pub(crate) async fn unpublish_configured(
    pipeline: &PipelineFile,
    context: &Context,
) -> Result<Option<Unpublished>, Error> {
    if pipeline.publish.is_none() {
        return Ok(None);
    }
    let name = &pipeline.connection.name;
    let schema = PublishOptions::new(name, 0).schema;
    let url = parse_url(&database_url(pipeline, context)?)?;
    let dropped = deskmeter_publisher::unpublish(&url, name, &schema).await;
    dropped
        .map(Some)
        .map_err(|error| Error::new(ErrorKind::Storage, "drop the published marts").because(error))
}

pub(crate) fn database_url(pipeline: &PipelineFile, context: &Context) -> Result<String, Error> {
    let name = pipeline.publish.as_ref().map(|config| config.url_env.clone()).unwrap_or_default();
    (context.environment)(&name).ok_or_else(|| {
        Error::new(ErrorKind::Config, format!("environment variable {name} is not set"))
            .next("set it to the database's postgres:// URL, or take [publish] out of the pipeline file")
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
    exported.map_err(|error| Error::new(ErrorKind::Storage, "export the marts").because(error))
}

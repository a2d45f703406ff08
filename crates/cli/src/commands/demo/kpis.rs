//! The KPI table.

use anyhow::Result;
use deskmeter_pipeline::{Context, PipelineFile};

use crate::args::Format;
use crate::output;

/// The order and the wording are the mart's.
const SQL: &str = "select section, kpi, value, unit from kpis order by position";

/// Prints the headline numbers.
pub(crate) async fn print(pipeline: &PipelineFile, context: &Context, format: Format) -> Result<()> {
    let (schema, batches) = deskmeter_pipeline::query(pipeline, context, SQL).await?;
    output::rows(&schema, &batches, format, None)
}

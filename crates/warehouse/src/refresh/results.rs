//! What the checks of the last refresh found, read back.

use arrow::array::AsArray;
use datafusion::prelude::{SessionContext, col};
use serde::Serialize;

use crate::models::DATA_CHECKS;
use crate::store::Store;
use crate::{Engine, Error};

/// The checks of the last refresh, summed up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckSummary {
    /// Checks that found nothing.
    pub passed: usize,
    /// Checks of severity `warn` that found rows.
    pub warned: usize,
    /// Checks of severity `fail` that found rows: the marts stayed as they were.
    pub failed: usize,
    /// What found rows, as `mart: check`, the failed ones first.
    pub found: Vec<String>,
}

impl CheckSummary {
    /// Reads the summary; none before the first refresh.
    pub(crate) async fn read(store: &Store, context: &SessionContext) -> Result<Option<Self>, Error> {
        let Some(table) = store.provider(DATA_CHECKS, context, &Engine::Embedded).await? else {
            return Ok(None);
        };
        let rows = context
            .read_table(table)
            .and_then(|table| table.select_columns(&["outcome", "model_name", "check_name"]))
            .and_then(|table| {
                table.sort(
                    ["outcome", "model_name", "check_name"].map(|name| col(name).sort(true, false)).to_vec(),
                )
            })
            .map_err(Error::engine)?;
        let mut summary = Self::default();
        for batch in rows.collect().await.map_err(Error::engine)? {
            let texts = batch
                .columns()
                .iter()
                .map(|column| arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8));
            let texts: Vec<_> =
                texts.collect::<Result<_, _>>().map_err(|source| Error::engine(source.into()))?;
            let [outcomes, models, checks] = texts.as_slice() else { continue };
            let (outcomes, models, checks) =
                (outcomes.as_string::<i32>(), models.as_string::<i32>(), checks.as_string::<i32>());
            for row in 0..batch.num_rows() {
                match outcomes.value(row) {
                    "passed" => summary.passed += 1,
                    outcome => {
                        if outcome == "failed" {
                            summary.failed += 1;
                        } else {
                            summary.warned += 1;
                        }
                        summary.found.push(format!("{}: {}", models.value(row), checks.value(row)));
                    }
                }
            }
        }
        Ok(Some(summary))
    }
}

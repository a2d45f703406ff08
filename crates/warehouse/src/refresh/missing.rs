//! What cannot be told while collected tables are missing: NULL and no rows, never a number that looks like one.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::ExprSchemable as _;
use datafusion::prelude::{DataFrame, SessionContext, col, ident, lit};
use serde::Serialize;

use super::touched::words_of;
use crate::models::{Catalogue, Model, OF_EVERY_TICKET};
use crate::store::Store;
use crate::{Engine, Error};

/// The table whose rows all others speak of.
const TICKETS: &str = "tickets";
/// The mart that tells of each collected table whether it held rows when the marts were made.
const DATA_COVERAGE: &str = "data_coverage";

/// What a mart cannot tell while collected tables are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Untold {
    /// The mart.
    pub mart: String,
    /// Its columns that are NULL; none where the mart has no rows at all.
    pub columns: Option<Vec<String>>,
    /// The tables that are missing; tables of events have the names of their streams.
    #[serde(rename = "streams")]
    pub tables: Vec<&'static str>,
}

/// The tables that every ticket has rows in and that have none.
pub(crate) async fn missing_tables(context: &SessionContext) -> EngineResult<BTreeSet<&'static str>> {
    let mut missing = BTreeSet::new();
    if has_rows(context, TICKETS).await? {
        for name in OF_EVERY_TICKET {
            if !has_rows(context, name).await? {
                missing.insert(name);
            }
        }
    }
    Ok(missing)
}

async fn has_rows(context: &SessionContext, name: &str) -> EngineResult<bool> {
    Ok(context.table(name).await?.limit(0, Some(1))?.count().await? > 0)
}

/// The same, as it was when the marts were made; none before that.
pub(crate) async fn missing_in_marts(
    store: &Store,
    engine: &Engine,
    context: &SessionContext,
) -> Result<BTreeSet<&'static str>, Error> {
    let Some(coverage) = store.provider(DATA_COVERAGE, context, engine).await? else {
        return Ok(BTreeSet::new());
    };
    let without_rows = without_rows(context, coverage).await;
    let without_rows = without_rows.map_err(|source| Error::table("read", DATA_COVERAGE, source))?;
    let is_missing = |name: &&str| without_rows.contains(*name) && !without_rows.contains(TICKETS);
    Ok(OF_EVERY_TICKET.into_iter().filter(is_missing).collect())
}

/// The tables that held no row, by [`DATA_COVERAGE`].
async fn without_rows(
    context: &SessionContext,
    coverage: Arc<dyn TableProvider>,
) -> EngineResult<BTreeSet<String>> {
    let rows = context.read_table(coverage)?.filter(col("is_missing"))?;
    let mut names = BTreeSet::new();
    for batch in rows.select_columns(&["table_name"])?.collect().await? {
        names.extend(words_of(&batch)?);
    }
    Ok(names)
}

/// What the marts cannot tell without these tables.
pub(crate) fn untold(catalogue: &Catalogue, missing: &BTreeSet<&'static str>) -> Vec<Untold> {
    let of = |model: &Model| {
        let description = &model.description;
        let is_empty = is_untold(&description.needs, missing);
        let columns = description.columns.iter().filter(|column| is_untold(&column.needs, missing));
        let columns: Vec<String> = columns.map(|column| column.name.clone()).collect();
        let is_needed = |table: &&&str| description.all_needs().any(|need| need == **table);
        (is_empty || !columns.is_empty()).then(|| Untold {
            mart: model.name.clone(),
            columns: (!is_empty).then_some(columns),
            tables: missing.iter().filter(is_needed).copied().collect(),
        })
    };
    catalogue.marts().filter_map(of).collect()
}

/// The model as it is described while these tables are missing: what cannot be told may be NULL, and is not checked.
pub(crate) fn described<'a>(model: &'a Model, missing: &BTreeSet<&'static str>) -> Cow<'a, Model> {
    if missing.is_empty() {
        return Cow::Borrowed(model);
    }
    let mut model = model.clone();
    // What a mart without rows says of others is not meant.
    if is_untold(&model.description.needs, missing) {
        model.description.checks.clear();
    }
    for column in &mut model.description.columns {
        if is_untold(&column.needs, missing) {
            column.null.get_or_insert_with(|| "its tables are missing".to_owned());
        }
    }
    Cow::Owned(model)
}

/// The rows of the model without what cannot be told.
pub(crate) fn told(
    frame: DataFrame,
    model: &Model,
    missing: &BTreeSet<&'static str>,
) -> EngineResult<DataFrame> {
    if is_untold(&model.description.needs, missing) {
        return frame.filter(lit(false));
    }
    let untold: BTreeSet<&str> = model
        .description
        .columns
        .iter()
        .filter(|column| is_untold(&column.needs, missing))
        .map(|column| column.name.as_str())
        .collect();
    if untold.is_empty() {
        return Ok(frame);
    }
    let columns = frame.schema().fields().iter().map(|field| {
        let name = field.name();
        let value = if untold.contains(name.as_str()) {
            lit(ScalarValue::Null).cast_to(field.data_type(), frame.schema())?
        } else {
            ident(name)
        };
        Ok(value.alias(name))
    });
    let columns = columns.collect::<EngineResult<Vec<_>>>()?;
    frame.select(columns)
}

fn is_untold(needs: &[String], missing: &BTreeSet<&'static str>) -> bool {
    needs.iter().any(|table| missing.contains(table.as_str()))
}

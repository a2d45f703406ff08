//! What cannot be told while collected tables are missing: NULL and no rows, never a number that looks like one.

use std::borrow::Cow;
use std::collections::BTreeSet;

use datafusion::common::ScalarValue;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::ExprSchemable as _;
use datafusion::prelude::{DataFrame, SessionContext, ident, lit};

use crate::models::{Catalogue, Model, OF_EVERY_TICKET};
use crate::store::Store;
use crate::{Engine, Error};

/// The table whose rows all others speak of.
const TICKETS: &str = "tickets";

/// What a mart cannot tell while collected tables are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// The mart.
    pub mart: String,
    /// Its columns that are NULL; none where the mart has no rows at all.
    pub columns: Option<Vec<String>>,
    /// The tables that are missing.
    pub tables: Vec<&'static str>,
}

/// The tables that every ticket has rows in and that have none.
pub(crate) async fn missing_tables(
    store: &Store,
    engine: &Engine,
    context: &SessionContext,
) -> Result<BTreeSet<&'static str>, Error> {
    let mut missing = BTreeSet::new();
    if has_rows(TICKETS, store, engine, context).await? {
        for name in OF_EVERY_TICKET {
            if !has_rows(name, store, engine, context).await? {
                missing.insert(name);
            }
        }
    }
    Ok(missing)
}

async fn has_rows(
    name: &str,
    store: &Store,
    engine: &Engine,
    context: &SessionContext,
) -> Result<bool, Error> {
    let Some(provider) = store.provider(name, context, engine).await? else { return Ok(false) };
    let first = async { context.read_table(provider)?.limit(0, Some(1))?.count().await };
    first.await.map(|rows| rows > 0).map_err(|source| Error::table("read", name, source))
}

/// What the marts cannot tell without these tables.
pub(crate) fn untold(catalogue: &Catalogue, missing: &BTreeSet<&'static str>) -> Vec<Untold> {
    let of = |model: &Model| {
        let needed = |needs: &[String]| needs.iter().any(|table| missing.contains(table.as_str()));
        let is_empty = needed(&model.description.needs);
        let columns = model.description.columns.iter().filter(|column| needed(&column.needs));
        let columns: Vec<String> = columns.map(|column| column.name.clone()).collect();
        let names = |table: &&&str| model.description.all_needs().any(|need| need == **table);
        let tables = missing.iter().filter(names).copied().collect();
        (is_empty || !columns.is_empty()).then(|| Untold {
            mart: model.name.clone(),
            columns: (!is_empty).then_some(columns),
            tables,
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

//! What models look like before any row is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::datasource::MemTable;

use crate::{Error, Warehouse, refresh};

impl Warehouse {
    /// Plans every model without running any, and tells its columns in order; the first model that reads a table or
    /// column that is not there is an error. Left out are the models about the checks of a refresh: what they read is
    /// there only then.
    pub async fn plan_models(&self) -> Result<BTreeMap<String, Vec<String>>, Error> {
        let context = self.source_context().await?;
        let parameters = self.parameters(0);
        let mut columns = BTreeMap::new();
        for model in self.catalogue().models() {
            if self.catalogue().is_about_checks(model) {
                continue;
            }
            let failed = |source| Error::model(&model.name, source);
            let plan = refresh::bound_plan(&context, model, &parameters).await.map_err(failed)?;
            let schema = Arc::new(plan.schema().as_arrow().clone());
            let names = schema.fields().iter().map(|field| field.name().clone()).collect();
            columns.insert(model.name.clone(), names);
            let empty = MemTable::try_new(schema, vec![Vec::new()]).map_err(failed)?;
            context.register_table(&model.name, Arc::new(empty)).map_err(failed)?;
        }
        Ok(columns)
    }
}

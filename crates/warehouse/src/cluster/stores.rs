//! Object stores by URL, made when a plan first names them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreRegistry;
use object_store::ObjectStore;
use url::Url;

/// Opens every store with the same credentials.
#[derive(Debug)]
pub(crate) struct Stores {
    options: BTreeMap<String, String>,
    open: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl Stores {
    /// `options` are object_store's own keys, as in [`deskmeter_lake::object_store`].
    pub(crate) fn new(options: BTreeMap<String, String>) -> Self {
        Self { options, open: Mutex::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<dyn ObjectStore>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.lock().insert(root(url), store)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let root = root(url);
        if let Some(store) = self.lock().get(&root) {
            return Ok(Arc::clone(store));
        }
        let opened = deskmeter_lake::object_store(&root, &self.options);
        let (store, _) = opened.map_err(|error| DataFusionError::External(Box::new(error)))?;
        self.lock().insert(root, Arc::clone(&store));
        Ok(store)
    }
}

/// Scheme and bucket of a URL: what a store is rooted at.
pub(crate) fn root(url: &Url) -> String {
    format!("{}://{}/", url.scheme(), url.authority())
}

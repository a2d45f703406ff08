//! A URL and options become an object store.

use std::collections::BTreeMap;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

use crate::Error;
use crate::durable::DurableLocal;

/// Schemes that a lake or a state store may have.
const SCHEMES: [&str; 4] = ["file", "s3", "gs", "az"];

/// The store that the URL points into, rooted at the disk's root, the bucket or the container, and the path below it.
///
/// A missing folder of a `file` URL is created, and what is written below it is on the disk when the write returns.
/// `options` are object_store's own keys (`aws_region`,
/// `azure_storage_account_name`, …); keys that the store does not know are ignored.
pub fn object_store(
    url: &str,
    options: &BTreeMap<String, String>,
) -> Result<(Arc<dyn ObjectStore>, Path), Error> {
    open(&parse(url)?, options)
}

pub(crate) fn parse(url: &str) -> Result<Url, Error> {
    let parsed = Url::parse(url).map_err(|_| Error::Url {
        reason:
            "not a URL; write file:///path, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"
                .to_owned(),
    })?;
    if !SCHEMES.contains(&parsed.scheme()) {
        let reason = format!("scheme {} is not one of {}", parsed.scheme(), SCHEMES.join(", "));
        return Err(Error::Url { reason });
    }
    if parsed.query().is_some() || parsed.fragment().is_some() || parsed.password().is_some() {
        let reason =
            "the URL carries a query, fragment or password; hand credentials in as options".to_owned();
        return Err(Error::Url { reason });
    }
    Ok(parsed)
}

pub(crate) fn open(
    url: &Url,
    options: &BTreeMap<String, String>,
) -> Result<(Arc<dyn ObjectStore>, Path), Error> {
    if url.scheme() == "file" {
        let folder = url.to_file_path().map_err(|()| Error::Url {
            reason: "a file URL needs an absolute path: file:///path".to_owned(),
        })?;
        std::fs::create_dir_all(&folder)
            .map_err(|error| Error::storage("create folder", folder.display(), &error))?;
        let path =
            Path::from_url_path(url.path()).map_err(|error| Error::Url { reason: error.to_string() })?;
        return Ok((Arc::new(DurableLocal::default()), path));
    }
    let (store, path) = object_store::parse_url_opts(url, options)
        .map_err(|error| Error::storage("open storage", url, &error))?;
    Ok((Arc::from(store), path))
}

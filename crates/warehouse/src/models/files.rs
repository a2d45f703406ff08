//! Where models come from: those built into the library, and the operator's folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Layer;
use crate::Error;

include!(concat!(env!("OUT_DIR"), "/embedded_models.rs"));

/// A model as it stands in its two files.
#[derive(Debug, Clone)]
pub(crate) struct ModelFiles {
    pub(crate) layer: Layer,
    pub(crate) sql: String,
    /// None where the operator's folder lacks it.
    pub(crate) toml: Option<String>,
    /// Whether it lies in the operator's folder.
    pub(crate) is_own: bool,
    /// Whether two files of the operator's folder have its name.
    pub(crate) is_twice: bool,
}

/// The shipped models, with those of `folder` added or put in the place of the ones of the same name.
pub(crate) fn all(folder: Option<&Path>) -> Result<BTreeMap<String, ModelFiles>, Error> {
    let mut models = BTreeMap::new();
    for (layer, name, sql, toml) in EMBEDDED {
        let layer = Layer::of_folder(layer);
        models.insert(
            (*name).to_owned(),
            ModelFiles {
                layer,
                sql: (*sql).to_owned(),
                toml: Some((*toml).to_owned()),
                is_own: false,
                is_twice: false,
            },
        );
    }
    if let Some(folder) = folder {
        for layer in [Layer::Staging, Layer::Intermediate, Layer::Mart] {
            read_folder(folder, layer, &mut models)?;
        }
    }
    Ok(models)
}

/// Whether a model of this name and text comes with deskmeter.
pub(crate) fn is_shipped(name: &str, text: &str) -> bool {
    EMBEDDED.iter().any(|(_, shipped, sql, _)| *shipped == name && *sql == text)
}

fn read_folder(root: &Path, layer: Layer, models: &mut BTreeMap<String, ModelFiles>) -> Result<(), Error> {
    let folder = root.join(layer.folder());
    if !folder.is_dir() {
        return Ok(());
    }
    let failed = |file: &Path, source| Error::ModelFile { file: file.display().to_string(), source };
    for entry in fs::read_dir(&folder).map_err(|source| failed(&folder, source))? {
        let file = entry.map_err(|source| failed(&folder, source))?.path();
        let Some(name) = file.file_stem().and_then(|stem| stem.to_str()) else { continue };
        if file.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let sql = fs::read_to_string(&file).map_err(|source| failed(&file, source))?;
        let beside = file.with_extension("toml");
        let toml = match fs::read_to_string(&beside) {
            Ok(toml) => Some(toml),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => return Err(failed(&beside, source)),
        };
        let is_twice = models.get(name).is_some_and(|known| known.is_own);
        models.insert(name.to_owned(), ModelFiles { layer, sql, toml, is_own: true, is_twice });
    }
    Ok(())
}

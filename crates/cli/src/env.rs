//! The only place that reads the environment, and every variable that has a meaning of its own.

use std::path::PathBuf;
use std::sync::Arc;

use deskmeter_pipeline::Environment;

/// Path of the pipeline file, when `-p` is not given.
pub(crate) const PIPELINE: &str = "DESKMETER_PIPELINE";

/// The pipeline file that is read when neither is given.
pub(crate) const PIPELINE_DEFAULT: &str = "deskmeter.toml";

/// The database of `publish`, when it is not an argument.
pub(crate) const DATABASE_URL: &str = deskmeter_pipeline::DATABASE_URL;

/// Password of the web console.
pub(crate) const PASSWORD: &str = "DESKMETER_PASSWORD";

/// Argon2 hash of the console's password, so that the password itself need not be anywhere.
pub(crate) const PASSWORD_HASH: &str = "DESKMETER_PASSWORD_HASH";

/// Whether the person wants no colours: <https://no-color.org>.
pub(crate) fn wants_no_color() -> bool {
    environment()("NO_COLOR").is_some()
}

/// The real environment: secrets are named in the pipeline file, cloud credentials by the clouds' usual names.
pub(crate) fn environment() -> Environment {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    Arc::new(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

/// Whether a variable is set to nothing. For secrets alone: elsewhere that means that it is not set.
pub(crate) fn is_set_empty(name: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    let value = std::env::var_os(name);
    value.is_some_and(|value| value.is_empty())
}

/// Where programs keep what a user may lose: `XDG_STATE_HOME`, else `~/.local/state`.
pub(crate) fn state_folder() -> Option<PathBuf> {
    let variable = environment();
    let named = variable("XDG_STATE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    named.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/state")))
}

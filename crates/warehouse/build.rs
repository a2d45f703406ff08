//! Embeds `sql/` into the library: one entry per `.sql` file with its `.toml`, and the decisions.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// From the crate's folder. Paths are watched and included relative to it: a target folder that several checkouts use,
/// one after the other, must not take one's models for another's.
const ROOT: &str = "../../sql";

fn main() -> io::Result<()> {
    let root = PathBuf::from(ROOT);
    println!("cargo::rerun-if-changed={ROOT}");
    let mut code = String::from("pub(crate) const EMBEDDED: &[(&str, &str, &str, &str)] = &[\n");
    for layer in ["staging", "intermediate", "marts"] {
        println!("cargo::rerun-if-changed={}", root.join(layer).display());
        let mut files: Vec<PathBuf> = fs::read_dir(root.join(layer))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
        files.sort();
        for file in files {
            let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let (sql, toml) = (text_of(&file), text_of(&file.with_extension("toml")));
            writeln!(code, "    ({layer:?}, {name:?}, {sql}, {toml}),").map_err(io::Error::other)?;
        }
    }
    code.push_str("];\n");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let decisions = text_of(&root.join("DECISIONS.md"));
    fs::write(out.join("embedded_decisions.rs"), format!("const DECISIONS: &str = {decisions};\n"))?;
    fs::write(out.join("embedded_models.rs"), code)
}

fn text_of(file: &Path) -> String {
    println!("cargo::rerun-if-changed={}", file.display());
    format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?}))", format!("/{}", file.display()))
}

fn variable(name: &str) -> io::Result<String> {
    #[expect(clippy::disallowed_methods, reason = "a build script is told where it is by its environment")]
    let value = env::var(name);
    value.map_err(io::Error::other)
}

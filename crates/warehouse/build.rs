//! Embeds `sql/` into the library: one entry per `.sql` file with its `.toml`, and the decisions.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../../sql");
    let root = root.canonicalize()?;
    println!("cargo::rerun-if-changed={}", root.display());
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
    format!("include_str!({:?})", file.display().to_string())
}

fn variable(name: &str) -> io::Result<String> {
    #[expect(clippy::disallowed_methods, reason = "a build script is told where it is by its environment")]
    let value = env::var(name);
    value.map_err(io::Error::other)
}

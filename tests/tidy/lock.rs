//! One version of what must be one.

use std::collections::BTreeSet;

use crate::read;

/// Versions of a package in the lock file.
fn versions(lock: &str, package: &str) -> BTreeSet<String> {
    let name = format!("name = \"{package}\"");
    lock.split("[[package]]")
        .filter(|entry| entry.lines().any(|line| line == name))
        .filter_map(|entry| entry.lines().find_map(|line| line.strip_prefix("version = ")))
        .map(str::to_owned)
        .collect()
}

#[test]
fn arrow_datafusion_object_store_and_parquet_stand_once_in_the_lock_file() {
    let lock = read("Cargo.lock");
    for package in
        ["arrow", "arrow-array", "arrow-schema", "datafusion", "deltalake-core", "object_store", "parquet"]
    {
        assert_eq!(versions(&lock, package).len(), 1, "{package}: {:?}", versions(&lock, package));
    }
}

#[test]
fn features_of_outside_crates_are_named_once() {
    for name in crate::crates() {
        let manifest = read(format!("crates/{name}/Cargo.toml"));
        let names_features = |line: &&str| line.contains("version = ") || line.contains("features = [");
        let dependencies = manifest.split("dependencies]").skip(1).flat_map(str::lines);
        let found: Vec<&str> = dependencies.filter(names_features).collect();
        assert!(found.is_empty(), "crates/{name}: {found:?} belongs into [workspace.dependencies]");
    }
}

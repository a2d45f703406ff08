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
        for line in manifest.lines().filter(|line| line.contains("version =") && line.contains('{')) {
            panic!("crates/{name}: `{line}` belongs into [workspace.dependencies]");
        }
        for line in
            manifest.lines().filter(|line| line.contains("features") && line.contains("workspace = true"))
        {
            panic!("crates/{name}: features of `{line}` belong into [workspace.dependencies]");
        }
    }
}

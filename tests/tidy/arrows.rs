//! Which crate may know which, and which heavy outside crates it may use.

use std::collections::BTreeSet;

use crate::{crates, read};

/// The allowed arrows, as in ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    ("zendesk", &[]),
    ("tables", &[]),
    ("connections", &[]),
    ("simulator", &["zendesk"]),
    ("sanitizer", &["zendesk", "tables"]),
    ("extractor", &["zendesk"]),
    ("lake", &["tables"]),
    ("loader", &["lake", "sanitizer", "tables"]),
    ("warehouse", &["lake", "tables"]),
    ("auditor", &["lake", "tables"]),
    ("publisher", &["tables", "warehouse"]),
    ("server", &["connections", "pipeline", "tables", "warehouse", "zendesk"]),
    (
        "pipeline",
        &[
            "auditor",
            "connections",
            "extractor",
            "lake",
            "loader",
            "publisher",
            "sanitizer",
            "tables",
            "warehouse",
            "zendesk",
        ],
    ),
    ("cli", &["pipeline", "server", "simulator", "tables", "warehouse", "zendesk"]),
];

/// Outside crates that few may use: what they bring belongs behind one border.
const OWNERS: &[(&str, &[&str])] = &[
    ("reqwest", &["extractor", "cli"]),
    ("datafusion", &["lake", "loader", "warehouse"]),
    ("deltalake-core", &["lake", "loader", "warehouse"]),
    ("axum", &["simulator", "server"]),
    ("anyhow", &["cli"]),
    (
        "tokio",
        &[
            "extractor",
            "connections",
            "lake",
            "loader",
            "warehouse",
            "pipeline",
            "publisher",
            "auditor",
            "simulator",
            "server",
            "cli",
        ],
    ),
];

/// Names under `[dependencies]` of a crate.
fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest = read(format!("crates/{name}/Cargo.toml"));
    let section = manifest.split("\n[dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn crates_know_only_whom_the_map_allows() {
    for name in crates() {
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
            panic!("crates/{name} has no line in tests/tidy/arrows.rs");
        };
        for dependency in dependencies(&name) {
            if let Some(ours) = dependency.strip_prefix("deskmeter-") {
                assert!(allowed.contains(&ours), "crates/{name} must not depend on {ours}");
            }
        }
    }
}

#[test]
fn heavy_outside_crates_stay_with_their_owners() {
    for name in crates() {
        for dependency in dependencies(&name) {
            if let Some((outside, owners)) = OWNERS.iter().find(|(outside, _)| *outside == dependency) {
                assert!(owners.contains(&name.as_str()), "crates/{name} must not use {outside}");
            }
        }
    }
}

#[test]
fn the_map_describes_every_crate_with_an_invariant() {
    let map = read("ARCHITECTURE.md");
    for name in crates() {
        let heading = format!("### `{name}`");
        let Some(section) = map.split(&heading).nth(1) else {
            panic!("ARCHITECTURE.md does not describe crates/{name}");
        };
        let section = section.split("\n#").next().unwrap_or_default();
        assert!(section.contains("Invariant:"), "ARCHITECTURE.md names no invariant of crates/{name}");
    }
}

//! Rules about files: length, leftovers, repeated bans, SQL.

use std::path::{Path, PathBuf};

use crate::{read, root};

/// Lines of code that a Rust file may have, its tests excepted.
const RUST_LINES_MAX: usize = 500;
/// Lines that a model may have.
const SQL_LINES_MAX: usize = 80;
/// Words that mark unfinished work.
const LEFTOVERS: [&str; 5] = [
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[", "ignore"),
];

/// Every file below `folder` with this ending.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

#[test]
fn rust_files_are_short_enough_to_read() {
    for path in files("crates", "rs") {
        let text = read(&path);
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = code.lines().count();
        let is_test = relative(&path).contains("/tests");
        assert!(is_test || lines <= RUST_LINES_MAX, "{}: {lines} lines", relative(&path));
    }
}

#[test]
fn nothing_is_left_unfinished() {
    let own = root().join("tests/tidy");
    for path in files("crates", "rs").into_iter().chain(files("tests", "rs")).chain(files("sql", "sql")) {
        let text = read(&path);
        for word in LEFTOVERS.iter().filter(|_| !path.starts_with(&own)) {
            assert!(!text.contains(word), "{} holds {word}", relative(&path));
        }
    }
}

#[test]
fn models_are_short_say_what_they_are_and_read_no_clock() {
    for path in files("sql", "sql") {
        let (name, text) = (relative(&path), read(&path));
        assert!(text.lines().count() <= SQL_LINES_MAX, "{name}: more than {SQL_LINES_MAX} lines");
        assert!(path.with_extension("toml").exists(), "{name} has no .toml beside it");
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n");
        for banned in ["now()", "random()", "current_date", "current_timestamp", "to_char("] {
            assert!(!code.contains(banned), "{name} uses {banned}");
        }
    }
}

#[test]
fn every_mart_has_a_case_that_can_be_checked_by_hand() {
    let cases: String = files("tests/sql", "slt").into_iter().map(read).collect();
    for path in files("sql/marts", "sql") {
        let mart = path.file_stem().unwrap().to_string_lossy();
        let asked = [" ", "\n"].iter().any(|after| cases.contains(&format!("from {mart}{after}")));
        assert!(asked, "{} stands in no case of tests/sql", relative(&path));
    }
}

#[test]
fn decisions_that_models_refer_to_stand_there_with_an_example_or_a_link() {
    let decisions = read("sql/DECISIONS.md");
    for path in files("sql", "sql") {
        let text = read(&path);
        for name in text.split("DECISIONS.md#").skip(1) {
            let name = name.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).next().unwrap_or_default();
            let entry = decisions.split(&format!("\n## {name}\n")).nth(1).unwrap_or_default();
            assert!(!entry.is_empty(), "{} refers to {name}, which is no decision", relative(&path));
        }
    }
    for entry in decisions.split("\n## ").skip(1) {
        let name = entry.lines().next().unwrap_or_default();
        assert!(entry.contains("*Example:*"), "the decision {name} has no example");
    }
}

#[test]
fn a_crates_own_clippy_bans_repeat_the_roots() {
    let root_bans = read("clippy.toml");
    let bans = root_bans.lines().filter(|line| line.contains("path = ")).collect::<Vec<_>>();
    for path in files("crates", "toml").into_iter().filter(|path| path.ends_with("clippy.toml")) {
        let text = read(&path);
        for ban in &bans {
            assert!(
                text.contains(ban.trim()),
                "{} replaces the root's file and lacks {ban}",
                relative(&path)
            );
        }
    }
}

#[test]
fn texts_speak_of_the_project_alone() {
    for path in files("", "md").into_iter().chain(files("crates", "rs")).chain(files("sql", "sql")) {
        let name = relative(&path);
        if name.starts_with("target") || name.starts_with(".git") || name.contains("node_modules") {
            continue;
        }
        let text = read(&path);
        for folder in ["root", "work", "home"] {
            assert!(!text.contains(&format!("/{folder}/")), "{name} names a path of a machine");
        }
    }
}

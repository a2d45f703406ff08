//! The README says what is true.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{deskmeter, requires_all, run};

const CHROMIUM: &str = "/usr/bin/chromium";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// Lines of the fenced blocks of this language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn both_commands_stand_within_25_lines() {
    let readme = readme();
    let head: Vec<&str> = readme.lines().take(25).collect();
    assert!(head.contains(&"cargo run -- demo"));
    assert!(head.contains(&"cargo test --workspace"));
}

#[test]
fn every_command_of_the_readme_runs() {
    let dir = tempfile::tempdir().unwrap();
    let readme = readme();
    let mut ran = 0;
    for line in blocks(&readme, "sh").into_iter().flat_map(str::lines) {
        // This test is itself part of `cargo test`; the other lines run with the binary that cargo has built.
        let Some(command) = line.strip_prefix("cargo run -- ") else { continue };
        if command.starts_with("serve ") {
            a_browser_shows_a_chart(dir.path(), command);
            ran += 1;
            continue;
        }
        let command = if command == "demo" { "demo --tickets 200" } else { command };
        let output = Command::new("sh")
            .current_dir(dir.path())
            .args(["-c", &format!("\"$DESKMETER\" {command}")])
            .env("DESKMETER", env!("CARGO_BIN_EXE_deskmeter"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        ran += 1;
    }
    assert!(ran >= 3, "the README shows the demo and what to do with it");
}

/// The desk's way to open an address leads to a real browser, which tells what it shows.
fn a_browser_shows_a_chart(dir: &Path, command: &str) {
    if !Path::new(CHROMIUM).exists() {
        assert!(!requires_all(), "needs {CHROMIUM}");
        eprintln!("SKIPPED {command}: needs {CHROMIUM}");
        return;
    }
    let opener = format!(
        "#!/bin/sh\n{CHROMIUM} --headless --no-sandbox --disable-gpu --user-data-dir={0}/profile --dump-dom \"$1\" > {0}/seen\n",
        dir.display()
    );
    std::fs::write(dir.join("xdg-open"), opener).unwrap();
    let made = Command::new("sh").current_dir(dir).args(["-c", "chmod +x xdg-open && mkfifo seen"]).status();
    assert!(made.unwrap().success());
    // The port of the README may be taken here: the last word wins.
    let script = format!("PATH=.:$PATH exec \"$DESKMETER\" {command} --bind 127.0.0.1:0");
    let mut served = Command::new("sh")
        .current_dir(dir)
        .args(["-c", &script])
        .env("DESKMETER", env!("CARGO_BIN_EXE_deskmeter"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let seen = std::fs::read_to_string(dir.join("seen")).unwrap();
    assert!(seen.contains("Created and resolved") && seen.contains("<svg class=\"chart"), "{seen}");
    assert!(Command::new("kill").arg(served.id().to_string()).status().unwrap().success());
    assert!(served.wait().unwrap().success(), "a stop that was asked for is no failure");
}

#[test]
fn the_pipeline_files_that_are_shown_are_right() {
    let dir = tempfile::tempdir().unwrap();
    let readme = readme();
    let shown = blocks(&readme, "toml");
    let example = std::fs::read_to_string(root().join("pipelines/example.toml")).unwrap();
    assert!(!shown.is_empty());
    for text in shown.into_iter().chain([example.as_str()]) {
        let lines: Vec<&str> = text.lines().map(|line| line.strip_prefix("   ").unwrap_or(line)).collect();
        let text = lines.join("\n");
        std::fs::write(dir.path().join("deskmeter.toml"), text).unwrap();
        let ran = deskmeter(dir.path(), &["validate", "--offline"])
            .env("ACME_ZENDESK_CLIENT_SECRET", "s")
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn every_key_of_the_pipeline_file_is_explained() {
    let explained = std::fs::read_to_string(root().join("pipelines/README.md")).unwrap();
    let example = std::fs::read_to_string(root().join("pipelines/example.toml")).unwrap();
    for line in example.lines().filter(|line| !line.starts_with('#')) {
        let key = line.split(" = ").next().unwrap();
        if line.contains(" = ") && key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            assert!(explained.contains(&format!("{key}`")), "{key}");
        }
    }
}

#[test]
fn every_mart_of_the_readme_is_in_the_catalogue_and_every_exit_code_in_the_help() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["demo", "--tickets", "50"]).ok();
    let listed =
        run(dir.path(), &["metrics", "list", "-p", "deskmeter-demo/deskmeter.toml", "--format", "json"]).ok();
    let listed: Vec<serde_json::Value> = serde_json::from_str(&listed.stdout).unwrap();
    let listed: BTreeSet<&str> = listed.iter().map(|mart| mart["mart"].as_str().unwrap()).collect();
    let readme = readme();
    let section = readme.split("## What you get").nth(1).unwrap().split("Definitions").next().unwrap();
    let rows =
        section.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
    let shown: BTreeSet<&str> = rows.flat_map(|names| names.split('`').skip(1).step_by(2)).collect();
    assert_eq!(shown, listed);
    let help = run(dir.path(), &["--help"]).ok().stdout;
    for code in 0..=8 {
        assert!(
            help.contains(&format!("{code} ")) && readme.contains(&format!("\n| {code} |")),
            "exit code {code}"
        );
    }
}

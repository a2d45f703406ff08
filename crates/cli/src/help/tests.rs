//! Every command line that is shown anywhere is one that the parser takes.

use std::path::{Path, PathBuf};

use clap::Command;

use super::{EXAMPLES, command};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The words of a line as a shell splits it, up to a pipe, a redirection or a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, ' ') => words.push(String::new()),
            (None, '|' | '>' | '<' | ';' | '&' | '#' | ')') => break,
            (_, '\\') if letters.peek().is_some() => {
                words.last_mut().unwrap().extend(letters.next());
            }
            (_, letter) => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Every call of the program in a line: `deskmeter a && deskmeter b` holds two.
fn calls(line: &str) -> Vec<Vec<String>> {
    let starts = line.match_indices("deskmeter ").map(|(at, _)| at);
    let is_word =
        |at: usize| at == 0 || line[..at].ends_with([' ', '`', '(', '"']) || line[..at].ends_with("/bin/");
    starts.filter(|at| is_word(*at)).map(|at| words(&line[at..])).collect()
}

fn check(line: &str, from: &str) {
    for mut call in calls(line) {
        // What stands in the variable need not be an argument.
        call.extend(line.starts_with("DESKMETER_DATABASE_URL=").then(|| "postgres://…".to_owned()));
        if let Err(error) = command().try_get_matches_from(&call) {
            let is_help = matches!(
                error.kind(),
                clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion
            );
            assert!(is_help, "{from}: {line}\n{error}");
        }
    }
}

/// Paths of all commands that do something themselves.
fn leaves(command: &Command, path: &str) -> Vec<String> {
    let below: Vec<&Command> = command.get_subcommands().filter(|below| below.get_name() != "help").collect();
    if below.is_empty() {
        return vec![path.trim().to_owned()];
    }
    below.into_iter().flat_map(|below| leaves(below, &format!("{path} {}", below.get_name()))).collect()
}

#[test]
fn every_command_shows_examples_and_the_parser_takes_each() {
    let command = command();
    command.clone().debug_assert();
    for path in leaves(&command, "") {
        let shown = EXAMPLES.iter().find(|(name, _)| *name == path);
        assert!(shown.is_some_and(|(_, examples)| !examples.is_empty()), "`deskmeter {path}` has no example");
        let mut deepest = &command;
        for word in path.split(' ') {
            deepest = deepest.find_subcommand(word).unwrap();
        }
        let help = deepest.clone().render_help().to_string();
        assert!(help.contains("Examples:"), "{help}");
    }
    for (path, examples) in EXAMPLES {
        for (line, _) in *examples {
            assert!(line.contains(&format!("deskmeter {path}")), "{line} stands under `{path}`");
            check(line, "help");
        }
    }
}

/// Files of a folder and below, with one of these endings.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path, endings) } else { vec![path] })
        .filter(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)))
        .collect()
}

#[test]
fn every_command_line_of_the_documents_is_one_that_the_parser_takes() {
    let root = root();
    let mut n_calls = 0;
    let documents = files(&root.join("pipelines"), &[".md"]);
    for path in documents
        .into_iter()
        .chain(["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(|name| root.join(name)))
    {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut is_shell = false;
        for line in text.lines() {
            if let Some(language) = line.trim().strip_prefix("```") {
                is_shell = matches!(language, "sh" | "console");
                continue;
            }
            if is_shell {
                n_calls += calls(line).len();
                check(&line.replace("cargo run -- ", "deskmeter "), &path.display().to_string());
            }
        }
    }
    assert!(n_calls > 0, "the documents show commands");
}

#[test]
fn every_command_line_of_the_deployment_examples_is_one_that_the_parser_takes() {
    let deploy = root().join("pipelines/deploy");
    let mut n_calls = 0;
    for path in files(&deploy, &["service", "timer", "deskmeter", ".yaml", ".yml"]) {
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            // A container's command is a list of words in quotes.
            let line = line.replace("[\"", "").replace("\", \"", " ").replace("\"]", "");
            if !line.trim_start().starts_with('#') {
                n_calls += calls(&line).len();
                check(&line, &path.display().to_string());
            }
        }
    }
    assert!(n_calls >= 15, "only {n_calls} command lines were found");
}

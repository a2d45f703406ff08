use std::fs;
use std::path::PathBuf;

use deskmeter_warehouse::{CheckReport, Severity};

use crate::case_file::Case;

fn files() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/sql");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "slt"));
    files.sort();
    assert!(!files.is_empty());
    files
}

/// With `UPDATE_EXPECTED=1` set at compile time today's answers are put into the case files; read the difference
/// before committing it.
#[tokio::test]
async fn marts_hold_what_the_cases_say() {
    let mut wrong = Vec::new();
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        let case = Case::read(&text);
        assert!(case.has_queries(), "{} has no answers", file.display());
        let (answered, report) = case.answered().await;
        let is_failure = |check: &CheckReport| check.severity == Severity::Fail;
        let broken = report.violations().filter(|(_, check)| is_failure(check));
        let broken: Vec<_> = broken.map(|(model, check)| (&model.name, check)).collect();
        assert!(broken.is_empty(), "{}: {broken:#?}", file.display());
        if option_env!("UPDATE_EXPECTED").is_some() {
            fs::write(&file, &answered).unwrap();
            continue;
        }
        if answered != text {
            let differ = |(was, is): &(&str, &str)| was != is;
            let lines = text.lines().zip(answered.lines()).filter(differ);
            let lines: Vec<_> =
                lines.take(20).map(|(was, is)| format!("  expected {was}\n  got      {is}")).collect();
            wrong.push(format!("{}\n{}", file.display(), lines.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

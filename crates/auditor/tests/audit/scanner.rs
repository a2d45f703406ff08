//! The independent scanner of `tests/privacy` agrees with the audit about a clean lake and a spoilt one.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::desk::{CANARY, Desk, PHONE, USER_ID, texts, ticket_rows, with, write};

/// Python with the packages of `tests/requirements.txt`; None skips, aloud, where the parts are not required.
fn python(test: &str) -> Option<Command> {
    #[expect(clippy::disallowed_methods, reason = "switches of the test run")]
    let (python, is_required) =
        (std::env::var_os("DESKMETER_PYTHON"), std::env::var_os("DESKMETER_REQUIRE_ALL").is_some());
    assert!(python.is_some() || !is_required, "DESKMETER_PYTHON is not set");
    if python.is_none() {
        eprintln!("SKIPPED {test}: DESKMETER_PYTHON names no interpreter");
    }
    let mut command = Command::new(python?);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/privacy")).arg("-B");
    Some(command)
}

#[test]
fn the_scanner_sees_what_it_claims_to_see() {
    let Some(mut python) = python("the scanner's own tests") else { return };
    let ran = python.arg("test_scan.py").output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[tokio::test]
async fn the_scanner_agrees_about_a_clean_lake_and_a_spoilt_one() {
    let desk = Desk::new().await;
    let canaries = desk.folder.path().join("canaries");
    fs::write(&canaries, format!("{CANARY}\n{PHONE}\n{USER_ID}\n")).unwrap();
    let lake = desk.folder.path().join("lake");
    let scan = |test: &str| {
        let mut python = python(test)?;
        let ran = python.arg("scan.py").arg(&lake).arg("--canaries").arg(&canaries).output().unwrap();
        Some((ran.status.code(), String::from_utf8(ran.stdout).unwrap()))
    };
    let Some(clean) = scan("the scanner over a lake") else { return };
    assert_eq!(clean, (Some(0), String::new()));
    write(&desk.data_file(), &with(&ticket_rows(), "status", texts(["open", CANARY, "new"])));
    let Some((code, told)) = scan("the scanner over a lake") else { return };
    assert_eq!(code, Some(1));
    assert!(told.contains("00112233445566778899aabbccddeeff.zstd.parquet: values of column"), "{told}");
    assert!(!told.contains(CANARY), "{told}");
}

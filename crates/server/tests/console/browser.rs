//! The product page's story in a real browser; skipped aloud where there is none.

use std::path::Path;
use std::process::Stdio;

use crate::support::{Console, account};

const CHROMIUM: &str = "/usr/bin/chromium";

#[tokio::test(flavor = "multi_thread")]
async fn the_product_page_is_true_in_a_browser() {
    let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser");
    if !Path::new(CHROMIUM).exists() || !story.join("node_modules").exists() {
        eprintln!("skipped: needs {CHROMIUM} and `npm ci` in tests/browser");
        return;
    }
    let (zendesk, rest) = account(600, 1_200).await;
    // Another host name, as Zendesk's is: strict cookies do not come back with its redirect.
    let account = zendesk.base_url().replace("127.0.0.1", "localhost");
    let console = Console::of(&account, &rest, None).await;
    let told = tokio::process::Command::new("node")
        .arg("story.mjs")
        .arg(&console.base)
        .current_dir(&story)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .unwrap();
    assert!(told.success());
    console.stop().await;
    zendesk.stop().await;
}

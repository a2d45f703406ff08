//! The product page's story in a real browser; skipped aloud where there is none.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::support::{Console, PASSWORD, account, own_mart};

const CHROMIUM: &str = "/usr/bin/chromium";

#[tokio::test(flavor = "multi_thread")]
async fn the_product_page_is_true_in_a_browser() {
    let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser");
    if !Path::new(CHROMIUM).exists() || !story.join("node_modules").exists() {
        eprintln!("skipped: needs {CHROMIUM} and `npm ci` in tests/browser");
        return;
    }
    let (zendesk, rest) = account(600, 1_200).await;
    // The first sync takes long enough to be watched.
    zendesk.set_faults(vec!["slow=2000".parse().unwrap()]);
    // Another host name, as Zendesk's is: strict cookies do not come back with its redirect.
    let account = zendesk.base_url().replace("127.0.0.1", "localhost");
    let rest = format!("{rest}\n[warehouse]\nmodels_dir = \"models\"\n");
    let console = Console::of(&account, &rest, Some(PASSWORD)).await;
    own_mart(&console.pipeline.folder);
    let mut told = tokio::process::Command::new("node")
        .args(["story.mjs", &console.base, PASSWORD])
        .current_dir(&story)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (mut answers, lines) = (told.stdin.take().unwrap(), told.stdout.take().unwrap());
    let mut lines = BufReader::new(lines).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        match line.as_str() {
            "please answer at once" => zendesk.set_faults(Vec::new()),
            "please revoke the authorization" => zendesk.revoke_all_tokens(),
            _ => continue,
        }
        answers.write_all(b"done\n").await.unwrap();
    }
    assert!(told.wait().await.unwrap().success());
    console.stop().await;
    zendesk.stop().await;
}

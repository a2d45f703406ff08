//! `demo`: everything at once.

use crate::support::run;

#[test]
fn demo_prints_the_kpi_table_and_leaves_a_lake_to_query() {
    let dir = tempfile::tempdir().unwrap();
    let ran = run(dir.path(), &["demo", "--tickets", "400"]).ok();
    for expected in ["first reply", "full resolution", "SLA", "reopen", "escalat", "lake", "deskmeter query"]
    {
        assert!(ran.stdout.to_lowercase().contains(&expected.to_lowercase()), "{expected}: {}", ran.stdout);
    }
    let file = "deskmeter-demo/deskmeter.toml";
    let counted =
        run(dir.path(), &["query", "-p", file, "--format", "csv", "select count(*) as n from tickets"]).ok();
    assert_eq!(counted.stdout, "n\n400\n");
    run(dir.path(), &["metrics", "list", "-p", file]).ok();
    let shown = run(dir.path(), &["metrics", "show", "ticket_metrics", "-p", file]).ok();
    assert!(shown.stdout.contains("one row per ticket"), "{}", shown.stdout);
    // Again: an earlier demo's folder is made anew, a folder of someone else's is not touched.
    run(dir.path(), &["demo", "--tickets", "50"]).ok();
    std::fs::create_dir(dir.path().join("mine")).unwrap();
    std::fs::write(dir.path().join("mine/letter.txt"), "keep").unwrap();
    let refused = run(dir.path(), &["demo", "--dir", "mine"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(dir.path().join("mine/letter.txt").exists());
}

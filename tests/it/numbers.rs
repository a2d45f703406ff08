//! Numbers that explain themselves, the dictionary, and a metric of one's own.

use std::path::Path;

use deskmeter_simulator::Options;
use deskmeter_warehouse::{WindowKind, decisions};

use crate::support::Desk;

/// A synced account with a plain pipeline file.
fn synced(tickets: u32) -> Desk {
    let desk = Desk::generated(tickets, 31);
    desk.connect();
    desk.run(&["sync"]).ok();
    desk
}

/// Blocks of a Markdown text whose first line is a comment with a file's name: the name and the text.
fn files(text: &str) -> Vec<(String, String)> {
    let blocks = text.split("```").skip(1).step_by(2);
    let named = blocks.filter_map(|block| {
        let (_, body) = block.split_once('\n')?;
        let (first, rest) = body.split_once('\n')?;
        let name = first.strip_prefix("# ").or(first.strip_prefix("-- "))?;
        (name.contains('.') && !name.contains(' ')).then(|| (name.to_owned(), rest.to_owned()))
    });
    named.collect()
}

#[test]
fn the_worked_example_of_a_metric_of_ones_own_is_checked_made_listed_and_exported() {
    let desk = synced(120);
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sql/README.md")).unwrap();
    let written = files(&readme);
    assert_eq!(written.len(), 3, "{written:?}");
    let dir = desk.dir.path();
    for (name, text) in &written {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let former = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(&path, format!("{former}\n{text}")).unwrap();
    }
    let commands = readme.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    for command in commands.lines() {
        let words: Vec<&str> = command.trim_start_matches("deskmeter ").splitn(2, '"').collect();
        let mut args: Vec<&str> = words[0].split_whitespace().collect();
        args.extend(words.get(1).map(|sql| sql.trim_end_matches('"')));
        desk.run(&args).ok();
    }
    let (own, shipped) = (
        "select sum(n_tickets) as n from slow_replies",
        "select count(*) as n from ticket_metrics where not is_merged and not is_deleted",
    );
    assert_eq!(desk.number(own), desk.number(shipped));
    assert!(desk.run(&["metrics", "list"]).ok().stdout.contains("slow_replies"));
    assert!(dir.join("files").read_dir().unwrap().next().is_some());
    let held = "select count(*) from data_checks where model_name = 'slow_replies' and outcome = 'passed'";
    assert!(desk.number(held) >= 6);

    // A check that fails keeps the former marts, exit code 7; a column that is not there is named, exit code 2.
    let former = desk.number("select count(*) from slow_replies");
    let toml = dir.join("models/marts/slow_replies.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    std::fs::write(&toml, text.replace("where n_slow > n_tickets", "where n_tickets > 0")).unwrap();
    let failed = desk.run(&["sync", "--full-refresh"]);
    assert_eq!(failed.code, 7, "{}", failed.stderr);
    assert!(failed.stderr.contains("no more are slow than there are"), "{}", failed.stderr);
    assert_eq!(desk.number("select count(*) from slow_replies"), former);
    let status = desk.run(&["status"]).ok().stdout;
    assert!(status.contains("slow_replies: no more are slow than there are"), "{status}");
    let sql = dir.join("models/marts/slow_replies.sql");
    let wrong = std::fs::read_to_string(&sql).unwrap().replace("is_merged", "is_mergd");
    std::fs::write(&sql, wrong).unwrap();
    let refused = desk.run(&["sync", "--full-refresh"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("did you mean is_merged?"), "{}", refused.stderr);
}

#[test]
fn every_number_of_every_ticket_of_a_simulated_account_is_the_sum_of_its_pieces() {
    let desk = synced(300);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let file = std::fs::read_to_string(desk.dir.path().join("deskmeter.toml")).unwrap();
    let pipeline = deskmeter_pipeline::PipelineFile::parse(&file, desk.dir.path()).unwrap();
    let clock = std::sync::Arc::new(|| deskmeter_zendesk::UnixSeconds(crate::support::END + 3_600));
    let context = deskmeter_pipeline::Context::new(clock, std::sync::Arc::new(|_| None));
    let explanations = runtime.block_on(async {
        let warehouse = deskmeter_pipeline::open_warehouse(&pipeline, &context).await.unwrap();
        warehouse.explain(None, None).await.unwrap()
    });
    let (mut cells, mut windows) = (0, 0);
    for explanation in &explanations {
        for total in &explanation.totals {
            assert!(total.is_explained(), "{total:#?} of {explanation:#?}");
            cells += usize::from(total.value.is_some());
        }
        for piece in explanation.pieces.iter().filter(|piece| !piece.windows.is_empty()) {
            let working = piece.windows.iter().filter(|window| window.kind == WindowKind::Working);
            let working: i64 = working.map(|window| window.to.as_second() - window.from.as_second()).sum();
            assert_eq!(piece.seconds_business, Some(working), "{explanation:#?}");
            windows += piece.windows.len();
        }
    }
    assert!(cells > 300 * 20 && windows > 10_000, "{cells} cells, {windows} windows");
}

#[test]
fn explain_shows_a_number_and_a_ticket_and_refuses_what_is_not_there() {
    let desk = synced(60);
    let sql = "select ticket_id, agent_work_minutes_business as n from ticket_metrics where agent_work_minutes_business > 0 order by ticket_id limit 1";
    let row = &desk.query(sql)[0];
    let ticket = row["ticket_id"].to_string();
    let shown = desk.run(&["explain", &ticket, "agent_work"]).ok().stdout;
    for said in
        ["agent_work_minutes_business", "counts", " up to agent_work_minutes_business", &row["n"].to_string()]
    {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    let json = desk.run(&["explain", &ticket, "agent_work", "--format", "json"]).ok().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["totals"][1]["value"], row["n"]);
    let story = desk.run(&["explain", &ticket]).ok().stdout;
    for said in ["agent work", "statuses", "solved"] {
        assert!(story.contains(said), "{said}: {story}");
    }
    let metric = desk.run(&["explain", &ticket, "agent_wrok"]);
    assert!(metric.code == 2 && metric.stderr.contains("did you mean agent_work"), "{}", metric.stderr);
    let unknown = desk.run(&["explain", "999999999"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("did you mean"), "{}", unknown.stderr);
}

#[test]
fn the_dictionary_is_one_file_in_which_every_link_leads_somewhere() {
    let desk = Desk::new(
        deskmeter_simulator::World::generate(&deskmeter_simulator::WorldOptions {
            tickets: 1,
            seed: 1,
            end: crate::support::END,
            months: 1,
        }),
        |_: &mut Options| {},
    );
    desk.run(&["metrics", "docs", "-o", "metrics.html"]).ok();
    let page = std::fs::read_to_string(desk.dir.path().join("metrics.html")).unwrap();
    for foreign in ["<script", "src=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let ids: std::collections::BTreeSet<&str> =
        page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(link), "#{link} leads nowhere");
    }
    assert!(ids.contains("ticket_metrics.n_replies") && ids.contains("decision-first-reply"));
    assert!(page.contains("<svg role=\"img\" aria-label=\"Lineage of ticket_metrics\""));
    assert!(decisions().len() >= 19);
    let shown = desk.run(&["metrics", "show", "ticket_metrics.first_reply_minutes_business"]).ok().stdout;
    for said in ["made from", "used by", "kpi", "where Zendesk differs", "first-reply:", "NULL means"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
}

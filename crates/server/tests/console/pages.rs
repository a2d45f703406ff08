//! The pages on an empty lake, and the whole story on one with data.

use std::time::Duration;

use deskmeter_server::Labels;
use reqwest::Method;

use crate::support::{Console, Visitor, account, context, own_mart};

const PAGES: [&str; 8] =
    ["overview", "resolution", "sla", "escalations", "workload", "backlog", "quality", "privacy"];

#[tokio::test]
async fn every_page_stands_on_an_empty_lake() {
    let console = Console::lonely(None).await;
    let mut visitor = console.visitor();
    let home = visitor.get("/").await;
    assert_eq!(home.headers()["location"], "/integrations");
    let page = visitor.page("/integrations").await;
    assert!(page.contains("Not connected") && page.contains("Connect Zendesk"));
    for name in PAGES {
        assert!(visitor.page(&format!("/c/acme/{name}")).await.contains("No data yet"), "{name}");
    }
    let report =
        deskmeter_server::report(&console.pipeline, &context(), &Labels::default(), 5).await.unwrap();
    assert!(report.contains("No data yet"));
    console.stop().await;
}

/// The product page, from Connect to the receipt.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_connected_read_shown_and_deleted() {
    let (zendesk, rest) = account(150, 1_000_000).await;
    let rest = format!("{rest}\n[warehouse]\nmodels_dir = \"models\"\n");
    let console = Console::of(zendesk.base_url(), &rest, None).await;
    own_mart(&console.pipeline.folder);
    let mut visitor = console.visitor();

    connect(&mut visitor).await;
    assert!(visitor.page("/integrations?notice=connected").await.contains("Connected"));
    wait_for_the_end(&visitor).await;
    let page = visitor.page("/integrations/acme").await;
    assert!(page.contains("Yes, complete until") && page.contains("Yes, all streams can be read."), "{page}");
    assert!(visitor.get("/").await.headers()["location"].to_str().unwrap().ends_with("/c/acme/overview"));

    every_panel_has_an_answer(&mut visitor).await;
    filters_narrow(&mut visitor).await;
    own_marts_have_a_page_with_sql_and_csv(&mut visitor).await;
    the_flow_between_tiers_is_drawn(&mut visitor).await;
    let agents = visitor.page("/c/acme/data/workload_agents.csv?period=all").await;
    the_report_shows_no_one(&console, &agents).await;
    let metrics = visitor.page("/metrics").await;
    assert!(metrics.contains("deskmeter_connected{connection=\"acme\"} 1"));
    assert!(metrics.contains("deskmeter_stream_lag_seconds{connection=\"acme\",stream=\"tickets\"}"));

    an_unchanged_report_is_not_sent_again(&visitor).await;
    disconnect(&mut visitor).await;
    assert!(!console.pipeline.folder.join("lake/acme").exists(), "the lake is empty");
    assert!(visitor.page("/c/acme/overview").await.contains("No data yet"), "and so is the memory");
    let receipt = visitor.page("/integrations/acme/receipt.json").await;
    let console = console.restart().await;
    let mut visitor = console.visitor();
    assert!(visitor.page("/integrations").await.contains("Deletion receipt"));
    assert_eq!(visitor.page("/integrations/acme/receipt.json").await, receipt, "it is kept");
    console.stop().await;
    zendesk.stop().await;
}

#[tokio::test]
async fn access_that_a_disconnect_could_not_revoke_is_told_on_the_card() {
    let (zendesk, rest) = account(20, 1_000_000).await;
    let rest = format!("{rest}\n[sync]\nretries_max = 0\n");
    let console = Console::of(zendesk.base_url(), &rest, None).await;
    let mut visitor = console.visitor();
    // From the command line, which starts no sync that would have to be waited for.
    let allow = |url: &str| {
        let allowed = reqwest::Client::new().post(url).form(&[("decision", "allow")]).send();
        tokio::spawn(allowed);
    };
    let wait = Duration::from_mins(1);
    deskmeter_pipeline::connect(&console.pipeline, &context(), wait, allow).await.unwrap();
    zendesk.stop().await;
    let receipt = deleted(&mut visitor).await;
    assert!(receipt.contains("\"revocation\":\"not_proven\""), "{receipt}");
    let card = visitor.page("/integrations").await;
    assert!(card.contains("NOT proven to be revoked") && card.contains("OAuth clients"), "{card}");
    console.stop().await;
}

async fn own_marts_have_a_page_with_sql_and_csv(visitor: &mut Visitor) {
    let page = visitor.page("/c/acme/marts").await;
    for words in ["group_sizes", "How many tickets each group has.", "aria-current=\"page\">Own marts"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("ticket_metrics"), "what comes with deskmeter has its dashboards");
    let csv = visitor.page("/c/acme/marts/group_sizes/rows.csv").await;
    let tickets = csv.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse::<u32>().unwrap());
    assert_eq!((csv.lines().next(), tickets.sum::<u32>()), (Some("group_id,n_tickets"), 150));
    assert!(page.matches("<tr>").count() == csv.lines().count(), "a row each: {page}");
    let sql = visitor.page("/c/acme/marts/group_sizes").await;
    assert!(sql.contains("group by group_id") && sql.contains("/c/acme/marts/group_sizes/rows.csv"), "{sql}");
    for other in ["/c/acme/marts/ticket_metrics", "/c/acme/marts/none/rows.csv"] {
        assert_eq!(visitor.get(other).await.status(), 404, "{other}");
    }
}

async fn the_flow_between_tiers_is_drawn(visitor: &mut Visitor) {
    let page = visitor.page("/c/acme/escalations?period=all").await;
    let csv = visitor.page("/c/acme/data/escalations_between_tiers.csv?period=all").await;
    let moves = csv.lines().count() - 1;
    assert!(moves > 0, "{csv}");
    assert_eq!(page.matches("<path class=\"flow ").count(), moves * 3, "each in three widths");
    let fields: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
    let told = format!("Tier {} to Tier {}: {}", fields[1], fields[2], fields[3]);
    assert!(page.contains(&format!("<title>{told}</title>")), "{told}");
}

#[tokio::test]
async fn several_accounts_have_a_card_and_a_row_each() {
    let console = Console::of_two().await;
    let mut visitor = console.visitor();
    let page = visitor.page("/integrations").await;
    assert!(page.contains("id=\"card-acme\"") && page.contains("id=\"card-beta\""));
    let page = visitor.page("/accounts?period=30d").await;
    assert!(page.contains("/c/acme/overview?period=30d") && page.contains("/c/beta/overview?period=30d"));
    let csv = visitor.page("/accounts.csv").await;
    let names: Vec<&str> = csv.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(names, ["connection", "acme", "beta"]);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_tells_what_is_ahead_before_its_first_page_and_while_it_reads() {
    let (zendesk, rest) = account(60, 1_000_000).await;
    zendesk.set_faults(vec!["slow=700".parse().unwrap()]);
    let console = Console::of(zendesk.base_url(), &rest, None).await;
    let mut visitor = console.visitor();
    connect(&mut visitor).await;
    // The visitor has no script: the page itself tells, and comes again by itself.
    let (mut estimating, mut reading) = (0, 0);
    loop {
        let page = visitor.page("/integrations").await;
        if !page.contains("data-running=\"true\"") || page.contains("Computing metrics") {
            assert!(!page.contains("to go"), "nothing is left: {page}");
            break;
        }
        assert!(page.contains("<noscript><meta http-equiv=\"refresh\""), "{page}");
        estimating += u32::from(page.contains("Looking how much there is to read"));
        reading +=
            u32::from(page.contains(" to go, ") && page.contains("read to the end by about 22 Nov 2026"));
    }
    assert!(
        estimating > 0 && reading > 0,
        "{estimating} pages before the first one was read, {reading} after it"
    );
    wait_for_the_end(&visitor).await;
    console.stop().await;
    zendesk.stop().await;
}

/// The console stops while pages are read, and once more while metrics are computed.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_mid_sync_keeps_what_was_read_and_the_next_sync_goes_on() {
    let (zendesk, rest) = account(60, 1_000_000).await;
    // Reading takes longer than the pause between two events.
    zendesk.set_faults(vec!["slow=700".parse().unwrap()]);
    let console = Console::of(zendesk.base_url(), &rest, None).await;
    let mut visitor = console.visitor();
    connect(&mut visitor).await;
    wait_until(&visitor, "Reading").await;
    zendesk.set_faults(Vec::new());
    let console = console.restart().await;
    let mut visitor = console.visitor();
    let page = visitor.page("/integrations").await;
    assert!(page.contains("Connected") && page.contains("data-running=\"false\""), "the lease is given back");
    visitor.submit("/integrations", "/integrations/acme/sync", &[]).await;
    wait_until(&visitor, "Computing metrics").await;
    let console = console.restart().await;
    let mut visitor = console.visitor();
    visitor.submit("/integrations", "/integrations/acme/sync", &[]).await;
    wait_for_the_end(&visitor).await;
    let coverage = visitor.page("/c/acme/data/quality_coverage.csv").await;
    assert!(coverage.contains("\ntickets,60,"), "{coverage}");
    let checks = visitor.page("/c/acme/data/quality_checks.csv").await;
    assert!(checks.contains(",holds,0,60\r\n") && !checks.contains(",broken,"), "{checks}");
    console.stop().await;
    zendesk.stop().await;
}

/// Follows the server-sent events until they tell this.
async fn wait_until(visitor: &Visitor, words: &str) {
    let events = visitor.request(Method::GET, "/integrations/acme/events").timeout(Duration::from_mins(5));
    let mut events = events.send().await.unwrap();
    let mut told = String::new();
    while !told.contains(words) {
        let chunk = events.chunk().await.unwrap().unwrap_or_else(|| panic!("{words} was not told: {told}"));
        told.push_str(&String::from_utf8_lossy(&chunk));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorization_revoked_in_zendesk_shows_disconnected_with_its_cause() {
    let (zendesk, rest) = account(20, 1_000_000).await;
    let console = Console::of(zendesk.base_url(), &rest, None).await;
    let mut visitor = console.visitor();
    connect(&mut visitor).await;
    wait_for_the_end(&visitor).await;
    zendesk.revoke_all_tokens();
    visitor.submit("/integrations", "/integrations/acme/sync", &[]).await;
    wait_for_the_end(&visitor).await;
    let page = visitor.page("/integrations").await;
    assert!(page.contains("Disconnected") && page.contains("Reconnect Zendesk"), "{page}");
    let page = visitor.page("/integrations/acme").await;
    assert!(page.contains("check that the admin has not revoked the authorization"));
    connect(&mut visitor).await;
    wait_for_the_end(&visitor).await;
    assert!(!visitor.page("/integrations").await.contains("Disconnected since"));
    console.stop().await;
    zendesk.stop().await;
}

async fn an_unchanged_report_is_not_sent_again(visitor: &Visitor) {
    let get = |path: &str| visitor.request(Method::GET, path);
    let first = get("/c/acme/sla").send().await.unwrap();
    let tag = first.headers()["etag"].clone();
    assert_eq!(first.headers()["cache-control"], "private, no-cache");
    assert_eq!(get("/c/acme/sla").header("if-none-match", &tag).send().await.unwrap().status(), 304);
    for other in ["/c/acme/sla?priority=high", "/c/acme/backlog"] {
        assert_eq!(get(other).header("if-none-match", &tag).send().await.unwrap().status(), 200, "{other}");
    }
}

/// What a person does: reads the permissions, goes to Zendesk, presses Allow, is led back.
async fn connect(visitor: &mut Visitor) {
    let ask = visitor.page("/integrations/acme/connect").await;
    for words in
        ["tickets:read", "users:read", "organizations:read", "Never collected", "CSAT survey responses"]
    {
        assert!(ask.contains(words), "{words}");
    }
    let page = visitor.submit("/integrations/acme/connect", "/integrations/acme/connect", &[]).await;
    let page = page.text().await.unwrap();
    let url =
        page.split("content=\"0; url=").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let url = url.replace("&amp;", "&");
    let allowed = visitor.http.post(&url).form(&[("decision", "allow")]).send().await.unwrap();
    let back = allowed.headers()["location"].to_str().unwrap().to_owned();
    let path = back.strip_prefix(&visitor.base).expect("the way back leads to the console");
    // Zendesk's redirect is from another site: the strict cookie does not come along.
    let landed = visitor.http.get(format!("{}{path}", visitor.base)).send().await.unwrap();
    assert_eq!(landed.status(), 200);
    assert!(
        !landed.headers().contains_key("set-cookie"),
        "it would take the place of the session that was kept back"
    );
    let again = visitor.http.get(format!("{}{path}", visitor.base)).send().await.unwrap();
    assert_eq!(again.status(), 400, "an answer counts once");
    let done = visitor.get("/oauth/finish").await;
    assert_eq!(done.headers()["location"], "/integrations?notice=connected");
}

/// Follows the server-sent events to their end.
async fn wait_for_the_end(visitor: &Visitor) {
    let events = visitor.request(Method::GET, "/integrations/acme/events").timeout(Duration::from_mins(5));
    let text = events.send().await.unwrap().text().await.unwrap();
    assert!(text.trim_end().ends_with("data: over"), "{text}");
}

async fn every_panel_has_an_answer(visitor: &mut Visitor) {
    for name in PAGES {
        let page = visitor.page(&format!("/c/acme/{name}?period=all")).await;
        assert!(
            !page.contains("could not be computed") && !page.contains("Not computed yet"),
            "{name}: {:?}",
            problems(&page)
        );
        assert!(!page.contains("No data yet"), "{name}");
        for link in page.split("href=\"/c/acme/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let path = format!("/c/acme/{}", link.replace("&#38;", "&").replace("&amp;", "&"));
            if path.contains("/sql/") {
                assert!(visitor.page(&path).await.contains("select"), "{path}");
            } else if path.contains("/data/") {
                assert!(visitor.page(&path).await.contains("\r\n"), "{path}");
            }
        }
    }
}

fn problems(page: &str) -> Vec<&str> {
    page.split("class=\"notice warn\">").skip(1).map(|rest| rest.split('<').next().unwrap()).collect()
}

async fn filters_narrow(visitor: &mut Visitor) {
    let rows = |csv: String| {
        csv.lines().skip(1).filter_map(|line| line.rsplit(',').next()?.parse::<f64>().ok()).sum::<f64>()
    };
    let all = rows(visitor.page("/c/acme/data/resolution_distribution.csv?period=all").await);
    let urgent =
        rows(visitor.page("/c/acme/data/resolution_distribution.csv?period=all&priority=urgent").await);
    let none = rows(visitor.page("/c/acme/data/resolution_distribution.csv?period=all&group=1").await);
    assert!(all > urgent && urgent > 0.0, "{all} {urgent}");
    assert!(none.abs() < f64::EPSILON);
}

async fn the_report_shows_no_one(console: &Console, agents: &str) {
    let report =
        deskmeter_server::report(&console.pipeline, &context(), &Labels::default(), 5).await.unwrap();
    assert!(report.contains("Full resolution over time") && report.contains("style-src 'sha256-"));
    for word in ["<script", "http://", "https://", "src=", "At risk now", "/c/acme/"] {
        assert!(!report.contains(word), "{word}");
    }
    let pseudonyms: Vec<&str> = agents.lines().skip(1).filter_map(|line| line.get(..8)).collect();
    assert!(pseudonyms.len() > 2 && pseudonyms.iter().all(|pseudonym| !report.contains(pseudonym)));
}

async fn disconnect(visitor: &mut Visitor) {
    let page = "/integrations/acme/disconnect";
    assert_eq!(visitor.submit(page, page, &[("confirm", "acm")]).await.status(), 422);
    assert!(visitor.page("/integrations").await.contains("Connected"));
    let receipt = deleted(visitor).await;
    assert!(receipt.contains("\"revocation\":\"proven\"") && receipt.contains("\"signature\""), "{receipt}");
}

/// Disconnects, and gives the receipt when all is deleted.
async fn deleted(visitor: &mut Visitor) -> String {
    let page = "/integrations/acme/disconnect";
    let answer = visitor.submit(page, page, &[("confirm", "acme")]).await;
    assert_eq!(answer.headers()["location"], "/integrations?notice=deleting");
    for _ in 0..600 {
        let page = visitor.page("/integrations").await;
        if page.contains("Deletion receipt") {
            return visitor.page("/integrations/acme/receipt.json").await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the deletion does not end");
}

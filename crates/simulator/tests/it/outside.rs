//! What published clients send and look at, found by running them (`tests/clients`).

use crate::client::{Client, NOW, login, options};
use deskmeter_simulator::{World, WorldOptions};
use serde_json::json;

const EXPORT: &str = "/api/v2/incremental/";

async fn client() -> Client {
    let world = World::generate(&WorldOptions { tickets: 60, seed: 4, end: NOW, months: 2 });
    let mut options = options(NOW);
    options.rate_limit = deskmeter_simulator::RateLimit::Off;
    Client::start(world, options).await
}

#[tokio::test]
async fn pages_lead_on_to_the_host_that_was_asked() {
    let client = client().await;
    for (path, next) in [
        ("incremental/tickets/cursor?start_time=0&per_page=9", "/after_url"),
        ("incremental/tickets?start_time=0&per_page=9", "/next_page"),
        ("incremental/ticket_metric_events?start_time=0&page[size]=9", "/links/next"),
        ("tickets?per_page=9", "/next_page"),
        ("tickets?page[size]=9", "/links/next"),
        ("users/me", "/user/url"),
    ] {
        let url = format!("{}/api/v2/{path}", client.running.base_url());
        let plain = client.get(&url).await.json();
        assert!(
            plain.pointer(next).expect(next).as_str().expect("URL").starts_with(client.running.base_url())
        );
        let named = client.http.get(&url).bearer_auth(&client.token).header("host", "acme.zendesk.com");
        let named: serde_json::Value = named.send().await.expect("answer").json().await.expect("JSON");
        let link = named.pointer(next).expect(next).as_str().expect("URL");
        assert!(link.starts_with("https://acme.zendesk.com/api/v2/"), "{link}");
    }
}

#[tokio::test]
async fn a_start_time_counts_up_to_its_first_other_letter() {
    let client = client().await;
    let from = |text: &str| format!("{EXPORT}tickets?start_time={text}");
    let whole = client.get(&from("1785000000")).await.json();
    assert!(whole["count"].as_u64().expect("count") > 0);
    assert_eq!(client.get(&from("1785000000.5")).await.json()["tickets"], whole["tickets"]);
    // tap-zendesk asks for organizations of `2026-11-01T00:00:00Z`, which reads as the second 2026.
    let dated = client.get(&format!("{EXPORT}organizations?start_time=2026-11-01T00:00:00Z")).await;
    assert_eq!(dated.status, 200);
    for wrong in ["now", "", "%2D1"] {
        assert_eq!(client.get(&from(wrong)).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn metric_events_may_be_asked_of_this_very_second() {
    let client = client().await;
    let status = |stream: &'static str| {
        let path = format!("{EXPORT}{stream}?start_time={NOW}");
        let client = &client;
        async move { client.get(&path).await.status }
    };
    assert_eq!(status("ticket_metric_events").await, 200);
    assert_eq!(status("tickets").await, 400);
}

#[tokio::test]
async fn what_only_other_products_read_is_there_for_them() {
    let mut client = client().await;
    assert_eq!(client.get("/api/v2/account/settings.json").await.status, 403);
    client.token = login(&client.http, client.running.base_url(), "read").await;
    let settings = client.get("/api/v2/account/settings.json").await.json();
    assert_eq!(settings["settings"]["active_features"]["organization_access_enabled"], true);
    for (path, key) in [
        ("tickets/1001/audits.json", "audits"),
        ("ticket_audits", "audits"),
        ("slas/policies", "sla_policies"),
        ("search?query=x", "results"),
        ("user_fields", "user_fields"),
    ] {
        let page = client.get(&format!("/api/v2/{path}")).await.json();
        assert_eq!((&page["count"], &page["next_page"]), (&json!(1), &json!(null)), "{path}");
        assert!(page[key][0]["updated_at"].is_string(), "{path}");
    }
    let page = client.get("/api/v2/groups?page[size]=100").await.json();
    assert_eq!((&page["meta"]["has_more"], &page["links"]["next"]), (&json!(false), &json!(null)));
    assert!(
        client
            .running
            .requests()
            .iter()
            .filter(|row| row.path.ends_with("settings.json"))
            .all(|row| row.forbidden)
    );
}

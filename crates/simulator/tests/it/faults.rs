//! Limits and faults: what a client meets, and that asking again gets the truth.

use crate::client::{Client, NOW, options};
use deskmeter_simulator::{Error, FAULTS, Fault, Options, RateLimit, World, WorldOptions, start};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const PAGE: &str = "/api/v2/incremental/tickets/cursor?start_time=0";
const TIME_PAGE: &str = "/api/v2/incremental/tickets?start_time=0&per_page=3";

fn world() -> World {
    World::generate(&WorldOptions { tickets: 200, seed: 3, end: NOW, months: 1 })
}

async fn with(faults: &[&str]) -> Client {
    let mut options = options(NOW);
    options.rate_limit = RateLimit::Off;
    options.faults = faults.iter().map(|fault| fault.parse().expect("a fault")).collect();
    Client::start(world(), options).await
}

#[test]
fn every_fault_can_be_named_and_a_wrong_name_lists_them() {
    for doc in FAULTS {
        for suffix in ["", "@3", "%50"] {
            assert!(format!("{}{suffix}", doc.name).parse::<Fault>().is_ok());
        }
        assert_eq!(format!("{}=5@2", doc.name).parse::<Fault>().is_ok(), !doc.value.is_empty());
    }
    for wrong in ["nonsense", "500@0", "500%101", "503=x"] {
        assert!(matches!(wrong.parse::<Fault>(), Err(Error::Fault { .. })));
    }
    let error = "nonsense".parse::<Fault>().expect_err("unknown").to_string();
    assert!(error.contains("truncated-gzip"));
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let client = with(&[]).await;
    let port = client.running.base_url().rsplit(':').next().expect("port").parse().expect("number");
    let mut options = options(NOW);
    options.port = port;
    let Err(error) = start(world(), options).await else { panic!("the port was taken") };
    assert!(error.to_string().contains(&port.to_string()));
}

#[tokio::test]
async fn statuses_come_in_their_recorded_shapes_and_pass() {
    let faults =
        ["500@1", "502@2", "503=7@3", "504@4", "403-empty@5", "404-empty@6", "429=4@7", "429-silent@8"];
    let client = with(&faults).await;
    let expected = [
        (500, "application/json", None),
        (502, "text/html", None),
        (503, "application/json", Some("7")),
        (504, "text/plain", None),
        (403, "text/html", None),
        (404, "text/html", None),
        (429, "application/json", Some("4")),
        (429, "application/json", None),
        (200, "application/json", None),
    ];
    for (status, content_type, retry_after) in expected {
        let answer = client.get(PAGE).await;
        assert_eq!(answer.status, status);
        assert!(answer.headers["content-type"].to_str().expect("text").starts_with(content_type));
        assert_eq!(answer.headers.get("retry-after").map(|value| value.to_str().expect("text")), retry_after);
        assert_eq!(answer.headers.get_all("x-request-id").iter().count(), 2);
    }
}

#[tokio::test]
async fn a_broken_wire_is_an_error_and_the_next_page_is_whole() {
    let client = with(&["reset@1", "truncated-gzip@2", "cut-body@3", "html@4"]).await;
    for _ in 0..3 {
        assert!(client.try_get(PAGE).await.is_err());
    }
    assert!(client.get(PAGE).await.text.starts_with("<html>"));
    let page = client.get(PAGE).await;
    assert!(page.headers.get("content-length").is_none());
    assert!(page.json()["tickets"].as_array().is_some());
}

#[tokio::test]
async fn pages_can_repeat_shuffle_and_stand_still() {
    let client =
        with(&["duplicate-rows@2", "duplicate-page@3", "unasked-sideloads@4", "no-end-of-stream@5"]).await;
    let rows = |page: &serde_json::Value| page["tickets"].as_array().expect("rows").len();
    let plain = client.get(PAGE).await.json();
    assert_eq!(rows(&client.get(PAGE).await.json()), 2 * rows(&plain));
    let again = client.get(PAGE).await.json();
    assert_eq!(again["end_of_stream"], false);
    assert_eq!(rows(&client.get(again["after_url"].as_str().expect("url")).await.json()), rows(&plain));
    assert!(client.get(TIME_PAGE).await.json().get("end_of_stream").is_none());
    let stuck = with(&["burst-stuck"]).await;
    let mut path = TIME_PAGE.replace("per_page=3", "per_page=1");
    let mut stands = false;
    for _ in 0..200 {
        let page = stuck.get(&path).await.json();
        let next = page["next_page"].as_str().expect("url").to_owned();
        stands |= next.ends_with(path.rsplit("start_time=").next().expect("time")) && rows(&page) == 1;
        path = next;
    }
    assert!(stands);
}

#[tokio::test]
async fn tokens_can_die_and_a_revocation_can_lie() {
    let client = with(&["token-expired@2", "revoke-lies"]).await;
    let url = format!("{}/api/v2/oauth/tokens/current", client.running.base_url());
    let revoked = client.http.delete(url).bearer_auth(&client.token).send().await.expect("answer");
    assert_eq!(revoked.status(), 204);
    assert_eq!(client.get(PAGE).await.status, 200);
    assert_eq!(client.get(PAGE).await.status, 401);
}

#[tokio::test]
async fn the_documented_limits_refuse_the_eleventh_export_of_a_minute() {
    let minute = NOW / 60 * 60;
    let now = Arc::new(AtomicI64::new(minute + 20));
    let clock = Arc::clone(&now);
    let client = Client::start(world(), Options::new(Arc::new(move || clock.load(Ordering::SeqCst)))).await;
    for left in (0..10).rev() {
        let answer = client.get(PAGE).await;
        let level = format!("total=10; remaining={left}; resets=40");
        assert_eq!(
            (answer.status, answer.headers["zendesk-ratelimit-incremental-exports"].to_str().ok()),
            (200, Some(level.as_str()))
        );
    }
    let refused = client.get("/api/v2/incremental/organizations?start_time=0").await;
    assert_eq!((refused.status, refused.headers["retry-after"].to_str().ok()), (429, Some("40")));
    assert_eq!(refused.json()["error"], "APIRateLimitExceeded");
    let users = client.get("/api/v2/incremental/users/cursor?start_time=0").await;
    let level = users.headers["zendesk-ratelimit-incremental-exports-cursor"].to_str().ok();
    assert_eq!((users.status, level), (200, Some("total=20; remaining=19; resets=40")));
    now.store(minute + 60, Ordering::SeqCst);
    assert_eq!(client.get(PAGE).await.status, 200);
}

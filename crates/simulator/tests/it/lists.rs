//! Plain lists, single rows and metric sets.

use crate::client::{Client, NOW, SCOPES, login, options};
use deskmeter_simulator::{RateLimit, World, WorldOptions};
use serde_json::{Value, json};

async fn client() -> Client {
    let mut options = options(NOW);
    options.rate_limit = RateLimit::Off;
    Client::start(World::generate(&WorldOptions { tickets: 250, seed: 4, end: NOW, months: 2 }), options)
        .await
}

#[tokio::test]
async fn agents_can_be_listed_by_role() {
    let client = client().await;
    let page = client.get("/api/v2/users.json?role[]=agent&role[]=admin&page[size]=5").await.json();
    let users = page["users"].as_array().expect("users");
    assert_eq!((users.len(), &page["meta"]["has_more"]), (5, &json!(true)));
    assert_eq!(users[0]["role"], "admin");
    let next = page["links"]["next"].as_str().expect("next");
    let next = client.get(next).await.json();
    assert!(next["users"].as_array().expect("users").iter().all(|user| user["role"] == "agent"));
    // Twelve agents, of whom one became an end user.
    let all = client.get("/api/v2/users?role[]=agent&role[]=admin").await.json();
    assert_eq!(all["count"], 11);
    let gone = all["users"].as_array().expect("users").iter().filter(|user| user["active"] == false);
    assert_eq!(gone.count(), 1);
}

#[tokio::test]
async fn lists_page_by_offset_and_end() {
    let client = client().await;
    let mut next = "/api/v2/tickets.json?per_page=40".to_owned();
    let mut ids = Vec::new();
    loop {
        let page = client.get(&next).await.json();
        ids.extend(
            page["tickets"].as_array().expect("tickets").iter().filter_map(|ticket| ticket["id"].as_i64()),
        );
        let Some(url) = page["next_page"].as_str() else { break };
        url.clone_into(&mut next);
    }
    assert!(ids.is_sorted() && ids.len() > 200);
    let count = client.get("/api/v2/tickets/count").await.json();
    assert_eq!(count["count"]["value"], ids.len());
    let deep = client.get("/api/v2/tickets?per_page=100&page=101").await;
    assert_eq!((deep.status, &deep.json()["error"]), (400, &json!("InvalidPaginationDepth")));
}

#[tokio::test]
async fn metric_sets_can_be_read_one_by_one_but_not_of_deleted_tickets() {
    let client = client().await;
    let path = "/api/v2/incremental/tickets/cursor?start_time=0&include=metric_sets";
    let tickets = client.all("tickets", path).await;
    let by_id = |ticket: &Value| format!("/api/v2/tickets/{}/metrics.json", ticket["id"]);
    let living = tickets.iter().find(|ticket| ticket["status"] == "open").expect("an open ticket");
    let set = client.get(&by_id(living)).await.json();
    assert_eq!(set["ticket_metric"]["replies"], living["metric_set"]["replies"]);
    let deleted = tickets.iter().find(|ticket| ticket["status"] == "deleted").expect("a deleted ticket");
    let missing = client.get(&by_id(deleted)).await;
    assert_eq!((missing.status, &missing.json()["error"]), (404, &json!("RecordNotFound")));
    assert_eq!(client.get("/api/v2/no_such_thing").await.status, 404);
}

#[tokio::test]
async fn the_log_is_served_as_json_and_names_what_is_forbidden() {
    let mut client = client().await;
    client.get("/api/v2/tickets/1001/comments.json").await;
    client.get("/api/v2/incremental/ticket_events?start_time=0&include=comment_events").await;
    client.token = login(&client.http, client.running.base_url(), SCOPES).await;
    client.get("/api/v2/incremental/tickets?start_time=0&include=metric_sets").await;
    let log = client.get("/__simulator/requests").await.json();
    let forbidden = |fits: bool| {
        let rows = log.as_array().expect("rows").iter().filter(move |row| row["forbidden"] == fits);
        rows.filter_map(|row| row["path"].as_str()).collect::<Vec<_>>()
    };
    assert_eq!(forbidden(true), ["/api/v2/tickets/1001/comments.json", "/api/v2/incremental/ticket_events"]);
    assert!(forbidden(false).contains(&"/api/v2/incremental/tickets"));
    assert!(!log.to_string().contains("start_time\":"));
}

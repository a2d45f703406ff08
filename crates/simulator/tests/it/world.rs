//! Generated worlds: the pages tell one history.

use crate::client::{Client, NOW, options};
use deskmeter_simulator::{RateLimit, World, WorldOptions};

fn world(seed: u64, tickets: u32) -> World {
    World::generate(&WorldOptions { tickets, seed, end: NOW, months: 3 })
}

#[tokio::test]
async fn look() {
    let mut options = options(NOW);
    options.rate_limit = RateLimit::Off;
    let client = Client::start(world(1, 400), options).await;
    for path in [
        "tickets/cursor.json?start_time=0&per_page=3&include=metric_sets",
        "tickets.json?start_time=0&per_page=3",
        "ticket_events.json?start_time=0&per_page=3",
        "ticket_metric_events.json?start_time=0&per_page=30",
        "ticket_metric_events.json?start_time=0&page[size]=2",
        "users/cursor.json?start_time=0&per_page=2",
        "organizations.json?start_time=0&per_page=1",
    ] {
        println!("{}\n", client.get(&format!("/api/v2/incremental/{path}")).await.text);
    }
    for (stream, path) in [
        ("tickets", "tickets/cursor.json?start_time=0&support_type_scope=all"),
        ("ticket_events", "ticket_events.json?start_time=0"),
        ("ticket_metric_events", "ticket_metric_events.json?start_time=0"),
        ("users", "users/cursor.json?start_time=0"),
        ("organizations", "organizations.json?start_time=0"),
    ] {
        println!("{stream} {}", client.all(stream, &format!("/api/v2/incremental/{path}")).await.len());
    }
}

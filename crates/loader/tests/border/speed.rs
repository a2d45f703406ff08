//! How long it takes, told beside what must be true: `cargo test -p deskmeter-loader speed -- --nocapture`.

use std::time::Instant;

use deskmeter_tables::{TICKET_EVENTS, TICKETS};
use deskmeter_zendesk::Stream;

use crate::support::{Place, clean, event, ticket};

const ROWS: i64 = 60_000;

#[tokio::test]
async fn sixty_thousand_events_join_sixty_thousand() {
    let place = Place::new();
    let mut loader = place.loader().await;
    for (from, inserted) in [(0, ROWS), (ROWS / 2, ROWS / 2), (0, 0)] {
        let pages: Vec<_> = (from..from + ROWS)
            .step_by(1000)
            .map(|first| {
                let rows: Vec<_> = (first..first + 1000).map(|id| event(id + 1, (id % 11) as u8)).collect();
                clean(Stream::TicketEvents, &rows)
            })
            .collect();
        let started = Instant::now();
        let mut writer = loader.stream("ticket_events");
        for page in pages {
            writer.push(page, format!("{from}")).await.unwrap();
        }
        let committed = writer.finish().await.unwrap();
        println!("events from {from}: {:?}, {} bytes", started.elapsed(), committed.bytes_added);
        assert_eq!(committed.rows_inserted, inserted as u64);
    }
    assert_eq!(place.rows(&TICKET_EVENTS).await.num_rows() as i64, ROWS * 3 / 2);
    let started = Instant::now();
    let again = place.loader().await;
    println!("open seven tables: {:?}", started.elapsed());
    assert_eq!(again.position("ticket_events").await.unwrap().as_deref(), Some("0"));
}

#[tokio::test]
async fn five_thousand_of_twenty_thousand_tickets_change() {
    let place = Place::new();
    let mut loader = place.loader().await;
    for (rows, version, step) in [(20_000, 1, 1), (5_000, 2, 4)] {
        let pages: Vec<_> = (0..rows)
            .step_by(1000)
            .map(|first| {
                let ids = (first..first + 1000).map(|id| id * step);
                let rows: Vec<_> = ids.map(|id| ticket(id + 1, (id % 11) as u8, version)).collect();
                clean(Stream::Tickets, &rows)
            })
            .collect();
        let started = Instant::now();
        let mut writer = loader.stream("tickets");
        for page in pages {
            writer.push(page, format!("{version}")).await.unwrap();
        }
        let committed = writer.finish().await.unwrap();
        println!("{rows} tickets and metric sets: {:?}, {} bytes", started.elapsed(), committed.bytes_added);
        let expected = if version == 1 { (2 * rows as u64, 0) } else { (0, 2 * rows as u64) };
        assert_eq!((committed.rows_inserted, committed.rows_updated), expected);
    }
    assert_eq!(place.rows(&TICKETS).await.num_rows(), 20_000);
}

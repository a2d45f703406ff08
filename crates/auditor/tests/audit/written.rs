//! What the sanitizer and the loader really write from pages full of planted texts is clean.

use std::fs;

use deskmeter_auditor::{AuditOptions, Expectations, audit};
use deskmeter_loader::{Loader, LoaderOptions};
use deskmeter_sanitizer::{PseudonymKey, RunId, Sanitizer, SanitizerOptions};
use deskmeter_zendesk::{PageSize, Position, Stream, UnixSeconds};

use crate::desk::Desk;

/// Small hand-made pages, with a mark in every text that must not be kept.
const PAGES: [(Stream, &[u8]); 5] = [
    (Stream::Users, include_bytes!("../../../../fuzz/seeds/users/page.json")),
    (Stream::Organizations, include_bytes!("../../../../fuzz/seeds/organizations/page.json")),
    (Stream::Tickets, include_bytes!("../../../../fuzz/seeds/tickets/page.json")),
    (Stream::TicketEvents, include_bytes!("../../../../fuzz/seeds/ticket_events/page.json")),
    (Stream::TicketMetricEvents, include_bytes!("../../../../fuzz/seeds/ticket_metric_events/page.json")),
];

#[tokio::test]
async fn what_the_loader_writes_from_pages_full_of_canaries_is_clean() {
    let folder = tempfile::TempDir::new().unwrap();
    let desk = Desk { folder };
    let mut loader = Loader::open(desk.connection(), LoaderOptions::default()).await.unwrap();
    let mut sanitizer = Sanitizer::new(PseudonymKey::from_bytes([7; 32]), SanitizerOptions::default());
    let start = UnixSeconds(1_600_000_000);
    for (stream, bytes) in PAGES {
        let page = sanitizer.page(stream, bytes).unwrap();
        let next = Position::start(start).after(stream, &page.envelope, PageSize::MAX).unwrap();
        let position = serde_json::to_string(&next.position().storable(stream)).unwrap();
        let mut writer = loader.stream(stream.name());
        writer.push(page.batches, position).await.unwrap();
        let committed = writer.finish().await.unwrap();
        assert!(committed.rows_inserted > 0, "{stream}");
    }
    let ledger = sanitizer.ledger().to_batch(&RunId::new(start, 7), start);
    loader.append_ledger(ledger).await.unwrap();
    // Names and texts, and the raw ids that stand on the pages.
    let canaries = ["CANARY", "380000000007", "380000000008", "37000000000001"];
    let canaries = Some(canaries.map(str::to_owned).to_vec());
    let options = AuditOptions { canaries, ..AuditOptions::default() };
    let report = audit(&desk.lake(), None, &Expectations::collected(), &options).await.unwrap();
    assert_eq!(report.findings, []);
    assert!(report.objects > 20 && report.values > 500, "{report:?}");

    // The same search finds a page that was kept.
    fs::write(desk.folder.path().join("lake/acme/tickets/raw"), PAGES[2].1).unwrap();
    let report = audit(&desk.lake(), None, &Expectations::collected(), &options).await.unwrap();
    assert!(report.findings.iter().any(|finding| finding.rule == deskmeter_auditor::Rule::Canary));
}

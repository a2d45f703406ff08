//! What must hold for any bytes that a server may answer: no panic, the same bytes give the same rows, every row fits
//! the contract, and neither rows nor errors hold a text of the page. Texts of the seeds carry the mark `CANARY`.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use deskmeter_sanitizer::{CleanBatch, CleanPage, Error, PseudonymKey, Sanitizer, SanitizerOptions};
use deskmeter_tables::Kind;
use deskmeter_zendesk::{Me, PageSize, Position, Stream, TokenResponse, UnixSeconds};

/// Mark of the texts in the seeds.
const MARK: &str = "CANARY";
/// Greatest id, count or time that a row may have, in the unit of its column.
const INTEGER_MAX: i64 = 1 << 53;
/// 2200-01-01, in microseconds.
const TIME_END: i64 = 7_258_118_400_000_000;

/// Reads the bytes as a page of the stream, twice.
pub fn check_page(stream: Stream, bytes: &[u8]) {
    let first = read(stream, bytes);
    assert!(first == read(stream, bytes), "the same bytes give other rows");
    match first {
        Ok(page) => {
            page.batches.iter().for_each(check_batch);
            for reject in &page.rejects {
                check_told(&format!("{} {reject:?}", reject.rule));
            }
            assert!(page.rejects.len() as u64 <= page.rows_seen || stream == Stream::TicketEvents);
            let position = Position::start(UnixSeconds(1));
            if let Err(error) = position.after(stream, &page.envelope, PageSize::MAX) {
                check_told(&format!("{error} {error:?}"));
            }
        }
        Err(error) => check_told(&format!("{error} {error:?}")),
    }
}

fn read(stream: Stream, bytes: &[u8]) -> Result<CleanPage, Error> {
    let mut sanitizer = Sanitizer::new(PseudonymKey::from_bytes([7; 32]), SanitizerOptions::default());
    let page = sanitizer.page(stream, bytes);
    if page.is_err() {
        assert_eq!(sanitizer.ledger().rows().count(), 0, "a page that is refused leaves no trace");
    }
    sanitizer.ledger().rows().for_each(|row| check_told(&row.path));
    page
}

fn check_batch(batch: &CleanBatch) {
    let rows = batch.record_batch();
    assert_eq!(rows.schema(), batch.table().schema());
    for (column, values) in batch.table().columns.iter().zip(rows.columns()) {
        assert!(column.is_nullable || values.null_count() == 0, "{} is NULL", column.name);
        match column.kind {
            Kind::Integer => {
                let mut values = values.as_primitive::<Int64Type>().iter().flatten();
                assert!(values.all(|value| (0..=INTEGER_MAX).contains(&value)), "{}", column.name);
            }
            Kind::Timestamp => {
                let mut values = values.as_primitive::<TimestampMicrosecondType>().iter().flatten();
                assert!(values.all(|value| (0..TIME_END).contains(&value)), "{}", column.name);
            }
            Kind::Boolean => {}
            kind => values.as_string::<i32>().iter().flatten().for_each(|text| check_text(kind, text)),
        }
    }
}

fn check_text(kind: Kind, text: &str) {
    let is_of =
        |length, is_allowed: fn(&u8) -> bool| text.len() == length && text.as_bytes().iter().all(is_allowed);
    let is_allowed = match kind {
        Kind::Enum(domain) => domain.values.contains(&text),
        Kind::Pseudonym => is_of(20, |byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7')),
        Kind::Month => is_of(7, |byte| matches!(byte, b'0'..=b'9' | b'-')),
        Kind::PolicyKey => is_of(26, |byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9')),
        _ => false,
    };
    assert!(is_allowed, "a text of {} bytes is stored", text.len());
}

fn check_told(told: &str) {
    assert!(!told.contains(MARK), "a text of the page is told");
}

/// Reads the bytes as an answer of the token endpoint.
pub fn check_token_answer(bytes: &[u8]) {
    let read = || serde_json::from_slice::<TokenResponse>(bytes).ok();
    let (Some(first), Some(second)) = (read(), read()) else { return };
    assert!(first.access_token == second.access_token && first.refresh_token == second.refresh_token);
}

/// Reads the bytes as an answer of `users/me`.
pub fn check_me(bytes: &[u8]) {
    if let Ok(me) = serde_json::from_slice::<Me>(bytes) {
        check_told(&format!("{me:?} {}", me.is_someone()));
    }
}

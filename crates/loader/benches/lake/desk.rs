//! Made-up tickets as Zendesk would send them.

use std::fmt::Write as _;

use deskmeter_sanitizer::{CleanBatch, Sanitizer};
use deskmeter_zendesk::Stream;

/// 2024-12-01T00:00:00Z. Months are counted from here.
const START: i64 = 1_733_011_200;
/// Months over which the tickets are spread; a ticket's month follows from its number.
pub(crate) const MONTHS: i64 = 24;
/// A page of tickets with metric sets, as Zendesk would send it.
pub(crate) fn page(
    sanitizer: &mut Sanitizer,
    ids: impl Iterator<Item = i64>,
    tickets: i64,
    version: i64,
) -> Vec<CleanBatch> {
    let mut text = String::from("{\"tickets\":[");
    for id in ids {
        let created = time(START + id * (MONTHS * 2_629_800) / tickets);
        let comma = if text.ends_with('[') { "" } else { "," };
        write!(
            text,
            "{comma}{{\"id\":{id},\"status\":\"open\",\"priority\":\"high\",\"type\":\"question\",\"group_id\":{},\
             \"brand_id\":{},\"ticket_form_id\":3600001,\"requester_id\":{},\"submitter_id\":{},\"assignee_id\":{},\
             \"organization_id\":{},\"created_at\":\"{created}\",\"updated_at\":\"2026-11-22T00:00:00Z\",\
             \"generated_timestamp\":{},\"via\":{{\"channel\":\"email\"}},\"is_public\":true,\"support_type\":\"agent\",\
             \"metric_set\":{{\"id\":{},\"ticket_id\":{id},\"replies\":{},\"reopens\":{},\"group_stations\":1,\
             \"assignee_stations\":1,\"reply_time_in_minutes\":{{\"calendar\":{},\"business\":{}}},\
             \"created_at\":\"{created}\",\"updated_at\":\"2026-11-22T00:00:00Z\"}}}}",
            36_000 + id % 20, 37_000 + id % 3, 7_000 + id % 90_000, 7_000 + id % 90_000, 900 + id % 150, 5_000 + id % 2_000,
            1_800_000_000 + version, id * 10, version, id % 3, id % 500, id % 100,
        )
        .unwrap();
    }
    text.push_str("]}");
    sanitizer.page(Stream::Tickets, text.as_bytes()).unwrap().batches
}

/// Seconds as Zendesk writes times (proleptic Gregorian, as in Howard Hinnant's `civil_from_days`).
fn time(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) =
        (day_of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

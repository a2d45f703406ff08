//! From samples to numbers of rows. Pure.

use super::range::Range;
use super::sample::Sample;

/// Ticket numbers are given in sequence; deleted, merged and suspended ones leave gaps and latecomers.
const NUMBERS_SHARE: f64 = 0.1;
/// What no sample tells: that an account changes between the samples.
const CHANGE_SHARE: f64 = 0.25;
/// Tickets that change from the first sample on, from their numbers: those on the first page are of tickets that are
/// about to rest, those on the newest page of tickets that are new.
pub(super) fn tickets(first: &Sample, newest: &Sample, until: i64) -> Option<Range> {
    let median = first.ticket_ids.get(first.ticket_ids.len() / 2)?;
    let (top, bottom) = (newest.ticket_ids.last()?, first.ticket_ids.last()?);
    // The newest page may be full before it reaches the present: tickets go on being made at the same pace.
    let reached = newest.newest?;
    let (span, numbers) = (reached - first.newest?, top - bottom);
    let to_come = if newest.is_last || span <= 0 {
        0.0
    } else {
        numbers as f64 / span as f64 * (until - reached) as f64
    };
    let likely = (top - median) as f64 + first.rows as f64 / 2.0 + to_come;
    Some(Range::around(likely, NUMBERS_SHARE, first.rows))
}

/// Rows between the first page and `until`, from pages within that time. A page in a slow hour covers more time than one
/// in a busy hour: all rows over all the time that they cover is too little, the mean of each page's own density too
/// much. The truth lies between.
pub(super) fn by_time(first: &Sample, samples: &[Sample], until: i64) -> Range {
    let span = (until - first.newest.unwrap_or(first.from)).max(0) as f64;
    let seconds = |sample: &Sample| {
        let end = if sample.is_last { until } else { sample.newest.unwrap_or(until) };
        (end - sample.from).max(1) as f64
    };
    let (rows, covered) = samples
        .iter()
        .fold((0.0, 0.0), |(rows, covered), sample| (rows + sample.rows as f64, covered + seconds(sample)));
    let slow = rows / f64::max(covered, 1.0);
    let densities = samples.iter().map(|sample| sample.rows as f64 / seconds(sample));
    let busy = densities.sum::<f64>() / samples.len().max(1) as f64;
    let of = |density: f64| first.rows + (density * span).round() as u64;
    Range {
        low: of(slow * (1.0 - CHANGE_SHARE)),
        likely: of((slow * busy).sqrt()),
        high: of(busy * (1.0 + CHANGE_SHARE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_tickets_by_their_numbers_and_those_that_the_newest_page_did_not_reach() {
        let first =
            Sample { rows: 1_000, newest: Some(100), ticket_ids: (1..=1_000).collect(), ..Sample::default() };
        let ids = (9_000..=10_000).collect();
        let newest =
            Sample { rows: 1_000, newest: Some(1_000), is_last: true, ticket_ids: ids, ..Sample::default() };
        assert_eq!(tickets(&first, &newest, 1_000), Some(Range { low: 8_999, likely: 9_999, high: 10_999 }));
        let cut = Sample { is_last: false, ..newest };
        assert_eq!(tickets(&first, &cut, 1_090).map(|range| range.likely), Some(10_899));
        assert_eq!(tickets(&first, &Sample::default(), 1_000), None);
    }

    #[test]
    fn spreads_the_density_of_the_samples_over_the_time_between() {
        let first = Sample { rows: 1_000, newest: Some(1_000), ..Sample::default() };
        let at = |from, newest| Sample { rows: 1_000, from, newest: Some(newest), ..Sample::default() };
        let even = by_time(&first, &[at(2_000, 2_500), at(5_000, 5_500)], 11_000);
        assert_eq!((even.low, even.likely, even.high), (16_000, 21_000, 26_000));
        let uneven = by_time(&first, &[at(2_000, 2_100), at(5_000, 6_000)], 11_000);
        // 2,000 rows in 1,100 seconds, or 5.5 rows a second on average: the truth lies between.
        assert_eq!((uneven.low, uneven.likely, uneven.high), (14_636, 32_623, 69_750));
    }
}

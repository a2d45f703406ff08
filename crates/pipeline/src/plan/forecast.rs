//! What each stream will need: which sample pages are asked for, and what they come to.

use deskmeter_connections::Capability;
use deskmeter_zendesk::{Stream, UnixSeconds};

use super::estimate;
use super::range::Range;
use super::sample::{Sample, Sampler, refused};
use crate::error::Error;

/// How far before the present the page is that shows the newest tickets.
const NEWEST_SECONDS: i64 = DAY_SECONDS;
/// Seconds of a day.
const DAY_SECONDS: i64 = 86_400;

/// A stream's forecast.
#[derive(Debug, Clone)]
pub(crate) struct Forecast {
    pub(crate) stream: Stream,
    pub(crate) capability: Capability,
    pub(crate) rows: Range,
    pub(crate) bytes_per_row: f64,
    pub(crate) seconds_per_page: f64,
    pub(crate) how: String,
}

impl Forecast {
    fn new(stream: Stream, rows: Range, samples: &[Sample], how: impl Into<String>) -> Self {
        let total = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>();
        let pages = samples.iter().filter(|sample| sample.rows > 0).count().max(1);
        Self {
            stream,
            capability: Capability::Available,
            rows,
            bytes_per_row: total(|sample| sample.bytes as f64) / total(|sample| sample.rows as f64).max(1.0),
            seconds_per_page: total(|sample| sample.seconds) / pages as f64,
            how: how.into(),
        }
    }

    fn refused(stream: Stream, capability: Capability) -> Self {
        let (capability, how) = match (capability, stream.list()) {
            (Capability::MissingScope, Some(_)) => (
                Capability::ListOnly,
                "the export is refused: its plain list is read, of which nobody tells the length",
            ),
            (capability, _) => (capability, "the stream is refused"),
        };
        Self { capability, ..Self::new(stream, Range::exactly(0), &[], how) }
    }

    fn exact(stream: Stream, page: &Sample) -> Self {
        Self::new(
            stream,
            Range::exactly(page.rows),
            std::slice::from_ref(page),
            "all of it is on the first page",
        )
    }
}

/// Tickets: the first page and the newest one.
pub(super) async fn tickets(sampler: &mut Sampler<'_>, from: UnixSeconds) -> Result<Forecast, Error> {
    let stream = Stream::Tickets;
    let first = match sampler.page(stream, from).await {
        Ok(page) => page,
        Err(error) => return refused(error).map(|capability| Forecast::refused(stream, capability)),
    };
    if first.is_last {
        return Ok(Forecast::exact(stream, &first));
    }
    let at = sampler.until.minus(NEWEST_SECONDS).max(UnixSeconds(first.newest.unwrap_or(from.0)));
    let newest = sampler.page(stream, at).await.map_err(crate::open::of_fetch)?;
    let until = sampler.until.0;
    let rows = estimate::tickets(&first, &newest, until);
    let rows = rows.unwrap_or_else(|| estimate::by_time(&first, std::slice::from_ref(&newest), until));
    Ok(Forecast::new(
        stream,
        rows,
        &[first, newest],
        "from the ticket numbers on the first and the newest page",
    ))
}

/// Any other stream: the first page, and so many pages in the middle of equal parts of the time after it.
pub(super) async fn by_time(
    sampler: &mut Sampler<'_>,
    stream: Stream,
    from: UnixSeconds,
) -> Result<Forecast, Error> {
    let first = match sampler.page(stream, from).await {
        Ok(page) => page,
        Err(error) => return refused(error).map(|capability| Forecast::refused(stream, capability)),
    };
    if first.is_last {
        return Ok(Forecast::exact(stream, &first));
    }
    let (begin, until) = (first.newest.unwrap_or(from.0), sampler.until.0);
    // Nearly all requests of a run are for metric events: there a closer look pays.
    let parts = if stream == Stream::TicketMetricEvents { 5 } else { 3 };
    let mut pages = Vec::new();
    for part in 0..parts {
        let at = UnixSeconds(place((begin, until), part, parts));
        pages.push(sampler.page(stream, at).await.map_err(crate::open::of_fetch)?);
    }
    let rows = estimate::by_time(&first, &pages, until);
    pages.push(first);
    Ok(Forecast::new(stream, rows, &pages, format!("rows for each second on {parts} pages of other hours")))
}

/// Where the sample of a part of the time is taken: about its middle, and of all parts at hours that divide the day
/// evenly, since a desk at night tells nothing of the same desk in the morning.
fn place((begin, end): (i64, i64), part: i64, parts: i64) -> i64 {
    let span = (end - begin).max(0);
    let middle = begin + span * (2 * part + 1) / (2 * parts);
    if span < parts * DAY_SECONDS {
        return middle;
    }
    (middle - middle.rem_euclid(DAY_SECONDS) + DAY_SECONDS * part / parts).clamp(begin, end)
}

/// Rows for each ticket and bytes for each row of the simulated account: `deskmeter simulate --tickets 20000`, read once.
const TYPICAL: [(Stream, f64, f64); 5] = [
    (Stream::Users, 0.25, 122.0),
    (Stream::Organizations, 0.025, 65.0),
    (Stream::Tickets, 1.0, 411.0),
    (Stream::TicketEvents, 10.8, 107.0),
    (Stream::TicketMetricEvents, 63.0, 19.0),
];

/// What an account of so many tickets needs where it is like the simulated one.
pub(super) fn typical(tickets: u64) -> Vec<Forecast> {
    let how = "rows for each ticket of a simulated account";
    let of = |(stream, ratio, bytes_per_row): (Stream, f64, f64)| {
        let share = if stream == Stream::Tickets { 0.0 } else { 0.5 };
        let rows = Range::around(tickets as f64 * ratio, share, 0);
        Forecast { bytes_per_row, ..Forecast::new(stream, rows, &[], how) }
    };
    TYPICAL.into_iter().map(of).collect()
}

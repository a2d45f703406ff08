//! One explanation as text: the number, a chart, the pieces, their working hours, the sum.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use deskmeter_warehouse::{Explanation, Piece, Total, Window, WindowKind};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::chart;
use crate::output::{Paint, Screen};

/// Windows of a piece that are listed one by one; of more, their sums are told.
const WINDOWS_MAX: usize = 12;
const KINDS: [WindowKind; 4] =
    [WindowKind::Working, WindowKind::Closed, WindowKind::Weekend, WindowKind::Holiday];

/// The explanation, fitted to the screen.
pub(super) fn text(explanation: &Explanation, screen: Screen) -> String {
    let mut lines = Vec::new();
    let rows: Vec<String> = explanation.row.0.iter().map(|(name, _)| name.clone()).collect();
    let row: Vec<String> = rows.iter().filter_map(|name| explanation.row.text(name)).collect();
    let row = if row.is_empty() { String::new() } else { format!(" ({})", row.join(" ")) };
    let title = format!("ticket {}: {}{row}", explanation.ticket_id, explanation.metric);
    lines.push(screen.paint(Paint::Strong, &title));
    if let Some(total) = explanation.totals.first() {
        lines.extend(screen.wrapped(total.about.trim_end_matches('.'), 0));
    }
    lines.push(String::new());
    for total in &explanation.totals {
        lines.extend(screen.wrapped(&answer(total), 2));
    }
    for (name, _) in &explanation.facts.0 {
        let value = explanation.facts.text(name).unwrap_or_default();
        lines.extend(screen.wrapped(&format!("{}: {value}", name.replace('_', " ")), 2));
    }
    let drawn = chart::lines(&explanation.pieces, screen);
    if !drawn.is_empty() {
        lines.push(String::new());
        lines.extend(drawn);
        lines.extend(legend(explanation, screen));
    }
    lines.push(String::new());
    if explanation.pieces.is_empty() {
        lines.push("no piece: nothing happened that counts".to_owned());
    }
    for (index, piece) in explanation.pieces.iter().enumerate() {
        lines.extend(of_piece(index + 1, piece, screen));
    }
    lines.push(String::new());
    for total in &explanation.totals {
        lines.extend(screen.wrapped(&verdict(total, explanation.pieces.len()), 0));
    }
    let source =
        format!("{} as of {}, definitions: {}", explanation.mart, explanation.as_of, explanation.definitions);
    lines.extend(screen.wrapped(&source, 0).into_iter().map(|line| screen.paint(Paint::Dim, &line)));
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

fn answer(total: &Total) -> String {
    match (total.value, total.unit.as_str()) {
        (Some(value), "minutes") => format!("{}: {value} minutes ({})", total.column, duration(value * 60)),
        (Some(value), "seconds") => format!("{}: {value} seconds ({})", total.column, duration(value)),
        (Some(value), _) => format!("{}: {value}", total.column),
        (None, _) => format!("{}: unknown: {}", total.column, total.null.as_deref().unwrap_or("NULL")),
    }
}

/// Whether the pieces add up, in words.
fn verdict(total: &Total, n_pieces: usize) -> String {
    let pieces = if n_pieces == 1 { "1 piece adds".to_owned() } else { format!("{n_pieces} pieces add") };
    let sum = total.sum.map_or_else(|| "unknown".to_owned(), |sum| sum.to_string());
    match total.value {
        Some(value) if total.is_explained() => format!("{pieces} up to {} = {value}", total.column),
        Some(value) => format!("{pieces} up to {sum}, but {} = {value}: tell us", total.column),
        None => format!("{} is not known yet; so far {sum}", total.column),
    }
}

fn legend(explanation: &Explanation, screen: Screen) -> Vec<String> {
    let kinds = explanation.pieces.iter().flat_map(|piece| piece.windows.iter().map(|window| window.kind));
    let kinds: Vec<WindowKind> = kinds.collect();
    if kinds.is_empty() {
        return Vec::new();
    }
    let shown = KINDS.iter().filter(|kind| kinds.contains(kind));
    let words: Vec<String> =
        shown.map(|kind| format!("{} {}", chart::of_kind(*kind).1, kind.name())).collect();
    screen.wrapped(&words.join("   "), 0)
}

fn of_piece(number: usize, piece: &Piece, screen: Screen) -> Vec<String> {
    let mut head = format!("{number:>2} {}  {}", piece.what, time(piece.from, &TimeZone::UTC));
    let Some(to) = piece.to else { return screen.wrapped(&format!("{head} UTC"), 3) };
    let _ = write!(head, " → {} UTC", time(to, &TimeZone::UTC));
    let mut lines = screen.wrapped(&head, 3);
    let calendar = piece.seconds_calendar.map_or_else(|| "unknown".to_owned(), duration);
    let length = match (piece.seconds_business, &piece.schedule) {
        (Some(business), Some(schedule)) => {
            format!("{calendar} calendar, {} business under {schedule}", duration(business))
        }
        _ => format!("{calendar} calendar"),
    };
    lines.extend(screen.wrapped(&length, 3));
    let zone = piece.time_zone.as_deref().and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC);
    if piece.windows.len() > WINDOWS_MAX {
        lines.extend(screen.wrapped(&sums(&piece.windows), 3));
    } else {
        lines.extend(piece.windows.iter().flat_map(|window| of_window(window, &zone, screen)));
    }
    lines
}

fn of_window(window: &Window, zone: &TimeZone, screen: Screen) -> Vec<String> {
    let (paint, glyph) = chart::of_kind(window.kind);
    let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%a %d %b %H:%M").to_string();
    let length = duration(window.to.as_second() - window.from.as_second());
    let kind = if window.kind == WindowKind::Working {
        "counts".to_owned()
    } else {
        format!("skipped, {}", window.kind.name())
    };
    let text = format!("{glyph} {} – {}  {length} {kind}", local(window.from), local(window.to));
    screen.wrapped(&text, 5).into_iter().map(|line| screen.paint(paint, &line)).collect()
}

/// Windows summed up by kind.
fn sums(windows: &[Window]) -> String {
    let mut sums: BTreeMap<&str, (usize, i64)> = BTreeMap::new();
    for window in windows {
        let sum = sums.entry(window.kind.name()).or_default();
        sum.0 += 1;
        sum.1 += window.to.as_second() - window.from.as_second();
    }
    let words = KINDS.iter().filter_map(|kind| {
        let (count, seconds) = sums.get(kind.name())?;
        let verb = if *kind == WindowKind::Working { "counts" } else { "skipped" };
        Some(format!("{} {verb}: {} in {count} parts", kind.name(), duration(*seconds)))
    });
    words.collect::<Vec<_>>().join("; ")
}

fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string().trim_end_matches(":00").to_owned()
}

/// `26 h 26 min`, `45 s`: to the second, where it matters.
pub(super) fn duration(seconds: i64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, rest) => format!("{rest} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, rest) => format!("{minutes} min {rest} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use deskmeter_warehouse::Row;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn window(from: &str, to: &str, kind: WindowKind) -> Window {
        Window { from: at(from), to: at(to), kind }
    }

    fn explanation() -> Explanation {
        let (from, to) = ("2026-11-02T14:00:00Z", "2026-11-03T10:30:00Z");
        let total = |column: &str, value: i64| Total {
            column: column.to_owned(),
            unit: "minutes".into(),
            about: "Ended time in new and open, calendar.".into(),
            value: Some(value),
            null: None,
            sum: Some(value),
        };
        Explanation {
            ticket_id: 1042,
            metric: "agent_work".into(),
            mart: "ticket_metrics".into(),
            row: Row::default(),
            totals: vec![
                total("agent_work_minutes_calendar", 1230),
                total("agent_work_minutes_business", 270),
            ],
            facts: Row::default(),
            pieces: vec![Piece {
                what: "open".into(),
                from: at(from),
                to: Some(at(to)),
                schedule: Some("default".into()),
                time_zone: Some("Europe/Berlin".into()),
                seconds_calendar: Some(73_800),
                seconds_business: Some(16_200),
                windows: vec![
                    window(from, "2026-11-02T16:00:00Z", WindowKind::Working),
                    window("2026-11-02T16:00:00Z", "2026-11-03T08:00:00Z", WindowKind::Closed),
                    window("2026-11-03T08:00:00Z", to, WindowKind::Working),
                ],
            }],
            definitions: "zendesk",
            as_of: at("2026-11-10T00:00:00Z"),
        }
    }

    #[test]
    fn fits_every_width_and_says_the_same_without_colour() {
        for width in [40, 50, 80, 120] {
            let plain = text(&explanation(), Screen { width, has_color: false });
            for line in plain.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
            // A narrow screen breaks lines between any two words.
            let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
            for said in ["1230 minutes", "270", "counts", "skipped", "█", "▒", "adds up to"] {
                assert!(words.contains(said), "{said} at {width}: {plain}");
            }
            assert!(!plain.contains('\u{1b}'), "{plain}");
            let coloured = text(&explanation(), Screen { width, has_color: true });
            assert!(coloured.contains("\u{1b}[32m█"), "{coloured}");
        }
    }

    #[test]
    fn shows_windows_in_local_time_and_a_bar_of_their_shares() {
        let plain = text(&explanation(), Screen { width: 80, has_color: false });
        assert!(plain.contains("█ Mon 02 Nov 15:00 – Mon 02 Nov 17:00  2 h counts"), "{plain}");
        assert!(
            plain.contains("▒ Mon 02 Nov 17:00 – Tue 03 Nov 09:00  16 h skipped, outside hours"),
            "{plain}"
        );
        let bar = plain.lines().find(|line| line.starts_with("open")).unwrap();
        let counted = bar.chars().filter(|glyph| *glyph == '█').count();
        let skipped = bar.chars().filter(|glyph| *glyph == '▒').count();
        assert!(counted * 3 < skipped && counted > 10, "{bar}");
    }
}

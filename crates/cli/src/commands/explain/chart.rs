//! Pieces as lines over one common time: what counts, and what does not.

use deskmeter_warehouse::{Piece, WindowKind};
use jiff::Timestamp;

use crate::output::{Paint, Screen};

/// Most lines that are drawn; more pieces are told by number.
const LINES_MAX: usize = 24;

/// The time that a chart covers.
struct Axis {
    from: i64,
    to: i64,
    width: usize,
}

impl Axis {
    /// The instants of a cell.
    fn cell(&self, index: usize) -> (i64, i64) {
        let at = |index: usize| {
            self.from + (i128::from(self.to - self.from) * index as i128 / self.width as i128) as i64
        };
        (at(index), at(index + 1).max(at(index) + 1))
    }
}

/// One line a piece, with its name before it.
pub(super) fn lines(pieces: &[Piece], screen: Screen) -> Vec<String> {
    let spans: Vec<&Piece> = pieces.iter().filter(|piece| piece.to.is_some()).collect();
    let (Some(from), Some(to)) = (
        spans.iter().map(|piece| piece.from.as_second()).min(),
        spans.iter().filter_map(|piece| piece.to).map(Timestamp::as_second).max(),
    ) else {
        return Vec::new();
    };
    let label = spans.iter().map(|piece| piece.what.chars().count()).max().unwrap_or_default().min(18);
    let width = screen.width.saturating_sub(label + 3).max(10);
    let axis = Axis { from, to: to.max(from + 1), width };
    let mut lines: Vec<String> = spans
        .iter()
        .take(LINES_MAX)
        .map(|piece| {
            let name: String = piece.what.chars().take(label).collect();
            format!("{name:<label$} │{}│", bar(piece, &axis, screen))
        })
        .collect();
    if spans.len() > LINES_MAX {
        lines.push(format!("… and {} more", spans.len() - LINES_MAX));
    }
    lines.push(format!("{:<label$}  {}", "", ends(&axis)));
    lines
}

fn ends(axis: &Axis) -> String {
    let day = |at: i64| {
        Timestamp::from_second(at)
            .map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
    };
    let (first, last) = (day(axis.from), day(axis.to));
    let gap = axis.width.saturating_sub(first.chars().count() + last.chars().count()).max(1);
    format!("{first}{}{last}", " ".repeat(gap))
}

fn bar(piece: &Piece, axis: &Axis, screen: Screen) -> String {
    let mut bar = String::new();
    let mut run: Option<(Paint, String)> = None;
    for index in 0..axis.width {
        let (paint, glyph) = glyph(piece, axis.cell(index));
        match &mut run {
            Some((last, text)) if *last == paint => text.push(glyph),
            _ => {
                if let Some((last, text)) = run.take() {
                    bar.push_str(&screen.paint(last, &text));
                }
                run = Some((paint, glyph.to_string()));
            }
        }
    }
    if let Some((last, text)) = run {
        bar.push_str(&screen.paint(last, &text));
    }
    bar
}

/// What fills most of a cell; working time wins where there is any, so that short spans are seen.
fn glyph(piece: &Piece, (from, to): (i64, i64)) -> (Paint, char) {
    let end = piece.to.map_or(i64::MAX, Timestamp::as_second);
    let start = piece.from.as_second();
    let is_inside = start < to && (from < end || (start == end && from <= start));
    if !is_inside {
        return (Paint::Plain, ' ');
    }
    let overlap = |window: &&deskmeter_warehouse::Window| {
        window.to.as_second().min(to) - window.from.as_second().max(from)
    };
    let longest = piece.windows.iter().filter(|window| overlap(window) > 0).max_by_key(overlap);
    longest.map_or((Paint::Good, '█'), |window| of_kind(window.kind))
}

/// How a kind of time is drawn.
pub(super) const fn of_kind(kind: WindowKind) -> (Paint, char) {
    match kind {
        WindowKind::Working => (Paint::Good, '█'),
        WindowKind::Closed => (Paint::Dim, '▒'),
        WindowKind::Weekend => (Paint::Dim, '░'),
        WindowKind::Holiday => (Paint::Warn, '▚'),
    }
}

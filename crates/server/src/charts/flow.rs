//! How much moves from where to where: bands between two columns of places, each as thick as its share.

use std::fmt::Write;

use super::escape;
use super::plot::Size;
use crate::format;

const TOP: f64 = 8.0;
const BOTTOM: f64 = 8.0;
/// Room for the names beside the columns.
const SIDE: f64 = 64.0;
const NODE_WIDTH: f64 = 8.0;
/// Space between two places of a column.
const GAP: f64 = 16.0;
/// A band is never thinner than this: one move among thousands is one to be seen.
const BAND_MIN: f64 = 1.5;

/// Moves from one place to another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Move {
    /// Rank of the place that was left; places stand in this order.
    pub(crate) from: i64,
    /// Rank of the place that was reached.
    pub(crate) to: i64,
    /// How many.
    pub(crate) count: f64,
}

/// What is to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flow {
    /// Unique in the page; letters, digits and `-`.
    pub(crate) id: String,
    /// What it shows, in a few words.
    pub(crate) title: String,
    /// What a place is called, before its rank.
    pub(crate) place: &'static str,
    /// Every move, each pair of places once.
    pub(crate) moves: Vec<Move>,
}

/// A place in its column.
struct Node {
    rank: i64,
    top: f64,
    height: f64,
    count: f64,
    /// Where the next band begins.
    next: f64,
}

impl Move {
    /// Class of its colour, up, down or level: those of the steps over time.
    pub(crate) const fn class(&self) -> &'static str {
        match (self.from, self.to) {
            (from, to) if from < to => "s1",
            (from, to) if from > to => "s4",
            _ => "s3",
        }
    }
}

impl Flow {
    /// The drawing.
    pub(crate) fn svg(&self, size: Size) -> String {
        let frame = size.frame();
        let mut svg = size.open(&self.id, &self.title, &self.summary());
        let mut left = self.nodes(frame.height, |one| one.from);
        let mut right = self.nodes(frame.height, |one| one.to);
        let (start, end) = (SIDE + NODE_WIDTH, frame.width - SIDE - NODE_WIDTH);
        for one in &self.moves {
            let edges = take(&mut left, one.from, one.count).zip(take(&mut right, one.to, one.count));
            if let Some((from, to)) = edges {
                self.band(&mut svg, one, (start, from), (end, to));
            }
        }
        for (nodes, x, text_x, anchor) in
            [(&left, SIDE, SIDE - 8.0, "end"), (&right, end, end + NODE_WIDTH + 8.0, "start")]
        {
            for node in nodes {
                self.node(&mut svg, node, x, (text_x, anchor));
            }
        }
        svg.push_str("</svg>");
        svg
    }

    /// What a reader who cannot see it should know: every move, the most frequent first.
    pub(crate) fn summary(&self) -> String {
        let mut moves: Vec<&Move> = self.moves.iter().collect();
        moves.sort_by(|one, other| other.count.total_cmp(&one.count));
        let told = moves.iter().map(|one| self.tip(one));
        told.collect::<Vec<_>>().join("; ") + "."
    }

    fn tip(&self, one: &Move) -> String {
        let count = format::thousands(one.count.round() as i64);
        format!("{place} {} to {place} {}: {count}", one.from, one.to, place = self.place)
    }

    /// The places of a column, from the highest rank at the top down.
    fn nodes(&self, height: f64, rank: impl Fn(&Move) -> i64) -> Vec<Node> {
        let mut counts = std::collections::BTreeMap::<i64, f64>::new();
        for one in &self.moves {
            *counts.entry(rank(one)).or_default() += one.count;
        }
        let room = height - TOP - BOTTOM - GAP * (counts.len().saturating_sub(1)) as f64;
        let scale = room / counts.values().sum::<f64>().max(1.0);
        let mut top = TOP;
        let node = |(rank, count): (i64, f64)| {
            let node = Node { rank, top, height: (count * scale).max(BAND_MIN), count, next: top };
            top += count * scale + GAP;
            node
        };
        counts.into_iter().rev().map(node).collect()
    }

    /// A band from an edge at `start` to one at `end`; an edge is where it begins and ends from the top.
    fn band(
        &self,
        svg: &mut String,
        one: &Move,
        (start, from): (f64, (f64, f64)),
        (end, to): (f64, (f64, f64)),
    ) {
        let middle = f64::midpoint(start, end);
        let _ = write!(
            svg,
            "<path class=\"flow {}\" d=\"M{start:.1} {:.1}C{middle:.1} {:.1} {middle:.1} {:.1} {end:.1} {:.1}\
             V{:.1}C{middle:.1} {:.1} {middle:.1} {:.1} {start:.1} {:.1}Z\"><title>{}</title></path>",
            one.class(),
            from.0,
            from.0,
            to.0,
            to.0,
            to.1,
            to.1,
            from.1,
            from.1,
            escape(&self.tip(one)),
        );
    }

    fn node(&self, svg: &mut String, node: &Node, x: f64, (text_x, anchor): (f64, &str)) {
        let middle = node.top + node.height / 2.0;
        let _ = write!(
            svg,
            "<rect class=\"node\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{NODE_WIDTH}\" height=\"{:.1}\"/>\
             <text x=\"{text_x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{} {}</text>\
             <text x=\"{text_x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            node.top,
            node.height,
            middle - 1.0,
            self.place,
            node.rank,
            middle + 12.0,
            format::thousands(node.count.round() as i64),
        );
    }
}

/// The part of a place's edge that its next band takes.
fn take(nodes: &mut [Node], rank: i64, count: f64) -> Option<(f64, f64)> {
    let node = nodes.iter_mut().find(|node| node.rank == rank)?;
    let top = node.next;
    let thickness = node.height * count / node.count.max(f64::MIN_POSITIVE);
    node.next += thickness;
    Some((top, top + thickness.max(BAND_MIN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow() -> Flow {
        let one = |from, to, count| Move { from, to, count };
        let moves = vec![one(1, 2, 30.0), one(2, 1, 10.0), one(1, 3, 1.0)];
        Flow { id: "f".into(), title: "Between tiers".into(), place: "Tier", moves }
    }

    #[test]
    fn a_place_is_as_high_as_all_that_leaves_or_reaches_it() {
        let flow = flow();
        let left = flow.nodes(200.0, |one| one.from);
        assert_eq!(
            left.iter().map(|node| (node.rank, node.count)).collect::<Vec<_>>(),
            [(2, 10.0), (1, 31.0)]
        );
        let used = left.iter().map(|node| node.height).sum::<f64>();
        assert!((used - (200.0 - TOP - BOTTOM - GAP)).abs() < 0.01, "{used}");
        assert!((left[1].height / left[0].height - 3.1).abs() < 0.01);
    }

    #[test]
    fn readers_are_told_every_move_and_every_band_has_its_name() {
        let (flow, svg) = (flow(), flow().svg(Size::Narrow));
        let told = "Tier 1 to Tier 2: 30; Tier 2 to Tier 1: 10; Tier 1 to Tier 3: 1.";
        assert_eq!(flow.summary(), told);
        assert!(svg.contains(&format!("<desc id=\"f-narrow-desc\">{told}</desc>")), "{svg}");
        assert_eq!(svg.matches("<path class=\"flow ").count(), 3);
        assert!(svg.contains("<title>Tier 2 to Tier 1: 10</title>"), "{svg}");
    }
}

//! A chart over an axis of labels: lines, columns beside each other, columns on top of each other.

use std::fmt::Write;

use super::escape;
use super::scale::Axis;
use crate::format::{self, Unit};

const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;
const COLUMN_WIDTH_MAX: f64 = 34.0;

/// How the values are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A line a series; missing values are gaps.
    Lines,
    /// Columns beside each other.
    Columns,
    /// Columns on top of each other.
    Stacked,
}

/// The width that the drawing is made for. All are in the page; the style sheet shows the one that fits, so that
/// letters keep their size on a phone and on a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// The whole width of a desk.
    Wide,
    /// Half of it.
    Half,
    /// A phone.
    Narrow,
}

/// One row of values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    /// What it is, for legend and readers.
    pub(crate) name: String,
    /// A value for each label; `None` is unknown, not zero.
    pub(crate) values: Vec<Option<f64>>,
}

/// What is to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chart {
    /// Unique in the page; letters, digits and `-`.
    pub(crate) id: String,
    /// What the chart shows, in a few words.
    pub(crate) title: String,
    /// Unit of all values.
    pub(crate) unit: Unit,
    /// How they are drawn.
    pub(crate) kind: Kind,
    /// The labels of the lower axis.
    pub(crate) labels: Vec<String>,
    /// The values.
    pub(crate) series: Vec<Series>,
}

/// The room that a drawing has.
pub(super) struct Frame {
    pub(super) width: f64,
    pub(super) height: f64,
    left: f64,
    labels_max: usize,
}

impl Size {
    pub(super) fn frame(self) -> Frame {
        match self {
            Self::Wide => Frame { width: 1_080.0, height: 260.0, left: 52.0, labels_max: 14 },
            Self::Half => Frame { width: 530.0, height: 230.0, left: 50.0, labels_max: 9 },
            Self::Narrow => Frame { width: 310.0, height: 200.0, left: 44.0, labels_max: 5 },
        }
    }

    /// The head of a drawing: its box, and what it is for those who do not see it.
    pub(super) fn open(self, id: &str, title: &str, summary: &str) -> String {
        let (Frame { width, height, .. }, class) = (self.frame(), self.class());
        let (title, summary) = (escape(title), escape(summary));
        format!(
            "<svg class=\"chart {class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-{class}-title {id}-{class}-desc\">\
             <title id=\"{id}-{class}-title\">{title}</title><desc id=\"{id}-{class}-desc\">{summary}</desc>"
        )
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Half => "half",
            Self::Narrow => "narrow",
        }
    }
}

impl Chart {
    /// Whether there is anything to draw.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() || self.series.iter().all(|series| series.values.iter().all(Option::is_none))
    }

    /// The drawing.
    pub(crate) fn svg(&self, size: Size) -> String {
        let frame = size.frame();
        let axis = Axis::new(self.max(), self.unit, 4);
        let plane = Plane { chart: self, frame: &frame, axis: &axis };
        let mut svg = size.open(&self.id, &self.title, &self.summary());
        plane.grid(&mut svg);
        plane.labels(&mut svg);
        match self.kind {
            Kind::Lines => plane.lines(&mut svg),
            Kind::Columns => plane.columns(&mut svg),
            Kind::Stacked => plane.stacks(&mut svg),
        }
        plane.tips(&mut svg);
        svg.push_str("</svg>");
        svg
    }

    /// What a reader who cannot see it should know: range and last value of each series.
    pub(crate) fn summary(&self) -> String {
        let (Some(first), Some(last)) = (self.labels.first(), self.labels.last()) else {
            return "No data.".to_owned();
        };
        let mut text = format!("{} points from {first} to {last}.", self.labels.len());
        for series in &self.series {
            let known: Vec<f64> = series.values.iter().flatten().copied().collect();
            let Some(newest) = known.last() else {
                let _ = write!(text, " {}: no values.", series.name);
                continue;
            };
            let low = known.iter().copied().fold(f64::MAX, f64::min);
            let high = known.iter().copied().fold(f64::MIN, f64::max);
            let show = |value| format::value(value, self.unit);
            let _ =
                write!(text, " {}: {} to {}, last {}.", series.name, show(low), show(high), show(*newest));
        }
        text
    }

    fn max(&self) -> f64 {
        let highest = |index: usize| {
            let values = self.series.iter().filter_map(|series| series.values.get(index).copied().flatten());
            if self.kind == Kind::Stacked { values.sum() } else { values.fold(0.0, f64::max) }
        };
        (0..self.labels.len()).map(highest).fold(0.0, f64::max)
    }

    fn tip(&self, index: usize) -> String {
        let mut tip = self.labels.get(index).cloned().unwrap_or_default();
        for series in &self.series {
            let value = series.values.get(index).copied().flatten();
            let value = value.map_or_else(|| "no data".to_owned(), |value| format::value(value, self.unit));
            let _ = write!(tip, "\n{}: {value}", series.name);
        }
        tip
    }
}

/// A chart with its axes laid out.
struct Plane<'a> {
    chart: &'a Chart,
    frame: &'a Frame,
    axis: &'a Axis,
}

impl Plane<'_> {
    fn slot(&self) -> f64 {
        (self.frame.width - self.frame.left - 6.0) / self.chart.labels.len().max(1) as f64
    }

    fn x(&self, index: usize) -> f64 {
        self.frame.left + (index as f64 + 0.5) * self.slot()
    }

    fn y(&self, value: f64) -> f64 {
        let height = self.frame.height - TOP - BOTTOM;
        TOP + height * (1.0 - (value / self.axis.top()).clamp(0.0, 1.0))
    }

    fn grid(&self, svg: &mut String) {
        svg.push_str("<g class=\"grid\">");
        for tick in &self.axis.ticks {
            let y = self.y(*tick);
            let base = if *tick == 0.0 { " class=\"base\"" } else { "" };
            let _ = write!(
                svg,
                "<line{base} x1=\"{}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
                self.frame.left, self.frame.width
            );
            let _ = write!(
                svg,
                "<text class=\"value\" x=\"{:.0}\" y=\"{:.1}\">{}</text>",
                self.frame.left - 8.0,
                y + 4.0,
                escape(&format::axis(*tick, self.chart.unit))
            );
        }
        svg.push_str("</g>");
    }

    fn labels(&self, svg: &mut String) {
        let count = self.chart.labels.len();
        let every = count.div_ceil(self.frame.labels_max).max(1);
        svg.push_str("<g class=\"labels\">");
        for (index, label) in self.chart.labels.iter().enumerate().filter(|(index, _)| index % every == 0) {
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
                self.x(index).min(self.frame.width - 18.0),
                self.frame.height - 6.0,
                escape(label)
            );
        }
        svg.push_str("</g>");
    }

    fn lines(&self, svg: &mut String) {
        for (number, series) in self.chart.series.iter().enumerate() {
            let mut path = String::new();
            let mut is_down = false;
            for (index, value) in series.values.iter().enumerate() {
                let Some(value) = value else {
                    is_down = false;
                    continue;
                };
                let command = if is_down { 'L' } else { 'M' };
                let _ = write!(path, "{command}{:.1} {:.1}", self.x(index), self.y(*value));
                is_down = true;
            }
            let class = number + 1;
            let _ = write!(svg, "<path class=\"line s{class}\" d=\"{path}\"/>");
            for (index, value) in lonely(&series.values) {
                let _ = write!(
                    svg,
                    "<circle class=\"dot s{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>",
                    self.x(index),
                    self.y(value)
                );
            }
        }
    }

    fn columns(&self, svg: &mut String) {
        let count = self.chart.series.len().max(1) as f64;
        let width = (self.slot() * 0.72 / count).min(COLUMN_WIDTH_MAX);
        for (number, series) in self.chart.series.iter().enumerate() {
            for (index, value) in series.values.iter().enumerate() {
                let Some(value) = value.filter(|value| *value > 0.0) else { continue };
                let left = self.x(index) + (number as f64 - count / 2.0) * width;
                self.column(svg, number, (left, width), (0.0, value));
            }
        }
    }

    fn stacks(&self, svg: &mut String) {
        let width = (self.slot() * 0.72).min(COLUMN_WIDTH_MAX);
        for index in 0..self.chart.labels.len() {
            let mut from = 0.0;
            for (number, series) in self.chart.series.iter().enumerate() {
                let value = series.values.get(index).copied().flatten().unwrap_or_default();
                if value > 0.0 {
                    self.column(svg, number, (self.x(index) - width / 2.0, width), (from, from + value));
                    from += value;
                }
            }
        }
    }

    fn column(&self, svg: &mut String, number: usize, (left, width): (f64, f64), (from, to): (f64, f64)) {
        let (top, bottom) = (self.y(to), self.y(from));
        let _ = write!(
            svg,
            "<rect class=\"column s{}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{:.1}\"/>",
            number + 1,
            (width - 1.0).max(0.8),
            (bottom - top).max(0.8),
            (width / 6.0).min(2.0)
        );
    }

    fn tips(&self, svg: &mut String) {
        let slot = self.slot();
        for index in 0..self.chart.labels.len() {
            let _ = write!(
                svg,
                "<rect class=\"tip\" x=\"{:.1}\" y=\"{TOP}\" width=\"{slot:.1}\" height=\"{:.0}\"><title>{}</title></rect>",
                self.x(index) - slot / 2.0,
                self.frame.height - TOP - BOTTOM,
                escape(&self.chart.tip(index))
            );
        }
    }
}

/// Values that no line would show: those between two gaps, and the newest.
fn lonely(values: &[Option<f64>]) -> Vec<(usize, f64)> {
    let at = |index: Option<usize>| index.and_then(|index| values.get(index).copied().flatten());
    let newest = values.iter().rposition(Option::is_some);
    (0..values.len())
        .filter_map(|index| Some((index, at(Some(index))?)))
        .filter(|(index, _)| {
            let is_alone = at(index.checked_sub(1)).is_none() && at(Some(index + 1)).is_none();
            is_alone || Some(*index) == newest
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: Vec<Option<f64>>) -> Chart {
        Chart {
            id: "c".into(),
            title: "Tickets <by> day".into(),
            unit: Unit::Count,
            kind: Kind::Lines,
            labels: (1..=values.len()).map(|day| format!("{day} Nov")).collect(),
            series: vec![Series { name: "created".into(), values }],
        }
    }

    #[test]
    fn a_drawing_has_title_description_and_no_style_of_its_own() {
        let svg = chart(vec![Some(1.0), None, Some(3.0), Some(2.0)]).svg(Size::Wide);
        assert!(svg.contains("<title id=\"c-wide-title\">Tickets &lt;by&gt; day</title>"));
        assert!(svg.contains("4 points from 1 Nov to 4 Nov. created: 1 to 3, last 2."));
        assert!(!svg.contains("style=") && !svg.contains("fill=") && !svg.contains("<style"));
    }

    #[test]
    fn a_gap_breaks_the_line() {
        let svg = chart(vec![Some(1.0), None, Some(3.0), Some(2.0)]).svg(Size::Narrow);
        let path = svg.split("class=\"line s1\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(path.matches('M').count(), 2);
        assert!(chart(vec![None, None]).is_empty());
    }
}

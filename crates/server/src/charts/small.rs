//! Drawings that stand inside text: the trend of a headline number, the length of a value in a table.

use std::fmt::Write;

const SPARK_WIDTH: f64 = 120.0;
const SPARK_HEIGHT: f64 = 32.0;

/// A line without axes. Decoration: the numbers stand beside it, so screen readers skip it.
pub(crate) fn sparkline(values: &[Option<f64>]) -> String {
    let known = values.iter().flatten().copied();
    let max = known.clone().fold(f64::MIN, f64::max);
    let min = known.clone().fold(f64::MAX, f64::min);
    if known.count() < 2 {
        return String::new();
    }
    let spread = if max > min { max - min } else { 1.0 };
    let step = SPARK_WIDTH / (values.len().saturating_sub(1).max(1)) as f64;
    let mut path = String::new();
    let mut is_down = false;
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value else {
            is_down = false;
            continue;
        };
        let y = 2.0 + (SPARK_HEIGHT - 4.0) * (1.0 - (value - min) / spread);
        let _ = write!(path, "{}{:.1} {y:.1}", if is_down { 'L' } else { 'M' }, index as f64 * step);
        is_down = true;
    }
    format!(
        "<svg class=\"spark\" viewBox=\"0 0 {SPARK_WIDTH} {SPARK_HEIGHT}\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\" focusable=\"false\"><path d=\"{path}\" vector-effect=\"non-scaling-stroke\"/></svg>"
    )
}

/// A bar that fills this share (0 to 1) of its cell. Decoration: the value stands beside it.
pub(crate) fn bar(share: f64) -> String {
    let width = if share.is_finite() { (share.clamp(0.0, 1.0) * 100.0).max(0.5) } else { 0.0 };
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\" \
         focusable=\"false\"><rect class=\"track\" width=\"100\" height=\"8\"/>\
         <rect class=\"fill\" width=\"{width:.1}\" height=\"8\"/></svg>"
    )
}

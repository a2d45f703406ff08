//! Charts as inline SVG: a title and a description for screen readers, classes instead of colours so that one drawing
//! serves light and dark, and no style, script or font of its own.
//!
//! The crates at hand were tried first (plotters 0.3.7, charts-rs 0.3.28, poloto 19.1, charming 0.6). The first two
//! write colours and fonts into every element and know neither title nor class; poloto has classes but writes a
//! `<style>` element into each drawing, which the console's content security policy refuses; charming needs a browser
//! engine to draw. So the drawing is here: a few hundred lines over `std::fmt`.

mod flow;
mod plot;
mod scale;
mod small;

pub(crate) use flow::{Flow, Move};
pub(crate) use plot::{Chart, Kind, Series, Size};
pub(crate) use small::{bar, sparkline};

/// Text that may stand in an element or an attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

//! How a number came about: the spans, pauses and working hours that add up to it, from the models that the mart is
//! made of.

mod ask;
mod cells;
mod explanation;
mod story;

pub use explanation::{Explanation, Piece, Row, Story, Total, Window, WindowKind};

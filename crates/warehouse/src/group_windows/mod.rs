//! Window functions over many small groups. The engine's own operators evaluate each group by itself: an evaluator, an
//! array and a key in a map for each ticket cost far more than its few rows. The operator here evaluates the functions
//! that only look at neighbours for a whole batch at once, and ends each batch where a group ends.

mod exec;
mod function;
mod rule;
#[cfg(test)]
mod tests;

pub(crate) use rule::GroupWindows;

//! The warehouse through its border.

#[cfg(test)]
mod case_file;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod world;

/// Business time against a walk over every minute.
#[cfg(test)]
mod business_time;
/// The `.slt` files of `tests/sql`: rows in, marts out.
#[cfg(test)]
mod cases;
/// What the catalogue says of the shipped models.
#[cfg(test)]
mod catalogue;
/// What a failed check holds back.
#[cfg(test)]
mod checks;
/// Pieces that add up to numbers.
#[cfg(test)]
mod explain;
/// Columns in memory.
#[cfg(test)]
mod held;
/// The lake as a store, and refreshes of some tickets.
#[cfg(test)]
mod incremental;
/// What a question may do.
#[cfg(test)]
mod questions;

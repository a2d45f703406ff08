//! The warehouse through its border.

mod case_file;
/// The `.slt` files of `tests/sql`: rows in, marts out.
mod cases;

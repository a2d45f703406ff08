//! Questions to the warehouse and their answers.

pub(crate) mod answers;
pub(crate) mod filters;
pub(crate) mod held;
pub(crate) mod rows;
pub(crate) mod sql;

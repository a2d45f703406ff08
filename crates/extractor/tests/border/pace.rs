//! The governor at work.

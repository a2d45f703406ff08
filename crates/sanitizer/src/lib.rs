//! sanitizer

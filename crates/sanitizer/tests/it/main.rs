//! The sanitizer through its border: bytes in, rows and counts out.

mod cases;
mod text;

use deskmeter_sanitizer::{PseudonymKey, Sanitizer, SanitizerOptions};

/// A sanitizer whose pseudonyms are the same in every run of the tests.
fn sanitizer() -> Sanitizer {
    Sanitizer::new(PseudonymKey::from_bytes([7; 32]), SanitizerOptions::default())
}


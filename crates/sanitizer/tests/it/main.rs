//! The sanitizer through its border: bytes in, rows and counts out.

// The lints that let tests unwrap look for `cfg(test)`.
#[cfg(test)]
mod cases;
#[cfg(test)]
mod fuzzed;
#[cfg(test)]
mod labels;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod node;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod text;

use deskmeter_sanitizer::{PseudonymKey, Sanitizer, SanitizerOptions};

/// A sanitizer whose pseudonyms are the same in every run of the tests.
fn sanitizer() -> Sanitizer {
    Sanitizer::new(PseudonymKey::from_bytes([7; 32]), SanitizerOptions::default())
}

/// The same, with an allow-list.
#[cfg(test)]
fn sanitizer_with_labels() -> Sanitizer {
    let options = SanitizerOptions { allow: labels::allow_list(), ..SanitizerOptions::default() };
    Sanitizer::new(PseudonymKey::from_bytes([7; 32]), options)
}

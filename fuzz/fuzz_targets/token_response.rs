//! Answers of the token endpoint.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| deskmeter_fuzz::check_token_answer(bytes));

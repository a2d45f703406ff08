//! Answers of `users/me`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| deskmeter_fuzz::check_me(bytes));

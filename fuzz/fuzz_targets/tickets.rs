//! Pages of the ticket export.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| deskmeter_fuzz::check_page(
    deskmeter_zendesk::Stream::Tickets,
    bytes
));

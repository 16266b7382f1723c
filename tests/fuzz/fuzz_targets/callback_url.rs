//! Which callback URLs are valid.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openrouter_oauth_tests::fuzzed::callback_url(data));

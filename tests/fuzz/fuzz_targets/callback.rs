//! What comes back from the browser, or is pasted.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openrouter_oauth_tests::fuzzed::callback(data));

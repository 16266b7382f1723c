//! The bytes of a connection to the listener of a login.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openrouter_oauth_tests::fuzzed::listener(data));

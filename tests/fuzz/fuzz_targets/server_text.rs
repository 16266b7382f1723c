//! Text from a server.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openrouter_oauth_tests::fuzzed::server_text(data));

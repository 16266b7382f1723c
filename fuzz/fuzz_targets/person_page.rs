//! A page that the emulator's person looks at.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| openrouter_oauth_tests::fuzzed::person_page(data));

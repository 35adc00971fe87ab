#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| perfkit_cli::fuzz_import("goose", bytes));

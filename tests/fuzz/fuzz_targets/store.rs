//! The target `store` of `core_reloc_tests::hostile`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| core_reloc_tests::hostile::run("store", bytes));

//! Measures core-reloc beside libbpf and aya-obj.

pub mod code;
pub mod contenders;
pub mod generate;

/// What fails here is printed as it is.
pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

//! The crates that are published.

/// In the order of their dependencies.
pub(crate) const PUBLISHED: [&str; 4] =
    ["btf-types", "core-reloc", "core-reloc-sys", "core-reloc-cli"];

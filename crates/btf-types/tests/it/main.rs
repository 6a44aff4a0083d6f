//! Tests of the public API, with BTF that the builder writes. One program, so that it links once.

mod all_kinds;
mod dump;
mod judge;

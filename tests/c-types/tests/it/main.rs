//! What the reader makes of declarations.

mod clang;
mod described;
mod reading;

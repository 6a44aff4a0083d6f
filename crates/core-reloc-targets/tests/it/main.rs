//! What is found in files of every format, and the errors of damaged files.
//!
//! The usual programs compress the files, or they are laid out by hand according to the formats'
//! descriptions. The expected result is the BTF that went in.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod archives;
mod bombs;
mod damage;
mod files;
mod images;
mod modules;
mod packed;
mod shrinking;
mod stores;
mod streams;
mod support;

//! Targets of every sort: what is found in them, and what is said about those that are damaged.
//!
//! What goes in is packed by the programs that the world packs with, or laid out by hand after the
//! formats' descriptions; what must come out is what went in.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod archives;
mod bombs;
mod commands;
mod damage;
mod files;
mod images;
mod make;
mod packed;

//! The crate on made-up trees of files, and on the running kernel.

mod damage;
mod files;
mod modules;
mod places;
mod running;
mod support;
mod tree;

//! The library on made-up root directories, and on the running kernel.

mod damage;
mod files;
mod modules;
mod places;
mod running;
mod support;
mod tree;

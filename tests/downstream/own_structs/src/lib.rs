//! A loader with instruction structs of its own. It first links a program: it cuts functions out of their
//! sections and appends the called ones, so that one function can be in several programs. It relocates
//! after that.

pub mod insn;
mod link;
mod relocate;

pub use link::{Function, Input, Linked, link};
pub use relocate::{Records, relocate, relocate_bytes, relocate_function};

pub type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

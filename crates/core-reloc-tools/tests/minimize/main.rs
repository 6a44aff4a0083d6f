//! Minimized BTF: what is kept, and that objects relocate with it as with the full one.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod generated;
mod kept;
mod named;

//! Minimised BTF: what is kept, and that objects relocate with it as with the whole one.

mod generated;
mod kept;

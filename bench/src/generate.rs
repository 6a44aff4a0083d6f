//! Inputs that are made: objects from a kernel's types, and larger kernels.

pub mod kernel;
pub mod made_up;
pub mod object;

//! Generated inputs: objects from the types of a kernel, and larger kernels.

pub mod kernel;
pub mod made_up;
pub mod object;

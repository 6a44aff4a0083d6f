//! The verdict on a program, with its causes.

use btf_types::Name;

use super::{cause::Cause, verdict::Verdict};

/// The verdict on one program.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgramVerdict<'a> {
    /// The index of the program in the object's requirements.
    pub program: usize,
    /// Its name.
    pub name: Name<'a>,
    /// The name of its section.
    pub section: Name<'a>,
    /// Whether loaders skip it unless user space asks for it: its section starts with `?`.
    pub is_optional: bool,
    /// The verdict: the first of its causes', or a good one.
    pub verdict: Verdict,
    /// Everything that keeps the program from loading or attaching, or that it depends on; the worst first.
    pub causes: Vec<Cause<'a>>,
}

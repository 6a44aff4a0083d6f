//! Vectors for other implementers of CO-RE: BTF, relocations, instructions and the right outcome, as
//! JSON. `docs/vectors.md` describes the format; `cargo xtask vectors` writes `fixtures/vectors`.
//!
//! - `cases`: the tables, in which types are C and expected values are written by hand
//! - `judge`: has libbpf relocate each case, and refuses a case that libbpf answers otherwise, unless
//!   the case states why libbpf differs
//! - `json`: writes a file
//!
//! No expected value comes from core-reloc.

mod case;
mod cases;
mod insn;
mod json;
mod judge;
mod pool;
#[cfg(test)]
mod tests;

/// A file of vectors.
#[derive(Debug)]
pub struct File {
    /// The name, such as `fields.json`.
    pub name: String,
    /// The content, which is the same each time.
    pub json: String,
}

/// Makes all files.
///
/// # Panics
/// Panics if libbpf's outcome is not the expected one, or does not differ as a case states.
pub fn files() -> Vec<File> {
    let mut problems = Vec::new();
    let files = cases::groups().iter().map(|group| json::file(group, &mut problems)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    files
}

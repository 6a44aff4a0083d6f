//! Compares what we do with what libbpf does, relocation by relocation.
//!
//! Each comparison relocates the same instructions on both sides, in the order of the records, since
//! candidates narrow. It compares the status, the bytes, and the numbers that the bytes result from. A
//! difference that [`Accepted`] lists is counted. Any other difference is a bug of ours.
//!
//! [`Accepted`]: crate::judge::accepted::Accepted

mod c_text;
mod case;
mod code;
mod compare;
mod explain;
mod generated;
pub mod inputs;
mod kernel_types;
mod loading;
mod minimize;
mod object;
mod parts;
mod report;
mod stored;
mod suites;
mod target;
mod words;

pub use self::loading::Readers;
pub use self::minimize::{SizeReference, compare_minimized};
pub use self::object::{ObjectFile, compare_objects};
pub use self::parts::{Group, Parts};
pub use self::report::{Report, Row, Sizes, Tally};
pub use self::stored::has_fleet;
pub use self::suites::{Options, Suite, run};
pub use self::target::Kernel;

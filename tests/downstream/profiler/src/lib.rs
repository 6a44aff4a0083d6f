//! A profiler that reads kernel memory by itself, and asks only where fields are: twenty offsets by name in
//! one pass over the kernel's types.

use core_reloc::Target;
use core_reloc_tools::query::{Answer, query_all};

/// The fields that the profiler reads. The names of older kernels follow those of newer ones.
pub const FIELDS: [&str; 20] = [
    "task_struct.pid",
    "task_struct.tgid",
    "task_struct.comm",
    "task_struct.mm",
    "task_struct.real_parent",
    "task_struct.start_time",
    "task_struct.thread.sp",
    "task_struct.nsproxy",
    "task_struct.signal",
    "task_struct.stack",
    "task_struct.se.sum_exec_runtime",
    "mm_struct.start_stack",
    "mm_struct.exe_file",
    "mm_struct.pgd",
    "file.f_inode",
    "inode.i_ino",
    "nsproxy.pid_ns_for_children",
    "pid_namespace.ns.inum",
    "task_struct.__state",
    "task_struct.state",
];

/// Returns the offset of each field in bytes; `None` for a field that the kernel does not have, or not as
/// whole bytes.
pub fn offsets(kernel: &Target<'_>, fields: &[&str]) -> Vec<Option<u64>> {
    let offset = |answer| match answer {
        Ok(Answer::Field(field)) if field.bitfield_size.is_none() => Some(field.byte_offset),
        _ => None,
    };
    query_all(kernel, fields).into_iter().map(offset).collect()
}

//! What the kernel's helpers write to the memory whose address they get.

use core::ops::RangeInclusive;

/// What a helper writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// Nothing that a program can reach.
    Nothing,
    /// At the address in one register, as many bytes as another states.
    Bytes { at: u8, len: u8 },
    /// Perhaps anything, from each address on.
    Unknown,
}

/// Returns what a helper writes, by its number in `enum bpf_func_id`.
pub(crate) fn writes(helper: u32) -> Writes {
    match helper {
        // bpf_map_lookup_elem to bpf_map_delete_elem.
        1..=3
        // bpf_ktime_get_ns to bpf_get_smp_processor_id.
        | 5..=8
        // bpf_tail_call, bpf_get_current_pid_tgid, bpf_get_current_uid_gid.
        | 12 | 14 | 15
        // bpf_perf_event_output, bpf_get_stackid, bpf_get_current_task.
        | 25 | 27 | 35
        // bpf_map_push_elem, bpf_spin_lock, bpf_spin_unlock.
        | 87 | 93 | 94
        // bpf_ktime_get_boot_ns, bpf_ringbuf_output to bpf_ringbuf_query, bpf_get_current_task_btf.
        | 125 | 130..=134 | 158 => Writes::Nothing,
        // bpf_probe_read, bpf_get_current_comm, bpf_probe_read_str.
        4 | 16 | 45 => BYTES_AT_FIRST,
        helper if PROBE_READS.contains(&helper) => BYTES_AT_FIRST,
        // bpf_skb_load_bytes.
        26 => Writes::Bytes { at: 3, len: 4 },
        // bpf_get_stack.
        67 => Writes::Bytes { at: 2, len: 3 },
        _ => Writes::Unknown,
    }
}

/// Returns `true` if a helper calls a callback any number of times before it returns.
pub(super) fn calls_back(helper: u32) -> bool {
    // bpf_for_each_map_elem, bpf_find_vma, bpf_loop, bpf_user_ringbuf_drain.
    matches!(helper, 164 | 180 | 181 | 209)
}

/// Returns `true` for a helper whose result verifiers take for any number, never for an address.
pub(super) fn returns_number(helper: u32) -> bool {
    // bpf_map_update_elem to bpf_get_smp_processor_id, bpf_get_current_pid_tgid to bpf_get_current_comm,
    // bpf_perf_event_read, bpf_perf_event_output, bpf_get_stackid, bpf_get_current_task.
    matches!(helper, 2..=8 | 14..=16 | 22 | 25 | 27 | 35 | 87 | 125 | 130 | 134 | 181)
}

const BYTES_AT_FIRST: Writes = Writes::Bytes { at: 1, len: 2 };

/// `bpf_probe_read_user`, `bpf_probe_read_kernel`, `bpf_probe_read_user_str`, `bpf_probe_read_kernel_str`.
const PROBE_READS: RangeInclusive<u32> = 112..=115;

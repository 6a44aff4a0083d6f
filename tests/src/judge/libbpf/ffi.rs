//! libbpf's internal functions and structs, as its `relo_core.h` and
//! `libbpf_internal.h` declare them.
//!
//! They are not part of libbpf's interface and may change with any release:
//! `Cargo.toml` holds the version.

use std::ffi::{c_char, c_int};

use libbpf_sys::{bpf_core_relo, bpf_core_relo_kind, bpf_insn, btf};

/// The most accessors that a spec has (`BPF_CORE_SPEC_MAX_LEN`).
pub(super) const SPEC_MAX_LEN: usize = 64;

/// `struct bpf_core_cand`: a type that a root type may correspond to.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub(super) btf: *const btf,
    pub(super) id: u32,
}

/// `struct bpf_core_cand_list`; `cands` is of `malloc`.
#[repr(C)]
pub(super) struct CandidateList {
    pub(super) cands: *mut Candidate,
    pub(super) len: c_int,
}

/// `struct bpf_core_accessor`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Accessor {
    pub(super) type_id: u32,
    pub(super) idx: u32,
    pub(super) name: *const c_char,
}

/// `struct bpf_core_spec`.
#[repr(C)]
pub(super) struct Spec {
    pub(super) btf: *const btf,
    pub(super) spec: [Accessor; SPEC_MAX_LEN],
    pub(super) root_type_id: u32,
    pub(super) relo_kind: bpf_core_relo_kind,
    pub(super) len: c_int,
    pub(super) raw_spec: [c_int; SPEC_MAX_LEN],
    pub(super) raw_len: c_int,
    pub(super) bit_offset: u32,
}

impl Spec {
    /// A spec of nothing, as libbpf's callers pass it.
    pub(super) const EMPTY: Self = Self {
        btf: std::ptr::null(),
        spec: [Accessor { type_id: 0, idx: 0, name: std::ptr::null() }; SPEC_MAX_LEN],
        root_type_id: 0,
        relo_kind: 0,
        len: 0,
        raw_spec: [0; SPEC_MAX_LEN],
        raw_len: 0,
        bit_offset: 0,
    };
}

/// `struct bpf_core_relo_res`: what a relocation comes to.
#[repr(C)]
#[derive(Default)]
pub(super) struct RelocationResult {
    pub(super) orig_val: u64,
    pub(super) new_val: u64,
    pub(super) poison: bool,
    pub(super) validate: bool,
    pub(super) fail_memsz_adjust: bool,
    pub(super) orig_sz: u32,
    pub(super) orig_type_id: u32,
    pub(super) new_sz: u32,
    pub(super) new_type_id: u32,
}

unsafe extern "C" {
    pub(super) fn bpf_core_add_cands(
        local_cand: *mut Candidate,
        local_essent_len: usize,
        targ_btf: *const btf,
        targ_btf_name: *const c_char,
        targ_start_id: c_int,
        cands: *mut CandidateList,
    ) -> c_int;

    pub(super) fn bpf_core_essential_name_len(name: *const c_char) -> usize;

    pub(super) fn bpf_core_parse_spec(
        prog_name: *const c_char,
        btf: *const btf,
        relo: *const bpf_core_relo,
        spec: *mut Spec,
    ) -> c_int;

    /// `specs_scratch` has room for three.
    pub(super) fn bpf_core_calc_relo_insn(
        prog_name: *const c_char,
        relo: *const bpf_core_relo,
        relo_idx: c_int,
        local_btf: *const btf,
        cands: *mut CandidateList,
        specs_scratch: *mut Spec,
        targ_res: *mut RelocationResult,
    ) -> c_int;

    /// Reads and writes one instruction, or two at a 64-bit immediate load.
    pub(super) fn bpf_core_patch_insn(
        prog_name: *const c_char,
        insn: *mut bpf_insn,
        insn_idx: c_int,
        relo: *const bpf_core_relo,
        relo_idx: c_int,
        res: *const RelocationResult,
    ) -> c_int;

    pub(super) fn bpf_core_types_are_compat(
        local_btf: *const btf,
        local_id: u32,
        targ_btf: *const btf,
        targ_id: u32,
    ) -> c_int;

    pub(super) fn bpf_core_types_match(
        local_btf: *const btf,
        local_id: u32,
        targ_btf: *const btf,
        targ_id: u32,
    ) -> c_int;
}

// The layouts that a C compiler gives these structs where pointers have 8 bytes.
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<Candidate>() == 16);
    assert!(size_of::<CandidateList>() == 16);
    assert!(size_of::<Spec>() == 8 + 64 * 16 + 12 + 64 * 4 + 8 + 4);
    assert!(size_of::<RelocationResult>() == 40);
};

//! libbpf's internal functions and structs, as its `relo_core.h` and
//! `libbpf_internal.h` declare them.
//!
//! They are not part of libbpf's interface and may change with any release:
//! `Cargo.toml` holds the version.

use std::ffi::{c_char, c_int};

use libbpf_sys::{bpf_core_relo, bpf_core_relo_kind, bpf_insn, btf};

/// The most accessors that a spec has (`BPF_CORE_SPEC_MAX_LEN`).
pub const SPEC_MAX_LEN: usize = 64;

/// `struct bpf_core_cand`: a type that a root type may correspond to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Candidate {
    /// The BTF that it is in.
    pub btf: *const btf,
    /// Its id there.
    pub id: u32,
}

/// `struct bpf_core_cand_list`; `cands` is of `malloc`.
#[repr(C)]
pub struct CandidateList {
    /// The candidates; null if there are none.
    pub cands: *mut Candidate,
    /// How many they are.
    pub len: c_int,
}

/// `struct bpf_core_accessor`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Accessor {
    /// The composite that the member is in, or the element's type.
    pub type_id: u32,
    /// The number of the member or element.
    pub idx: u32,
    /// The member's name; null for an element.
    pub name: *const c_char,
}

/// `struct bpf_core_spec`.
#[repr(C)]
pub struct Spec {
    /// The BTF that the types are in.
    pub btf: *const btf,
    /// The named members and the elements.
    pub spec: [Accessor; SPEC_MAX_LEN],
    /// The root type.
    pub root_type_id: u32,
    /// What is asked.
    pub relo_kind: bpf_core_relo_kind,
    /// How many of `spec` there are.
    pub len: c_int,
    /// The numbers of the access string.
    pub raw_spec: [c_int; SPEC_MAX_LEN],
    /// How many of `raw_spec` there are.
    pub raw_len: c_int,
    /// Where the field is, in bits from the start of the root.
    pub bit_offset: u32,
}

impl Spec {
    /// A spec of nothing, as libbpf's callers pass it.
    pub const EMPTY: Self = Self {
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
pub struct RelocationResult {
    /// The value that the instruction should have had.
    pub orig_val: u64,
    /// The value that it is to have.
    pub new_val: u64,
    /// Whether there is no such value.
    pub poison: bool,
    /// Whether to compare `orig_val` with the instruction.
    pub validate: bool,
    /// Whether a load or store cannot be adjusted to the field's new size.
    pub fail_memsz_adjust: bool,
    /// The local field's size in bytes.
    pub orig_sz: u32,
    /// The local field's type.
    pub orig_type_id: u32,
    /// The target field's size in bytes.
    pub new_sz: u32,
    /// The target field's type.
    pub new_type_id: u32,
}

unsafe extern "C" {
    /// Adds the types of a BTF, from an id on, that have the local one's kind and essential name.
    pub fn bpf_core_add_cands(
        local_cand: *mut Candidate,
        local_essent_len: usize,
        targ_btf: *const btf,
        targ_btf_name: *const c_char,
        targ_start_id: c_int,
        cands: *mut CandidateList,
    ) -> c_int;

    /// How long a name is without its flavor.
    pub fn bpf_core_essential_name_len(name: *const c_char) -> usize;

    /// Spells an access string out.
    pub fn bpf_core_parse_spec(
        prog_name: *const c_char,
        btf: *const btf,
        relo: *const bpf_core_relo,
        spec: *mut Spec,
    ) -> c_int;

    /// Calculates what a relocation comes to, and drops candidates that do not match;
    /// `specs_scratch` has room for three.
    pub fn bpf_core_calc_relo_insn(
        prog_name: *const c_char,
        relo: *const bpf_core_relo,
        relo_idx: c_int,
        local_btf: *const btf,
        cands: *mut CandidateList,
        specs_scratch: *mut Spec,
        targ_res: *mut RelocationResult,
    ) -> c_int;

    /// Reads and writes one instruction, or two at a 64-bit immediate load.
    pub fn bpf_core_patch_insn(
        prog_name: *const c_char,
        insn: *mut bpf_insn,
        insn_idx: c_int,
        relo: *const bpf_core_relo,
        relo_idx: c_int,
        res: *const RelocationResult,
    ) -> c_int;

    /// Whether two types are compatible: 1, 0, or an error below zero.
    pub fn bpf_core_types_are_compat(
        local_btf: *const btf,
        local_id: u32,
        targ_btf: *const btf,
        targ_id: u32,
    ) -> c_int;

    /// Whether two types match: 1, 0, or an error below zero.
    pub fn bpf_core_types_match(
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

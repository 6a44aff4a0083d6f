//! libbpf's internal functions and structs, as declared in its `relo_core.h` and `libbpf_internal.h`.
//!
//! They are not part of libbpf's interface and may change with any release, so `Cargo.toml` pins the
//! version.

use std::ffi::{c_char, c_int};

use libbpf_sys::{bpf_core_relo, bpf_core_relo_kind, bpf_insn, btf};

/// The most accessors of a spec (`BPF_CORE_SPEC_MAX_LEN`).
pub const SPEC_MAX_LEN: usize = 64;

/// `struct bpf_core_cand`: a candidate of a root type.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Candidate {
    /// The BTF of the type.
    pub btf: *const btf,
    /// The id of the type.
    pub id: u32,
}

/// `struct bpf_core_cand_list`; `malloc` allocates `cands`.
#[repr(C)]
pub struct CandidateList {
    /// The candidates; null if there are none.
    pub cands: *mut Candidate,
    /// The number of candidates.
    pub len: c_int,
}

/// `struct bpf_core_accessor`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Accessor {
    /// The composite that has the member, or the element's type.
    pub type_id: u32,
    /// The index of the member or element.
    pub idx: u32,
    /// The member's name; null for an element.
    pub name: *const c_char,
}

/// `struct bpf_core_spec`.
#[repr(C)]
pub struct Spec {
    /// The BTF of the types.
    pub btf: *const btf,
    /// The named members and the elements.
    pub spec: [Accessor; SPEC_MAX_LEN],
    /// The root type.
    pub root_type_id: u32,
    /// The kind of the relocation.
    pub relo_kind: bpf_core_relo_kind,
    /// The number of entries of `spec`.
    pub len: c_int,
    /// The numbers of the access string.
    pub raw_spec: [c_int; SPEC_MAX_LEN],
    /// The number of entries of `raw_spec`.
    pub raw_len: c_int,
    /// The offset of the field in the root type, in bits.
    pub bit_offset: u32,
}

impl Spec {
    /// An empty spec, as libbpf's callers pass it.
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

/// `struct bpf_core_relo_res`: the result of a relocation.
#[repr(C)]
#[derive(Default)]
pub struct RelocationResult {
    /// The value that the instruction should hold.
    pub orig_val: u64,
    /// The new value.
    pub new_val: u64,
    /// Whether there is no new value.
    pub poison: bool,
    /// Whether to compare `orig_val` with the instruction.
    pub validate: bool,
    /// Whether a load or store of the field cannot be resized.
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
    /// Adds the types of a BTF, from an id on, with the kind and essential name of the local type.
    pub fn bpf_core_add_cands(
        local_cand: *mut Candidate,
        local_essent_len: usize,
        targ_btf: *const btf,
        targ_btf_name: *const c_char,
        targ_start_id: c_int,
        cands: *mut CandidateList,
    ) -> c_int;

    /// Returns the length of a name without its flavor.
    pub fn bpf_core_essential_name_len(name: *const c_char) -> usize;

    /// Parses an access string into a spec.
    pub fn bpf_core_parse_spec(
        prog_name: *const c_char,
        btf: *const btf,
        relo: *const bpf_core_relo,
        spec: *mut Spec,
    ) -> c_int;

    /// Calculates the result of a relocation, and removes candidates that do not match;
    /// `specs_scratch` has room for three specs.
    pub fn bpf_core_calc_relo_insn(
        prog_name: *const c_char,
        relo: *const bpf_core_relo,
        relo_idx: c_int,
        local_btf: *const btf,
        cands: *mut CandidateList,
        specs_scratch: *mut Spec,
        targ_res: *mut RelocationResult,
    ) -> c_int;

    /// Patches an instruction; the second slot too of a 64-bit immediate load.
    pub fn bpf_core_patch_insn(
        prog_name: *const c_char,
        insn: *mut bpf_insn,
        insn_idx: c_int,
        relo: *const bpf_core_relo,
        relo_idx: c_int,
        res: *const RelocationResult,
    ) -> c_int;

    /// Returns 1 if two types are compatible, 0 if not, or a negative error number.
    pub fn bpf_core_types_are_compat(
        local_btf: *const btf,
        local_id: u32,
        targ_btf: *const btf,
        targ_id: u32,
    ) -> c_int;

    /// Returns 1 if two types match, 0 if not, or a negative error number.
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

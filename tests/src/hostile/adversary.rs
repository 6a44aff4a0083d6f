//! Attacks: objects and targets of any size that are designed to cost time and memory.
//!
//! Each of the [`FAMILIES`] attacks one operation of the library. The test `bounds` checks that the cost
//! of an attack grows no faster than its size. A small attack of each family is a seed of the fuzz
//! targets.

mod candidates;
mod files;
mod names;
mod nesting;
mod raw;
mod records;

use btf_types::{Btf, PointerSize, Type};
use core_reloc::{
    Options, Target,
    elf::{Counts, Object},
};
use core_reloc_tools::{
    definition::Definition,
    diff::Differ,
    explain::Explainer,
    minimize::{Needs, minimize},
};

use super::walk::printed;

/// A BPF object and a kernel's BTF.
#[derive(Debug, Clone)]
pub struct Attack {
    /// The object file.
    pub object: Vec<u8>,
    /// The BTF that the object is relocated for.
    pub target: Vec<u8>,
}

/// A family of attacks, of any size.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The name.
    pub name: &'static str,
    /// Returns an attack whose length in bytes is proportional to a size.
    pub make: fn(usize) -> Attack,
    /// A small size at which the attack works. Just above a power of two, where collections that grow by
    /// doubling have the most unused memory.
    pub size: usize,
}

/// All families, by group.
pub const FAMILIES: &[(&str, &[Family])] = &[
    (
        "nesting",
        &[
            family("anonymous_deep", nesting::anonymous_deep, 9),
            family("named_deep", nesting::named_deep, 9),
            family("anonymous", nesting::anonymous, 17),
            family("named", nesting::named, 17),
            family("functions_deep", nesting::functions_deep, 17),
            family("functions_shallow", nesting::functions_shallow, 17),
            family("pointers_to_functions", nesting::pointers_to_functions, 17),
            family("circle_of_members", nesting::circle_of_members, 257),
            family("circle_of_typedefs", nesting::circle_of_typedefs, 257),
            family("circle_of_modifiers", nesting::circle_of_modifiers, 257),
            family("circle_of_arrays", nesting::circle_of_arrays, 257),
            family("huge_arrays", nesting::huge_arrays, 257),
            family("chain_of_typedefs", nesting::chain_of_typedefs, 513),
            family("nothing_but_a_chain", nesting::nothing_but_a_chain, 4097),
            family("long_chain_walked_often", nesting::long_chain_walked_often, 257),
            family("claims_of_nothing", nesting::claims_of_nothing, 513),
            family("claims_of_members", nesting::claims_of_members, 4097),
        ],
    ),
    (
        "names",
        &[
            family("suffixes", names::suffixes, 513),
            family("member_suffixes", names::member_suffixes, 513),
            family("members_of_one_name", names::members_of_one_name, 513),
            family("enumerator_suffixes", names::enumerator_suffixes, 513),
            family("nowhere", names::nowhere, 513),
            family("one_hash", names::one_hash, 257),
            family("flavors", names::flavors, 513),
            family("underscores", names::underscores, 513),
        ],
    ),
    (
        "candidates",
        &[
            family("all_match", candidates::all_match, 513),
            family("none_matches", candidates::none_matches, 513),
            family("half_match", candidates::half_match, 513),
            family("ambiguous", candidates::ambiguous, 513),
            family("one_root", candidates::one_root, 513),
            family("all_lack", candidates::all_lack, 513),
            family("all_but_one_lack", candidates::all_but_one_lack, 513),
            family("candidates_only", candidates::candidates_only, 4097),
            family("many_roots", candidates::many_roots, 513),
            family("huge_enum", candidates::huge_enum, 513),
            family("huge_struct", candidates::huge_struct, 513),
            family("huge_member_of_many", candidates::huge_member_of_many, 257),
        ],
    ),
    (
        "records",
        &[
            family("one_instruction", records::one_instruction, 2049),
            family("longest_paths", records::longest_paths, 513),
            family("long_access_strings", records::long_access_strings, 513),
            family("groups", records::groups, 2049),
            family("empty_groups", records::empty_groups, 4097),
            family("wide_records", records::wide_records, 4097),
            family("endless_records", records::endless_records, 4097),
        ],
    ),
    (
        "files",
        &[
            family("code_sections", files::code_sections, 513),
            family("useless_sections", files::useless_sections, 1025),
            family("overlapping_functions", files::overlapping_functions, 2049),
            family("useless_symbols", files::useless_symbols, 2049),
        ],
    ),
];

/// Returns the families of a group.
///
/// # Panics
/// Panics if there is no such group.
pub fn families(group: &str) -> &'static [Family] {
    let found = FAMILIES.iter().find(|(name, _)| *name == group);
    found.unwrap_or_else(|| panic!("no group of families is called `{group}`")).1
}

const fn family(name: &'static str, make: fn(usize) -> Attack, size: usize) -> Family {
    Family { name, make, size }
}

/// An operation on an object and a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Parses and validates both, and reads each type of the target.
    Read,
    /// Relocates, and formats each report.
    Relocate,
    /// The same, with an index of the target's names.
    RelocateIndexed,
    /// Explains unresolved relocations.
    Explain,
    /// Writes the first types in C.
    Define,
    /// Minimizes the target for the object.
    Minimize,
    /// Compares the object's types with the target's, and the target's with themselves.
    Diff,
}

impl Act {
    /// All operations.
    pub const ALL: [Self; 7] = [
        Self::Read,
        Self::Relocate,
        Self::RelocateIndexed,
        Self::Explain,
        Self::Define,
        Self::Minimize,
        Self::Diff,
    ];

    /// Returns `true` if the result is a text. A text may be longer than what it describes, but its length
    /// is bounded.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Explain | Self::Define | Self::Diff)
    }

    /// Performs the operation, and returns the outcomes of the relocations. An attack may be rejected.
    pub fn run(self, attack: &Attack) -> Counts {
        let target = Btf::parse(&attack.target);
        let object = Object::parse(&attack.object);
        let (Ok(target), Ok(object)) = (target, object) else { return Counts::default() };
        let plain = Target::new(&target);
        match self {
            Self::Read => {
                read(&target);
                let _ = object.validate();
                return Counts::default();
            }
            Self::Relocate => return relocate(&object, &plain),
            Self::RelocateIndexed => return relocate(&object, &plain.indexed()),
            Self::Explain => {
                let Some(local) = object.btf() else { return Counts::default() };
                let mut explainer = Explainer::new(local, &plain);
                for report in object.relocate(&plain, Options::default()) {
                    let explanation = explainer.report(&report);
                    assert!(explanation.is_none_or(|it| !it.reason.is_empty()));
                }
            }
            Self::Minimize => {
                let needs = Vec::from_iter(Needs::of_object(&object));
                let minimized = minimize(&needs, &plain, Options::default());
                // Attacks have relocations that are too complex, or need no type.
                assert!(minimized.is_ok_and(|it| !it.main.is_empty()) || !needs.is_empty());
            }
            Self::Diff => {
                if let Some(local) = object.btf() {
                    let local = Target::new(local);
                    let diff = Differ::new(&local, &plain).whole();
                    assert!(diff.types.iter().all(|ty| ty.old.is_some() || ty.new.is_some()));
                }
                let _ = Differ::new(&plain, &plain).whole();
            }
            Self::Define => {
                for ty in target.own_types().take(DEFINED) {
                    assert!(!Definition::of(ty).head.is_empty());
                }
            }
        }
        Counts::default()
    }
}

/// The number of types to define: a definition may have thousands of lines.
const DEFINED: usize = 8;

fn relocate(object: &Object<'_>, target: &Target<'_>) -> Counts {
    let mut relocating = object.relocate(target, Options::default());
    for report in &mut relocating {
        assert!(printed(format_args!("{report}")) > 0);
    }
    let counts = relocating.counts();
    assert_eq!(relocating.finish().is_ok(), counts.failed == 0);
    counts
}

fn read(btf: &Btf<'_>) {
    let _ = btf.validate();
    let sizes = [PointerSize::Four, PointerSize::Eight];
    for btf in sizes.map(|size| btf.clone().with_pointer_size(size)) {
        btf.own_types().for_each(read_type);
    }
}

/// Reads a type and what it refers to.
fn read_type(ty: Type<'_>) {
    let _ = (ty.name(), ty.size(), ty.skip_modifiers(), ty.innermost_element());
    let names = ty.members().iter().filter(|member| member.name().is_ok()).count();
    assert!(names <= ty.vlen() as usize);
}

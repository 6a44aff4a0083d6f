//! One question, one answer: functions for single questions.
//!
//! Each call searches the target for its root type. For more than a few questions, use a [`Relocator`],
//! or at least an [indexed](crate::Target::indexed) target. If a field, type or enumerator does not
//! exist, the answer is `None`; an error means that the question is wrong or that the candidates
//! disagree.

use alloc::vec::Vec;

use btf_types::{Btf, TypeId};

use crate::{
    describe,
    error::Error,
    patch::Patched,
    record::{AccessError, AccessPath, RelocKind, Relocation},
    relocator::Relocator,
    resolve::Resolution,
    target::Target,
};

/// Parses an access string: see [`AccessPath::parse`].
///
/// ```
/// let path = core_reloc::functions::parse_access_string("0:1:2")?;
/// assert_eq!(*path, [0, 1, 2]);
/// # Ok::<(), core_reloc::AccessError>(())
/// ```
///
/// # Errors
/// See [`AccessError`].
pub fn parse_access_string(text: &str) -> Result<AccessPath, AccessError> {
    text.parse()
}

/// Makes a relocation: see [`Relocation::new`].
///
/// ```
/// use btf_types::TypeId;
/// use core_reloc::{RelocKind, functions::create_relocation};
///
/// let relocation = create_relocation(8, TypeId(3), "0:1", RelocKind::FieldExists)?;
/// assert_eq!(relocation.insn_off, 8);
/// # Ok::<(), core_reloc::AccessError>(())
/// ```
///
/// # Errors
/// When the access string is not one.
pub fn create_relocation(
    insn_off: u32,
    type_id: TypeId,
    access: &str,
    kind: RelocKind,
) -> Result<Relocation, AccessError> {
    Ok(Relocation::new(insn_off, type_id, access.parse()?, kind))
}

/// Defines the functions that ask one question about one access of one local type.
macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident($kind:ident) -> $answer:ty = |$resolution:ident, $target:ident| $read:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// `type_id` is the root type in `local`, `access` the access string.
        ///
        /// # Errors
        /// As [`Relocator::resolve`], and an access string that is not one.
        pub fn $name(
            local: &Btf<'_>,
            $target: &Target<'_>,
            type_id: TypeId,
            access: &str,
        ) -> Result<$answer, Error> {
            let $resolution = ask(local, $target, type_id, access, RelocKind::$kind)?;
            Ok($read)
        }
    )*};
}

questions! {
    /// The offset of a field in the target, in bytes; for a bitfield, of the load that covers it.
    ///
    /// ```
    /// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
    /// # fn kernel(padding: u32) -> Vec<u8> {
    /// #     let mut btf = Builder::new(ByteOrder::Little);
    /// #     let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    /// #     btf.structure("task", 8 + padding).member("pid", int, 8 * padding).finish();
    /// #     btf.finish().unwrap()
    /// # }
    /// use btf_types::Kind;
    /// use core_reloc::{
    ///     Target,
    ///     functions::{resolve_field_offset, resolve_field_size},
    /// };
    ///
    /// let (object, kernel) = (kernel(0), kernel(16)); // `pid` is at 0 here and at 16 there
    /// let (local, kernel) = (Btf::parse(&object)?, Btf::parse(&kernel)?);
    /// let target = Target::new(&kernel);
    /// let task = local.find("task", Kind::Struct).unwrap().id();
    /// assert_eq!(resolve_field_offset(&local, &target, task, "0:0")?, Some(16));
    /// assert_eq!(resolve_field_size(&local, &target, task, "0:0")?, Some(4));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    resolve_field_offset(FieldByteOffset) -> Option<u64> = |resolution, target| resolution.value();

    /// The size of a field in the target, in bytes; for a bitfield, of the load that covers it.
    resolve_field_size(FieldByteSize) -> Option<u64> = |resolution, target| resolution.value();

    /// Whether a field is signed in the target.
    resolve_field_signed(FieldSigned) -> Option<bool>
        = |resolution, target| resolution.value().map(|value| value != 0);

    /// Whether a field exists in the target.
    resolve_field_exists(FieldExists) -> bool = |resolution, target| resolution.value() == Some(1);

    /// Whether a type exists in the target, and is compatible. `access` is `"0"`.
    resolve_type_exists(TypeExists) -> bool = |resolution, target| resolution.value() == Some(1);

    /// The size of a type in the target, in bytes. `access` is `"0"`.
    resolve_type_size(TypeSize) -> Option<u64>
        = |resolution, target| resolution.candidate.and(resolution.value());

    /// Whether the target has a type that matches, member by member. `access` is `"0"`.
    resolve_type_matches(TypeMatches) -> bool = |resolution, target| resolution.value() == Some(1);

    /// The id of a type in the target. `access` is `"0"`.
    resolve_type_id(TypeIdTarget) -> Option<TypeId>
        = |resolution, target| resolution.candidate.map(|candidate| candidate.type_id);

    /// Whether an enumerator exists in the target. `access` is its index in the local enum.
    resolve_enum_value_exists(EnumvalExists) -> bool
        = |resolution, target| resolution.value() == Some(1);

    /// The value of an enumerator in the target. `access` is its index in the local enum.
    resolve_enum_value(EnumvalValue) -> Option<i128> = |resolution, target| {
        resolution.value().map(|bits| {
            let candidate = resolution.candidate.and_then(|candidate| target.candidate(candidate).ok());
            let ty = candidate.and_then(|ty| ty.skip_modifiers_and_typedefs().ok());
            if ty.is_some_and(|ty| ty.kind_flag()) {
                i128::from(bits.cast_signed())
            } else {
                i128::from(bits)
            }
        })
    };
}

/// How a field is got from the load that covers it: shift that, as 64 bits, left and then right;
/// arithmetically if the field is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shifts {
    /// By how many bits to shift left.
    pub left: u64,
    /// By how many bits to shift right after that.
    pub right: u64,
}

/// The shifts that get a bitfield, or any field of at most 8 bytes, from its load in the target.
///
/// # Errors
/// As [`Relocator::resolve`], and an access string that is not one.
pub fn resolve_bitfield_shifts(
    local: &Btf<'_>,
    target: &Target<'_>,
    type_id: TypeId,
    access: &str,
) -> Result<Option<Shifts>, Error> {
    let left = ask(local, target, type_id, access, RelocKind::FieldLshiftU64)?.value();
    let right = ask(local, target, type_id, access, RelocKind::FieldRshiftU64)?.value();
    Ok(left.zip(right).map(|(left, right)| Shifts { left, right }))
}

/// Resolves one relocation and applies it to the code.
///
/// # Errors
/// As [`Relocator::relocate`].
pub fn apply_relocation(
    code: &mut [u8],
    local: &Btf<'_>,
    target: &Target<'_>,
    relocation: &Relocation,
) -> Result<Patched, Error> {
    Relocator::new(local, target).relocate(code, relocation)
}

/// Resolves relocations in their order and applies them to the code: one outcome for each.
pub fn apply_relocations(
    code: &mut [u8],
    local: &Btf<'_>,
    target: &Target<'_>,
    relocations: &[Relocation],
) -> Vec<Result<Patched, Error>> {
    Relocator::new(local, target).relocate_all(code, relocations)
}

fn ask(
    local: &Btf<'_>,
    target: &Target<'_>,
    type_id: TypeId,
    access: &str,
    kind: RelocKind,
) -> Result<Resolution, Error> {
    let access = access.parse().map_err(|error: AccessError| Error {
        subject: describe::type_subject(local, kind, type_id),
        cause: error.into(),
    })?;
    Relocator::new(local, target).resolve(&Relocation::new(0, type_id, access, kind))
}

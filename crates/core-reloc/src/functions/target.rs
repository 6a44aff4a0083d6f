//! Questions that relate two BTFs: what a relocation of the local types resolves to on a target.

use btf_types::{Btf, Kind, Result as BtfResult, Type, TypeId};

use super::{Shifts, create_relocation};
use crate::{
    describe,
    enums::{EnumReader, Sign},
    error::Error,
    record::RelocKind,
    relocator::Relocator,
    resolve::Resolution,
    target::Target,
};

/// Defines the functions for one question about one access of one local type.
macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident($kind:ident) -> $answer:ty = |$resolution:ident, $target:ident| $read:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// `type_id` is the root type in `local`, and `access` is the access string.
        ///
        /// # Errors
        /// Those of [`Relocator::resolve`], and an access string that is invalid.
        pub fn $name(
            local: &Btf<'_>,
            $target: &Target<'_>,
            type_id: TypeId,
            access: &str,
        ) -> Result<$answer, Error> {
            let $resolution = resolve(local, $target, type_id, access, RelocKind::$kind)?;
            Ok($read)
        }
    )*};
}

questions! {
    /// Returns the offset of a field in the target, in bytes; for a bitfield, of the load that covers it.
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
    /// use core_reloc::{Target, functions::{target_field_offset, target_field_size}};
    ///
    /// let (object, kernel) = (kernel(0), kernel(16)); // the offsets of `pid`
    /// let (local, kernel) = (Btf::parse(&object)?, Btf::parse(&kernel)?);
    /// let target = Target::new(&kernel);
    /// let task = local.find("task", Kind::Struct).unwrap().id();
    /// assert_eq!(target_field_offset(&local, &target, task, "0:0")?, Some(16));
    /// assert_eq!(target_field_size(&local, &target, task, "0:0")?, Some(4));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    target_field_offset(FieldByteOffset) -> Option<u64> = |resolution, target| resolution.value();

    /// Returns the size of a field in the target, in bytes; for a bitfield, of the load that covers it.
    target_field_size(FieldByteSize) -> Option<u64> = |resolution, target| resolution.value();

    /// Returns whether a field is signed in the target; `None` if it does not exist.
    target_field_signed(FieldSigned) -> Option<bool>
        = |resolution, target| resolution.value().map(|value| value != 0);

    /// Returns `true` if a field exists in the target.
    target_field_exists(FieldExists) -> bool = |resolution, target| resolution.value() == Some(1);

    /// Returns `true` if the target has a compatible type with the same name. `access` is `"0"`.
    target_type_exists(TypeExists) -> bool = |resolution, target| resolution.value() == Some(1);

    /// Returns the size of a type in the target, in bytes. `access` is `"0"`.
    target_type_size(TypeSize) -> Option<u64>
        = |resolution, target| resolution.candidate.and(resolution.value());

    /// Returns `true` if the target has a type that matches member by member. `access` is `"0"`.
    target_type_matches(TypeMatches) -> bool = |resolution, target| resolution.value() == Some(1);

    /// Returns the id of a type in the target. `access` is `"0"`.
    target_type_id(TypeIdTarget) -> Option<TypeId>
        = |resolution, target| resolution.candidate.map(|candidate| candidate.type_id);

    /// Returns `true` if an enumerator exists in the target. `access` is its index in the local enum.
    target_enum_value_exists(EnumvalExists) -> bool
        = |resolution, target| resolution.value() == Some(1);
}

/// Returns the value of an enumerator in the target. `type_id` is the root type in `local`, and `access` the
/// index of the enumerator.
///
/// The value is what a relocation writes, as a number. Where the sign depends on the instruction, the
/// target's BTF decides, as [`EnumReader`] reads it.
///
/// # Errors
/// Those of [`Relocator::resolve`], and an access string that is invalid.
pub fn target_enum_value(
    local: &Btf<'_>,
    target: &Target<'_>,
    type_id: TypeId,
    access: &str,
) -> Result<Option<i128>, Error> {
    let resolution = resolve(local, target, type_id, access, RelocKind::EnumvalValue)?;
    let value = |bits: u64| {
        let ty = stripped(target.candidate(resolution.candidate?))?;
        let is_signed = ty.kind_flag()
            || ty.kind() == Kind::Enum
                && (stripped(local.type_by_id(type_id)).is_some_and(|local| local.kind_flag())
                    || EnumReader::new(ty.btf()).sign(ty) == Sign::Unstated);
        Some(match ty.kind() {
            _ if is_signed => bits.cast_signed().into(),
            Kind::Enum => (bits & u64::from(u32::MAX)).into(),
            _ => bits.into(),
        })
    };
    Ok(resolution.value().and_then(value))
}

fn stripped<'a>(ty: BtfResult<Type<'a>>) -> Option<Type<'a>> {
    ty.and_then(Type::skip_modifiers_and_typedefs).ok()
}

/// Returns the shifts that extract a bitfield, or any field of at most 8 bytes, from its load in the
/// target.
///
/// # Errors
/// Those of [`Relocator::resolve`], and an access string that is invalid.
pub fn target_bitfield_shifts(
    local: &Btf<'_>,
    target: &Target<'_>,
    type_id: TypeId,
    access: &str,
) -> Result<Option<Shifts>, Error> {
    let left = resolve(local, target, type_id, access, RelocKind::FieldLshiftU64)?.value();
    let right = resolve(local, target, type_id, access, RelocKind::FieldRshiftU64)?.value();
    Ok(left.zip(right).map(|(left, right)| Shifts { left, right }))
}

fn resolve(
    local: &Btf<'_>,
    target: &Target<'_>,
    type_id: TypeId,
    access: &str,
    kind: RelocKind,
) -> Result<Resolution, Error> {
    let relocation = create_relocation(0, type_id, access, kind).map_err(|error| Error {
        subject: describe::type_subject(local, kind, type_id),
        cause: error.into(),
    })?;
    Relocator::new(local, target).resolve(&relocation)
}

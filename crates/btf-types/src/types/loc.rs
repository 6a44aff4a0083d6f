//! Inline sites: where functions are inlined, and where their parameters are there.

use core::fmt;

use zerocopy::FromBytes;

use super::entries::{Entry, Sealed};
use crate::{Kind, Type, TypeId, error::Result, raw};

/// The flags of a LOC_PARAM (`enum btf_loc_param_flags`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct LocFlags(pub u32);

impl LocFlags {
    /// The value is signed.
    pub const SIGNED: Self = Self(0x1);
    /// The values are a constant.
    pub const CONST: Self = Self(0x2);
    /// The constant is an address, relative to the base of the kernel or module.
    pub const ADDR: Self = Self(0x4);
    /// The first value is the number of a register.
    pub const REG: Self = Self(0x8);
    /// The parameter is in memory, where the register points.
    pub const DEREF: Self = Self(0x10);
    /// The second value is added to the register.
    pub const OFFSET: Self = Self(0x20);

    /// Returns `true` if all flags of `other` are set.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the flags of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The location of a parameter: a LOC_PARAM. [`Type::stated_size`] is the parameter's size.
#[derive(Clone, Copy)]
pub struct LocParam<'a> {
    owner: Type<'a>,
    record: &'a raw::LocParam,
    values: &'a [raw::U32],
}

impl<'a> LocParam<'a> {
    /// The register number that stands for the frame base (`BTF_LOC_PARAM_FBREG`). The others are DWARF's.
    pub const FRAME_BASE: u32 = u32::MAX;

    pub(super) fn of(owner: Type<'a>) -> Option<Self> {
        if owner.kind() != Kind::LocParam {
            return None;
        }
        let (record, rest) = raw::LocParam::ref_from_prefix(owner.rest()).ok()?;
        let count = owner.vlen() as usize;
        let (values, _) = <[raw::U32]>::ref_from_prefix_with_elems(rest, count).ok()?;
        Some(Self { owner, record, values })
    }

    /// Returns the record as it is stored.
    pub fn raw(&self) -> &'a raw::LocParam {
        self.record
    }

    /// Returns the flags.
    pub fn flags(&self) -> LocFlags {
        LocFlags(self.record.flags.get(self.owner.btf().byte_order()))
    }

    /// Returns the values as they are stored, in the order of the BTF's bytes.
    pub fn raw_values(&self) -> &'a [raw::U32] {
        self.values
    }

    /// Returns the meaning of flags and values; `None` for a combination that the kernel's header does not
    /// define.
    pub fn value(&self) -> Option<LocValue> {
        let flags = self.flags();
        let order = self.owner.btf().byte_order();
        let has = |flag| flags.contains(flag);
        let known = LocFlags(0x3f);
        if !known.contains(flags) {
            return None;
        }
        match (has(LocFlags::CONST), has(LocFlags::REG), self.values) {
            (true, false, [low, high @ ..]) if !has(LocFlags::DEREF) && !has(LocFlags::OFFSET) => {
                let low = low.get(order);
                let bits = match high {
                    [] if has(LocFlags::SIGNED) => i64::from(low.cast_signed()).cast_unsigned(),
                    [] => low.into(),
                    // The low word is first in both byte orders.
                    [high] => u64::from(high.get(order)) << 32 | u64::from(low),
                    _ => return None,
                };
                Some(if has(LocFlags::ADDR) {
                    LocValue::Address(bits)
                } else {
                    LocValue::Constant(bits)
                })
            }
            (false, true, [register, more @ ..]) if !has(LocFlags::ADDR) => {
                let register = register.get(order);
                match (has(LocFlags::DEREF), has(LocFlags::OFFSET), more) {
                    (false, false, []) => Some(LocValue::Register(register)),
                    (false, false, [second]) => {
                        Some(LocValue::Registers([register, second.get(order)]))
                    }
                    (true, false, []) => Some(LocValue::Memory { register, offset: 0 }),
                    (is_memory, true, [offset]) => {
                        let offset = offset.get(order).cast_signed();
                        Some(if is_memory {
                            LocValue::Memory { register, offset }
                        } else {
                            LocValue::Sum { register, offset }
                        })
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl fmt::Debug for LocParam<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocParam")
            .field("flags", &self.flags())
            .field("value", &self.value())
            .finish()
    }
}

/// Where a parameter is. Registers have DWARF's numbers, or [`LocParam::FRAME_BASE`]; offsets are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LocValue {
    /// It has a constant value, sign-extended if the flags say that it is signed.
    Constant(u64),
    /// It is an address, relative to the base of the kernel or module.
    Address(u64),
    /// It is in a register.
    Register(u32),
    /// It is in two registers.
    Registers([u32; 2]),
    /// It is the sum of a register and an offset.
    #[non_exhaustive]
    Sum {
        /// The register.
        register: u32,
        /// The offset.
        offset: i32,
    },
    /// It is in memory, at the sum of a register and an offset.
    #[non_exhaustive]
    Memory {
        /// The register.
        register: u32,
        /// The offset.
        offset: i32,
    },
}

/// Prints the location as bpftool does: `reg1`, `fbreg - 0x10`, `*(reg2 + 0x10)`, `0x1000 (addr)`.
impl fmt::Display for LocValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Constant(bits) => write!(f, "{bits:#x}"),
            Self::Address(bits) => write!(f, "{bits:#x} (addr)"),
            Self::Register(register) => Register(register).fmt(f),
            Self::Registers([low, high]) => write!(f, "{}, {}", Register(low), Register(high)),
            Self::Sum { register, offset } => write!(f, "{}{}", Register(register), Offset(offset)),
            Self::Memory { register, offset } => {
                write!(f, "*({}{})", Register(register), Offset(offset))
            }
        }
    }
}

/// A register, as bpftool prints it.
struct Register(u32);

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            LocParam::FRAME_BASE => f.write_str("fbreg"),
            number => write!(f, "reg{number}"),
        }
    }
}

/// An offset from a register: ` + 0x10`, ` - 0x10`, or nothing.
struct Offset(i32);

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.unsigned_abs();
        match self.0.signum() {
            0 => Ok(()),
            1 => write!(f, " + {bytes:#x}"),
            _ => write!(f, " - {bytes:#x}"),
        }
    }
}

/// A parameter of a LOC_PROTO.
#[derive(Clone, Copy)]
pub struct LocProtoParam<'a> {
    owner: Type<'a>,
    record: &'a raw::U32,
}

impl Sealed for LocProtoParam<'_> {}

impl<'a> Entry<'a> for LocProtoParam<'a> {
    #[inline]
    fn read(owner: Type<'a>, record: &'a [u8]) -> Option<Self> {
        Some(Self { owner, record: raw::U32::ref_from_bytes(record).ok()? })
    }
}

impl<'a> LocProtoParam<'a> {
    /// Returns the id of the LOC_PARAM; `void` if nothing is known about the parameter's location.
    pub fn type_id(&self) -> TypeId {
        TypeId(self.record.get(self.owner.btf().byte_order()))
    }

    /// Returns the LOC_PARAM, or `void`.
    ///
    /// # Errors
    /// [`Error::NoSuchType`](crate::Error::NoSuchType).
    pub fn ty(&self) -> Result<Type<'a>> {
        self.owner.btf().type_by_id(self.type_id())
    }
}

impl fmt::Debug for LocProtoParam<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LocProtoParam").field(&self.type_id()).finish()
    }
}

/// An inline site in a LOCSEC: a place in a section where the body of a function is.
#[derive(Clone, Copy)]
pub struct Loc<'a> {
    owner: Type<'a>,
    record: &'a raw::Loc,
}

impl Sealed for Loc<'_> {}

impl<'a> Entry<'a> for Loc<'a> {
    #[inline]
    fn read(owner: Type<'a>, record: &'a [u8]) -> Option<Self> {
        Some(Self { owner, record: raw::Loc::ref_from_bytes(record).ok()? })
    }
}

impl<'a> Loc<'a> {
    /// Returns the record as it is stored.
    pub fn raw(&self) -> &'a raw::Loc {
        self.record
    }

    /// Returns the id of the FUNC.
    pub fn func_id(&self) -> TypeId {
        TypeId(self.record.func.get(self.owner.btf().byte_order()))
    }

    /// Returns the FUNC.
    ///
    /// # Errors
    /// [`Error::NoSuchType`](crate::Error::NoSuchType).
    pub fn func(&self) -> Result<Type<'a>> {
        self.owner.btf().type_by_id(self.func_id())
    }

    /// Returns the id of the LOC_PROTO; `void` if there is none.
    pub fn proto_id(&self) -> TypeId {
        TypeId(self.record.loc_proto.get(self.owner.btf().byte_order()))
    }

    /// Returns the LOC_PROTO, or `void`.
    ///
    /// # Errors
    /// [`Error::NoSuchType`](crate::Error::NoSuchType).
    pub fn proto(&self) -> Result<Type<'a>> {
        self.owner.btf().type_by_id(self.proto_id())
    }

    /// Returns the offset in bytes from the start of the section.
    pub fn offset(&self) -> u32 {
        self.record.offset.get(self.owner.btf().byte_order())
    }
}

impl fmt::Debug for Loc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loc")
            .field("func_id", &self.func_id())
            .field("proto_id", &self.proto_id())
            .field("offset", &self.offset())
            .finish()
    }
}

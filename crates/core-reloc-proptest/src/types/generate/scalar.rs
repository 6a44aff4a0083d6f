//! Types without parts: integers, floats, arrays, forward declarations and `restrict`.

use btf_types::IntEncoding;

use super::{Generator, MAX_SIZE};
use crate::types::{
    desc::{CompositeKind, Modifier, TypeDesc},
    graph::{id, is_long},
};

const SIGNED: u32 = IntEncoding::SIGNED;
const CHAR: u32 = IntEncoding::CHAR;
const BOOL: u32 = IntEncoding::BOOL;

/// The integers of C, as compilers and pahole name them. The `long`s have the size of a pointer.
const INTS: [(&str, u32, u32); 16] = [
    ("int", 4, SIGNED),
    ("unsigned int", 4, 0),
    ("char", 1, SIGNED),
    ("unsigned char", 1, 0),
    ("signed char", 1, SIGNED | CHAR),
    ("_Bool", 1, BOOL),
    ("bool", 1, BOOL),
    ("short", 2, SIGNED),
    ("short int", 2, SIGNED),
    ("unsigned short", 2, 0),
    ("long", 8, SIGNED),
    ("unsigned long", 8, 0),
    ("long int", 8, SIGNED),
    ("long unsigned int", 8, 0),
    ("long long", 8, SIGNED),
    ("unsigned long long", 8, 0),
];

/// Integers that do not fit in a register, which are rare.
const WIDE_INTS: [(&str, u32, u32); 2] = [("__int128", 16, SIGNED), ("unsigned __int128", 16, 0)];

const FLOATS: [(&str, u32); 4] =
    [("float", 4), ("double", 8), ("long double", 16), ("_Float16", 2)];

impl Generator<'_, '_, '_> {
    /// Generates an INT. With 4-byte pointers the first one is a `long` of 4 bytes, from which
    /// readers determine their size.
    pub(super) fn int(&mut self, slot: usize) -> TypeDesc {
        let long = (slot == 0 && self.pointer_size == 4).then_some(("long", 4, SIGNED));
        let (name, size, flags) = long.unwrap_or_else(|| {
            if self.random.chance(3) {
                self.random.one_of(WIDE_INTS)
            } else {
                self.random.one_of(INTS)
            }
        });
        let size = if is_long(name) { self.pointer_size } else { size };
        let known = self.types.iter().any(|ty| ty.name() == name);
        if known {
            // C has one type of each name, so further integers get names that C does not have.
            let size = self.random.one_of([1, 2, 4, 8]);
            let flags = self.random.one_of([0, SIGNED]);
            return TypeDesc::Int { name: format!("int{slot}"), size, flags };
        }
        TypeDesc::Int { name: name.into(), size, flags }
    }

    pub(super) fn float(&mut self, slot: usize) -> TypeDesc {
        let (name, size) = self.random.one_of(FLOATS);
        let known = self.types.iter().any(|ty| ty.name() == name);
        let name = if known { format!("float{slot}") } else { name.into() };
        TypeDesc::Float { name, size }
    }

    /// Generates an array, which is multi-dimensional if its element type is an array.
    pub(super) fn array(&mut self) -> TypeDesc {
        let now = self.types.len();
        let element = self.earlier(|this, id, _| {
            let flexible = matches!(this.resolve(id), Some(TypeDesc::Array { len: 0, .. }));
            this.sized_by(id).is_some_and(|by| by < now) && !flexible
        });
        let element = element.unwrap_or(id(0));
        let len = match self.random.within(0..=99) {
            0..12 => 0,
            12..80 => self.random.within(1..=5),
            80..97 => self.random.within(6..=64),
            _ => self.random.within(1_000..=40_000),
        };
        let fits = self.max_size(element).saturating_mul(len as u64) <= MAX_SIZE / 8;
        let len = if fits { u32::try_from(len).unwrap_or(1) } else { 1 };
        TypeDesc::Array { element, index: id(0), len }
    }

    pub(super) fn fwd(&mut self, slot: usize) -> TypeDesc {
        let kind = self.random.one_of([CompositeKind::Struct, CompositeKind::Union]);
        TypeDesc::Fwd { name: self.type_name(slot), kind }
    }

    /// Generates a RESTRICT, which only pointers can have.
    pub(super) fn restrict(&mut self, slot: usize) -> TypeDesc {
        match self.earlier(|_, _, ty| matches!(ty, TypeDesc::Ptr(_))) {
            Some(pointer) => TypeDesc::Modifier(Modifier::Restrict, pointer),
            None => TypeDesc::Ptr(self.pointee(slot)),
        }
    }
}

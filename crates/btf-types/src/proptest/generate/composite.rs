//! Structs and unions.

use std::{string::String, vec::Vec};

use super::{Generator, Known, MAX_SIZE, id, index, names};
use crate::{
    IntEncoding, Kind, TypeId,
    proptest::{CompositeDesc, CompositeKind, Dice, MemberDesc, Modifier, Packing, TypeDesc},
};

/// The largest alignment that an attribute asks for, in bytes: a cache line.
const MAX_ALIGNMENT: u64 = 64;

impl Generator<'_, '_, '_> {
    pub(super) fn composite(&mut self, slot: usize) -> TypeDesc {
        let kind = match self.slots[slot] {
            Kind::Union => CompositeKind::Union,
            _ => CompositeKind::Struct,
        };
        let name = if self.dice.chance(35) { String::new() } else { self.type_name(slot) };
        let packing = match self.dice.within(0..=99) {
            0..84 => Packing::Natural,
            84..94 => Packing::Packed,
            _ => Packing::Aligned(self.dice.one_of([2, 8, 16, 64])),
        };
        let least = usize::from(self.dice.chance(96));
        let count = self.parts(least);
        let mut known = Known { sized_by: Some(slot), bound: MAX_ALIGNMENT, ..Known::default() };
        let mut members = Vec::with_capacity(count);
        for left in (0..count).rev() {
            let at_end = left == 0 && kind == CompositeKind::Struct;
            members.push(self.member(&mut known, packing, at_end));
        }
        self.known.push(known);
        TypeDesc::Composite(CompositeDesc { kind, name, packing, members })
    }

    fn member(&mut self, known: &mut Known, packing: Packing, at_end: bool) -> MemberDesc {
        let ty = self.member_type(MAX_SIZE - known.bound, at_end);
        known.bound = (known.bound + self.bound(ty) + MAX_ALIGNMENT).min(MAX_SIZE);
        if self.embeds(known, ty) {
            return MemberDesc { name: String::new(), ty, bits: None };
        }
        let again = if self.profile.duplicates { 30 } else { 0 };
        let name = names::of_member(self.dice, &known.visible, again);
        known.visible.push(name.clone());
        // Where nothing is padded, bitfields cross all boundaries.
        let percent = if packing == Packing::Packed { 45 } else { 25 };
        let bits = if self.dice.chance(percent) { self.bits(ty) } else { None };
        MemberDesc { name, ty, bits }
    }

    /// A type of at most so many bytes.
    fn member_type(&mut self, room: u64, at_end: bool) -> TypeId {
        let now = self.types.len();
        // Flexible arrays belong to the end; elsewhere they are of no elements.
        let flexible_fits = at_end || self.dice.chance(5);
        let fits = |this: &Self, id| {
            let flexible = matches!(this.resolve(id), Some(TypeDesc::Array { len: 0, .. }));
            this.sized_by(id).is_some_and(|by| by < now)
                && this.bound(id) + MAX_ALIGNMENT < room
                && (!flexible || flexible_fits)
        };
        let wanted = if at_end && self.dice.chance(30) {
            self.earlier(|this, id, _| {
                matches!(this.resolve(id), Some(TypeDesc::Array { len: 0, .. })) && fits(this, id)
            })
        } else if self.dice.chance(25) {
            self.earlier(|this, id, ty| matches!(ty, TypeDesc::Composite(_)) && fits(this, id))
        } else {
            None
        };
        wanted.or_else(|| self.earlier(|this, id, _| fits(this, id))).unwrap_or(id(0))
    }

    /// Whether a member becomes an anonymous one. In C only one member is of an anonymous type, and
    /// names must not meet.
    fn embeds(&mut self, known: &mut Known, ty: TypeId) -> bool {
        let Some(at) = index(ty) else { return false };
        let composite = match &self.types[at] {
            TypeDesc::Modifier(Modifier::Const | Modifier::Volatile, of) => index(*of),
            _ => Some(at),
        };
        let Some(at) = composite else { return false };
        let TypeDesc::Composite(composite) = &self.types[at] else { return false };
        // Microsoft's extension, which Linux uses since 6.19, embeds named types as well.
        let percent = if composite.name.is_empty() { 75 } else { 4 };
        let inner = &self.known[at];
        let free = !inner.embedded
            && (self.profile.duplicates
                || inner.visible.iter().all(|name| !known.visible.contains(name)));
        if !free || !self.dice.chance(percent) {
            return false;
        }
        known.visible.extend(inner.visible.iter().cloned());
        self.known[at].embedded = true;
        true
    }

    fn bits(&mut self, ty: TypeId) -> Option<u8> {
        let ty = self.resolve(ty)?.clone();
        bits(self.dice, &ty)
    }
}

/// How many bits a bitfield of a type gets; `None` if it cannot be one.
pub(in crate::proptest) fn bits(dice: &mut Dice<'_>, ty: &TypeDesc) -> Option<u8> {
    let most = match ty {
        TypeDesc::Int { flags, .. } if flags & IntEncoding::BOOL != 0 => 1,
        TypeDesc::Int { size, .. } => size * 8,
        TypeDesc::Enum(desc) => desc.size * 8,
        _ => return None,
    };
    let most = if dice.chance(60) { most.min(9) } else { most };
    u8::try_from(dice.within(1..=most as usize)).ok()
}

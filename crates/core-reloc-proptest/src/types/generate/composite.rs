//! Structs and unions.

use btf_types::{IntEncoding, Kind, TypeId};

use super::{Generator, MAX_SIZE, SlotInfo, names};
use crate::{
    strategy::Random,
    types::{
        desc::{CompositeDesc, CompositeKind, MemberDesc, Modifier, Packing, TypeDesc},
        graph::{id, index},
    },
};

/// The largest alignment that an attribute sets, in bytes: a cache line.
const MAX_ALIGNMENT: u64 = 64;

impl Generator<'_, '_, '_> {
    pub(super) fn composite(&mut self, slot: usize) -> TypeDesc {
        let kind = match self.slots[slot] {
            Kind::Union => CompositeKind::Union,
            _ => CompositeKind::Struct,
        };
        let name = if self.random.chance(35) { String::new() } else { self.type_name(slot) };
        let packing = match self.random.within(0..=99) {
            0..84 => Packing::Natural,
            84..94 => Packing::Packed,
            _ => Packing::Aligned(self.random.one_of([2, 8, 16, 64])),
        };
        let least = usize::from(self.random.chance(96));
        let count = self.part_count(least);
        let mut info =
            SlotInfo { sized_by: Some(slot), max_size: MAX_ALIGNMENT, ..SlotInfo::default() };
        let mut members = Vec::with_capacity(count);
        for left in (0..count).rev() {
            let at_end = left == 0 && kind == CompositeKind::Struct;
            members.push(self.member(&mut info, packing, at_end));
        }
        self.infos.push(info);
        TypeDesc::Composite(CompositeDesc { kind, name, packing, members })
    }

    fn member(&mut self, info: &mut SlotInfo, packing: Packing, at_end: bool) -> MemberDesc {
        let ty = self.member_type(MAX_SIZE - info.max_size, at_end);
        info.max_size = (info.max_size + self.max_size(ty) + MAX_ALIGNMENT).min(MAX_SIZE);
        if self.embeds(info, ty) {
            return MemberDesc { name: String::new(), ty, bits: None };
        }
        let again = if self.profile.duplicates { 30 } else { 0 };
        let name = names::for_member(self.random, &info.member_names, again);
        info.member_names.push(name.clone());
        // Bitfields of packed composites cross the boundaries of their types.
        let percent = if packing == Packing::Packed { 45 } else { 25 };
        let bits = if self.random.chance(percent) { self.bits(ty) } else { None };
        MemberDesc { name, ty, bits }
    }

    /// Returns a type of less than `room` bytes.
    fn member_type(&mut self, room: u64, at_end: bool) -> TypeId {
        let now = self.types.len();
        // Arrays without elements are rare except at the end, where they are flexible.
        let flexible_fits = at_end || self.random.chance(5);
        let fits = |this: &Self, id| {
            let flexible = matches!(this.resolve(id), Some(TypeDesc::Array { len: 0, .. }));
            this.sized_by(id).is_some_and(|by| by < now)
                && this.max_size(id) + MAX_ALIGNMENT < room
                && (!flexible || flexible_fits)
        };
        let wanted = if at_end && self.random.chance(30) {
            self.earlier(|this, id, _| {
                matches!(this.resolve(id), Some(TypeDesc::Array { len: 0, .. })) && fits(this, id)
            })
        } else if self.random.chance(25) {
            self.earlier(|this, id, ty| matches!(ty, TypeDesc::Composite(_)) && fits(this, id))
        } else {
            None
        };
        wanted.or_else(|| self.earlier(|this, id, _| fits(this, id))).unwrap_or(id(0))
    }

    /// Decides whether a member becomes anonymous. In C, an anonymous type is the type of one
    /// member only, and the names of the members must differ.
    fn embeds(&mut self, info: &mut SlotInfo, ty: TypeId) -> bool {
        let Some(at) = index(ty) else { return false };
        let composite = match &self.types[at] {
            TypeDesc::Modifier(Modifier::Const | Modifier::Volatile, of) => index(*of),
            _ => Some(at),
        };
        let Some(at) = composite else { return false };
        let TypeDesc::Composite(composite) = &self.types[at] else { return false };
        // With Microsoft's extension, which Linux uses since 6.19, anonymous members can have named
        // types.
        let percent = if composite.name.is_empty() { 75 } else { 4 };
        let inner = &self.infos[at];
        let free = !inner.embedded
            && (self.profile.duplicates
                || inner.member_names.iter().all(|name| !info.member_names.contains(name)));
        if !free || !self.random.chance(percent) {
            return false;
        }
        info.member_names.extend(inner.member_names.iter().cloned());
        self.infos[at].embedded = true;
        true
    }

    fn bits(&mut self, ty: TypeId) -> Option<u8> {
        let ty = self.resolve(ty)?.clone();
        bits(self.random, &ty)
    }
}

/// Returns the number of bits for a bitfield of a type; `None` if it cannot be the type of one.
pub(crate) fn bits(random: &mut Random<'_>, ty: &TypeDesc) -> Option<u8> {
    let most = match ty {
        TypeDesc::Int { flags, .. } if flags & IntEncoding::BOOL != 0 => 1,
        TypeDesc::Int { size, .. } => size * 8,
        TypeDesc::Enum(desc) => desc.size * 8,
        _ => return None,
    };
    let most = if random.chance(60) { most.min(9) } else { most };
    u8::try_from(random.within(1..=most as usize)).ok()
}

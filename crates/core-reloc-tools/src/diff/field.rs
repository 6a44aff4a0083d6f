//! A member of a type, or of a type without a name in it.

use btf_types::{Member, Type};
use core_reloc::describe::{declaration_in_c, quote};

use super::{difference::MemberSide, kept::Room};
use crate::definition::MemberLayout;

/// A member, with where it is in the type that is compared.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    pub(super) path: String,
    pub(super) member: Member<'a>,
    /// Its type; `None` if the reference leads nowhere.
    pub(super) ty: Option<Type<'a>>,
    /// The offset of what the member belongs to, in bits.
    pub(super) start: u64,
    /// The number of types without a name around it that have one by their member.
    pub(super) depth: usize,
}

impl Field<'_> {
    pub(super) fn layout(&self) -> MemberLayout {
        MemberLayout::within(self.member, self.start)
    }

    /// Describes the member; `None` if there is no room for it.
    pub(super) fn side(&self, room: &mut Room) -> Option<MemberSide> {
        let layout = self.layout();
        let path = quote(&btf_types::Name::new(self.path.as_bytes()));
        let mut declaration = match self.ty {
            Some(ty) => declaration_in_c(ty, &path),
            None => format!("type {} {path}", self.member.type_id()),
        };
        if layout.bitfield_size > 0 {
            declaration.push_str(&format!(" : {}", layout.bitfield_size));
        }
        room.take::<MemberSide>(path.len().saturating_add(declaration.len()))?;
        Some(MemberSide { path, declaration, layout })
    }
}

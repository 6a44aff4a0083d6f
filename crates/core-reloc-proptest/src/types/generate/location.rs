//! Inline sites and the locations of their parameters.

use btf_types::{Kind, LocFlags, LocParam, TypeId};

use super::Generator;
use crate::types::{
    desc::{LocDesc, TypeDesc},
    graph::id,
};

impl Generator<'_, '_, '_> {
    /// Returns a location that the kernel's header defines.
    pub(super) fn loc_param(&mut self) -> TypeDesc {
        /// Combinations of flags, with the number of values that each takes.
        const FORMS: [(u32, usize); 9] = [
            (LocFlags::CONST.0, 1),
            (LocFlags::CONST.0, 2),
            (LocFlags::CONST.0 | LocFlags::ADDR.0, 2),
            (LocFlags::REG.0, 1),
            (LocFlags::REG.0, 2),
            (LocFlags::REG.0 | LocFlags::DEREF.0, 1),
            (LocFlags::REG.0 | LocFlags::OFFSET.0, 2),
            (LocFlags::REG.0 | LocFlags::DEREF.0 | LocFlags::OFFSET.0, 2),
            (LocFlags::CONST.0 | LocFlags::SIGNED.0, 1),
        ];
        let (flags, count) = self.random.one_of(FORMS);
        let value = [0, 1, 7, 31, 0x8000_0000, 0xffff_fff0, LocParam::FRAME_BASE];
        let values = (0..count).map(|_| self.random.one_of(value)).collect();
        let size = self.random.one_of([1, 2, 4, 8]);
        TypeDesc::LocParam { size, flags: LocFlags(flags), values }
    }

    /// Returns the locations of some parameters. Those of about a quarter are unknown.
    pub(super) fn loc_proto(&mut self) -> TypeDesc {
        let params = (0..self.part_count(0)).map(|_| {
            let is_known = self.random.chance(75);
            let param = self.earlier(|_, _, ty| ty.kind() == Kind::LocParam);
            param.filter(|_| is_known).unwrap_or(TypeId::VOID)
        });
        TypeDesc::LocProto(params.collect())
    }

    /// Returns a section with all functions so far.
    pub(super) fn loc_section(&mut self) -> TypeDesc {
        let kinds = self.types.iter().map(TypeDesc::kind);
        let of_kind = |wanted| {
            let found = kinds.clone().enumerate().filter(move |(_, kind)| *kind == wanted);
            found.map(|(at, _)| id(at)).collect::<Vec<TypeId>>()
        };
        let (funcs, protos) = (of_kind(Kind::Func), of_kind(Kind::LocProto));
        let locs = funcs.into_iter().zip((0_u32..).step_by(16)).map(|(func, offset)| LocDesc {
            func,
            proto: protos.last().copied().unwrap_or(TypeId::VOID),
            offset,
        });
        TypeDesc::LocSec { name: "inline.text".into(), locs: locs.collect() }
    }
}

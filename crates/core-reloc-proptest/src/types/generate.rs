//! Random graphs that a compiler could have written.
//!
//! Types are generated in an order in which C could declare them: a type contains only earlier
//! types by value, while pointers, modifiers and typedefs can also refer to later structs and
//! unions. Finally, the ids of some graphs are shuffled, since BTF has no such order.

mod composite;
mod declaration;
mod enumeration;
mod location;
pub(crate) mod names;
mod scalar;

use btf_types::{ByteOrder, Kind, PointerSize, TypeId};

use super::{
    desc::{Modifier, TypeDesc},
    graph::{Graph, id, index},
    profile::Profile,
};
use crate::strategy::Random;

pub(crate) use self::{
    composite::bits,
    enumeration::{range as enum_range, value as enum_value},
};

/// The maximum size of a type in bytes. Bit offsets within it fit in the 24 bits that composites
/// with bitfields have for them.
pub(crate) const MAX_SIZE: u64 = 1 << 20;

/// The number of random types that are tried before a search for a suitable one fails.
const TRIES: usize = 8;

impl Graph {
    /// Generates a random graph; [`graph()`](crate::graph()) is the strategy.
    pub fn generate(profile: &Profile, random: &mut Random<'_>) -> Self {
        let mut generator = Generator::new(profile, random);
        generator.fill();
        let Generator { order, base_len, types, .. } = generator;
        let mut graph = Self { byte_order: order, base_len, types };
        if random.chance(50) {
            graph.shuffle(random);
        }
        graph
    }

    /// Assigns random ids; the types of the base stay in the base.
    fn shuffle(&mut self, random: &mut Random<'_>) {
        let mut new_indices: Vec<usize> = (0..self.types.len()).collect();
        let (base, own) = new_indices.split_at_mut(self.base_len);
        random.shuffle(base);
        random.shuffle(own);
        self.reorder(&new_indices);
    }

    /// Moves every type to its new index.
    fn reorder(&mut self, new_indices: &[usize]) {
        let mut moved: Vec<(usize, TypeDesc)> =
            new_indices.iter().copied().zip(self.types.drain(..)).collect();
        moved.sort_by_key(|(new_index, _)| *new_index);
        self.types = moved.into_iter().map(|(_, ty)| ty).collect();
        for ty in &mut self.types {
            ty.map_references(|old| index(old).map_or(old, |old| id(new_indices[old])));
        }
    }
}

/// What later types need to know about a generated type.
#[derive(Debug, Default)]
struct SlotInfo {
    /// The last slot that must be filled before the type has a size; `None` if it has no size.
    sized_by: Option<usize>,
    /// An upper bound of the size of a composite in bytes.
    max_size: u64,
    /// The names of a composite's members, including those of its anonymous members.
    member_names: Vec<String>,
    /// Whether a composite is the type of an anonymous member already.
    embedded: bool,
}

struct Generator<'p, 'd, 'r> {
    profile: &'p Profile,
    random: &'d mut Random<'r>,
    order: ByteOrder,
    pointer_size: u32,
    base_len: usize,
    /// The intended kind of each type.
    slots: Vec<Kind>,
    types: Vec<TypeDesc>,
    infos: Vec<SlotInfo>,
    /// The names of types, functions and variables so far.
    names: Vec<String>,
}

impl<'p, 'd, 'r> Generator<'p, 'd, 'r> {
    fn new(profile: &'p Profile, random: &'d mut Random<'r>) -> Self {
        let order = profile
            .byte_order
            .unwrap_or_else(|| random.one_of([ByteOrder::Little, ByteOrder::Big]));
        let pointer_size = profile.pointer_size.unwrap_or_else(|| {
            if random.chance(20) { PointerSize::Four } else { PointerSize::Eight }
        });
        let count = random.within(profile.types.clone()).max(1);
        let mut slots = vec![Kind::Int];
        while slots.len() < count {
            slots.push(random.weighted(&profile.kinds).unwrap_or(Kind::Int));
        }
        let base_len = if profile.split && count > 1 && random.chance(30) {
            random.within(1..=count - 1)
        } else {
            0
        };
        Self {
            profile,
            random,
            order,
            pointer_size: pointer_size as u32,
            base_len,
            slots,
            types: Vec::with_capacity(count),
            infos: Vec::with_capacity(count),
            names: Vec::new(),
        }
    }

    fn fill(&mut self) {
        for slot in 0..self.slots.len() {
            let ty = match self.slots[slot] {
                Kind::Float => self.float(slot),
                Kind::Ptr => TypeDesc::Ptr(self.pointee(slot)),
                Kind::Array => self.array(),
                Kind::Struct | Kind::Union => self.composite(slot),
                Kind::Enum => self.enumeration(slot, false),
                Kind::Enum64 => self.enumeration(slot, true),
                Kind::Fwd => self.fwd(slot),
                Kind::Typedef => {
                    TypeDesc::Typedef { of: self.target(true), name: self.type_name(slot) }
                }
                Kind::Volatile => TypeDesc::Modifier(Modifier::Volatile, self.target(false)),
                Kind::Const => TypeDesc::Modifier(Modifier::Const, self.target(false)),
                Kind::Restrict => self.restrict(slot),
                Kind::TypeTag => {
                    TypeDesc::TypeTag { tag: names::for_tag(self.random), of: self.target(false) }
                }
                Kind::FuncProto => TypeDesc::FuncProto(self.proto()),
                Kind::Func => self.func(slot),
                Kind::Var => self.var(slot),
                Kind::DataSec => self.data_section(slot),
                Kind::DeclTag => self.decl_tag(slot),
                Kind::LocParam => self.loc_param(),
                Kind::LocProto => self.loc_proto(),
                Kind::LocSec => self.loc_section(),
                _ => self.int(slot),
            };
            // `composite` adds its own entry.
            if self.infos.len() == slot {
                let sized_by = self.sized_by_slot(&ty, slot);
                self.infos.push(SlotInfo { sized_by, ..SlotInfo::default() });
            }
            self.types.push(ty);
        }
    }

    /// Computes [`SlotInfo::sized_by`] for a new type.
    fn sized_by_slot(&self, ty: &TypeDesc, slot: usize) -> Option<usize> {
        match ty {
            TypeDesc::Int { .. }
            | TypeDesc::Float { .. }
            | TypeDesc::Ptr(_)
            | TypeDesc::Enum(_)
            | TypeDesc::Composite(_) => Some(slot),
            TypeDesc::Array { element: of, .. }
            | TypeDesc::Typedef { of, .. }
            | TypeDesc::Modifier(_, of)
            | TypeDesc::TypeTag { of, .. } => self.sized_by(*of),
            TypeDesc::Fwd { .. }
            | TypeDesc::FuncProto(_)
            | TypeDesc::Func { .. }
            | TypeDesc::Var { .. }
            | TypeDesc::DataSec { .. }
            | TypeDesc::DeclTag { .. }
            | TypeDesc::LocParam { .. }
            | TypeDesc::LocProto(_)
            | TypeDesc::LocSec { .. } => None,
        }
    }

    /// Returns [`SlotInfo::sized_by`]; for a type that is not generated yet, its own slot.
    fn sized_by(&self, id: TypeId) -> Option<usize> {
        let index = index(id)?;
        self.infos.get(index).map_or(Some(index), |info| info.sized_by)
    }

    /// Returns an upper bound of the size of a type in bytes.
    fn max_size(&self, id: TypeId) -> u64 {
        let Some(index) = index(id) else { return 0 };
        match self.types.get(index) {
            Some(TypeDesc::Int { size, .. } | TypeDesc::Float { size, .. }) => (*size).into(),
            Some(TypeDesc::Array { element, len, .. }) => {
                self.max_size(*element).saturating_mul((*len).into())
            }
            Some(
                TypeDesc::Typedef { of, .. }
                | TypeDesc::Modifier(_, of)
                | TypeDesc::TypeTag { of, .. },
            ) => self.max_size(*of),
            Some(TypeDesc::Composite(_)) => self.infos[index].max_size,
            _ => 8,
        }
    }

    /// Returns the underlying type, with typedefs, modifiers and type tags skipped; `None` if it is
    /// not generated yet.
    fn resolve(&self, id: TypeId) -> Option<&TypeDesc> {
        let mut ty = self.types.get(index(id)?)?;
        while let Some(of) = ty.stands_for() {
            ty = self.types.get(index(of)?)?;
        }
        Some(ty)
    }

    /// Returns an earlier type that passes a test.
    fn earlier(&mut self, test: impl Fn(&Self, TypeId, &TypeDesc) -> bool) -> Option<TypeId> {
        let last = self.types.len().checked_sub(1)?;
        (0..TRIES).find_map(|_| {
            let at = self.random.within(0..=last);
            test(self, id(at), &self.types[at]).then_some(id(at))
        })
    }

    /// Returns an earlier type whose size is known.
    fn sized(&mut self) -> TypeId {
        let now = self.types.len();
        let sized = |this: &Self, id, _: &TypeDesc| this.sized_by(id).is_some_and(|by| by < now);
        self.earlier(sized).unwrap_or(id(0))
    }

    /// Returns a struct or union, which need not be generated yet.
    fn declared(&mut self) -> Option<TypeId> {
        let now = self.types.len();
        let limit = if now < self.base_len { self.base_len } else { self.slots.len() };
        (0..TRIES).find_map(|_| {
            let at = self.random.within(0..=limit - 1);
            matches!(self.slots[at], Kind::Struct | Kind::Union).then_some(id(at))
        })
    }

    /// Returns the type that a pointer points to.
    fn pointee(&mut self, slot: usize) -> TypeId {
        if slot == 0 || self.random.chance(10) {
            return TypeId::VOID;
        }
        if self.random.chance(45)
            && let Some(composite) = self.declared()
        {
            return composite;
        }
        let function = self.random.chance(20);
        let fits = |_: &Self, _, ty: &TypeDesc| match ty {
            TypeDesc::FuncProto(_) => true,
            ty => !function && !ty.is_declaration(),
        };
        self.earlier(fits).unwrap_or_default()
    }

    /// Returns the type that a typedef, modifier or type tag stands for.
    fn target(&mut self, by_typedef: bool) -> TypeId {
        if self.random.chance(3) {
            return TypeId::VOID;
        }
        if self.random.chance(30)
            && let Some(composite) = self.declared()
        {
            return composite;
        }
        // Type tags come first in a chain of modifiers, and function types cannot be qualified.
        let target = self.earlier(|_, _, ty| match ty {
            TypeDesc::TypeTag { .. } => false,
            TypeDesc::FuncProto(_) => by_typedef,
            ty => !ty.is_declaration(),
        });
        target.unwrap_or(id(0))
    }

    /// Returns a name for a type, function or variable.
    fn type_name(&mut self, slot: usize) -> String {
        let again = if self.profile.duplicates { 30 } else { 0 };
        let name = names::for_type(self.random, &self.names, slot, again);
        self.names.push(name.clone());
        name
    }

    /// Returns the number of members, enumerators or parameters of a new type.
    fn part_count(&mut self, least: usize) -> usize {
        self.random.within(least.min(self.profile.parts)..=self.profile.parts)
    }
}

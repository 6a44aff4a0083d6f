//! Random graphs that a compiler could have written.
//!
//! Types are made in an order in which C could declare them: by value a type is made of earlier ones
//! only; pointers, modifiers and typedefs may also lead to structs and unions that come later. At
//! the end the ids may be shuffled, since BTF knows no such order.

mod composite;
mod declaration;
mod enumeration;
pub(super) mod names;
mod scalar;

use std::{string::String, vec, vec::Vec};

use super::{
    Dice, Graph, Modifier, Profile, TypeDesc,
    graph::{id, index},
};
use crate::{ByteOrder, Kind, PointerSize, TypeId};

pub(super) use self::{
    composite::bits,
    enumeration::{range as enum_range, value as enum_value},
};

/// The largest size in bytes that a type gets: what lies in one composite can be told apart in 24
/// bits, which count bits.
pub(super) const MAX_SIZE: u64 = 1 << 20;

/// How often another type is tried that would do, before there is taken to be none.
const TRIES: usize = 8;

impl Graph {
    /// A random graph; [`graph()`](super::graph()) is the strategy of it.
    pub fn generate(profile: &Profile, dice: &mut Dice<'_>) -> Self {
        let mut generator = Generator::new(profile, dice);
        generator.fill();
        let Generator { order, base_len, types, .. } = generator;
        let mut graph = Self { byte_order: order, base_len, types };
        if dice.chance(50) {
            graph.shuffle(dice);
        }
        graph
    }

    /// Gives the types other ids; a base's stay in the base.
    fn shuffle(&mut self, dice: &mut Dice<'_>) {
        let mut places: Vec<usize> = (0..self.types.len()).collect();
        let (base, own) = places.split_at_mut(self.base_len);
        dice.shuffle(base);
        dice.shuffle(own);
        self.reorder(&places);
    }

    /// Moves every type to its new place.
    fn reorder(&mut self, places: &[usize]) {
        let mut moved: Vec<(usize, TypeDesc)> =
            places.iter().copied().zip(self.types.drain(..)).collect();
        moved.sort_by_key(|(place, _)| *place);
        self.types = moved.into_iter().map(|(_, ty)| ty).collect();
        for ty in &mut self.types {
            ty.map_references(|old| index(old).map_or(old, |old| id(places[old])));
        }
    }
}

/// What is known of a type that was made.
#[derive(Debug, Default)]
struct Known {
    /// The last slot that must be filled before the type has a size; `None` if it never has one.
    sized_by: Option<usize>,
    /// What the size in bytes is at most, of a composite.
    bound: u64,
    /// The names of members that can be reached from outside, of a composite.
    visible: Vec<String>,
    /// Whether an anonymous composite is somebody's anonymous member already.
    embedded: bool,
}

struct Generator<'p, 'd, 'r> {
    profile: &'p Profile,
    dice: &'d mut Dice<'r>,
    order: ByteOrder,
    pointer_size: u32,
    base_len: usize,
    /// The kinds that the types are to be of.
    slots: Vec<Kind>,
    types: Vec<TypeDesc>,
    known: Vec<Known>,
    /// The names of types and functions.
    names: Vec<String>,
}

impl<'p, 'd, 'r> Generator<'p, 'd, 'r> {
    fn new(profile: &'p Profile, dice: &'d mut Dice<'r>) -> Self {
        let order =
            profile.byte_order.unwrap_or_else(|| dice.one_of([ByteOrder::Little, ByteOrder::Big]));
        let pointer_size = profile.pointer_size.unwrap_or_else(|| {
            if dice.chance(20) { PointerSize::Four } else { PointerSize::Eight }
        });
        let count = dice.within(profile.types.clone()).max(1);
        let mut slots = vec![Kind::Int];
        while slots.len() < count {
            slots.push(dice.weighted(&profile.kinds).unwrap_or(Kind::Int));
        }
        let base_len = if profile.split && count > 1 && dice.chance(30) {
            dice.within(1..=count - 1)
        } else {
            0
        };
        Self {
            profile,
            dice,
            order,
            pointer_size: pointer_size as u32,
            base_len,
            slots,
            types: Vec::with_capacity(count),
            known: Vec::with_capacity(count),
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
                    TypeDesc::Typedef { of: self.meant(true), name: self.type_name(slot) }
                }
                Kind::Volatile => TypeDesc::Modifier(Modifier::Volatile, self.meant(false)),
                Kind::Const => TypeDesc::Modifier(Modifier::Const, self.meant(false)),
                Kind::Restrict => self.restrict(slot),
                Kind::TypeTag => {
                    TypeDesc::TypeTag { tag: names::of_tag(self.dice), of: self.meant(false) }
                }
                Kind::FuncProto => TypeDesc::FuncProto(self.proto()),
                Kind::Func => self.func(slot),
                Kind::Var => self.var(slot),
                Kind::DataSec => self.data_section(slot),
                Kind::DeclTag => self.decl_tag(slot),
                Kind::Int | Kind::Void | Kind::Unknown(_) => self.int(slot),
            };
            // A composite has noted its own facts.
            if self.known.len() == slot {
                let sized_by = self.sized_by_slot(&ty, slot);
                self.known.push(Known { sized_by, ..Known::default() });
            }
            self.types.push(ty);
        }
    }

    /// Which slot must be filled before a type has a size.
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
            | TypeDesc::DeclTag { .. } => None,
        }
    }

    /// As [`Known::sized_by`]; of a composite that is not made yet, its own slot.
    fn sized_by(&self, id: TypeId) -> Option<usize> {
        let index = index(id)?;
        self.known.get(index).map_or(Some(index), |known| known.sized_by)
    }

    /// What the size of a type that has one is at most, in bytes.
    fn bound(&self, id: TypeId) -> u64 {
        let Some(index) = index(id) else { return 0 };
        match self.types.get(index) {
            Some(TypeDesc::Int { size, .. } | TypeDesc::Float { size, .. }) => (*size).into(),
            Some(TypeDesc::Array { element, len, .. }) => {
                self.bound(*element).saturating_mul((*len).into())
            }
            Some(
                TypeDesc::Typedef { of, .. }
                | TypeDesc::Modifier(_, of)
                | TypeDesc::TypeTag { of, .. },
            ) => self.bound(*of),
            Some(TypeDesc::Composite(_)) => self.known[index].bound,
            _ => 8,
        }
    }

    /// The type behind typedefs and modifiers, if it is made already.
    fn resolve(&self, id: TypeId) -> Option<&TypeDesc> {
        let mut ty = self.types.get(index(id)?)?;
        while let TypeDesc::Typedef { of, .. }
        | TypeDesc::Modifier(_, of)
        | TypeDesc::TypeTag { of, .. } = ty
        {
            ty = self.types.get(index(*of)?)?;
        }
        Some(ty)
    }

    /// An earlier type that passes a test.
    fn earlier(&mut self, test: impl Fn(&Self, TypeId, &TypeDesc) -> bool) -> Option<TypeId> {
        let last = self.types.len().checked_sub(1)?;
        (0..TRIES).find_map(|_| {
            let at = self.dice.within(0..=last);
            test(self, id(at), &self.types[at]).then_some(id(at))
        })
    }

    /// An earlier type that has a size by now.
    fn sized(&mut self) -> TypeId {
        let now = self.types.len();
        let sized = |this: &Self, id, _: &TypeDesc| this.sized_by(id).is_some_and(|by| by < now);
        self.earlier(sized).unwrap_or(id(0))
    }

    /// A struct or union, which need not be made yet.
    fn declared(&mut self) -> Option<TypeId> {
        let now = self.types.len();
        let limit = if now < self.base_len { self.base_len } else { self.slots.len() };
        (0..TRIES).find_map(|_| {
            let at = self.dice.within(0..=limit - 1);
            matches!(self.slots[at], Kind::Struct | Kind::Union).then_some(id(at))
        })
    }

    /// What a pointer points to.
    fn pointee(&mut self, slot: usize) -> TypeId {
        if slot == 0 || self.dice.chance(10) {
            return TypeId::VOID;
        }
        if self.dice.chance(45)
            && let Some(composite) = self.declared()
        {
            return composite;
        }
        let function = self.dice.chance(20);
        let fits = |_: &Self, _, ty: &TypeDesc| match ty {
            TypeDesc::FuncProto(_) => true,
            ty => !function && !ty.is_declaration(),
        };
        self.earlier(fits).unwrap_or_default()
    }

    /// What a typedef, modifier or tag stands before.
    fn meant(&mut self, by_typedef: bool) -> TypeId {
        if self.dice.chance(3) {
            return TypeId::VOID;
        }
        if self.dice.chance(30)
            && let Some(composite) = self.declared()
        {
            return composite;
        }
        // Type tags come first in a chain, and functions cannot be qualified.
        let meant = self.earlier(|_, _, ty| match ty {
            TypeDesc::TypeTag { .. } => false,
            TypeDesc::FuncProto(_) => by_typedef,
            ty => !ty.is_declaration(),
        });
        meant.unwrap_or(id(0))
    }

    fn type_name(&mut self, slot: usize) -> String {
        let again = if self.profile.duplicates { 30 } else { 0 };
        let name = names::of_type(self.dice, &self.names, slot, again);
        self.names.push(name.clone());
        name
    }

    /// How many members, enumerators or parameters a type gets.
    fn parts(&mut self, least: usize) -> usize {
        self.dice.within(least.min(self.profile.parts)..=self.profile.parts)
    }
}

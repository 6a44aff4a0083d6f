//! Whether two types of different kernels are the same.

use btf_types::{Kind, Name, Type};
use core_reloc::{
    budget::Budget,
    enums::{EnumReader, EnumValue},
};

use crate::{definition::old_bitfield, explain::spelling};

/// The number of pointers, arrays, qualifiers and nested types that are followed. Types that are the same so far
/// count as the same.
const MAX_LEVELS: usize = 32;

/// What is compared of types without a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bodies {
    /// Their members too.
    Compared,
    /// Only whether they are structs or unions: their members are compared one by one.
    Separate,
}

/// Compares types within a budget. Each answer is `None` when no steps are left.
#[derive(Debug)]
pub(super) struct Comparer {
    pub(super) budget: Budget,
}

impl Comparer {
    pub(super) fn spend(&mut self, steps: usize) -> Option<()> {
        self.budget.spend(steps).ok()
    }

    /// Returns the name of a type, member or enumerator; an empty one if it cannot be read.
    pub(super) fn name<'a>(&mut self, name: btf_types::Result<Name<'a>>) -> Option<Name<'a>> {
        let name = name.unwrap_or(Name::new(&[]));
        self.spend(1)?;
        self.budget.spend_name(&name).ok()?;
        Some(name)
    }

    /// Returns `true` if two names are equal.
    fn are_equal<'a>(
        &mut self,
        one: btf_types::Result<Name<'a>>,
        other: btf_types::Result<Name<'a>>,
    ) -> Option<bool> {
        Some(*self.name(one)? == *self.name(other)?)
    }

    /// Returns `true` if two types, as something is declared with them, are written alike: pointers to one struct by
    /// name are the same, whatever is in the struct.
    ///
    /// Type tags do not count, as only some compilers and encoders write them.
    pub(super) fn is_same_type(
        &mut self,
        old: Type<'_>,
        new: Type<'_>,
        bodies: Bodies,
        depth: usize,
    ) -> Option<bool> {
        let (mut old, mut new) = (old, new);
        for _ in depth..MAX_LEVELS {
            self.spend(1)?;
            (old, new) = (self.without_tags(old)?, self.without_tags(new)?);
            let kind = old.kind();
            if kind != new.kind() {
                return self.is_same_of_two_kinds(old, new);
            }
            let next = match kind {
                Kind::Void => return Some(true),
                Kind::Int | Kind::Float => return self.has_same_spelling(old, new),
                Kind::Struct | Kind::Union if self.are_anonymous(old, new)? => {
                    return match bodies {
                        Bodies::Separate => Some(true),
                        Bodies::Compared => self.is_same_body(old, new, depth.saturating_add(1)),
                    };
                }
                Kind::Array => {
                    let (of_old, of_new) = (old.array()?, new.array()?);
                    if of_old.len != of_new.len {
                        return Some(false);
                    }
                    (of_old.element, of_new.element)
                }
                Kind::FuncProto => {
                    if !self.has_same_params(old, new, depth.saturating_add(1))? {
                        return Some(false);
                    }
                    (old.referenced_id()?, new.referenced_id()?)
                }
                kind if kind == Kind::Ptr || kind.is_modifier() => {
                    if kind == Kind::TypeTag && !self.are_equal(old.name(), new.name())? {
                        return Some(false);
                    }
                    (old.referenced_id()?, new.referenced_id()?)
                }
                _ => return self.are_equal(old.name(), new.name()),
            };
            match (old.btf().type_by_id(next.0), new.btf().type_by_id(next.1)) {
                (Ok(of_old), Ok(of_new)) => (old, new) = (of_old, of_new),
                (of_old, of_new) => return Some(of_old.is_err() && of_new.is_err()),
            }
        }
        Some(true)
    }

    /// Strips type tags that are not attributes.
    fn without_tags<'a>(&mut self, ty: Type<'a>) -> Option<Type<'a>> {
        let mut ty = ty;
        for _ in 0..MAX_LEVELS {
            if ty.kind() != Kind::TypeTag || ty.kind_flag() {
                break;
            }
            self.spend(1)?;
            let Ok(Some(next)) = ty.referenced() else { break };
            ty = next;
        }
        Some(ty)
    }

    /// A struct may be only declared in one kernel, and an enum may get the wider kind.
    fn is_same_of_two_kinds(&mut self, old: Type<'_>, new: Type<'_>) -> Option<bool> {
        let is_union = |ty: Type<'_>| match ty.kind() {
            Kind::Struct => Some(false),
            Kind::Union => Some(true),
            Kind::Fwd => ty.fwd_is_union(),
            _ => None,
        };
        let are_enums = old.kind().is_enum() && new.kind().is_enum();
        let are_composites = is_union(old).is_some() && is_union(old) == is_union(new);
        Some((are_enums || are_composites) && self.are_equal(old.name(), new.name())?)
    }

    fn are_anonymous(&mut self, old: Type<'_>, new: Type<'_>) -> Option<bool> {
        Some(self.name(old.name())?.is_empty() && self.name(new.name())?.is_empty())
    }

    /// Returns `true` if two numbers have the same name, size and encoding.
    pub(super) fn is_same_number(&mut self, old: Type<'_>, new: Type<'_>) -> Option<bool> {
        let encoding =
            |ty: Type<'_>| ty.int().map(|int| (int.bits(), int.bit_offset(), int.is_signed()));
        let is_same = old.stated_size() == new.stated_size() && encoding(old) == encoding(new);
        Some(is_same && self.has_same_spelling(old, new)?)
    }

    /// Returns `true` if two numbers have the same name, which compilers spell differently.
    fn has_same_spelling(&mut self, old: Type<'_>, new: Type<'_>) -> Option<bool> {
        let (of_old, of_new) = (self.name(old.name())?, self.name(new.name())?);
        if *of_old == *of_new {
            return Some(true);
        }
        self.spend(of_old.len().saturating_add(of_new.len()))?;
        let canonical = |name: Name<'_>| spelling::canonical(&name.to_string());
        Some(canonical(of_old) == canonical(of_new))
    }

    /// Returns `true` if two prototypes have the same parameters, whatever their names.
    fn has_same_params(&mut self, old: Type<'_>, new: Type<'_>, depth: usize) -> Option<bool> {
        if old.params().len() != new.params().len() {
            return Some(false);
        }
        for (old, new) in old.params().iter().zip(new.params()) {
            // At the last level, nothing else is spent.
            self.spend(1)?;
            let is_same = match (old.ty(), new.ty()) {
                (Ok(old), Ok(new)) => self.is_same_type(old, new, Bodies::Compared, depth)?,
                (old, new) => old.is_err() && new.is_err(),
            };
            if !is_same {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Returns `true` if two functions are declared alike, with the names of their parameters.
    pub(super) fn is_same_function(&mut self, old: Type<'_>, new: Type<'_>) -> Option<bool> {
        let (Ok(Some(old)), Ok(Some(new))) = (old.referenced(), new.referenced()) else {
            return Some(true);
        };
        for (old, new) in old.params().iter().zip(new.params()) {
            if !self.are_equal(old.name(), new.name())? {
                return Some(false);
            }
        }
        self.is_same_type(old, new, Bodies::Compared, 0)
    }

    /// Returns `true` if two structs or unions have the same size and members.
    pub(super) fn is_same_body(
        &mut self,
        old: Type<'_>,
        new: Type<'_>,
        depth: usize,
    ) -> Option<bool> {
        if depth >= MAX_LEVELS {
            return Some(true);
        }
        if old.kind() != new.kind()
            || old.stated_size() != new.stated_size()
            || old.members().len() != new.members().len()
        {
            return Some(false);
        }
        for (old, new) in old.members().iter().zip(new.members()) {
            let place =
                (old.bit_offset(), old.bitfield_size()) == (new.bit_offset(), new.bitfield_size());
            if !place || !self.are_equal(old.name(), new.name())? {
                return Some(false);
            }
            let is_same = match (old.ty(), new.ty()) {
                (Ok(of_old), Ok(of_new)) => {
                    of_old.size().ok() == of_new.size().ok()
                        && old_bitfield(old) == old_bitfield(new)
                        && self.is_same_type(of_old, of_new, Bodies::Compared, depth)?
                }
                (of_old, of_new) => of_old.is_err() && of_new.is_err(),
            };
            if !is_same {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Returns `true` if two enums have the same size and enumerators.
    pub(super) fn is_same_enum(
        &mut self,
        (old, old_values): (Type<'_>, &EnumReader<'_>),
        (new, new_values): (Type<'_>, &EnumReader<'_>),
    ) -> Option<bool> {
        if old.stated_size() != new.stated_size()
            || old.enumerators().len() != new.enumerators().len()
        {
            return Some(false);
        }
        for (old, new) in old.enumerators().iter().zip(new.enumerators()) {
            if !self.are_equal(old.name(), new.name())?
                || !is_same_value(old_values.value(old), new_values.value(new))
            {
                return Some(false);
            }
        }
        Some(true)
    }
}

/// Returns `true` if two values are the same. If the sign of one is a guess, it may be that of the other.
pub(super) fn is_same_value(old: EnumValue, new: EnumValue) -> bool {
    let by = old.value.abs_diff(new.value);
    by == 0 || by == 1 << 32 && (old.is_guess || new.is_guess)
}

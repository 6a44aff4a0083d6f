//! What differs, as plain values.

use btf_types::{Kind, TypeId};

use super::class::TypeClass;
use crate::definition::MemberLayout;

/// A type that one of two kernels lacks, or that they define differently.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeDiff {
    /// What the name stands for.
    pub class: TypeClass,
    /// The type in the old kernel; `None` if it is new.
    pub old: Option<TypeSide>,
    /// The type in the new kernel; `None` if it is gone.
    pub new: Option<TypeSide>,
    /// The members that differ: of a struct or union, or of one without a name that a typedef names. They are in the
    /// order of the new type; one that is gone follows the member that it followed in the old type. Members of
    /// types that are new or gone are not listed.
    pub members: Vec<MemberDiff>,
    /// The enumerators that differ, in the same order. Those of an enum that is new or gone are only listed if it
    /// has no name.
    pub enumerators: Vec<EnumeratorDiff>,
}

impl TypeDiff {
    /// Returns what happened to the type.
    pub fn change(&self) -> Change {
        change(&self.old, &self.new, |side| &side.name)
    }

    /// Returns the name: the new one, if there are two. It is empty for an enum without a name.
    pub fn name(&self) -> &str {
        name(&self.old, &self.new, |side| &side.name)
    }
}

/// What happened to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Change {
    /// Both kernels have it, and it differs.
    Changed,
    /// Both kernels have it under different names. It may differ besides.
    Renamed,
    /// Only the old kernel has it.
    Gone,
    /// Only the new kernel has it.
    New,
}

impl Change {
    /// Returns the name in reports: `changed`, `renamed`, `gone` or `new`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Renamed => "renamed",
            Self::Gone => "gone",
            Self::New => "new",
        }
    }
}

/// A type in one of the kernels.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeSide {
    /// The module that defines it; `None` for the kernel.
    pub module: Option<String>,
    /// The id.
    pub id: TypeId,
    /// The kind.
    pub kind: Kind,
    /// The name.
    pub name: String,
    /// The type in C: `struct job`, `typedef int pid_t`, `int f(struct job *job)`.
    pub declaration: String,
    /// The size in bytes, if the type has one.
    pub size: Option<u32>,
    /// Whether an integer is signed; `None` for other types.
    pub signed: Option<bool>,
}

/// A member that one of two types lacks, or that they have elsewhere or with another size or type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberDiff {
    /// The member in the old type; `None` if it is new.
    pub old: Option<MemberSide>,
    /// The member in the new type; `None` if it is gone.
    pub new: Option<MemberSide>,
    /// Whether its type is another one: by its name, by the number of elements, or by what it points to.
    pub is_retyped: bool,
    /// What may stand for a member that is gone, in or behind the new type, as a path: `thread_info.cpu`,
    /// `q->disk`.
    pub replacement: Option<String>,
}

/// A member in one of two types.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberSide {
    /// The path from the type, through types without a name: `pid`, `id.pid`, `pairs[].id`, `ops->open`.
    pub path: String,
    /// The declaration in C, without a semicolon: `int pid`, `unsigned int low : 3`.
    pub declaration: String,
    /// The offset and size.
    pub layout: MemberLayout,
}

impl MemberDiff {
    /// Returns what happened to the member.
    pub fn change(&self) -> Change {
        change(&self.old, &self.new, |side| &side.path)
    }

    /// Returns the path: the new one, if there are two.
    pub fn path(&self) -> &str {
        name(&self.old, &self.new, |side| &side.path)
    }

    /// Returns by how many bits the member was moved, if it was.
    pub fn moved_by(&self) -> Option<i64> {
        let (old, new) = self.both()?;
        let by = i128::from(new.layout.bit_offset).saturating_sub(old.layout.bit_offset.into());
        i64::try_from(by).ok().filter(|by| *by != 0)
    }

    /// Returns `true` if the size of the member or of its bitfield changed.
    pub fn is_resized(&self) -> bool {
        let size = |side: &MemberSide| (side.layout.size, side.layout.bitfield_size);
        self.both().is_some_and(|(old, new)| size(old) != size(new))
    }

    /// Returns by how many bits the member was moved, if nothing else happened to it.
    pub fn only_moved_by(&self) -> Option<i64> {
        let is_only_moved =
            self.change() == Change::Changed && !self.is_resized() && !self.is_retyped;
        self.moved_by().filter(|_| is_only_moved)
    }

    fn both(&self) -> Option<(&MemberSide, &MemberSide)> {
        self.old.as_ref().zip(self.new.as_ref())
    }
}

/// An enumerator that one of two enums lacks, or that has another value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnumeratorDiff {
    /// The enumerator in the old enum; `None` if it is new.
    pub old: Option<EnumeratorSide>,
    /// The enumerator in the new enum; `None` if it is gone.
    pub new: Option<EnumeratorSide>,
}

/// An enumerator in one of two enums.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnumeratorSide {
    /// The name.
    pub name: String,
    /// The value.
    pub value: i128,
    /// Whether the sign of the value is a guess, because the BTF does not state the signs of enums.
    pub is_guess: bool,
}

impl EnumeratorDiff {
    /// Returns what happened to the enumerator.
    pub fn change(&self) -> Change {
        change(&self.old, &self.new, |side| &side.name)
    }

    /// Returns the name: the new one, if there are two.
    pub fn name(&self) -> &str {
        name(&self.old, &self.new, |side| &side.name)
    }

    /// Returns by how much the value changed, if only the value did.
    pub fn only_changed_by(&self) -> Option<i128> {
        let (old, new) = self.old.as_ref().zip(self.new.as_ref())?;
        let by = new.value.saturating_sub(old.value);
        (old.name == new.name && by != 0).then_some(by)
    }
}

/// Returns what happened to something, by its names on both sides.
fn change<T>(old: &Option<T>, new: &Option<T>, name: impl Fn(&T) -> &String) -> Change {
    match (old, new) {
        (None, _) => Change::New,
        (_, None) => Change::Gone,
        (Some(old), Some(new)) if name(old) != name(new) => Change::Renamed,
        _ => Change::Changed,
    }
}

/// Returns the name of something: the new one, if there are two.
fn name<'s, T>(
    old: &'s Option<T>,
    new: &'s Option<T>,
    name: impl Fn(&'s T) -> &'s String,
) -> &'s str {
    new.as_ref().or(old.as_ref()).map_or("", |side| name(side))
}

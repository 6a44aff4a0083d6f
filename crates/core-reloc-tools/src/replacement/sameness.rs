//! Whether a member's type could be that of the missing one.

use btf_types::{Kind, Name, Type};
use core_reloc::{compare::fields_are_compatible, essential_name};

use crate::similar::Wanted;

/// How near two types of members are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sameness {
    /// They are the same struct, or pointers to the same one: few members have such a type.
    Telling,
    /// They are the same type, one that many members have.
    Same,
    /// They are integers of another size or sign, or arrays of another length, or the new one is a struct around
    /// the old one.
    Compatible,
    /// They are structs of similar names, such as `list_head` and `hlist_head`, or pointers to such.
    Akin,
    /// CO-RE takes the one for the other, but they are other structs, or pointers to others.
    Retyped,
    /// A relocation of the one does not find the other.
    Incompatible,
    /// The missing member's type is not known.
    Unknown,
}

/// The number of pointers and arrays that are compared.
const LEVELS: usize = 4;

/// The number of parameters that are compared. C's functions have fewer.
const MAX_PARAMETERS: usize = 16;

/// The longest name of a type that is compared by letters, in bytes.
const MAX_NAME: usize = 64;

impl Sameness {
    pub(super) fn of(old: Option<Type<'_>>, new: Type<'_>) -> Self {
        let Some(old) = old else { return Self::Unknown };
        if !fields_are_compatible(old, new).unwrap_or(false) {
            return Self::Incompatible;
        }
        let (mut old, mut new) = (old, new);
        let (mut is_resized, mut is_pointee) = (false, false);
        for _ in 0..LEVELS {
            let stripped = (old.skip_modifiers_and_typedefs(), new.skip_modifiers_and_typedefs());
            let (Ok(of_old), Ok(of_new)) = stripped else { return Self::Retyped };
            let referenced = match (of_old.kind(), of_new.kind()) {
                (Kind::Ptr, Kind::Ptr) => {
                    is_pointee = true;
                    (of_old.referenced().ok().flatten(), of_new.referenced().ok().flatten())
                }
                (Kind::Array, Kind::Array) => {
                    is_resized |= len(of_old) != len(of_new);
                    (element(of_old), element(of_new))
                }
                (Kind::FuncProto, Kind::FuncProto) => return Self::of_prototypes(of_old, of_new),
                _ => {
                    let same = Self::of_bases([old, of_old], [new, of_new], is_pointee);
                    return if is_resized && same.is_same() { Self::Compatible } else { same };
                }
            };
            match referenced {
                (Some(to_old), Some(to_new)) => (old, new) = (to_old, to_new),
                // Pointers to void.
                (None, None) => return Self::Same,
                _ => return Self::Retyped,
            }
        }
        Self::Retyped
    }

    /// Compares the parameters and the results of two functions. What a function takes tells what it does.
    fn of_prototypes(old: Type<'_>, new: Type<'_>) -> Self {
        let (old_types, new_types) = (parameters(old), parameters(new));
        let is_same = old_types.len() == new_types.len()
            && old_types.iter().zip(&new_types).all(|(old, new)| match (old, new) {
                (Some(old), Some(new)) => Self::of_parameter(*old, *new),
                (None, None) => true,
                _ => false,
            });
        // The result is among them.
        match is_same {
            true if old_types.len() > 1 => Self::Telling,
            true => Self::Same,
            false => Self::Retyped,
        }
    }

    /// Returns `true` if two parameters have types of one name, kind and number of pointers.
    fn of_parameter(old: Type<'_>, new: Type<'_>) -> bool {
        let (mut old, mut new) = (old, new);
        for _ in 0..LEVELS {
            let stripped = (old.skip_modifiers_and_typedefs(), new.skip_modifiers_and_typedefs());
            let (Ok(of_old), Ok(of_new)) = stripped else { return false };
            if (of_old.kind(), of_new.kind()) != (Kind::Ptr, Kind::Ptr) {
                let same = Self::of_bases([old, of_old], [new, of_new], true);
                return same.is_same();
            }
            match (of_old.referenced().ok().flatten(), of_new.referenced().ok().flatten()) {
                (Some(to_old), Some(to_new)) => (old, new) = (to_old, to_new),
                (None, None) => return true,
                _ => return false,
            }
        }
        false
    }

    /// Compares what is neither a pointer nor an array, each as declared and without typedefs. Of structs that are
    /// pointed to, only the names are compared.
    fn of_bases(
        [first, old]: [Type<'_>; 2],
        [second, new]: [Type<'_>; 2],
        is_pointee: bool,
    ) -> Self {
        let is_struct = |kind: Kind| kind.is_composite() || kind == Kind::Fwd;
        if is_struct(old.kind()) && is_struct(new.kind()) {
            let is_around = !is_pointee && is_around(first, new);
            let around = if is_around { Self::Compatible } else { Self::Retyped };
            return match (old.name(), new.name()) {
                (Ok(of_old), Ok(of_new)) if of_old.is_empty() && of_new.is_empty() => {
                    if typedef_name(first) == typedef_name(second) {
                        Self::Telling
                    } else {
                        around
                    }
                }
                (Ok(of_old), Ok(of_new)) if essential_name(&of_old) == essential_name(&of_new) => {
                    Self::Telling
                }
                (Ok(of_old), Ok(of_new))
                    if around == Self::Retyped && are_akin(&of_old, &of_new) =>
                {
                    Self::Akin
                }
                _ => around,
            };
        }
        if old.kind() != new.kind() {
            return Self::Retyped;
        }
        let is_same = old.size().ok() == new.size().ok()
            && old.int().map(|int| int.is_signed()) == new.int().map(|int| int.is_signed());
        if is_same { Self::Same } else { Self::Compatible }
    }

    /// Returns `true` for types of the same name, size and sign.
    pub(crate) fn is_same(self) -> bool {
        matches!(self, Self::Telling | Self::Same | Self::Unknown)
    }
}

/// Returns `true` if two members have one type by name, and the name tells what they are: they point to the same
/// struct, or have a typedef that is not merely an integer's width. Structs in them are mostly lists, locks
/// and the like.
pub(super) fn has_telling_name(old: Option<Type<'_>>, new: Type<'_>) -> bool {
    let Some(old) = old else { return false };
    let Ok(stripped) = new.skip_modifiers_and_typedefs() else { return false };
    if stripped.kind().is_composite() {
        return false;
    }
    if Sameness::of(Some(old), new) == Sameness::Telling {
        return true;
    }
    let names = (typedef_name(old), typedef_name(new));
    matches!(names, (Some(old), Some(new)) if old == new && !is_plain(&new))
}

/// Returns `true` for names of integers: `u32`, `__be16`, `bool`, `size_t`, `unsigned int`.
fn is_plain(name: &[u8]) -> bool {
    let start = name.iter().position(|byte| *byte != b'_').unwrap_or_default();
    let name = name.get(start..).unwrap_or_default();
    let letters = name.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let is_width =
        letters <= 4 && name.get(letters..).is_some_and(|rest| rest.iter().all(u8::is_ascii_digit));
    // C's own names have spaces, or are in the list.
    let others: [&[u8]; 9] = [
        b"size_t",
        b"ssize_t",
        b"uintptr_t",
        b"loff_t",
        b"bool",
        b"Bool",
        b"float",
        b"double",
        b"short",
    ];
    is_width || name.contains(&b' ') || name.ends_with(b"int") || others.contains(&name)
}

/// Returns `true` if a struct begins with a member of a type: `refcount_t` with an `atomic_t`.
fn is_around(old: Type<'_>, new: Type<'_>) -> bool {
    let member = new.members().iter().next().and_then(|member| member.ty().ok());
    let names = (typedef_name(old), member.and_then(typedef_name));
    matches!(names, (Some(old), Some(member)) if old == member)
}

/// Returns the name of a type under its modifiers, if it is a typedef or tagged.
fn typedef_name(ty: Type<'_>) -> Option<Name<'_>> {
    let mut ty = ty;
    for _ in 0..LEVELS {
        match ty.kind() {
            Kind::Const | Kind::Volatile | Kind::Restrict | Kind::TypeTag => {
                ty = ty.referenced().ok()??;
            }
            _ => break,
        }
    }
    ty.name().ok().filter(|name| !name.is_empty())
}

/// Returns `true` if most letters of two types' names are equal.
fn are_akin(old: &[u8], new: &[u8]) -> bool {
    let (old, longer) = (essential_name(old), old.len().max(new.len()));
    let new = essential_name(new);
    if longer > MAX_NAME {
        return false;
    }
    let equal = longer.saturating_sub(Wanted::new(old).edit_distance(new));
    equal.saturating_mul(2) >= longer
}

/// Returns the types of a function's result and parameters; that of void is `None`.
fn parameters(prototype: Type<'_>) -> Vec<Option<Type<'_>>> {
    let result = prototype.referenced().ok().flatten();
    let parameters = prototype.params().iter().take(MAX_PARAMETERS);
    std::iter::once(result).chain(parameters.map(|one| one.ty().ok())).collect()
}

fn len(array: Type<'_>) -> Option<u32> {
    Some(array.array()?.len)
}

fn element(array: Type<'_>) -> Option<Type<'_>> {
    array.btf().type_by_id(array.array()?.element).ok()
}

//! The types of a text, and writing them.

use btf_types::{IntEncoding, Linkage, TypeId, build::Builder};

/// A reference to a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ref {
    Void,
    /// An INT or FLOAT of the base.
    Base {
        id: TypeId,
        size: u32,
    },
    /// An index of [`Types::types`].
    Type(usize),
    /// An index of [`Types::tags`]: a type that is not defined before this.
    Tag(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagKind {
    Struct,
    Union,
    Enum,
}

/// A name of a struct, union or enum.
#[derive(Debug)]
pub(crate) struct Tag<'s> {
    pub(crate) kind: TagKind,
    pub(crate) name: &'s str,
    /// The first and the latest of the types that have this name.
    pub(crate) first_and_latest: Option<(usize, usize)>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Member<'s> {
    pub(crate) name: &'s str,
    pub(crate) of: Ref,
    pub(crate) bit_offset: u32,
    /// The width of a bitfield.
    pub(crate) bits: Option<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Type<'s> {
    Int {
        name: String,
        size: u32,
        encoding: IntEncoding,
    },
    Float {
        name: String,
        size: u32,
    },
    Pointer {
        to: Ref,
        size: u32,
    },
    Array {
        element: Ref,
        index: Ref,
        len: u32,
    },
    Composite {
        is_union: bool,
        name: &'s str,
        size: u32,
        align: u32,
        members: Vec<Member<'s>>,
    },
    Enum {
        name: &'s str,
        size: u32,
        is_64: bool,
        signed: bool,
        enumerators: Vec<(&'s str, i128)>,
    },
    Forward {
        is_union: bool,
        name: &'s str,
    },
    Typedef {
        name: &'s str,
        of: Ref,
    },
    Volatile(Ref),
    Const(Ref),
    Restrict(Ref),
    Tagged {
        tag: &'s str,
        of: Ref,
    },
    Prototype {
        result: Ref,
        params: Vec<(&'s str, Ref)>,
    },
    Function {
        name: &'s str,
        prototype: Ref,
        linkage: Linkage,
    },
    Variable {
        name: &'s str,
        of: Ref,
        linkage: Linkage,
    },
    /// A section, with the index, offset and size of each variable.
    Section {
        name: &'s str,
        size: u32,
        entries: Vec<(usize, u32, u32)>,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Types<'s> {
    pub(crate) types: Vec<Type<'s>>,
    pub(crate) tags: Vec<Tag<'s>>,
}

impl<'s> Types<'s> {
    /// Adds a type.
    pub(crate) fn add(&mut self, ty: Type<'s>) -> Ref {
        self.types.push(ty);
        Ref::Type(self.types.len() - 1)
    }

    /// Adds a type unless there is an equal one.
    pub(crate) fn shared(&mut self, ty: Type<'s>) -> Ref {
        match self.types.iter().position(|known| *known == ty) {
            Some(index) => Ref::Type(index),
            None => self.add(ty),
        }
    }

    /// The index of the tag of a kind and name.
    pub(crate) fn tag(&mut self, kind: TagKind, name: &'s str) -> usize {
        let known = self.tags.iter().position(|tag| (tag.kind, tag.name) == (kind, name));
        known.unwrap_or_else(|| {
            self.tags.push(Tag { kind, name, first_and_latest: None });
            self.tags.len() - 1
        })
    }

    /// Adds a struct, union or enum, which later mentions of its tag then mean.
    pub(crate) fn define(&mut self, kind: TagKind, name: &'s str, ty: Type<'s>) -> Ref {
        let defined = self.add(ty);
        if !name.is_empty() {
            let index = self.types.len() - 1;
            let tag = self.tag(kind, name);
            let first = self.tags[tag].first_and_latest.map_or(index, |(first, _)| first);
            self.tags[tag].first_and_latest = Some((first, index));
        }
        defined
    }

    /// Adds the type of a tag that has no definition.
    pub(crate) fn declare_tag(&mut self, tag: usize) {
        let Tag { kind, name, .. } = self.tags[tag];
        let ty = match kind {
            TagKind::Struct | TagKind::Union => {
                Type::Forward { is_union: kind == TagKind::Union, name }
            }
            TagKind::Enum => {
                Type::Enum { name, size: 4, is_64: false, signed: false, enumerators: Vec::new() }
            }
        };
        self.define(kind, name, ty);
    }

    fn referenced(&self, reference: Ref) -> Option<&Type<'s>> {
        match reference {
            Ref::Void | Ref::Base { .. } => None,
            Ref::Type(index) => Some(&self.types[index]),
            Ref::Tag(tag) => self.tags[tag].first_and_latest.map(|(first, _)| &self.types[first]),
        }
    }

    /// The size and alignment of a type in bytes; `None` for what has no size.
    pub(crate) fn layout(&self, reference: Ref) -> Option<(u64, u64)> {
        if let Ref::Base { size, .. } = reference {
            return Some((u64::from(size), u64::from(size).max(1)));
        }
        match self.referenced(reference)? {
            Type::Int { size, .. }
            | Type::Float { size, .. }
            | Type::Pointer { size, .. }
            | Type::Enum { size, .. } => Some((u64::from(*size), u64::from(*size).max(1))),
            Type::Array { element, len, .. } => {
                let (size, align) = self.layout(*element)?;
                Some((size.checked_mul(u64::from(*len))?, align))
            }
            Type::Composite { size, align, .. } => Some((u64::from(*size), u64::from(*align))),
            Type::Typedef { of, .. }
            | Type::Volatile(of)
            | Type::Const(of)
            | Type::Restrict(of)
            | Type::Tagged { of, .. } => self.layout(*of),
            Type::Forward { .. }
            | Type::Prototype { .. }
            | Type::Function { .. }
            | Type::Variable { .. }
            | Type::Section { .. } => None,
        }
    }

    /// Whether a type is a signed integer, with typedefs and modifiers stripped.
    pub(crate) fn is_signed(&self, reference: Ref) -> bool {
        match self.referenced(reference) {
            Some(Type::Int { encoding, .. }) => encoding.is_signed(),
            Some(Type::Typedef { of, .. } | Type::Volatile(of) | Type::Const(of)) => {
                self.is_signed(*of)
            }
            _ => false,
        }
    }

    /// Whether a type is a prototype.
    pub(crate) fn is_prototype(&self, reference: Ref) -> bool {
        matches!(self.referenced(reference), Some(Type::Prototype { .. }))
    }

    /// Writes all types, and returns their names and ids.
    pub(crate) fn write(&self, builder: &mut Builder<'_>) -> Vec<(String, TypeId)> {
        let mut named = Vec::new();
        let first_id = builder.next_id().0;
        let id_at =
            |index: usize| TypeId(first_id + u32::try_from(index).expect("a test has fewer types"));
        let id = |reference| match reference {
            Ref::Void => TypeId::VOID,
            Ref::Base { id, .. } => id,
            Ref::Type(index) => id_at(index),
            Ref::Tag(tag) => {
                id_at(self.tags[tag].first_and_latest.expect("the parser declared it").0)
            }
        };
        for ty in &self.types {
            named.push((ty.name().into(), builder.next_id()));
            match ty {
                Type::Int { name, size, encoding } => builder.int(name, *size, *encoding),
                Type::Float { name, size } => builder.float(name, *size),
                Type::Pointer { to, .. } => builder.ptr(id(*to)),
                Type::Array { element, index, len } => {
                    builder.array(id(*element), id(*index), *len)
                }
                Type::Composite { is_union, name, size, members, .. } => {
                    let mut composite = if *is_union {
                        builder.union(name, *size)
                    } else {
                        builder.structure(name, *size)
                    };
                    for Member { name, of, bit_offset, bits } in members {
                        composite = match bits {
                            None => composite.member(name, id(*of), *bit_offset),
                            Some(bits) => composite.bitfield(name, id(*of), *bit_offset, *bits),
                        };
                    }
                    composite.finish()
                }
                Type::Enum { name, size, is_64, signed, enumerators } => {
                    let mut builder = if *is_64 {
                        builder.enumeration64(name, *size)
                    } else {
                        builder.enumeration(name, *size)
                    };
                    if *signed {
                        builder = builder.signed();
                    }
                    for (name, value) in enumerators {
                        builder = builder.enumerator(name, *value);
                    }
                    builder.finish()
                }
                Type::Forward { is_union: false, name } => builder.fwd_struct(name),
                Type::Forward { is_union: true, name } => builder.fwd_union(name),
                Type::Typedef { name, of } => builder.typedef(name, id(*of)),
                Type::Volatile(of) => builder.volatile(id(*of)),
                Type::Const(of) => builder.constant(id(*of)),
                Type::Restrict(of) => builder.restrict(id(*of)),
                Type::Tagged { tag, of } => builder.type_tag(tag, id(*of)),
                Type::Prototype { result, params } => {
                    let mut prototype = builder.func_proto(id(*result));
                    for (name, of) in params {
                        prototype = prototype.param(name, id(*of));
                    }
                    prototype.finish()
                }
                Type::Function { name, prototype, linkage } => {
                    builder.func(name, id(*prototype), *linkage)
                }
                Type::Variable { name, of, linkage } => builder.var(name, id(*of), *linkage),
                Type::Section { name, size, entries } => {
                    let mut section = builder.data_section(name, *size);
                    for (index, offset, size) in entries {
                        section = section.variable(id_at(*index), *offset, *size);
                    }
                    section.finish()
                }
            };
        }
        named
    }
}

impl Type<'_> {
    /// The name; empty for types without one.
    fn name(&self) -> &str {
        match self {
            Type::Int { name, .. } | Type::Float { name, .. } => name,
            Type::Composite { name, .. }
            | Type::Enum { name, .. }
            | Type::Forward { name, .. }
            | Type::Typedef { name, .. }
            | Type::Function { name, .. }
            | Type::Variable { name, .. }
            | Type::Section { name, .. } => name,
            Type::Pointer { .. }
            | Type::Array { .. }
            | Type::Volatile(_)
            | Type::Const(_)
            | Type::Restrict(_)
            | Type::Tagged { .. }
            | Type::Prototype { .. } => "",
        }
    }
}

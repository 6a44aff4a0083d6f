//! The types of a kernel and its modules under one numbering.

use btf_types::{Btf, Type, TypeId};
use core_reloc::Target;

/// The number of a type: its id in the kernel; those of the modules' own types follow. 0 is `void`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(u32);

impl Key {
    /// The index of the type in a list of all types.
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A type with its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) key: Key,
    pub(super) ty: Type<'a>,
    /// The number of the BTF that defines it: 0 for the kernel, then the modules.
    pub(super) part: usize,
}

/// All types of a kernel and its modules.
#[derive(Debug)]
pub(super) struct Types<'a> {
    parts: Vec<Part<'a>>,
    nodes: Vec<Node<'a>>,
}

#[derive(Debug)]
struct Part<'a> {
    btf: &'a Btf<'a>,
    module: Option<String>,
    /// The number of the base, for split BTF.
    base: usize,
    /// The number of the first own type.
    first: u32,
}

impl<'a> Types<'a> {
    pub(super) fn new(target: &Target<'a>) -> Self {
        let mut types = Self { parts: Vec::new(), nodes: Vec::new() };
        types.add(target.main(), None);
        for module in target.modules() {
            types.add(module.btf, Some(module.name.to_string()));
        }
        types
    }

    fn add(&mut self, btf: &'a Btf<'a>, module: Option<String>) {
        let part = self.parts.len();
        let is_base =
            |known: &Part<'a>| btf.base().is_some_and(|base| std::ptr::eq(known.btf, base));
        let base = self.parts.iter().position(is_base).unwrap_or(0);
        if self.nodes.is_empty()
            && let Ok(void) = btf.type_by_id(TypeId::VOID)
        {
            self.nodes.push(Node { key: Key(0), ty: void, part });
        }
        let first = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.parts.push(Part { btf, module, base, first });
        self.nodes.extend((first..).zip(btf.own_types()).map(|(key, ty)| Node {
            key: Key(key),
            ty,
            part,
        }));
    }

    /// Returns the number of types, with `void`.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns all types, without `void`, in the order of their numbers.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node<'a>> {
        self.nodes.iter().skip(1).copied()
    }

    /// Returns `void`.
    pub(super) fn void(&self) -> Option<Node<'a>> {
        self.nodes.first().copied()
    }

    /// Returns the type with a number.
    pub(super) fn node(&self, key: Key) -> Option<Node<'a>> {
        self.nodes.get(key.index()).copied()
    }

    /// Returns the type that one of a BTF has as an id.
    pub(super) fn by_id(&self, part: usize, id: TypeId) -> Option<Node<'a>> {
        if id == TypeId::VOID {
            return self.void();
        }
        let mut part = self.parts.get(part)?;
        // At most: inline sites on a module on the kernel.
        for _ in 0..2 {
            if part.btf.base().is_some() && id < part.btf.start_id() {
                part = self.parts.get(part.base)?;
            }
        }
        let own = id.0.checked_sub(part.btf.start_id().0)?;
        self.node(Key(part.first.checked_add(own)?))
    }

    /// Returns a type of one of the BTFs; `None` for one of another BTF.
    pub(super) fn by_type(&self, ty: Type<'a>) -> Option<Node<'a>> {
        let part = self.parts.iter().position(|part| std::ptr::eq(part.btf, ty.btf()))?;
        self.by_id(part, ty.id())
    }

    /// Returns the type that another one refers to by an id.
    pub(super) fn follow(&self, from: Node<'a>, id: TypeId) -> Option<Node<'a>> {
        self.by_id(from.part, id)
    }

    /// Returns the type that a pointer, modifier, typedef, function or tag refers to.
    pub(super) fn referenced(&self, from: Node<'a>) -> Option<Node<'a>> {
        self.follow(from, from.ty.referenced_id()?)
    }

    /// Returns the name of the module that defines a type; `None` for the kernel.
    pub(super) fn module(&self, node: Node<'a>) -> Option<&str> {
        self.parts.get(node.part)?.module.as_deref()
    }

    /// Returns every BTF, in the order of the parts.
    pub(super) fn btfs(&self) -> impl Iterator<Item = &'a Btf<'a>> {
        self.parts.iter().map(|part| part.btf)
    }
}

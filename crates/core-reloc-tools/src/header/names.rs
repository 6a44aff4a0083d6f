//! The names of types in a header.
//!
//! C has one space of names for the tags of structs, unions and enums, and one for typedefs, enumerators and
//! functions. Of several types with one name, the one with the most references keeps it; the others become
//! flavors (`name___2`), which a relocation matches with types of the name.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use btf_types::{Kind, KindSet, Type};

use super::{
    types::{Key, Node, Types},
    words::identifier,
};
use crate::definition::keyword;

/// The name of a type in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TypeName {
    /// It has none: it is defined where it is used.
    Anonymous,
    /// Its own, with the number of a flavor if it is more than 1.
    Own(u32),
    /// Its own is not an identifier of C.
    Unusable,
}

/// The names of all types.
#[derive(Debug)]
pub(super) struct Names<'a> {
    of: Vec<TypeName>,
    /// The definition that a declaration (FWD) stands for, or the first declaration of the name.
    stands_for: HashMap<Key, Key>,
    tags: Space<'a>,
    idents: Space<'a>,
    functions: HashMap<&'a [u8], Node<'a>>,
    /// The functions that need no registers saved (`bpf_fastcall`).
    fast: HashSet<Key>,
}

/// The names of one space.
#[derive(Debug, Default)]
pub(super) struct Space<'a> {
    taken: HashMap<Cow<'a, [u8]>, Option<Key>>,
    /// The number of the next flavor of each name that was taken more than once.
    flavors: HashMap<&'a [u8], u32>,
}

impl<'a> Space<'a> {
    /// Returns `true` if something has the name.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.taken.contains_key(name)
    }

    /// Takes a name that nothing has, and returns `true`; `false` if something has it.
    fn take(&mut self, name: &'a [u8], key: Option<Key>) -> bool {
        let is_free = !self.has(name);
        if is_free {
            self.taken.insert(name.into(), key);
        }
        is_free
    }

    /// Takes the name, or its first flavor that is free here and in another space; returns the flavor's
    /// number, 1 for the name itself.
    pub(super) fn take_any(&mut self, name: &'a [u8], other: Option<&Space<'_>>) -> u32 {
        let is_taken = |space: &Self, name: &[u8]| {
            space.has(name) || other.is_some_and(|other| other.has(name))
        };
        if !is_taken(self, name) {
            self.taken.insert(name.into(), None);
            return 1;
        }
        let mut number = self.flavors.get(name).copied().unwrap_or(2);
        let flavor = loop {
            let flavor = [name, format!("___{number}").as_bytes()].concat();
            if number == u32::MAX || !is_taken(self, &flavor) {
                break flavor;
            }
            number = number.saturating_add(1);
        };
        self.flavors.insert(name, number.saturating_add(1));
        self.taken.insert(flavor.into(), None);
        number
    }
}

impl<'a> Names<'a> {
    pub(super) fn new(types: &Types<'a>) -> Self {
        let mut names = Self {
            of: vec![TypeName::Anonymous; types.len()],
            stands_for: HashMap::new(),
            tags: Space::default(),
            idents: Space::default(),
            functions: HashMap::new(),
            fast: HashSet::new(),
        };
        // The compiler defines it, with the size that it has on BPF.
        names.idents.take(b"__builtin_va_list", None);
        let mut again: Vec<(Node<'a>, &'a [u8])> = Vec::new();
        let mut forward = Vec::new();
        for node in types.nodes() {
            let kind = node.ty.kind();
            let is_tag = kind.is_composite() || kind.is_enum();
            if !is_tag && kind != Kind::Typedef && kind != Kind::Fwd {
                continue;
            }
            let Some(name) = name_of(node.ty) else { continue };
            if identifier(name).is_none() {
                names.set(node.key, TypeName::Unusable);
            } else if kind == Kind::Fwd {
                forward.push((node, name));
            } else {
                let space = if is_tag { &mut names.tags } else { &mut names.idents };
                match space.take(name, Some(node.key)) {
                    true => names.set(node.key, TypeName::Own(1)),
                    false => again.push((node, name)),
                }
            }
        }
        names.share(types, again);
        names.declare(types, forward);
        names.find_functions(types);
        names
    }

    fn set(&mut self, key: Key, name: TypeName) {
        if let Some(of) = self.of.get_mut(key.index()) {
            *of = name;
        }
    }

    /// Names the types whose name was taken.
    fn share(&mut self, types: &Types<'a>, again: Vec<(Node<'a>, &'a [u8])>) {
        if again.is_empty() {
            return;
        }
        let references = references(types);
        let count = |key: Key| references.get(key.index()).copied().unwrap_or(0);
        let mut others = Vec::new();
        for (node, name) in again {
            let space =
                if node.ty.kind() == Kind::Typedef { &mut self.idents } else { &mut self.tags };
            let mut other = node.key;
            if let Some(Some(first)) = space.taken.get_mut(name)
                && count(node.key) > count(*first)
            {
                other = std::mem::replace(first, node.key);
            }
            if other != node.key {
                self.set(node.key, TypeName::Own(1));
            }
            others.push((other, node.ty.kind(), name));
        }
        others.sort_unstable_by_key(|(key, ..)| *key);
        for (key, kind, name) in others {
            let space = if kind == Kind::Typedef { &mut self.idents } else { &mut self.tags };
            let number = space.take_any(name, None);
            self.set(key, TypeName::Own(number));
        }
    }

    /// Finds the definitions that declarations stand for.
    fn declare(&mut self, types: &Types<'a>, forward: Vec<(Node<'a>, &'a [u8])>) {
        for (node, name) in forward {
            let known = self.tags.taken.get(name).copied().flatten();
            let known = known.and_then(|key| types.node(key));
            match known {
                Some(known) if keyword(known.ty) == keyword(node.ty) => {
                    self.stands_for.insert(node.key, known.key);
                }
                Some(_) => {
                    let number = self.tags.take_any(name, None);
                    self.set(node.key, TypeName::Own(number));
                }
                None => {
                    self.tags.take(name, Some(node.key));
                    self.set(node.key, TypeName::Own(1));
                }
            }
        }
    }

    /// Finds the functions that BPF programs may call.
    fn find_functions(&mut self, types: &Types<'a>) {
        let tags: KindSet = [Kind::DeclTag].into_iter().collect();
        for (part, btf) in types.btfs().enumerate() {
            for tag in btf.own_types_of(tags) {
                let is_kfunc = tag.is_named(b"bpf_kfunc");
                if !is_kfunc && !tag.is_named(b"bpf_fastcall") {
                    continue;
                }
                let Some(function) = tag.referenced_id().and_then(|id| types.by_id(part, id))
                else {
                    continue;
                };
                if !is_kfunc {
                    self.fast.insert(function.key);
                    continue;
                }
                let is_function = function.ty.kind() == Kind::Func;
                let Some(name) = name_of(function.ty).filter(|_| is_function) else { continue };
                if identifier(name).is_some() && self.idents.take(name, Some(function.key)) {
                    self.functions.insert(name, function);
                }
            }
        }
    }

    /// Returns the name of a type.
    pub(super) fn of(&self, node: Node<'a>) -> TypeName {
        self.of.get(node.key.index()).copied().unwrap_or(TypeName::Anonymous)
    }

    /// Returns `true` for a struct, union or enum that is defined where it is used.
    pub(super) fn is_inline(&self, node: Node<'a>) -> bool {
        let kind = node.ty.kind();
        (kind.is_composite() || kind.is_enum()) && !matches!(self.of(node), TypeName::Own(_))
    }

    /// Returns the type that a declaration stands for, or the type itself.
    pub(super) fn definition(&self, types: &Types<'a>, node: Node<'a>) -> Node<'a> {
        let known = self.stands_for.get(&node.key).and_then(|key| types.node(*key));
        known.unwrap_or(node)
    }

    /// Returns the functions that programs may call, by name.
    pub(super) fn functions(&self) -> impl Iterator<Item = Node<'a>> {
        let mut functions: Vec<_> = self.functions.values().copied().collect();
        functions.sort_unstable_by_key(|node| node.key);
        functions.into_iter()
    }

    /// Returns `true` for a function that programs may call.
    pub(super) fn is_function(&self, node: Node<'a>) -> bool {
        name_of(node.ty)
            .and_then(|name| self.functions.get(name))
            .is_some_and(|known| known.key == node.key)
    }

    /// Returns `true` for a function with the attribute `bpf_fastcall`.
    pub(super) fn is_fast(&self, node: Node<'a>) -> bool {
        self.fast.contains(&node.key)
    }

    /// Returns the names of typedefs and functions.
    pub(super) fn idents(&self) -> &Space<'a> {
        &self.idents
    }
}

/// Returns the name of a type, if it has one.
pub(super) fn name_of<'a>(ty: Type<'a>) -> Option<&'a [u8]> {
    ty.name().ok().map(|name| name.as_bytes()).filter(|name| !name.is_empty())
}

/// Returns the number of times that other types refer to each one.
fn references(types: &Types<'_>) -> Vec<u32> {
    let mut counts = vec![0_u32; types.len()];
    for node in types.nodes() {
        let mut count = |id| {
            let key = types.follow(node, id).map(|to| to.key.index());
            if let Some(count) = key.and_then(|key| counts.get_mut(key)) {
                *count = count.saturating_add(1);
            }
        };
        if let Some(id) = node.ty.referenced_id() {
            count(id);
        }
        if let Some(array) = node.ty.array() {
            count(array.element);
        }
        node.ty.members().iter().for_each(|member| count(member.type_id()));
        node.ty.params().iter().for_each(|param| count(param.type_id()));
    }
    counts
}

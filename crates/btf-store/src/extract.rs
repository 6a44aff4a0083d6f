//! BTF of definitions.

use alloc::{collections::BinaryHeap, vec::Vec};

use btf_types::{Btf, ByteOrder, Info, Kind, StrOffset, TypeId, build::Builder};

use crate::{
    error::{Error, Result, Section},
    items::{Definitions, Node, Nodes, Strings},
    kernel::{Kernel, Module},
    record::{Body, Reference, Word},
    store::Store,
};

/// A definition to extract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pick {
    pub(crate) number: u32,
    /// Whether it is a struct or union of which only the name is extracted.
    pub(crate) is_shell: bool,
}

/// BTF that was extracted from a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    /// The number of the kernel in its store.
    kernel: u32,
    bytes: Vec<u8>,
    ids: Ids,
}

impl Extracted {
    /// Returns the BTF.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the BTF.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Extracts a module of the same kernel: split BTF, whose base is this BTF.
    ///
    /// # Errors
    /// If the store is damaged where it is read, or the module is not of this kernel, or this is not all of the
    /// kernel's BTF.
    pub fn module(&self, module: &Module<'_>) -> Result<Vec<u8>> {
        let base = Btf::parse(&self.bytes)?;
        let kernel = module.store().kernel(self.kernel)?;
        let whole = |number| Pick { number, is_shell: false };
        let picks: Vec<_> = module.set()?.into_iter().map(whole).collect();
        let builder = Builder::split(&base);
        let (bytes, _) =
            Plan::new(&kernel, &picks, Some(&self.ids), builder.next_id())?.write(builder)?;
        Ok(bytes)
    }
}

impl Kernel<'_> {
    /// Extracts all of the kernel's BTF.
    ///
    /// It has the same types as the original, each once, in another order: questions have the same answers,
    /// and types other ids. Of anonymous types with the same content there is one, and their order and that
    /// of the strings are those of the store.
    ///
    /// # Errors
    /// If the store is damaged where it is read.
    pub fn extract(&self) -> Result<Extracted> {
        let whole = |number| Pick { number, is_shell: false };
        let [definitions, _] = self.sets()?;
        let picks: Vec<_> = definitions.into_iter().map(whole).collect();
        extract(self, &picks)
    }
}

/// Extracts some definitions of a kernel, in the order of their numbers.
pub(crate) fn extract(kernel: &Kernel<'_>, picks: &[Pick]) -> Result<Extracted> {
    let builder = Builder::new(kernel.byte_order());
    let (bytes, ids) = Plan::new(kernel, picks, None, builder.next_id())?.write(builder)?;
    Ok(Extracted { kernel: kernel.number(), bytes, ids })
}

/// The ids of types.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Ids {
    /// By the numbers of the first definitions with their keys, in ascending order.
    keys: Vec<(u32, TypeId)>,
    /// By the numbers of nodes, in ascending order.
    nodes: Vec<(u32, TypeId)>,
}

impl Ids {
    fn of(&self, reference: Reference) -> Option<TypeId> {
        let find = |sorted: &[(u32, TypeId)], number: u32| {
            let index = sorted.binary_search_by_key(&number, |(number, _)| *number).ok()?;
            sorted.get(index).map(|(_, id)| *id)
        };
        match reference {
            Reference::Void => Some(TypeId::VOID),
            Reference::Node(number) => find(&self.nodes, number),
            Reference::Key(number) => find(&self.keys, number),
        }
    }
}

/// What is written of a definition besides its name.
enum Content<'p> {
    Body(Body<'p>),
    /// Nothing but its kind.
    Name(Kind),
}

/// What to write.
struct Plan<'p> {
    store: &'p Store<'p>,
    kernel: u32,
    order: ByteOrder,
    /// The definitions that have a type of their own, with their names.
    definitions: Vec<(Vec<u8>, Content<'p>)>,
    nodes: Vec<Node<'p>>,
    strings: Vec<u32>,
    ids: Ids,
    base: Option<&'p Ids>,
    /// Whether an enum of the kernel is signed: only then are the others known to be unsigned.
    has_signed_enum: bool,
}

impl<'p> Plan<'p> {
    /// Finds out which nodes and strings the definitions need, and gives all types their ids.
    fn new(
        kernel: &Kernel<'p>,
        picks: &[Pick],
        base: Option<&'p Ids>,
        first_id: TypeId,
    ) -> Result<Self> {
        let store = kernel.store();
        let mut plan = Self {
            store,
            kernel: kernel.number(),
            order: kernel.byte_order(),
            definitions: Vec::with_capacity(picks.len()),
            nodes: Vec::new(),
            strings: Vec::new(),
            ids: Ids::default(),
            base,
            has_signed_enum: kernel.has_signed_enum(),
        };
        let mut found = BinaryHeap::new();
        let mut reader = Definitions::new(store);
        let mut next = first_id;
        for pick in picks {
            let definition = reader.get(pick.number)?;
            let body = definition.body()?;
            if !pick.is_shell {
                plan.add_words(body, None, &mut found)?;
            }
            if definition.kind == Kind::Void {
                continue;
            }
            let first = definition.first();
            let is_again = plan.ids.keys.last().is_some_and(|(last, _)| *last >= first);
            if is_again && definition.kind != Kind::DeclTag {
                let (kind, name) = (definition.kind, definition.name.clone());
                return Err(Error::Unresolved { kernel: plan.kernel, kind, name, found: 2 });
            }
            let content =
                if pick.is_shell { Content::Name(body.kind) } else { Content::Body(body) };
            plan.definitions.push((definition.name.clone(), content));
            plan.ids.keys.push((first, next));
            next = TypeId(next.0.saturating_add(1));
        }
        let mut nodes = Nodes::new(&store.nodes);
        // A node refers to nodes with smaller numbers only, so that each comes after all that refer to it.
        while let Some(number) = found.pop() {
            let is_again = plan.ids.nodes.last().is_some_and(|(last, _)| *last == number);
            if is_again || plan.is_in_base(number) {
                continue;
            }
            let node = nodes.get(number)?;
            plan.strings.extend(node.name);
            plan.add_words(node.body, Some(number), &mut found)?;
            plan.nodes.push(node);
            plan.ids.nodes.push((number, TypeId::VOID));
        }
        plan.nodes.reverse();
        plan.ids.nodes.reverse();
        for (_, id) in &mut plan.ids.nodes {
            *id = next;
            next = TypeId(next.0.saturating_add(1));
        }
        plan.strings.sort_unstable();
        plan.strings.dedup();
        Ok(plan)
    }

    fn is_in_base(&self, node: u32) -> bool {
        self.base.is_some_and(|base| base.of(Reference::Node(node)).is_some())
    }

    fn add_words(
        &mut self,
        body: Body<'_>,
        node: Option<u32>,
        found: &mut BinaryHeap<u32>,
    ) -> Result<()> {
        for word in body.words() {
            match word? {
                Word::Name(number) => self.strings.extend(number.checked_sub(1)),
                Word::Type(Reference::Node(number)) => {
                    if node.is_some_and(|node| number >= node) {
                        return Err(forward_reference(number, node));
                    }
                    found.push(number);
                }
                Word::Type(_) | Word::Number(_) => {}
            }
        }
        Ok(())
    }

    fn write(self, mut builder: Builder<'_>) -> Result<(Vec<u8>, Ids)> {
        let mut strings = Vec::new();
        let mut reader = Strings::new(&self.store.strings);
        for number in &self.strings {
            strings.push((*number, builder.string(reader.get(*number)?)));
        }
        for (name, content) in &self.definitions {
            match content {
                Content::Body(body) => self.write_body(&mut builder, name, *body, &strings)?,
                Content::Name(kind) => {
                    builder.raw_type(name, Info::new(*kind, 0, false), 0, &[]);
                }
            }
        }
        let mut names = Strings::new(&self.store.strings);
        for node in &self.nodes {
            let name = match node.name {
                Some(name) => names.get(name)?,
                None => &[],
            };
            self.write_body(&mut builder, name, node.body, &strings)?;
        }
        if self.needs_signed_enum() {
            builder.raw_type("", Info::new(Kind::Enum, 0, true), 4, &[]);
        }
        Ok((builder.finish()?, self.ids))
    }

    /// Returns `true` if enums are extracted and no signed one, although the kernel has one. A module's BTF has that of
    /// its base.
    fn needs_signed_enum(&self) -> bool {
        let definitions = self.definitions.iter().filter_map(|(_, content)| match content {
            Content::Body(body) => Some(body.info),
            Content::Name(_) => None,
        });
        let infos = definitions.chain(self.nodes.iter().map(|node| node.body.info));
        let mut enums = infos.filter(|info| info.kind().is_enum()).peekable();
        let needs = self.has_signed_enum && self.base.is_none();
        needs && enums.peek().is_some() && !enums.any(|info| info.kind_flag())
    }

    fn write_body(
        &self,
        builder: &mut Builder<'_>,
        name: &[u8],
        body: Body<'_>,
        strings: &[(u32, StrOffset)],
    ) -> Result<()> {
        let mut words = body.words().map(|word| self.word(word?, strings));
        let head = if body.has_head() { words.next().transpose()?.unwrap_or(0) } else { 0 };
        let mut trailing = Vec::new();
        for word in words {
            let word = word?;
            trailing.extend(match self.order {
                ByteOrder::Little => word.to_le_bytes(),
                ByteOrder::Big => word.to_be_bytes(),
            });
        }
        builder.raw_type(name, body.info, head, &trailing);
        Ok(())
    }

    fn word(&self, word: Word, strings: &[(u32, StrOffset)]) -> Result<u32> {
        match word {
            Word::Number(number) => Ok(number),
            Word::Name(number) => {
                let Some(number) = number.checked_sub(1) else { return Ok(0) };
                let index = strings.binary_search_by_key(&number, |(number, _)| *number);
                let offset = index.ok().and_then(|index| strings.get(index));
                Ok(offset.map_or(0, |(_, offset)| offset.0))
            }
            Word::Type(reference) => {
                let id = self.ids.of(reference);
                let id = id.or_else(|| self.base.and_then(|base| base.of(reference)));
                id.map_or_else(|| Err(self.unresolved(reference)), |id| Ok(id.0))
            }
        }
    }

    fn unresolved(&self, reference: Reference) -> Error {
        let (Reference::Key(first) | Reference::Node(first)) = reference else {
            return forward_reference(0, None);
        };
        match Definitions::new(self.store).get(first) {
            Ok(definition) => {
                let (kind, name) = (definition.kind, definition.name.clone());
                Error::Unresolved { kernel: self.kernel, kind, name, found: 0 }
            }
            Err(error) => error,
        }
    }
}

fn forward_reference(found: u32, node: Option<u32>) -> Error {
    Error::Malformed {
        section: Section::Nodes,
        page: 0,
        offset: 0,
        what: "number of a node that another refers to",
        found: found.into(),
        allowed: node.map_or(0, |node| node.saturating_sub(1).into()),
    }
}

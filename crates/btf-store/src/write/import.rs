//! From a store to the contents in memory.

use btf_types::Kind;

use crate::{
    error::{Error, Section},
    items::{Definitions, Nodes, Strings},
    kernel::Module as StoredModule,
    record::{Body, Reference, Word},
    store::Store,
    write::{
        WriteError,
        model::{Definition, Identity, Kernel, Key, Model, Module, Node, Set},
    },
};

/// The numbers in the model of what a store has.
#[derive(Debug, Default)]
struct Numbers {
    strings: Vec<u32>,
    nodes: Vec<u32>,
    /// By the numbers of definitions: the keys.
    keys: Vec<u32>,
    definitions: Vec<u32>,
    modules: Vec<u32>,
}

/// Adds everything that a store has.
pub(crate) fn import(model: &mut Model, store: &Store<'_>) -> Result<(), WriteError> {
    let mut numbers = Numbers::default();
    let mut strings = Strings::new(&store.strings);
    for number in 0..store.strings.items() {
        numbers.strings.push(model.string(strings.get(number)?)?);
    }
    // References in nodes may be to keys, which are those of definitions: keys first, then nodes, then bodies.
    let mut reader = Definitions::new(store);
    for number in 0..store.definitions.items() {
        let definition = reader.get(number)?;
        let (kind, ordinal) = (definition.kind.to_raw(), definition.ordinal);
        let name = model.string(&definition.name)?;
        numbers.keys.push(model.key(Key { kind, name, ordinal })?);
    }
    let mut nodes = Nodes::new(&store.nodes);
    for number in 0..store.nodes.items() {
        let node = nodes.get(number)?;
        let name = match node.name {
            Some(name) => numbers.string(name)?.saturating_add(1),
            None => 0,
        };
        let (kind, words) = (node.body.kind.to_raw(), numbers.words(node.body, store)?);
        numbers.nodes.push(model.node(Node { kind, name, words })?);
    }
    for number in 0..store.definitions.items() {
        let body = reader.get(number)?.body()?;
        let words = numbers.words(body, store)?;
        let key = numbers.keys.get(number as usize).copied().unwrap_or(u32::MAX);
        numbers.definitions.push(model.definition(Definition { key, words })?);
    }
    for number in 0..store.modules.items() {
        let module = StoredModule::read(store, number)?;
        let definitions = set(module.set()?, &numbers.definitions);
        numbers.modules.push(model.module(Module { name: module.name().into(), definitions })?);
    }
    for kernel in store.kernels() {
        let kernel = kernel?;
        let info = kernel.info();
        let [definitions, modules] = kernel.sets()?;
        let identity = Identity::of(&info);
        let kernel = Kernel {
            origin: info.origin.into(),
            byte_order: kernel.byte_order(),
            pointer_size: kernel.pointer_size(),
            has_signed_enum: kernel.has_signed_enum(),
            definitions: set(definitions, &numbers.definitions),
            modules: set(modules, &numbers.modules),
        };
        model.kernel(identity, kernel)?;
    }
    Ok(())
}

/// Returns the numbers in the model of some of a store.
fn set(numbers: Vec<u32>, to: &[u32]) -> Set {
    numbers.into_iter().filter_map(|number| to.get(number as usize).copied()).collect()
}

impl Numbers {
    fn string(&self, number: u32) -> Result<u32, WriteError> {
        find(&self.strings, number, Section::Strings)
    }

    fn words(&self, body: Body<'_>, store: &Store<'_>) -> Result<Box<[u32]>, WriteError> {
        let mut words =
            vec![btf_types::Info::new(Kind::Void, body.info.vlen(), body.info.kind_flag()).0];
        for word in body.words() {
            words.push(match word? {
                Word::Number(number) => number,
                Word::Name(number) => match number.checked_sub(1) {
                    Some(number) => self.string(number)?.saturating_add(1),
                    None => 0,
                },
                Word::Type(Reference::Void) => 0,
                Word::Type(Reference::Node(number)) => {
                    Reference::Node(find(&self.nodes, number, Section::Nodes)?).to_raw()
                }
                Word::Type(Reference::Key(first)) => {
                    // A reference names the first definition with its key.
                    let before =
                        first.checked_sub(1).and_then(|before| self.keys.get(before as usize));
                    let key = find(&self.keys, first, Section::Definitions)?;
                    if before == Some(&key) || store.kind_of(first) == Kind::Void {
                        return Err(
                            no_such(first, Section::Definitions, first.saturating_sub(1)).into()
                        );
                    }
                    Reference::Key(key).to_raw()
                }
            });
        }
        Ok(words.into())
    }
}

fn find(numbers: &[u32], number: u32, section: Section) -> Result<u32, WriteError> {
    let found = numbers.get(number as usize).copied();
    let last = u32::try_from(numbers.len()).unwrap_or(u32::MAX).saturating_sub(1);
    Ok(found.ok_or_else(|| no_such(number, section, last))?)
}

fn no_such(found: u32, section: Section, allowed: u32) -> Error {
    Error::Malformed {
        section,
        page: 0,
        offset: 0,
        what: "number that is referred to",
        found: found.into(),
        allowed: allowed.into(),
    }
}

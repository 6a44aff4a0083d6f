//! From the contents in memory to a file: everything gets its number by its content, so that the order in
//! which it was added makes no difference.

use std::collections::{BTreeMap, HashMap};

use btf_types::{ByteOrder, Kind, PointerSize};

use crate::{
    header::{HEADER_LEN, Header, KINDS, SECTIONS},
    limits::MAX_CHAIN,
    record::{Reference, Role},
    selection::TYPES,
    write::{
        WriteError, encode,
        model::{self, Key, Model, Set},
        pages::{Form, Items},
    },
};

/// How many kernels before a kernel are tried as what it is written as the difference from.
const WINDOW: usize = 48;

/// The sections of a store.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    pub(crate) strings: Items,
    pub(crate) nodes: Items,
    pub(crate) definitions: Items,
    pub(crate) modules: Items,
    pub(crate) kernels: Items,
    kinds: [u32; KINDS],
}

/// The numbers in the file, by those in the model. What is not used has none.
#[derive(Debug, Default)]
struct Numbers {
    strings: HashMap<u32, u32>,
    nodes: HashMap<u32, u32>,
    /// The number of the first definition with a key.
    keys: HashMap<u32, u32>,
    definitions: HashMap<u32, u32>,
    modules: HashMap<u32, u32>,
}

impl Numbers {
    fn name(&self, name: u32) -> u32 {
        let number = name.checked_sub(1).and_then(|string| self.strings.get(&string));
        number.map_or(0, |number| number.saturating_add(1))
    }

    fn reference(&self, raw: u32) -> u32 {
        let found =
            |numbers: &HashMap<u32, u32>, number| numbers.get(&number).copied().unwrap_or(0);
        match Reference::from_raw(raw) {
            Reference::Void => 0,
            Reference::Node(number) => Reference::Node(found(&self.nodes, number)).to_raw(),
            Reference::Key(number) => Reference::Key(found(&self.keys, number)).to_raw(),
        }
    }

    fn body(&self, into: &mut Vec<u8>, kind: Kind, words: &[u32]) {
        encode::body(into, kind, words, |name| self.name(name), |raw| self.reference(raw));
    }
}

/// What the kernels and their modules use.
#[derive(Debug, Default)]
struct Used {
    strings: Set,
    nodes: Set,
    definitions: Set,
    modules: Set,
    /// Those of the strings and nodes that types use, and not only functions and variables. They are first, so
    /// that asking for types unpacks no page of the others.
    type_strings: Set,
    type_nodes: Set,
}

/// Returns `true` if definitions of a kind are types, and not functions, variables, sections, tags or nodes that
/// nothing refers to.
fn is_type(kind: u8) -> bool {
    TYPES.contains(&Kind::from_raw(kind))
}

impl Used {
    fn of(model: &Model) -> Self {
        let mut used = Self::default();
        for kernel in model.kernels.values() {
            kernel.definitions.iter().for_each(|number| used.definitions.insert(number));
            kernel.modules.iter().for_each(|number| used.modules.insert(number));
        }
        for number in used.modules.iter().collect::<Vec<_>>() {
            if let Some(module) = model.modules.get_index(number as usize) {
                module.definitions.iter().for_each(|number| used.definitions.insert(number));
            }
        }
        let of_definitions = |is_wanted: fn(u8) -> bool| {
            let found = used.definitions.iter().filter_map(|number| {
                let definition = model.definitions.get_index(number as usize)?;
                let key = model.keys.get_index(definition.key as usize)?;
                is_wanted(key.kind).then(|| (Model::kind_of_body(*key), &*definition.words))
            });
            strings_and_nodes(model, found)
        };
        let all = of_definitions(|_| true);
        (used.type_strings, used.type_nodes) = of_definitions(is_type);
        (used.strings, used.nodes) = all;
        used
    }
}

/// Returns the strings and nodes that bodies use.
fn strings_and_nodes<'m>(
    model: &'m Model,
    bodies: impl Iterator<Item = (Kind, &'m [u32])>,
) -> (Set, Set) {
    let (mut strings, mut nodes) = (Set::default(), Set::default());
    let mut is_node_used = vec![false; model.nodes.len()];
    let mut use_words = |kind: Kind, words: &[u32], nodes: &mut Vec<bool>| {
        for (role, word) in model::roles(kind, words) {
            match (role, Reference::from_raw(word)) {
                (Role::Name, _) => {
                    word.checked_sub(1).into_iter().for_each(|name| strings.insert(name));
                }
                (Role::Type, Reference::Node(node)) => {
                    if let Some(is_used) = nodes.get_mut(node as usize) {
                        *is_used = true;
                    }
                }
                _ => {}
            }
        }
    };
    for (kind, words) in bodies {
        use_words(kind, words, &mut is_node_used);
    }
    // Nodes refer to nodes before them.
    let mut names = Vec::new();
    for (index, node) in model.nodes.iter().enumerate().rev() {
        if is_node_used.get(index) == Some(&true) {
            names.extend(node.name.checked_sub(1));
            use_words(Kind::from_raw(node.kind), &node.words, &mut is_node_used);
            nodes.insert(count(index));
        }
    }
    names.into_iter().for_each(|name| strings.insert(name));
    (strings, nodes)
}

/// Writes the contents as sections.
pub(crate) fn sections(model: &Model) -> Result<Sections, WriteError> {
    let used = Used::of(model);
    let mut sections = Sections::default();
    let mut numbers = Numbers::default();
    write_strings(model, &used, &mut numbers, &mut sections);
    number_keys(model, &used, &mut numbers, &mut sections);
    write_nodes(model, &used, &mut numbers, &mut sections);
    write_definitions(model, &used, &mut numbers, &mut sections);
    write_modules(model, &used, &mut numbers, &mut sections);
    write_kernels(model, &numbers, &mut sections);
    Ok(sections)
}

impl Sections {
    /// Returns the sections with their names, in their order in the file.
    pub(crate) fn all(&self) -> [(&'static str, &Items); SECTIONS] {
        [
            ("strings", &self.strings),
            ("nodes", &self.nodes),
            ("definitions", &self.definitions),
            ("modules", &self.modules),
            ("kernels", &self.kernels),
        ]
    }

    /// Returns the file.
    pub(crate) fn to_file(&self, form: Form) -> Result<Vec<u8>, WriteError> {
        let mut file = vec![0; HEADER_LEN];
        let mut extents = [Default::default(); SECTIONS];
        for ((_, items), extent) in self.all().into_iter().zip(&mut extents) {
            *extent = items.write(form, &mut file)?;
        }
        let len = u32::try_from(file.len());
        let len = len
            .map_err(|_| WriteError::TooLarge { what: "length of the file", allowed: u32::MAX })?;
        let header = Header { sections: extents, kinds: self.kinds }.to_bytes(len);
        if let Some(start) = file.get_mut(..header.len()) {
            start.copy_from_slice(&header);
        }
        Ok(file)
    }
}

fn string(model: &Model, number: u32) -> &[u8] {
    model.strings.get_index(number as usize).map_or(&[], |string| string)
}

fn count(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn write_strings(model: &Model, used: &Used, numbers: &mut Numbers, sections: &mut Sections) {
    let sort_key = |number: u32| {
        let is_of_others = !used.type_strings.contains(number);
        (is_of_others, string(model, number), number)
    };
    let mut sorted: Vec<_> = used.strings.iter().map(sort_key).collect();
    sorted.sort_unstable();
    let mut before: &[u8] = &[];
    for (index, (_, string, number)) in sorted.into_iter().enumerate() {
        numbers.strings.insert(number, count(index));
        let (into, is_start) = sections.strings.next();
        let (shared, suffix) = encode::suffix(if is_start { &[] } else { before }, string);
        encode::number(into, shared);
        encode::part(into, suffix);
        before = string;
    }
}

/// A kind, name and ordinal; the number of the key, and that of a definition.
type Sorted<'m> = ((u8, &'m [u8], u32), u32, u32);

/// Returns the used definitions, sorted by their keys.
fn sorted_definitions<'m>(model: &'m Model, used: &Used) -> Vec<Sorted<'m>> {
    let key = |number: u32| {
        let key =
            model.definitions.get_index(number as usize).map_or(0, |definition| definition.key);
        let none = Key { kind: 0, name: u32::MAX, ordinal: 0 };
        let found = model.keys.get_index(key as usize).copied().unwrap_or(none);
        ((found.kind, string(model, found.name), found.ordinal), key, number)
    };
    let mut sorted: Vec<_> = used.definitions.iter().map(key).collect();
    sorted.sort_unstable();
    sorted
}

fn number_keys(model: &Model, used: &Used, numbers: &mut Numbers, sections: &mut Sections) {
    let sorted = sorted_definitions(model, used);
    let mut kinds = [0_u32; KINDS];
    for (index, ((kind, ..), key, _)) in sorted.iter().enumerate() {
        numbers.keys.entry(*key).or_insert(count(index));
        for end in kinds.iter_mut().skip(usize::from(*kind).saturating_add(1)) {
            *end = count(index).saturating_add(1);
        }
    }
    sections.kinds = kinds;
}

fn write_nodes(model: &Model, used: &Used, numbers: &mut Numbers, sections: &mut Sections) {
    // A node's height is one more than that of the highest that it refers to.
    let mut heights: HashMap<u32, usize> = HashMap::new();
    // First those that types use, which refer to such only.
    let mut levels: BTreeMap<(bool, usize), Vec<u32>> = BTreeMap::new();
    for number in used.nodes.iter() {
        let Some(node) = model.nodes.get_index(number as usize) else { continue };
        let nodes = model::references(Kind::from_raw(node.kind), &node.words);
        let nodes = nodes.filter_map(|reference| match reference {
            Reference::Node(node) => heights.get(&node),
            _ => None,
        });
        let height = nodes.max().map_or(0, |height| height.saturating_add(1));
        heights.insert(number, height);
        let is_of_others = !used.type_nodes.contains(number);
        levels.entry((is_of_others, height)).or_default().push(number);
    }
    for level in levels.into_values() {
        let encode = |number: u32| {
            let mut bytes = Vec::new();
            if let Some(node) = model.nodes.get_index(number as usize) {
                encode::number(&mut bytes, node.kind.into());
                encode::number(&mut bytes, numbers.name(node.name));
                numbers.body(&mut bytes, Kind::from_raw(node.kind), &node.words);
            }
            (bytes, number)
        };
        let mut encoded: Vec<_> = level.into_iter().map(encode).collect();
        encoded.sort_unstable();
        for (bytes, number) in encoded {
            let next = count(numbers.nodes.len());
            numbers.nodes.insert(number, next);
            let (into, _) = sections.nodes.next();
            encode::part(into, &bytes);
        }
    }
}

fn write_definitions(model: &Model, used: &Used, numbers: &mut Numbers, sections: &mut Sections) {
    let sorted = sorted_definitions(model, used);
    let mut before: &[u8] = &[];
    for same in sorted.chunk_by(|(_, one, _), (_, other, _)| one == other) {
        let Some(((kind, name, ordinal), ..)) = same.first() else { continue };
        let kind = Model::kind_of_body(Key { kind: *kind, name: 0, ordinal: 0 });
        let encode = |(_, _, number): &(_, u32, u32)| {
            let mut bytes = Vec::new();
            if let Some(definition) = model.definitions.get_index(*number as usize) {
                numbers.body(&mut bytes, kind, &definition.words);
            }
            (bytes, *number)
        };
        let mut encoded: Vec<_> = same.iter().map(encode).collect();
        encoded.sort_unstable();
        for (rank, (bytes, number)) in encoded.iter().enumerate() {
            let next = count(numbers.definitions.len());
            numbers.definitions.insert(*number, next);
            let (into, is_start) = sections.definitions.next();
            if rank > 0 && !is_start {
                encode::number(into, 0);
            } else {
                let (shared, suffix) = encode::suffix(if is_start { &[] } else { before }, name);
                encode::number(into, shared.saturating_add(1));
                encode::part(into, suffix);
                for number in [*ordinal, count(rank), count(encoded.len())] {
                    encode::number(into, number);
                }
            }
            encode::part(into, bytes);
            before = name;
        }
    }
}

/// Returns the numbers in the file.
fn map(set: &Set, numbers: &HashMap<u32, u32>) -> Set {
    set.iter().filter_map(|number| numbers.get(&number).copied()).collect()
}

fn list(set: &Set) -> Vec<u32> {
    set.iter().collect()
}

fn write_modules(model: &Model, used: &Used, numbers: &mut Numbers, sections: &mut Sections) {
    let modules = used.modules.iter().filter_map(|number| {
        let module = model.modules.get_index(number as usize)?;
        let definitions = map(&module.definitions, &numbers.definitions);
        Some((module.name.as_str(), list(&definitions), definitions, number))
    });
    let mut sorted: Vec<_> = modules.collect();
    sorted.sort_unstable_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    // The builds of a module differ little from each other.
    let mut before: Option<(&str, &Set, u32)> = None;
    for (index, (name, _, definitions, number)) in sorted.iter().enumerate() {
        numbers.modules.insert(*number, count(index));
        let base = before.filter(|(other, set, chain)| {
            let cost = definitions.distance(&Set::default());
            other == name && chain.saturating_add(1) < MAX_CHAIN && definitions.distance(set) < cost
        });
        let (difference, chain) = match base {
            Some((_, set, chain)) => (definitions.difference(set), chain.saturating_add(1)),
            None => (definitions.clone(), 0),
        };
        let mut item = Vec::new();
        encode::part(&mut item, name.as_bytes());
        encode::number(&mut item, base.is_some().into());
        encode::difference(&mut item, &list(&difference));
        let (into, _) = sections.modules.next();
        encode::part(into, &item);
        before = Some((name, definitions, chain));
    }
}

fn write_kernels(model: &Model, numbers: &Numbers, sections: &mut Sections) {
    // The last kernels: their definitions, modules, and number of bases.
    let mut window: std::collections::VecDeque<(Set, Set, u32)> = Default::default();
    for (identity, kernel) in &model.kernels {
        let definitions = map(&kernel.definitions, &numbers.definitions);
        let modules = map(&kernel.modules, &numbers.modules);
        let cost = |base: (&Set, &Set)| {
            definitions.distance(base.0).saturating_add(modules.distance(base.1))
        };
        let none = Set::default();
        let alone = (cost((&none, &none)), 0);
        // The nearest of those that differ least: distances count from 1, for the kernel before.
        let bases = window.iter().rev().zip(1_u32..);
        let bases = bases.filter(|((_, _, chain), _)| chain.saturating_add(1) < MAX_CHAIN);
        let costs = bases
            .map(|((definitions, modules, _), distance)| (cost((definitions, modules)), distance));
        let (_, distance) = costs.chain([alone]).min().unwrap_or_default();
        let base =
            distance.checked_sub(1).and_then(|index| window.iter().rev().nth(index as usize));

        let mut item = Vec::new();
        let texts = [
            &identity.release,
            &identity.version,
            &identity.architecture,
            &identity.distribution,
            &kernel.origin,
        ];
        for text in texts {
            encode::part(&mut item, text.as_bytes());
        }
        let pointers = match kernel.pointer_size {
            None => 0,
            Some(PointerSize::Four) => 1,
            Some(PointerSize::Eight) => 2,
        };
        let is_big = u32::from(kernel.byte_order == ByteOrder::Big);
        encode::number(
            &mut item,
            is_big | (pointers << 1) | (u32::from(kernel.has_signed_enum) << 3),
        );
        encode::number(&mut item, distance);
        let chain = base.map_or(0, |(_, _, chain)| chain.saturating_add(1));
        let (from, modules_from) =
            base.map_or((&none, &none), |(from, modules, _)| (from, modules));
        encode::difference(&mut item, &list(&definitions.difference(from)));
        encode::difference(&mut item, &list(&modules.difference(modules_from)));
        let (into, _) = sections.kernels.next();
        encode::part(into, &item);

        window.push_back((definitions, modules, chain));
        if window.len() > WINDOW {
            window.pop_front();
        }
    }
}

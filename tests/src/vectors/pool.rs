//! The BTF of a file: each text once, in both byte orders.

use std::collections::HashMap;

use btf_from_c::{declare, split_btf};
use btf_types::{Btf, ByteOrder, build::Builder};

use super::case::Case;

/// The byte orders, with the ends of the BTFs' names.
pub(super) const ORDERS: [(ByteOrder, &str); 2] =
    [(ByteOrder::Little, "le"), (ByteOrder::Big, "be")];

/// An index of [`Pool::entries`].
pub(super) type Index = usize;

/// The distinct BTFs of a file.
#[derive(Debug, Default)]
pub(super) struct Pool {
    pub(super) entries: Vec<Entry>,
    /// By base and text.
    known: HashMap<(Option<Index>, String), Index>,
}

/// A BTF.
#[derive(Debug)]
pub(super) struct Entry {
    /// The name, without the byte order.
    pub(super) name: String,
    pub(super) text: String,
    base: Option<Index>,
    /// The access strings that records refer to.
    strings: Vec<String>,
    /// In the order of [`ORDERS`].
    pub(super) bytes: [Vec<u8>; 2],
}

/// The BTFs of a case.
#[derive(Debug)]
pub(super) struct Types {
    pub(super) local: Index,
    pub(super) target: Index,
    pub(super) modules: Vec<Index>,
}

impl Pool {
    /// Adds the BTFs of all cases, and makes their bytes.
    pub(super) fn new(cases: &[Case]) -> (Self, Vec<Types>) {
        let mut pool = Self::default();
        let types = cases.iter().map(|case| pool.add_case(case)).collect();
        for index in 0..pool.entries.len() {
            pool.entries[index].bytes =
                ORDERS.map(|(order, _)| pool.bytes(&pool.entries[index], order));
        }
        (pool, types)
    }

    fn add_case(&mut self, case: &Case) -> Types {
        let Case { name, local, target, modules, .. } = case;
        let local = self.add(format!("{name}.local"), None, local);
        for relocation in &case.relocations {
            let strings = &mut self.entries[local].strings;
            if !strings.contains(&relocation.access) {
                strings.push(relocation.access.clone());
            }
        }
        let target = self.add(format!("{name}.target"), None, target);
        let modules = modules.iter().zip(1..);
        let modules = modules
            .map(|(text, number)| self.add(format!("{name}.module{number}"), Some(target), text))
            .collect();
        Types { local, target, modules }
    }

    fn add(&mut self, name: String, base: Option<Index>, text: &str) -> Index {
        let key = (base, text.to_owned());
        *self.known.entry(key).or_insert_with(|| {
            let (text, strings, bytes) = (text.to_owned(), Vec::new(), Default::default());
            self.entries.push(Entry { name, text, base, strings, bytes });
            self.entries.len() - 1
        })
    }

    fn bytes(&self, entry: &Entry, order: ByteOrder) -> Vec<u8> {
        let Entry { text, base, strings, .. } = entry;
        if let Some(base) = base {
            let base = self.bytes(&self.entries[*base], order);
            return split_btf(&Btf::parse(&base).expect("the base is well-formed"), text);
        }
        let mut builder = Builder::new(order);
        declare(&mut builder, text).unwrap_or_else(|error| panic!("{error}, in\n{text}"));
        for string in strings {
            builder.string(string);
        }
        builder.finish().unwrap_or_else(|error| panic!("{error}, in\n{text}"))
    }
}

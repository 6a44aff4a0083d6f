//! Dividing a target's types between the kernel and its modules.

use std::{vec, vec::Vec};

use super::{Module, Order, apply::Evolving};
use crate::{
    TypeId,
    proptest::{
        CompositeDesc, Graph, GraphError, TypeDesc,
        graph::{id, index},
    },
};

/// What a kernel has: its own types, and its modules' on top of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evolved {
    /// The kernel's types.
    pub main: Graph,
    /// The types of each module that has some, split on the kernel's.
    pub modules: Vec<Graph>,
}

impl Evolved {
    /// The BTF of the kernel, and of each module.
    ///
    /// # Errors
    /// As [`Graph::to_bytes`].
    pub fn to_bytes(&self) -> Result<(Vec<u8>, Vec<Vec<u8>>), GraphError> {
        let modules = self.modules.iter().map(Graph::to_bytes).collect::<Result<_, _>>()?;
        Ok((self.main.to_bytes()?, modules))
    }
}

/// Divides the types as their homes say, and puts the kernel's in order.
pub(super) fn divide(evolving: Evolving, order: Order) -> Evolved {
    let Evolving { mut graph, mut homes } = evolving;
    settle(&graph, &mut homes);
    part(&mut graph, &mut homes);

    let at_home = |home| {
        let homes = homes.iter().enumerate();
        homes.filter(move |(_, of)| **of == home).map(|(at, _)| at).collect::<Vec<usize>>()
    };
    let mut main = at_home(None);
    match order {
        Order::AsLocal => {}
        Order::Reversed => main.reverse(),
        Order::ByName => main.sort_by_key(|at| graph.types[*at].name()),
    }
    let take = |own: &[usize]| {
        let places: Vec<usize> = if own == main { main.clone() } else { [&main, own].concat() };
        let mut new = vec![TypeId::VOID; graph.types.len()];
        for (place, old) in places.iter().enumerate() {
            new[*old] = id(place);
        }
        let mut types: Vec<TypeDesc> = places.iter().map(|at| graph.types[*at].clone()).collect();
        for ty in &mut types {
            ty.map_references(|old| index(old).map_or(old, |at| new[at]));
        }
        types
    };
    let modules = [Module::First, Module::Second].map(|module| at_home(Some(module)));
    let modules = modules.iter().filter(|own| !own.is_empty()).map(|own| Graph {
        byte_order: graph.byte_order,
        base_len: main.len(),
        types: take(own),
    });
    let modules = modules.collect();
    Evolved {
        main: Graph { byte_order: graph.byte_order, base_len: 0, types: take(&main) },
        modules,
    }
}

/// Moves into a module what needs its types. What needs types of both, joins both in one.
fn settle(graph: &Graph, homes: &mut [Option<Module>]) {
    loop {
        let mut changed = false;
        for (at, ty) in graph.types.iter().enumerate() {
            if matches!(ty, TypeDesc::Ptr(_)) {
                continue;
            }
            for needed in ty.references().filter_map(index) {
                match (homes[at], homes[needed]) {
                    (_, None) => {}
                    (None, home) => {
                        homes[at] = home;
                        changed = true;
                    }
                    (Some(own), Some(other)) if own != other => {
                        homes.iter_mut().flatten().for_each(|home| *home = Module::First);
                        changed = true;
                    }
                    (Some(_), Some(_)) => {}
                }
            }
        }
        if !changed {
            break;
        }
    }
    if homes.iter().all(Option::is_some) {
        // A kernel has types.
        homes.fill(None);
    }
}

/// Makes pointers from outside of a module point to forward declarations, or to `void`.
fn part(graph: &mut Graph, homes: &mut Vec<Option<Module>>) {
    for at in 0..homes.len() {
        let TypeDesc::Ptr(to) = graph.types[at] else { continue };
        let Some(home) = index(to).and_then(|to| homes[to]) else { continue };
        if homes[at] == Some(home) {
            continue;
        }
        let outside = match graph.get(to) {
            Some(TypeDesc::Composite(CompositeDesc { name, kind, .. })) if !name.is_empty() => {
                let fwd = TypeDesc::Fwd { name: name.clone(), kind: *kind };
                homes.push(homes[at]);
                graph.push(fwd)
            }
            _ => TypeId::VOID,
        };
        graph.types[at] = TypeDesc::Ptr(outside);
    }
}

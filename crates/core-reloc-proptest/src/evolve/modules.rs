//! Dividing a target's types among the kernel and its modules.

use btf_types::TypeId;

use super::{Module, Order, apply::Evolving};
use crate::types::{
    desc::{CompositeDesc, TypeDesc},
    error::GraphError,
    graph::{Graph, id, index},
};

/// The types of a kernel and its modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evolved {
    /// The kernel's types.
    pub main: Graph,
    /// The types of each module that has any, split on the kernel's.
    pub modules: Vec<Graph>,
}

impl Evolved {
    /// Writes the BTF of the kernel and of each module.
    ///
    /// # Errors
    /// As [`Graph::to_bytes`].
    pub fn to_bytes(&self) -> Result<(Vec<u8>, Vec<Vec<u8>>), GraphError> {
        let modules = self.modules.iter().map(Graph::to_bytes).collect::<Result<_, _>>()?;
        Ok((self.main.to_bytes()?, modules))
    }
}

/// Divides the types by module, and orders the kernel's.
pub(super) fn divide(evolving: Evolving, order: Order) -> Evolved {
    let Evolving { mut graph, modules: mut assigned, .. } = evolving;
    assign_dependents(&graph, &mut assigned);
    redirect_pointers(&mut graph, &mut assigned);

    let indices_in = |module| {
        let assigned = assigned.iter().enumerate();
        assigned.filter(move |(_, of)| **of == module).map(|(at, _)| at).collect::<Vec<usize>>()
    };
    let mut main = indices_in(None);
    match order {
        Order::Local => {}
        Order::Reversed => main.reverse(),
        Order::ByName => main.sort_by_key(|at| graph.types[*at].name()),
    }
    let take = |own: &[usize]| {
        let indices: Vec<usize> = if own == main { main.clone() } else { [&main, own].concat() };
        let mut new = vec![TypeId::VOID; graph.types.len()];
        for (new_index, old) in indices.iter().enumerate() {
            new[*old] = id(new_index);
        }
        let mut types: Vec<TypeDesc> = indices.iter().map(|at| graph.types[*at].clone()).collect();
        for ty in &mut types {
            ty.map_references(|old| index(old).map_or(old, |at| new[at]));
        }
        types
    };
    let modules = [Module::First, Module::Second].map(|module| indices_in(Some(module)));
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

/// Moves types that need types of a module into that module. If a type needs both modules, they are
/// merged into the first.
fn assign_dependents(graph: &Graph, modules: &mut [Option<Module>]) {
    loop {
        let mut changed = false;
        for (at, ty) in graph.types.iter().enumerate() {
            if matches!(ty, TypeDesc::Ptr(_)) {
                continue;
            }
            for needed in ty.references().filter_map(index) {
                match (modules[at], modules[needed]) {
                    (_, None) => {}
                    (None, module) => {
                        modules[at] = module;
                        changed = true;
                    }
                    (Some(own), Some(other)) if own != other => {
                        modules.iter_mut().flatten().for_each(|module| *module = Module::First);
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
    if modules.iter().all(Option::is_some) {
        // The kernel itself must have types.
        modules.fill(None);
    }
}

/// Redirects pointers into a module from outside of it to forward declarations, or to `void`.
fn redirect_pointers(graph: &mut Graph, modules: &mut Vec<Option<Module>>) {
    for at in 0..modules.len() {
        let TypeDesc::Ptr(to) = graph.types[at] else { continue };
        let Some(module) = index(to).and_then(|to| modules[to]) else { continue };
        if modules[at] == Some(module) {
            continue;
        }
        let outside = match graph.get(to) {
            Some(TypeDesc::Composite(CompositeDesc { name, kind, .. })) if !name.is_empty() => {
                let fwd = TypeDesc::Fwd { name: name.clone(), kind: *kind };
                modules.push(modules[at]);
                graph.push(fwd)
            }
            _ => TypeId::VOID,
        };
        graph.types[at] = TypeDesc::Ptr(outside);
    }
}

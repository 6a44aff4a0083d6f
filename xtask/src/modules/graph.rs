//! Circles in a graph of modules.

use std::collections::{BTreeSet, VecDeque};

/// An import: a module that names an item which another module defines.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) line: usize,
    pub(super) item: String,
}

pub(super) struct Graph {
    pub(super) edges: Vec<Edge>,
}

impl Graph {
    /// The sets of more than one module in which each module reaches each other one.
    pub(super) fn groups(&self) -> Vec<BTreeSet<usize>> {
        let modules: BTreeSet<usize> = self.edges.iter().map(|edge| edge.from).collect();
        let mut groups: Vec<BTreeSet<usize>> = Vec::new();
        for module in modules {
            if groups.iter().any(|group| group.contains(&module)) {
                continue;
            }
            let reached = self.reached(module);
            let group: BTreeSet<usize> = reached
                .iter()
                .copied()
                .filter(|other| self.reached(*other).contains(&module))
                .collect();
            if group.len() > 1 {
                groups.push(group);
            }
        }
        groups
    }

    /// The modules that a module reaches by one import or more.
    fn reached(&self, module: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open = vec![module];
        while let Some(module) = open.pop() {
            let next = self.edges.iter().filter(|edge| edge.from == module).map(|edge| edge.to);
            open.extend(next.filter(|to| reached.insert(*to)));
        }
        reached
    }

    /// A circle in a group that is as short as any, one import for each step.
    pub(super) fn shortest_circle(&self, group: &BTreeSet<usize>) -> Vec<&Edge> {
        let circles = group.iter().filter_map(|module| self.circle_through(*module));
        circles.min_by_key(Vec::len).unwrap_or_default()
    }

    /// A circle through a module that is as short as any.
    fn circle_through(&self, module: usize) -> Option<Vec<&Edge>> {
        let mut paths = VecDeque::from([Vec::new()]);
        let mut seen = BTreeSet::new();
        while let Some(path) = paths.pop_front() {
            let end = path.last().map_or(module, |edge: &&Edge| edge.to);
            for edge in self.edges.iter().filter(|edge| edge.from == end) {
                let path: Vec<&Edge> = path.iter().copied().chain([edge]).collect();
                if edge.to == module {
                    return Some(path);
                }
                if seen.insert(edge.to) {
                    paths.push_back(path);
                }
            }
        }
        None
    }
}

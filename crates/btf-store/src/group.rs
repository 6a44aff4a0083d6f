//! Kernels that do not differ in anything that a selection needs.

use alloc::{collections::BTreeMap, vec::Vec};

use btf_types::{ByteOrder, PointerSize};

use crate::{
    error::Result,
    extract::{self, Extracted, Pick},
    graph::{Graph, Members},
    kernel::Kernel,
    selection::Selection,
    store::Store,
};

impl Kernel<'_> {
    /// Extracts what the selected names need: the candidates, and what they refer to.
    ///
    /// Questions about the selected names have the same answers as with the whole BTF; questions about other
    /// names do not. An enum without a name and enumerators may be there besides, to show that BTF states the signs
    /// of enums.
    ///
    /// # Errors
    /// If the store is damaged where it is read.
    pub fn extract_selected(&self, selection: &Selection) -> Result<Extracted> {
        let [definitions, _] = self.sets()?;
        let graph = Graph::read(self.store(), selection, Some(&definitions))?;
        extract::extract(self, &graph.walk(self.number(), &Members::all(&graph))?)
    }
}

/// Kernels that do not differ in anything that a selection needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    kernels: Vec<u32>,
    picks: Vec<Pick>,
}

impl Group {
    /// Returns the numbers of the kernels, in ascending order.
    pub fn kernels(&self) -> &[u32] {
        &self.kernels
    }

    /// Extracts the BTF that answers for all kernels of the group, as [`Kernel::extract_selected`] does for
    /// one.
    ///
    /// # Errors
    /// If the store is damaged where it is read.
    pub fn extract(&self, store: &Store<'_>) -> Result<Extracted> {
        let first = self.kernels.first().copied().unwrap_or(u32::MAX);
        extract::extract(&store.kernel(first)?, &self.picks)
    }
}

/// What BTF says besides its types: the byte order, the size of pointers, and whether enums state their signs.
type Form = (bool, Option<u8>, bool);

fn form(kernel: &Kernel<'_>) -> Form {
    let size = kernel.pointer_size().map(|size| match size {
        PointerSize::Four => 4,
        PointerSize::Eight => 8,
    });
    (kernel.byte_order() == ByteOrder::Big, size, kernel.flags_signs())
}

impl Store<'_> {
    /// Divides all kernels into groups that do not differ in anything that a selection needs, so that each
    /// group takes one extraction and one relocation.
    ///
    /// What the selection needs is read once for all kernels. A kernel then takes a look at the numbers of the
    /// definitions in which it differs from another.
    ///
    /// # Errors
    /// If the store is damaged where it is read.
    pub fn groups(&self, selection: &Selection) -> Result<Vec<Group>> {
        let graph = Graph::read(self, selection, None)?;
        let mut groups: Vec<Group> = Vec::new();
        // Kernels with the same members have the same picks, and some with others have, too.
        let mut by_members: BTreeMap<Members, usize> = BTreeMap::new();
        let mut picks: Vec<(Members, Vec<Pick>)> = Vec::new();
        let mut by_picks: BTreeMap<(Form, Vec<Pick>), usize> = BTreeMap::new();
        let mut by_index: BTreeMap<(Form, usize), usize> = BTreeMap::new();
        // By kernel, the index in `picks`.
        let mut known: Vec<usize> = Vec::new();
        for kernel in self.kernels() {
            let kernel = kernel?;
            let difference = kernel.difference()?;
            let mut changed = common(&difference, graph.members()).peekable();
            let base = kernel.base().and_then(|base| known.get(base as usize)).copied();
            let index = match base {
                Some(base) if changed.peek().is_none() => base,
                _ => {
                    let base = base.and_then(|base| picks.get(base));
                    let mut members =
                        base.map_or_else(|| Members::none(&graph), |(members, _)| members.clone());
                    changed.for_each(|member| members.toggle(member));
                    match by_members.get(&members) {
                        Some(index) => *index,
                        None => {
                            let found = graph.walk(kernel.number(), &members)?;
                            by_members.insert(members.clone(), picks.len());
                            picks.push((members, found));
                            picks.len().saturating_sub(1)
                        }
                    }
                }
            };
            known.push(index);
            let Some((_, picks)) = picks.get(index) else { continue };
            let form = form(&kernel);
            let group = *by_index.entry((form, index)).or_insert_with(|| {
                *by_picks.entry((form, picks.clone())).or_insert_with(|| {
                    groups.push(Group { kernels: Vec::new(), picks: picks.clone() });
                    groups.len().saturating_sub(1)
                })
            });
            if let Some(group) = groups.get_mut(group) {
                group.kernels.push(kernel.number());
            }
        }
        Ok(groups)
    }
}

/// Returns where in a sorted list the numbers are that another sorted list has, too.
fn common(numbers: &[u32], members: &[u32]) -> impl Iterator<Item = usize> {
    let mut at = 0_usize;
    numbers.iter().filter_map(move |number| {
        while members.get(at).is_some_and(|member| member < number) {
            at = at.saturating_add(1);
        }
        (members.get(at) == Some(number)).then_some(at)
    })
}

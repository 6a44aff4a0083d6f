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
    /// names do not. An enum without a name and enumerators may be added, to show that the kernel has signed
    /// enums.
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

/// What BTF says besides its types: the byte order, the size of pointers, and whether an enum is signed.
type Form = (bool, Option<u8>, bool);

fn form(kernel: &Kernel<'_>) -> Form {
    let size = kernel.pointer_size().map(|size| match size {
        PointerSize::Four => 4,
        PointerSize::Eight => 8,
    });
    (kernel.byte_order() == ByteOrder::Big, size, kernel.has_signed_enum())
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
        Ok(self.groups_of(core::slice::from_ref(selection))?.pop().unwrap_or_default())
    }

    /// Returns the [groups](Store::groups) of each of some selections. Each kernel is looked at once.
    ///
    /// # Errors
    /// If the store is damaged where it is read.
    pub fn groups_of(&self, selections: &[Selection]) -> Result<Vec<Vec<Group>>> {
        let divisions = selections.iter().map(|selection| Division::new(self, selection));
        let mut divisions = divisions.collect::<Result<Vec<_>>>()?;
        for kernel in self.kernels() {
            let kernel = kernel?;
            let difference = kernel.difference()?;
            divisions.iter_mut().try_for_each(|division| division.add(&kernel, &difference))?;
        }
        Ok(divisions.into_iter().map(|division| division.groups).collect())
    }
}

/// The division of kernels into groups.
struct Division<'s> {
    graph: Graph<'s>,
    groups: Vec<Group>,
    /// The distinct members of the kernels, and what is extracted of them.
    picks: Vec<(Members, Vec<Pick>)>,
    /// By kernel, the index in `picks`.
    by_kernel: Vec<usize>,
    /// Kernels with the same members have the same picks, and some with others have, too.
    by_members: BTreeMap<Members, usize>,
    by_picks: BTreeMap<(Form, Vec<Pick>), usize>,
    by_index: BTreeMap<(Form, usize), usize>,
}

impl<'s> Division<'s> {
    fn new(store: &'s Store<'s>, selection: &Selection) -> Result<Self> {
        Ok(Self {
            graph: Graph::read(store, selection, None)?,
            groups: Vec::new(),
            picks: Vec::new(),
            by_kernel: Vec::new(),
            by_members: BTreeMap::new(),
            by_picks: BTreeMap::new(),
            by_index: BTreeMap::new(),
        })
    }

    /// Adds the next kernel, which differs from its base in some definitions.
    fn add(&mut self, kernel: &Kernel<'_>, difference: &[u32]) -> Result<()> {
        let index = self.index_of(kernel, difference)?;
        self.by_kernel.push(index);
        let Self { groups, by_picks, by_index, .. } = self;
        let Some((_, picks)) = self.picks.get(index) else { return Ok(()) };
        let form = form(kernel);
        let group = *by_index.entry((form, index)).or_insert_with(|| {
            *by_picks.entry((form, picks.clone())).or_insert_with(|| {
                groups.push(Group { kernels: Vec::new(), picks: picks.clone() });
                groups.len().saturating_sub(1)
            })
        });
        if let Some(group) = groups.get_mut(group) {
            group.kernels.push(kernel.number());
        }
        Ok(())
    }

    /// Returns the index in `picks` of what is extracted of a kernel.
    fn index_of(&mut self, kernel: &Kernel<'_>, difference: &[u32]) -> Result<usize> {
        let mut changed = common(difference, self.graph.members()).peekable();
        let base = kernel.base().and_then(|base| self.by_kernel.get(base as usize)).copied();
        if let (Some(base), None) = (base, changed.peek()) {
            return Ok(base);
        }
        let base = base.and_then(|base| self.picks.get(base));
        let mut members =
            base.map_or_else(|| Members::none(&self.graph), |(members, _)| members.clone());
        changed.for_each(|member| members.toggle(member));
        if let Some(index) = self.by_members.get(&members) {
            return Ok(*index);
        }
        let found = self.graph.walk(kernel.number(), &members)?;
        let index = self.picks.len();
        self.by_members.insert(members.clone(), index);
        self.picks.push((members, found));
        Ok(index)
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

//! The kernels of a store.

use crate::{error::Result, kernel::Kernel, store::Store};

impl Store<'_> {
    /// Returns the number of kernels.
    pub fn len(&self) -> usize {
        self.kernels.items() as usize
    }

    /// Returns `true` if there is no kernel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the kernel with a number, which is below [`Store::len`].
    ///
    /// # Errors
    /// If there is no such kernel, or the store is damaged there.
    pub fn kernel(&self, number: u32) -> Result<Kernel<'_>> {
        Kernel::read(self, number)
    }

    /// Returns all kernels, sorted by release, version, architecture and distribution.
    pub fn kernels(&self) -> impl ExactSizeIterator<Item = Result<Kernel<'_>>> {
        let count = usize::try_from(self.kernels.items()).unwrap_or(usize::MAX);
        (0..count).map(|number| self.kernel(u32::try_from(number).unwrap_or(u32::MAX)))
    }

    /// Returns the kernels of a release, such as `6.1.0-50-amd64`.
    ///
    /// # Errors
    /// If the store is damaged where it is searched.
    pub fn find(&self, release: &str) -> Result<impl Iterator<Item = Result<Kernel<'_>>>> {
        let (mut low, mut high) = (0, self.kernels.items());
        while low < high {
            let middle = low.midpoint(high);
            if self.kernel(middle)?.info().release < release {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        let found = (low..self.kernels.items()).map(|number| self.kernel(number));
        let is_same = move |kernel: &Result<Kernel<'_>>| {
            kernel.as_ref().map_or(true, |kernel| kernel.info().release == release)
        };
        Ok(found.take_while(is_same))
    }
}

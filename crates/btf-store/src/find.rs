//! The kernels of a store.

use crate::{error::Result, kernel::Kernel, store::Store};

/// One build of a kernel, as it describes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Build<'a> {
    /// What `uname -r` prints, such as `6.1.0-50-amd64`.
    pub release: &'a str,
    /// What `uname -v` prints, such as `#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-11-02)`.
    pub version: &'a str,
    /// What `uname -m` prints, such as `x86_64`.
    pub machine: &'a str,
}

/// The names that Linux, Debian and BTFHub give an architecture, one architecture a line.
const ARCHITECTURES: [&[&str]; 5] = [
    &["x86_64", "amd64"],
    &["aarch64", "arm64"],
    &["ppc64le", "ppc64el"],
    &["i686", "i586", "i386", "x86"],
    &["armv7l", "armv6l", "arm", "armhf", "armel"],
];

/// Returns `true` if two names may be those of one architecture. One that is not known may be any.
fn may_be_same(architecture: &str, machine: &str) -> bool {
    let is_known = !architecture.is_empty() && !machine.is_empty();
    let have_both = |names: &&[&str]| names.contains(&architecture) && names.contains(&machine);
    !is_known || architecture == machine || ARCHITECTURES.iter().any(have_both)
}

impl Store<'_> {
    /// Returns the kernel that has the types of a build, usually the running one.
    ///
    /// Different builds may have the same release, so that the version has to be the same, too. A kernel whose
    /// version the store does not know is taken if it is the only one of the release and the architecture.
    ///
    /// ```
    /// use btf_store::{Build, Store};
    ///
    /// fn types(store: &[u8], running: &Build<'_>) -> Result<Option<Vec<u8>>, btf_store::Error> {
    ///     let store = Store::open(store)?;
    ///     let Some(kernel) = store.find_build(running)? else { return Ok(None) };
    ///     Ok(Some(kernel.extract()?.into_bytes()))
    /// }
    /// ```
    ///
    /// # Errors
    /// If the store is damaged where it is searched.
    pub fn find_build(&self, build: &Build<'_>) -> Result<Option<Kernel<'_>>> {
        let (mut exact, mut others) = (None, 0_u32);
        let mut unknown = None;
        for kernel in self.find(build.release)? {
            let kernel = kernel?;
            let info = kernel.info();
            if !may_be_same(info.architecture, build.machine) {
                continue;
            }
            if info.version.is_empty() {
                others = others.saturating_add(1);
                unknown = Some(kernel);
            } else if info.version == build.version {
                // The same build from two distributions has the same types.
                exact = exact.or(Some(kernel));
            } else {
                others = others.saturating_add(1);
            }
        }
        Ok(exact.or(unknown.filter(|_| others == 1)))
    }

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

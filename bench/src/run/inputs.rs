//! The files that all contenders get.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use btf_types::{Btf, ByteOrder};
use serde::Serialize;

use crate::generate::{kernel::repeated, object::object};
use crate::{Result, code};

/// A real object of 53 relocations over 4 root types.
const SMALL: &str = "objects/tcptracer-libbpf.bpf.o";
/// Relocations and root types of the objects that are made.
const MEDIUM: (usize, usize) = (3_000, 250);
const LARGE: (usize, usize) = (25_000, 1_900);
/// Relocations of the objects that show the growth, beside the large one.
const STEPS: [usize; 4] = [100, 400, 1_600, 6_400];
/// How many kernels one object is relocated against.
const KERNELS: usize = 10;
/// How many times over a kernel's types are in the targets that show the growth.
const REPEATED: [u8; 3] = [1, 4, 16];

/// All files.
#[derive(Debug)]
pub struct Inputs {
    /// Whether they are smaller than what counts.
    pub quick: bool,
    /// The kernel with the most types.
    pub kernel: Kernel,
    /// Kernels to relocate one object against; some come twice where there are not enough.
    pub kernels: Vec<Kernel>,
    /// Larger and larger targets.
    pub larger: Vec<Kernel>,
    /// The small object.
    pub small: Object,
    /// The object of some thousands of relocations.
    pub medium: Object,
    /// The object of some tens of thousands of relocations.
    pub large: Object,
    /// Objects with more and more relocations, all with fewer than the large one.
    pub steps: Vec<Object>,
}

/// The BTF of a kernel.
#[derive(Debug, Clone, Serialize)]
pub struct Kernel {
    /// The file.
    #[serde(skip)]
    pub path: PathBuf,
    /// The file's name.
    pub name: String,
    /// Its size.
    pub bytes: usize,
    /// How many types it has.
    pub types: usize,
}

/// An object.
#[derive(Debug, Clone, Serialize)]
pub struct Object {
    /// The file.
    #[serde(skip)]
    pub path: PathBuf,
    /// The file's name.
    pub name: String,
    /// How many relocations it has.
    pub relocations: usize,
    /// How many root types these have.
    pub roots: usize,
}

impl Inputs {
    /// Finds the real files below `data`, and makes the others in `folder`. A quick run gets smaller
    /// ones.
    ///
    /// # Errors
    /// Files that are not there or cannot be read.
    pub fn prepare(data: &Path, folder: &Path, quick: bool) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let mut kernels = kernels(&data.join("kernels"))?;
        kernels.sort_by_key(|kernel| std::cmp::Reverse(kernel.types));
        let kernel = kernels.first().ok_or("there is no kernel's BTF in the data folder")?;
        let kernel = kernel.copy(folder)?;
        let ten = kernels.iter().cycle().take(KERNELS).cloned().collect();

        let bytes = fs::read(&kernel.path)?;
        let btf = Btf::parse(&bytes)?;
        let generate = |(relocations, roots): (usize, usize)| {
            let [relocations, roots] =
                [relocations, roots].map(|n| if quick { n.div_ceil(10) } else { n });
            let path = folder.join(format!("{relocations}.bpf.o"));
            fs::write(&path, object(&btf, roots, relocations)?)?;
            Object::inspect(path)
        };
        let in_proportion = |relocations| (relocations, relocations * LARGE.1 / LARGE.0);
        let large = generate(LARGE)?;
        let steps: Result<Vec<_>> = STEPS.into_iter().map(|n| generate(in_proportion(n))).collect();

        let mut larger = Vec::new();
        for times in if quick { &REPEATED[..2] } else { &REPEATED } {
            let path = folder.join(format!("{times}x-{}", kernel.name));
            fs::write(&path, repeated(&bytes, *times)?)?;
            larger.push(Kernel::inspect(path)?.ok_or("the kernel is of the other byte order")?);
        }
        Ok(Self {
            quick,
            small: Object::inspect(data.join(SMALL))?,
            medium: generate(MEDIUM)?,
            kernel,
            kernels: ten,
            larger,
            large,
            steps: steps?,
        })
    }
}

impl Kernel {
    /// A copy of the file, so that it lies in the page cache as all other files of the run do, however
    /// the original came there: that can make a fifth of a millisecond.
    fn copy(&self, folder: &Path) -> Result<Self> {
        let path = folder.join(&self.name);
        fs::write(&path, read(&self.path)?)?;
        Ok(Self { path, ..self.clone() })
    }

    /// Looks at a file; none if it is of the other byte order than the objects.
    fn inspect(path: PathBuf) -> Result<Option<Self>> {
        let bytes = read(&path)?;
        let btf = Btf::parse(&bytes)?;
        let (bytes, types) = (bytes.len(), btf.len());
        let name = file_name(&path);
        Ok((btf.byte_order() == ByteOrder::Little).then_some(Self { path, name, bytes, types }))
    }
}

impl Object {
    fn inspect(path: PathBuf) -> Result<Self> {
        let records = code::records(&read(&path)?)?;
        let records = || records.iter().flat_map(|(_, records)| records);
        let roots: BTreeSet<_> = records().map(|record| record.type_id).collect();
        let name = file_name(&path);
        Ok(Self { path, name, relocations: records().count(), roots: roots.len() })
    }
}

fn kernels(folder: &Path) -> Result<Vec<Kernel>> {
    let mut kernels = Vec::new();
    let entries = fs::read_dir(folder).map_err(|error| missing(folder, &error))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "btf") {
            kernels.extend(Kernel::inspect(path)?);
        }
    }
    Ok(kernels)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    Ok(fs::read(path).map_err(|error| missing(path, &error))?)
}

fn missing(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}; `cargo xtask data` fetches what is needed", path.display())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

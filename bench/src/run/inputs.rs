//! The input files of all contenders.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use btf_types::{Btf, ByteOrder};
use serde::Serialize;

use crate::generate::{kernel::repeated, object::object};
use crate::names::What;
use crate::{Result, code};

/// A real object with 53 relocations of 4 root types.
const SMALL: &str = "objects/tcptracer-libbpf.bpf.o";
/// The numbers of relocations and root types of the generated objects.
const MEDIUM: (usize, usize) = (3_000, 250);
const LARGE: (usize, usize) = (25_000, 1_900);
/// The numbers of relocations of the objects that show growth, except for the large one.
const STEPS: [usize; 4] = [100, 400, 1_600, 6_400];
/// The number of kernels that one object is relocated for.
const KERNELS: usize = 10;
/// The number of fields, of enumerators and of functions that are looked up.
const NAMES: usize = 20;
/// The number of real objects that are minimized for together.
const OBJECTS: usize = 60;
/// The numbers of copies of a kernel's types in the targets that show growth.
const REPEATED: [u8; 3] = [1, 4, 16];

/// All input files.
#[derive(Debug)]
pub struct Inputs {
    /// Whether the inputs are those of a quick run.
    pub quick: bool,
    /// The kernel with the most types.
    pub kernel: Kernel,
    /// The kernels that one object is relocated for; kernels repeat if there are too few.
    pub kernels: Vec<Kernel>,
    /// Targets of increasing size.
    pub larger: Vec<Kernel>,
    /// The small object.
    pub small: Object,
    /// The object with thousands of relocations.
    pub medium: Object,
    /// The object with tens of thousands of relocations.
    pub large: Object,
    /// Names that are spread over the kernel's types.
    pub names: Vec<(What, Vec<String>)>,
    /// The kernel with the fewest types, which is the oldest: not every program reads the kinds of types of newer ones.
    pub oldest: Kernel,
    /// Real objects that are minimized for together.
    pub objects: Vec<PathBuf>,
    /// Objects with increasing numbers of relocations, fewer than the large object.
    pub steps: Vec<Object>,
}

/// The BTF of a kernel.
#[derive(Debug, Clone, Serialize)]
pub struct Kernel {
    /// The path of the file.
    #[serde(skip)]
    pub path: PathBuf,
    /// The name of the file.
    pub name: String,
    /// The size in bytes.
    pub bytes: usize,
    /// The number of types.
    pub types: usize,
}

/// An object.
#[derive(Debug, Clone, Serialize)]
pub struct Object {
    /// The path of the file.
    #[serde(skip)]
    pub path: PathBuf,
    /// The name of the file.
    pub name: String,
    /// The number of relocations.
    pub relocations: usize,
    /// The number of root types.
    pub roots: usize,
}

impl Inputs {
    /// Finds the real files in `data`, and generates the others in `folder`. A quick run has smaller inputs.
    ///
    /// # Errors
    /// A file is missing or unreadable.
    pub fn prepare(data: &Path, folder: &Path, quick: bool) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let mut kernels = kernels(&data.join("kernels"))?;
        kernels.sort_by_key(|kernel| std::cmp::Reverse(kernel.types));
        let kernel = kernels.first().ok_or("there is no kernel's BTF in the data folder")?;
        let oldest = kernels.last().unwrap_or(kernel).copy(folder)?;
        let kernel = kernel.copy(folder)?;
        let copies: Vec<Kernel> =
            kernels.iter().take(KERNELS).map(|kernel| kernel.copy(folder)).collect::<Result<_>>()?;
        let ten = copies.iter().cycle().take(KERNELS).cloned().collect();

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

        let names = What::ALL.into_iter();
        let names: Result<_> = names.map(|what| Ok((what, what.choose(&btf, NAMES)?))).collect();

        let mut larger = Vec::new();
        for times in if quick { &REPEATED[..2] } else { &REPEATED } {
            let path = folder.join(format!("{times}x-{}", kernel.name));
            fs::write(&path, repeated(&bytes, *times)?)?;
            larger.push(Kernel::inspect(path)?.ok_or("the kernel has the other byte order")?);
        }
        Ok(Self {
            quick,
            small: Object::inspect(data.join(SMALL))?,
            medium: generate(MEDIUM)?,
            names: names?,
            kernel,
            oldest,
            objects: objects(&data.join("objects"))?,
            kernels: ten,
            larger,
            large,
            steps: steps?,
        })
    }
}

impl Kernel {
    /// Copies the file, so that it is in the page cache like all other files of the run: otherwise times may
    /// differ by a fifth of a millisecond. The system keeps a file that was written at once in large pieces, of which
    /// it maps many pages for one fault, and which it copies faster.
    fn copy(&self, folder: &Path) -> Result<Self> {
        let path = folder.join(&self.name);
        fs::write(&path, read(&self.path)?)?;
        Ok(Self { path, ..self.clone() })
    }

    /// Reads the facts of a file. Returns `None` if its byte order is not that of the objects.
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

/// Returns the first real objects for amd64.
fn objects(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| missing(folder, &error))? {
        let path = entry?.path();
        let name = file_name(&path);
        if name.ends_with(".bpf.o") && ![".arm64.", ".s390x."].iter().any(|it| name.contains(it)) {
            found.push(path);
        }
    }
    found.sort();
    found.truncate(OBJECTS);
    Ok(found)
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

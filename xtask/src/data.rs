//! `cargo xtask data`: fetches real kernels' BTF and real BPF objects, for the tests that compare with
//! libbpf.
//!
//! They are from Debian's packages and stay out of the repository, in `target/data` or in the folder
//! that `CORE_RELOC_DATA` names:
//!
//! ```text
//! kernels/NAME.btf              BTF of a kernel, from its image
//! kernels/NAME.modules/*.btf    split BTF of some of that kernel's modules
//! objects/*.bpf.o               BPF objects, from the programs that embed them
//! selftests/*.{bpfel,bpfeb}.o   the kernel's CO-RE selftests, compiled
//! selftests/src/                their sources
//! manifest.tsv                  the name, package and version of each item
//! ```
//!
//! To fetch an item again, delete its line in the manifest.

pub(crate) mod apt;
pub(crate) mod btf;
mod objects;
mod selftests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use self::apt::{Package, Suite};
use crate::{Result, files};

/// An item to fetch.
struct Item {
    name: &'static str,
    /// The suites that have it, in order of preference.
    suites: &'static [&'static str],
    architecture: &'static str,
    /// The package's name, in which one `*` stands for a version; the newest is fetched.
    package: &'static str,
    content: Content,
    /// Whether it is an error if the item cannot be fetched. Other items are from suites that change or
    /// will be archived.
    required: bool,
}

/// The part of a package that is wanted.
enum Content {
    /// The BTF of the kernel and of the named modules.
    Kernel { modules: &'static [&'static str] },
    /// The BPF objects that its programs embed, whose names get the suffix.
    Objects { suffix: &'static str },
    /// The kernel's CO-RE selftests.
    Selftests,
}

impl Item {
    const fn kernel(
        name: &'static str,
        suites: &'static [&'static str],
        architecture: &'static str,
        package: &'static str,
        modules: &'static [&'static str],
    ) -> Self {
        let content = Content::Kernel { modules };
        Self { name, suites, architecture, package, content, required: true }
    }

    const fn objects(
        name: &'static str,
        suites: &'static [&'static str],
        architecture: &'static str,
        package: &'static str,
        suffix: &'static str,
    ) -> Self {
        let content = Content::Objects { suffix };
        Self { name, suites, architecture, package, content, required: true }
    }

    const fn optional(self) -> Self {
        Self { required: false, ..self }
    }
}

/// The modules of which BTF is kept.
const MODULES: &[&str] = &["bridge", "btrfs", "kvm", "nf_conntrack", "tun", "virtio_net"];

/// All items. Cloud kernels are small, but the bench needs the more than 120,000 types of sid's other
/// one. Debian builds no 32-bit kernel with BTF, and of the big-endian ones only s390x, since 6.12. Its
/// bpftool embeds no objects.
const ITEMS: &[Item] = &[
    Item::kernel(
        "amd64-6.1",
        &["bookworm"],
        "amd64",
        "linux-image-6.1.0-*-cloud-amd64-unsigned",
        MODULES,
    ),
    Item::kernel(
        "arm64-6.1",
        &["bookworm"],
        "arm64",
        "linux-image-6.1.0-*-cloud-arm64-unsigned",
        &[],
    ),
    Item::kernel(
        "amd64-6.12",
        &["trixie"],
        "amd64",
        "linux-image-6.12.*-cloud-amd64-unsigned",
        &[],
    ),
    Item::kernel(
        "s390x-6.12",
        &["trixie", "bookworm-backports"],
        "s390x",
        "linux-image-6.12.*-s390x",
        &[],
    ),
    Item::kernel(
        "amd64-5.10",
        &["bullseye"],
        "amd64",
        "linux-image-5.10.0-*-cloud-amd64-unsigned",
        &[],
    )
    .optional(),
    Item::kernel("amd64-sid", &["sid"], "amd64", "linux-binary-*+deb14-amd64", &[]).optional(),
    Item::kernel("s390x-sid", &["sid"], "s390x", "linux-binary-*-s390x", &[]).optional(),
    Item::objects("libbpf-tools", &["trixie"], "amd64", "libbpf-tools", ""),
    Item::objects("libbpf-tools-arm64", &["trixie"], "arm64", "libbpf-tools", ".arm64").optional(),
    Item::objects("xdp-tools", &["trixie"], "amd64", "xdp-tools", ""),
    Item::objects("xdp-tools-s390x", &["trixie", "sid"], "s390x", "xdp-tools", ".s390x"),
    Item::objects("systemd", &["trixie"], "amd64", "libsystemd-shared", ""),
    Item::objects("systemd-s390x", &["trixie", "sid"], "s390x", "libsystemd-shared", ".s390x"),
    Item::objects("bpftune", &["sid"], "amd64", "libbpftune0", "").optional(),
    Item::objects("pwru", &["sid"], "amd64", "pwru", "").optional(),
    Item {
        name: "selftests",
        suites: &["trixie"],
        architecture: "amd64",
        package: "linux-source-6.12",
        content: Content::Selftests,
        required: true,
    },
];

/// The kernel whose types become the selftests' `vmlinux.h`.
const SELFTESTS_KERNEL: &str = "amd64-6.12";

/// Fetches the named items, or all of them, unless they are present.
pub(crate) fn run(arguments: &[String]) -> Result {
    if let Some(unknown) = arguments.iter().find(|name| ITEMS.iter().all(|i| i.name != **name)) {
        let names: Vec<_> = ITEMS.iter().map(|item| item.name).collect();
        return Err(
            format!("there is no item `{unknown}`; the items are {}", names.join(" ")).into()
        );
    }
    let folder = folder()?;
    fs::create_dir_all(&folder)?;
    let mut manifest = Manifest::read(&folder)?;
    let mut suites = Suites::new(folder.join("apt"));
    let mut missing = Vec::new();
    for item in ITEMS {
        if !arguments.is_empty() && arguments.iter().all(|name| name != item.name) {
            continue;
        }
        if let Some(package) = manifest.items.get(item.name) {
            println!("{}: present ({package})", item.name);
            continue;
        }
        match fetch(item, &mut suites, &folder) {
            Ok((package, summary)) => {
                println!("{}: {summary} ({} {})", item.name, package.name, package.version);
                manifest.add(item.name, &package)?;
            }
            Err(error) => {
                println!("{}: FAILED: {error}", item.name);
                missing.extend(item.required.then_some(item.name));
            }
        }
    }
    // The package lists take some hundred megabytes.
    for leftover in [&suites.folder, &folder.join("scratch")] {
        if leftover.exists() {
            fs::remove_dir_all(leftover)?;
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("missing from {}: {}", folder.display(), missing.join(", ")).into())
}

/// Returns the data folder: `CORE_RELOC_DATA`, or `target/data` of the workspace.
pub(crate) fn folder() -> Result<PathBuf> {
    let folder = match env::var_os("CORE_RELOC_DATA") {
        Some(folder) => folder.into(),
        None => PathBuf::from("target/data"),
    };
    Ok(std::path::absolute(folder)?)
}

/// Fetches an item from the first suite that has it.
fn fetch(item: &Item, suites: &mut Suites, folder: &Path) -> Result<(Package, String)> {
    let mut failures = Vec::new();
    for name in item.suites {
        match fetch_from(name, item, suites, folder) {
            Ok(fetched) => return Ok(fetched),
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    Err(failures.join("; ").into())
}

fn fetch_from(
    suite: &'static str,
    item: &Item,
    suites: &mut Suites,
    folder: &Path,
) -> Result<(Package, String)> {
    let suite = suites.open(suite, item.architecture)?;
    let package = suite.newest(item.package)?.clone();
    let scratch = folder.join("scratch").join(item.name);
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    let result = fetch_package(item, suite, &package, &scratch, folder);
    fs::remove_dir_all(&scratch)?;
    Ok((package, result?))
}

fn fetch_package(
    item: &Item,
    suite: &Suite,
    package: &Package,
    scratch: &Path,
    folder: &Path,
) -> Result<String> {
    let unpacked = scratch.join("unpacked");
    fs::create_dir_all(&unpacked)?;
    match item.content {
        Content::Kernel { modules } => {
            suite.unpack(package, &unpacked)?;
            let kernels = folder.join("kernels");
            fs::create_dir_all(&kernels)?;
            fetch_kernel(&unpacked, modules, &kernels, item.name)
        }
        Content::Objects { suffix } => {
            suite.unpack(package, &unpacked)?;
            match objects::extract(&unpacked, &folder.join("objects"), suffix)? {
                0 => Err(format!("{} embeds no BPF object", package.name).into()),
                count => Ok(format!("{count} objects")),
            }
        }
        Content::Selftests => {
            let kernel = folder.join(format!("kernels/{SELFTESTS_KERNEL}.btf"));
            selftests::fetch(suite, package, scratch, &kernel, &folder.join("selftests"))
        }
    }
}

fn fetch_kernel(unpacked: &Path, modules: &[&str], kernels: &Path, name: &str) -> Result<String> {
    let files = files::below(unpacked)?;
    let find = |wanted: &dyn Fn(&str) -> bool| {
        let is_wanted =
            |file: &&PathBuf| file.file_name().and_then(|name| name.to_str()).is_some_and(wanted);
        files.iter().find(is_wanted)
    };
    let image = find(&|file| file == "vmlinuz" || file.starts_with("vmlinuz-"))
        .ok_or("the package has no vmlinuz")?;
    let kernel = btf::of_kernel(image)?;
    for module in modules {
        let file = find(&|file| file.split_once('.').is_some_and(|(stem, _)| stem == *module))
            .ok_or_else(|| format!("the package has no module {module}"))?;
        let folder = kernels.join(format!("{name}.modules"));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{module}.btf")), btf::of_module(file)?)?;
    }
    fs::write(kernels.join(format!("{name}.btf")), &kernel)?;
    Ok(format!("{} bytes of BTF, {} modules", kernel.len(), modules.len()))
}

/// The suites that were opened so far.
pub(crate) struct Suites {
    /// Where apt's files go.
    folder: PathBuf,
    /// By name and architecture. A suite that cannot be opened keeps its error and is not tried again.
    open: BTreeMap<(&'static str, &'static str), std::result::Result<Suite, String>>,
}

impl Suites {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, open: BTreeMap::new() }
    }

    pub(crate) fn open(
        &mut self,
        name: &'static str,
        architecture: &'static str,
    ) -> Result<&Suite> {
        let suite = self.open.entry((name, architecture)).or_insert_with(|| {
            Suite::open(name, architecture, &self.folder).map_err(|error| error.to_string())
        });
        suite.as_ref().map_err(|error| error.clone().into())
    }
}

/// The items in the data folder and their packages.
struct Manifest {
    path: PathBuf,
    /// The package and version of each item.
    items: BTreeMap<String, String>,
}

impl Manifest {
    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("manifest.tsv");
        let text = if path.exists() { fs::read_to_string(&path)? } else { String::new() };
        let items = text.lines().filter_map(|line| line.split_once('\t'));
        let items = items.map(|(item, package)| (item.to_owned(), package.to_owned())).collect();
        Ok(Self { path, items })
    }

    fn add(&mut self, item: &str, package: &Package) -> Result {
        self.items.insert(item.to_owned(), format!("{}\t{}", package.name, package.version));
        let lines = self.items.iter().map(|(item, package)| format!("{item}\t{package}\n"));
        Ok(fs::write(&self.path, lines.collect::<String>())?)
    }
}

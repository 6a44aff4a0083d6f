//! The arguments of `store`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::FormatArguments;

#[derive(Debug, Args)]
#[command(after_help = STORE_EXAMPLES)]
pub struct StoreArguments {
    #[command(subcommand)]
    pub command: StoreCommand,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum StoreCommand {
    /// Add kernels with their modules to a store, which is made if there is none
    Add(StoreAdd),
    /// List the kernels of a store
    List(StoreList),
    /// Write the BTF of one kernel, or of one of its modules
    ///
    /// It has the same types as the original, under other ids.
    Extract(StoreExtract),
    /// Merge stores
    Merge(StoreMerge),
    /// Remove kernels from a store, and print their names
    ///
    /// Those for which all given patterns match, with * and ? for any characters.
    Remove(StoreRemove),
}

impl StoreCommand {
    /// Returns the paths of all files and folders that the command reads and does not write.
    pub fn inputs(&self) -> Vec<&PathBuf> {
        match self {
            Self::Add(StoreAdd { kernels, .. }) => kernels.iter().collect(),
            Self::List(StoreList { store, .. }) | Self::Extract(StoreExtract { store, .. }) => {
                vec![store]
            }
            Self::Merge(StoreMerge { stores, .. }) => stores.iter().collect(),
            Self::Remove(_) => Vec::new(),
        }
    }
}

const STORE_EXAMPLES: &str = "\
Examples:
  core-reloc store add debian.store btfhub-archive/debian/
      make a store of all kernels in a folder and its archives
  core-reloc check prog.bpf.o --target debian.store
      check for every kernel of the store
  core-reloc store list debian.store --format json | jq -r .release
      list the releases
  core-reloc dump task_struct --target debian.store --kernel 6.1.0-50-amd64
      print a type of one kernel
  core-reloc store extract debian.store 6.1.0-50-amd64 -o 6.1.btf
      write the BTF of one kernel
  core-reloc store remove debian.store --distribution debian/10 --dry-run
      list what would be removed

A store has each type once that its kernels share, and takes the place of a folder of them wherever kernels are \
read. The order in which kernels were added does not show in it. Distribution and architecture are those of \
the folders, as in debian/12/amd64/6.1.0-50-amd64.btf, also of those that lead to what is named.

With add, the exit status is 1 if some of the kernels cannot be used; the others are added.";

#[derive(Debug, Args)]
pub struct StoreAdd {
    /// The store
    pub store: PathBuf,
    /// The kernels: files in any format that relocate reads, and folders, archives and stores of them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub kernels: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct StoreList {
    /// The store
    pub store: PathBuf,
    #[command(flatten)]
    pub format: FormatArguments,
}

#[derive(Debug, Args)]
pub struct StoreExtract {
    /// The store
    pub store: PathBuf,
    /// The kernel: its release, as uname -r prints it, or the end of its name with folders, as store list
    /// prints it: debian/12/amd64/6.1.0-50-amd64
    #[arg(value_name = "RELEASE")]
    pub kernel: String,
    /// The module whose split BTF is written; its base is the kernel's BTF that this command writes
    #[arg(long, value_name = "NAME")]
    pub module: Option<String>,
    /// The output
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct StoreMerge {
    /// The stores
    #[arg(required = true, value_name = "STORE")]
    pub stores: Vec<PathBuf>,
    /// The output, which may only replace a store
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct StoreRemove {
    /// The store
    pub store: PathBuf,
    /// The releases: '5.4.*'
    #[arg(long, value_name = "GLOB", required_unless_present_any = ["distribution", "architecture"])]
    pub release: Option<String>,
    /// The distributions: 'debian/10', '*/sid'
    #[arg(long, value_name = "GLOB")]
    pub distribution: Option<String>,
    /// The architectures: 'arm64'
    #[arg(long, value_name = "GLOB")]
    pub architecture: Option<String>,
    /// Only print the names
    #[arg(long)]
    pub dry_run: bool,
}

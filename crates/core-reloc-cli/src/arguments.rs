//! The arguments of the program, and their help.

mod store;

use std::{
    fmt,
    num::NonZeroU32,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::store::{
    StoreAdd, StoreArguments, StoreCommand, StoreExtract, StoreList, StoreMerge, StoreRemove,
};

/// Relocate BPF objects for the running kernel or any other, and inspect them
#[derive(Debug, Parser)]
#[command(name = "core-reloc", version, after_help = EXIT_STATUS, max_term_width = MAX_HELP_WIDTH)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Relocate an object and report each relocation
    Relocate(Relocate),
    /// List what an object asks for; no target is needed
    Inspect(Inspect),
    /// Explain how each relocation resolves, or why it does not and how to fix it
    Explain(Explain),
    /// Check objects for many kernels, and report where they would fail
    Check(Check),
    /// Merge the reports of the shards of a check, as if one machine had checked all kernels
    Merge(Merge),
    /// Find the relocation that a verifier log complains about, and explain it
    Blame(Blame),
    /// Show the offset, size and type of a field, or the value of an enumerator
    Query(Query),
    /// Print types as C definitions, with the offsets and sizes of their members, or as a header
    Dump(Dump),
    /// Show what differs between the types of two kernels
    Diff(Diff),
    /// Write the smallest BTF that relocates objects exactly as a kernel's full BTF does
    Minimize(Minimize),
    /// Make, list and change stores: the types of many kernels in one file
    Store(StoreArguments),
    /// Report whether the running kernel supports CO-RE, and where its BTF is
    Support(Support),
}

impl Command {
    /// Returns the paths of all files and folders that the command reads.
    pub fn inputs(&self) -> Vec<&Path> {
        let paths: Vec<&PathBuf> = match self {
            Self::Relocate(Relocate { object, target, .. })
            | Self::Explain(Explain { object, target, .. }) => {
                [object].into_iter().chain(target.inputs()).collect()
            }
            Self::Inspect(Inspect { object, .. }) => vec![object],
            Self::Check(Check { objects, targets, modules, symbols, config, report, .. }) => {
                let paths = objects.iter().chain(targets).chain(modules);
                paths.chain(symbols).chain(config).chain(&report.baseline).collect()
            }
            Self::Merge(Merge { reports, report }) => {
                reports.iter().chain(&report.baseline).collect()
            }
            Self::Blame(Blame { object, log, target, .. }) => {
                [object, log].into_iter().chain(target.inputs()).collect()
            }
            Self::Query(Query { targets, modules, .. }) => targets.iter().chain(modules).collect(),
            Self::Dump(Dump { object, target, .. }) => {
                object.iter().chain(target.inputs()).collect()
            }
            Self::Diff(Diff { old, new, objects, modules, .. }) => {
                [old, new].into_iter().chain(objects).chain(modules).collect()
            }
            Self::Minimize(Minimize { objects, target, modules, since, .. }) => {
                // Of what may be replaced, only standard input counts, since it is read once.
                let stream = since.iter().filter(|since| *since == Path::new("-"));
                objects.iter().chain(target).chain(modules).chain(stream).collect()
            }
            Self::Store(StoreArguments { command }) => command.inputs(),
            Self::Support(_) => Vec::new(),
        };
        paths.into_iter().map(PathBuf::as_path).collect()
    }
}

/// The most columns of the help: of a narrower terminal, all. It has as many without a terminal.
const MAX_HELP_WIDTH: usize = 80;

const EXIT_STATUS: &str = "\
Exit status:
  0  the answer is yes, and all of the work was done
  1  the answer is no, or a part of the work was not done:
       relocate, explain,  a relocation failed
       minimize
       check, merge        a program does not load or cannot be attached, and
                           the baseline does not list the cause; with --lint:
                           there is a finding
       blame               the log has no complaint, or no relocation has to do
                           with it
       query, dump         a name was not found
       diff                the types differ, or a name was not found
       support             the running kernel has no BTF
       check, merge,       some of several targets cannot be used
       query, minimize
  2  wrong usage; a file cannot be read or written; no target can be used; or
     a shard is missing in what merge merges

Text is as wide as the terminal. In a file or pipe it has no colors, and each \
line stays whole, unless the environment has COLUMNS.

Wherever a file is named, - is standard input or standard output. If an output is written to \
standard output, the report is on standard error.";

#[derive(Debug, Args)]
#[command(after_help = RELOCATE_EXAMPLES)]
pub struct Relocate {
    /// The BPF object, as compiled by clang
    pub object: PathBuf,
    #[command(flatten)]
    pub target: TargetArguments,
    /// Write the object with patched code and no relocation records, unless a relocation failed
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// Write to the object's own file, which -o alone refuses
    #[arg(long)]
    pub in_place: bool,
    /// What to do with an instruction whose relocation finds no match in the target
    #[arg(long, value_enum, default_value_t)]
    pub unresolved: OnUnresolved,
    #[command(flatten)]
    pub quiet: QuietArguments,
    #[command(flatten)]
    pub format: FormatArguments,
}

const RELOCATE_EXAMPLES: &str = "\
Examples:
  core-reloc relocate prog.bpf.o
      report the relocations for the running kernel and its modules
  core-reloc relocate prog.bpf.o -o prog.here.o
      also write the relocated object, which any loader can load as it is
  ssh vm cat /sys/kernel/btf/vmlinux |
      core-reloc relocate prog.bpf.o --target - -o prog.vm.o
      relocate for the kernel of another machine
  core-reloc relocate prog.bpf.o --target vmlinuz-6.12 --module my.ko.xz
      relocate for another kernel and one of its modules
  core-reloc relocate prog.bpf.o --target debian.store --kernel 6.1.0-50-amd64
      relocate for one of the kernels in a store
  core-reloc relocate prog.bpf.o --unresolved error --format json
      fail if the kernel lacks something; print one JSON object per line
  core-reloc relocate prog.bpf.o -o prog.here.o --quiet
      write the object, and print only errors and warnings

The exit status is 1 if a relocation failed; nothing is then written.";

#[derive(Debug, Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub struct Inspect {
    /// The BPF object, as compiled by clang
    pub object: PathBuf,
    #[command(flatten)]
    pub format: FormatArguments,
}

const INSPECT_EXAMPLES: &str = "\
Examples:
  core-reloc inspect prog.bpf.o
      list each relocation with its function and line of source
  core-reloc inspect prog.bpf.o --format json | jq -r .root | sort | uniq -c
      count the relocations of each type";

#[derive(Debug, Args)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub struct Explain {
    /// The BPF object, as compiled by clang
    pub object: PathBuf,
    #[command(flatten)]
    pub target: TargetArguments,
    /// Only explain the relocations of this function, or of the functions in this section
    #[arg(long, value_name = "NAME")]
    pub program: Option<String>,
    /// Only explain the relocations of this root type and its flavors
    #[arg(long = "type", value_name = "NAME")]
    pub root: Option<String>,
    /// Only explain the relocations with one of these results, separated by commas; may be repeated
    #[arg(long, value_enum, value_delimiter = ',')]
    pub status: Vec<OutcomeName>,
    /// Explain the relocations that are ok, too
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub format: FormatArguments,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  core-reloc explain prog.bpf.o
      explain what does not simply resolve on the running kernel
  core-reloc explain prog.bpf.o --target vmlinux-6.12 --status poisoned,failed
      list what that kernel lacks, and what it has instead
  core-reloc explain prog.bpf.o --program on_exit --type task_struct --all
      explain all relocations of one type in one program
  core-reloc explain prog.bpf.o --format json | jq '.cures[].text'
      print only the suggested fixes

A relocation is ok if it got a value, and there is nothing to explain about \
it. Those are left out, and counted, unless --all or --status asks for them.

The exit status is 1 if one of the explained relocations failed. Poisoned relocations do not count: \
the verifier rejects them only if they can be reached.";

/// The result of a relocation, as a value of `--status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutcomeName {
    /// The instruction holds the target's value
    Relocated,
    /// The target lacks what the relocation asks for
    Poisoned,
    /// The relocation is invalid or ambiguous
    Failed,
    /// The instruction is not part of a function
    Skipped,
}

impl OutcomeName {
    /// Returns the name of the result in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relocated => "relocated",
            Self::Poisoned => "poisoned",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct Check {
    /// The BPF objects, as compiled by clang, or folders with objects among other files
    #[arg(required = true, value_name = "OBJECT|DIR")]
    pub objects: Vec<PathBuf>,
    /// The kernels: a file in any format that relocate reads, or a folder or archive of such files,
    /// in which their modules are found, too; may be repeated [default: the running kernel with its
    /// modules]
    #[arg(long = "target", value_name = "FILE|DIR")]
    pub targets: Vec<PathBuf>,
    /// The BTF of a module, in addition to those that are found with the kernels: raw BTF or a .ko
    /// file, also compressed; of several kernels, it is used for those that it was built for; may be
    /// repeated
    #[arg(long = "module", value_name = "FILE")]
    pub modules: Vec<PathBuf>,
    /// The symbols of a kernel, to which kprobes attach: a System.map, or a copy of /proc/kallsyms;
    /// of several kernels, the one of the release in the name of FILE [default: System.map-RELEASE
    /// beside vmlinuz-RELEASE; /proc/kallsyms for the running kernel]
    #[arg(long, value_name = "FILE")]
    pub symbols: Option<PathBuf>,
    /// The configuration of a kernel, also compressed; of several kernels, the one of the release in
    /// the name of FILE [default: config-RELEASE beside vmlinuz-RELEASE; /proc/config.gz or
    /// /boot/config-RELEASE for the running kernel]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Report what is wrong with the objects on any kernel; no target is needed
    #[arg(long, conflicts_with_all = ["targets", "baseline", "write_baseline", "html", "ranges"])]
    pub lint: bool,
    /// Check only the I-th of N parts of the kernels, and write a report that `core-reloc merge` puts
    /// together with those of the other parts; needs --target and --format json
    #[arg(
        long,
        value_name = "I/N",
        requires = "targets",
        conflicts_with_all = ["lint", "baseline", "write_baseline", "html", "quiet"]
    )]
    pub shard: Option<Shard>,
    #[command(flatten)]
    pub report: ReportArguments,
}

// How the results of `check` are reported. A doc comment would become the description of the command.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Accept the known problems in this file, which --write-baseline wrote, and print only the others
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Accept all current problems and write them to this file, which may only be an earlier one
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Write the results as a self-contained page for a browser; FILE may only be an earlier page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print the relocations behind each cause
    #[arg(long)]
    pub explain: bool,
    /// List the versions of kernels on which each program loads, also if there are only a few kernels
    #[arg(long)]
    pub ranges: bool,
    #[command(flatten)]
    pub quiet: QuietArguments,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: CheckFormat,
    /// The folder that the paths of sources in the objects start from, for github and sarif
    /// [default: the current folder]
    #[arg(long, value_name = "DIR")]
    pub source_root: Option<PathBuf>,
}

/// One of several parts of the kernels: `I/N`, where I counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1 to the count.
    pub index: NonZeroU32,
    pub count: NonZeroU32,
}

/// The most shards: more than any scheduler's array of jobs has.
const MAX_SHARDS: u32 = 1_000_000;

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || format!("expected I/N, such as 2/8, with I from 1 to N and N at most {MAX_SHARDS}");
        let (index, count) = text.split_once('/').ok_or_else(expected)?;
        let number = |text: &str| text.parse::<NonZeroU32>().map_err(|_| expected());
        Self::new(number(index)?, number(count)?).ok_or_else(expected)
    }
}

impl Shard {
    /// Returns a shard, or `None` if there are fewer shards than its index, or too many.
    pub fn new(index: NonZeroU32, count: NonZeroU32) -> Option<Self> {
        (index <= count && count.get() <= MAX_SHARDS).then_some(Self { index, count })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// The formats of `check`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// Text for people
    #[default]
    Text,
    /// JSON for programs: one object per line
    Json,
    /// Annotations for GitHub Actions: workflow commands that show each cause at its line
    Github,
    /// SARIF 2.1.0, for code scanning and editors: a result for each cause
    Sarif,
    /// JUnit XML, for the test reports of CI systems: a test case for each program on each kernel
    Junit,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  core-reloc check prog.bpf.o
      check for the running kernel
  core-reloc check build/ --target kernels/ --html report.html
      check all objects in a folder for every kernel in another, and write a
      page with the results
  core-reloc check *.bpf.o --target kernels/ --write-baseline known.tsv
      accept everything that fails today
  core-reloc check *.bpf.o --target kernels/ --baseline known.tsv
      print the new problems, count the accepted ones, and fail only on new
      ones, as a CI job would
  core-reloc check prog.bpf.o --format json |
      jq 'select(.type == \"cause\")'
      list what prevents programs from loading, and what they depend on
  core-reloc check *.bpf.o --target kernels/ --format github
      show each cause at its line of source in a pull request, in a job of
      GitHub Actions
  core-reloc check *.bpf.o --target kernels/ --format sarif > core-reloc.sarif
      write a file for code scanning; sources were compiled in this folder
  core-reloc check build/ --target kernels/ --format junit > core-reloc.xml
      write a test report, as GitLab and Jenkins read it
  core-reloc check *.bpf.o --lint
      report what is wrong on any kernel, such as a question whose answer
      protects nothing
  core-reloc check build/ --target kernels/ --shard 2/8 --format json > 2.json
      check the second of eight parts, as one of eight machines or jobs would
  core-reloc check prog.bpf.o --target linux-image-6.1.0-50-amd64/
      check for a package that was unpacked: boot/vmlinuz-* with its
      configuration and modules
  core-reloc check prog.bpf.o --target 6.1.btf --module my.ko --config 6.1.cfg
      check with a module that was built for the kernel, and with the kernel's
      configuration

Each program has a verdict on each kernel, the first of these that holds:
  other_architecture  the object is for another byte order or other registers
  failed              a relocation is broken or ambiguous; no loader accepts it
  missing             the kernel lacks something: a function, a hook, a helper,
                      a type of map, ...
  poisoned            the verifier reaches a poisoned instruction
  left_open           user space must fill it in, or types cannot tell
  conditional         it loads with certain values of .rodata and .kconfig
  not_attachable      it loads, but what it attaches to is missing
  guarded             the verifier reaches none of its poisoned instructions
  changed, ok         its instructions get the kernel's values, or have them
  skipped             it asks nothing of the kernel

A kernel's modules count as loaded. They are read if the kernel itself lacks what a program asks for, and \
found by their names: 6.1.NAME.btf or 6.1.modules/NAME.btf beside 6.1.btf, lib/modules/RELEASE, or in \
the folder of a single kernel.

Of more than four kernels, or with --ranges, the report lists for each program the versions on which it \
loads, by distribution, as the folders and names of the kernels state them, and what it meets on the first kernel outside.

With --shard, a file in a folder belongs to the part that its path in the folder determines, on every machine; \
of a file that is named itself, such as an archive, each kernel by its path in it. Every part has \
all objects.

The verifier's own rules are not checked: a program may still access memory out of bounds, or call a \
helper that its type may not call.

The exit status is 1 if a program does not load or cannot be attached, unless the baseline lists the \
cause or the program is optional (SEC(\"?...\")); or if some of the targets cannot be used: they are \
listed, and the others are checked. It is 2 if no target can be read. With --lint, it is 1 \
if anything is found. With --shard, it is 0 once the report is complete, whatever the verdicts: merge has \
the answer.";

#[derive(Debug, Args)]
#[command(after_help = MERGE_EXAMPLES)]
pub struct Merge {
    /// The reports of all shards, in any order: what `check --shard I/N --format json` printed
    #[arg(required = true, value_name = "REPORT")]
    pub reports: Vec<PathBuf>,
    #[command(flatten)]
    pub report: ReportArguments,
}

const MERGE_EXAMPLES: &str = "\
Examples:
  core-reloc merge 1.json 2.json --html report.html
      print the results of two shards as text, and write a page
  core-reloc merge shards/*.json --format json > all.json
      write what one run of check would have written
  core-reloc merge shards/*.json --baseline known.tsv --format github
      report only new problems, in a job of GitHub Actions

The results, the page, and the exit status are those of one `check` of all kernels with the same options; it \
prints its errors about targets again. The reports must be of the same version of core-reloc, the same objects, and the \
same files of kernels.

The exit status is 2, and nothing is merged, if a shard is missing, is there twice, or did not finish: it is named, \
and can be run again by itself.";

#[derive(Debug, Args)]
#[command(after_help = BLAME_EXAMPLES)]
pub struct Blame {
    /// The BPF object that was loaded, as compiled by clang
    pub object: PathBuf,
    /// The verifier's log, as printed by any loader
    #[arg(long, value_name = "FILE")]
    pub log: PathBuf,
    #[command(flatten)]
    pub target: TargetArguments,
    /// Only consider the relocations of this function, or of the functions in this section
    #[arg(long, value_name = "NAME")]
    pub program: Option<String>,
    #[command(flatten)]
    pub format: FormatArguments,
}

const BLAME_EXAMPLES: &str = "\
Examples:
  core-reloc blame prog.bpf.o --log verifier.log
      explain a log of the running kernel
  bpftool prog load prog.bpf.o /sys/fs/bpf/prog 2>&1 |
      core-reloc blame prog.bpf.o --log -
      load an object and explain why it is rejected
  core-reloc blame prog.bpf.o --log its.log --target 5.10.btf --program on_exit
      explain a log of another kernel; --program helps if the log is short

The log may be that of libbpf, bpftool, aya or cilium/ebpf; of the latter, print all of it (%+v). The verifier \
stops at a poisoned instruction, whose relocation is then explained, or complains about another one, as in \
`access beyond struct task_struct at off 9800 size 4`. If that instruction was relocated, or uses an address or \
number that was, the relocation is named, with its old and new value and the sizes of its struct.

The exit status is 1 if the log contains no complaint, or no relocation has to do with it. With --format json, \
every relocation is printed as explain prints it, with what the log says.";

#[derive(Debug, Args)]
#[command(after_help = QUERY_EXAMPLES)]
pub struct Query {
    /// What to look up: TYPE, TYPE.FIELD, TYPE.FIELD[INDEX], ENUM::ENUMERATOR or ENUMERATOR
    #[arg(required = true, value_name = "QUESTION")]
    pub questions: Vec<String>,
    /// The kernels: a file in any format that relocate reads, or a folder or archive of such files;
    /// may be repeated to compare kernels [default: the running kernel]
    #[arg(long = "target", value_name = "FILE|DIR")]
    pub targets: Vec<PathBuf>,
    /// The only kernel to ask of those in a target: its release, or the end of its name with folders, as
    /// store list prints it: debian/12/amd64/6.1.0-50-amd64
    #[arg(long, value_name = "RELEASE", requires = "targets")]
    pub kernel: Option<String>,
    /// The BTF of a module, searched for what the kernel itself lacks, or the name of a module that is in
    /// the store, or beside the kernel; needs a single target; may be repeated [default: the running
    /// kernel's modules, if that kernel is the target]
    #[arg(long = "module", value_name = "FILE|NAME")]
    pub modules: Vec<PathBuf>,
    #[command(flatten)]
    pub format: FormatArguments,
}

const QUERY_EXAMPLES: &str = "\
Examples:
  core-reloc query task_struct.pid
      show where the field is in the running kernel
  core-reloc query 'task_struct.comm[3]' --target 5.10.btf --target 6.12.btf
      compare two kernels
  core-reloc query task_struct.state --target kernels/
      compare all kernels in a folder
  core-reloc query task_struct.state --target debian.store
      compare all kernels in a store; with --kernel, ask one of them
  core-reloc query nf_conn.mark --target 6.12.btf --module nf_conntrack.ko.xz
      look up a field of a module's type
  core-reloc query 'enum bpf_map_type::BPF_MAP_TYPE_ARENA' task_struct
      show the values of enumerators and the size of a type
  core-reloc query 'Vec<u8, alloc::alloc::Global>.len' --target prog.bpf.o
      look up a field of a type of Rust

If several types have the name, with any flavor, each answers on a line of its own: a relocation \
considers all of them.

The exit status is 1 if a target lacks one of the types, fields or enumerators, or if some of the \
targets cannot be used.";

#[derive(Debug, Args)]
#[command(after_help = DUMP_EXAMPLES)]
pub struct Dump {
    /// The names or ids of types; `struct NAME`, `union NAME` or `enum NAME` selects one kind; in a
    /// name, * stands for any characters and ? for one [default: all types]
    #[arg(value_name = "NAME|ID")]
    pub types: Vec<String>,
    /// Print the types of the kernel that this BPF object uses
    #[arg(long = "for", value_name = "OBJECT")]
    pub object: Option<PathBuf>,
    #[command(flatten)]
    pub target: TargetArguments,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: DumpFormat,
}

/// The formats of `dump`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DumpFormat {
    /// Definitions for people, with offsets and sizes
    #[default]
    Text,
    /// JSON for programs: one object per line
    Json,
    /// A header for BPF programs: a vmlinux.h
    C,
}

const DUMP_EXAMPLES: &str = "\
Examples:
  core-reloc dump task_struct
      print a type of the running kernel, or of its modules
  core-reloc dump 'enum bpf_map_type' 4711 --target vmlinux-6.12
      print one type by its name and one by its id
  core-reloc dump nf_conn --target vmlinux-6.12 --module nf_conntrack.ko.xz
      print a type of a module
  core-reloc dump sock --target debian.store --kernel arm64/6.1.0-50-arm64
      print a type of one of the kernels in a store
  core-reloc dump --format c > vmlinux.h
      write a header with all types of the running kernel
  core-reloc dump --format c --for prog.bpf.o > vmlinux.h
      write a small one, with the types that a program uses and those that
      they need
  core-reloc dump --format c file 'bpf_iter_*' --target 6.12.btf > vmlinux.h
      write one with the named types and those that they need
  core-reloc dump --target prog.bpf.o --format json | jq -r .name
      list the names of an object's own types

A header compiles with clang for BPF, and its types have the sizes and offsets of the kernel's. Accesses \
to them are relocated, unless BPF_NO_PRESERVE_ACCESS_INDEX is defined. Functions that programs may call \
(kfuncs) are declared, unless BPF_NO_KFUNC_PROTOTYPES is defined. With names or --for, a type that is only \
pointed to is declared and not defined. Of several types with one name, the most used keeps it, and the \
others become flavors such as NAME___2. A comment at its end lists what C for BPF cannot express.

The exit status is 1 if a name or id was not found.";

#[derive(Debug, Args)]
#[command(after_help = DIFF_EXAMPLES)]
pub struct Diff {
    /// The old kernel: a file in any format that relocate reads, or a folder, archive or store of
    /// kernels, of which --old-kernel names one if there are several
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The new kernel, which may be in the same file
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Only compare types with these names; `struct NAME`, `union NAME` or `enum NAME` selects one kind;
    /// in a name, * stands for any characters and ? for one [default: all types]
    #[arg(value_name = "NAME")]
    pub types: Vec<String>,
    /// Only compare the types that this BPF object uses, or all in a folder; may be repeated, and names add
    /// to them
    #[arg(long = "for", value_name = "OBJECT|DIR")]
    pub objects: Vec<PathBuf>,
    /// The kernel of several in OLD: its release, or the end of its name with folders, as store list
    /// prints it: debian/12/amd64/6.1.0-50-amd64
    #[arg(long, value_name = "RELEASE")]
    pub old_kernel: Option<String>,
    /// The kernel of several in NEW
    #[arg(long, value_name = "RELEASE")]
    pub new_kernel: Option<String>,
    /// The BTF of a module, whose types are compared too: raw BTF or a .ko file, also compressed, which is
    /// used for the kernel that it was built for; or the name of a module that is in the store, or beside
    /// the kernel; may be repeated
    #[arg(long = "module", value_name = "FILE|NAME")]
    pub modules: Vec<PathBuf>,
    /// List each member that was moved, not one line for several that were moved by the same distance
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub format: FormatArguments,
}

const DIFF_EXAMPLES: &str = "\
Examples:
  core-reloc diff vmlinux-6.1 vmlinux-6.12 task_struct
      show how a type has changed
  core-reloc diff vmlinux-6.1 vmlinux-6.12 --for prog.bpf.o
      show how the types that a program uses have changed
  core-reloc diff 5.10.btf /sys/kernel/btf/vmlinux 'bpf_*' 'enum bpf_func_id'
      compare some types of another kernel with those of the running one
  core-reloc diff debian.store debian.store task_struct \\
        --old-kernel 6.1.0-50-amd64 --new-kernel 6.12.107+deb13-amd64
      compare two kernels of a store
  core-reloc diff old.btf new.btf --module old/my.ko --module new/my.ko my_type
      compare types of a module of both kernels
  core-reloc diff 6.1.btf 6.12.btf --format json |
      jq -r 'select(.change == \"gone\") | .name'
      list what the new kernel lacks

Each line of a type says what happened to a member or enumerator:
  -  it is gone
  +  it is new
  ~  it was moved, resized, retyped or renamed; what it was is said after it

Types are compared by name, and each difference is listed with the type that it is in: that a struct \
has grown is not a difference of a pointer to it. A rename is inferred, as the BTF does not record it.

The exit status is 0 if nothing differs, 1 if something does or a name was not found in either kernel, \
and 2 if a file cannot be read.";

#[derive(Debug, Args)]
#[command(after_help = MINIMIZE_EXAMPLES)]
pub struct Minimize {
    /// The BPF objects, as compiled by clang, or folders with objects among other files
    #[arg(required = true, value_name = "OBJECT|DIR")]
    pub objects: Vec<PathBuf>,
    /// The kernel: a file in any format that relocate reads, or a folder or archive of such files
    /// [default: the running kernel]
    #[arg(long, value_name = "FILE|DIR")]
    pub target: Option<PathBuf>,
    /// The BTF of a module, which is minimized too; may be repeated
    #[arg(long = "module", value_name = "FILE")]
    pub modules: Vec<PathBuf>,
    /// Also keep what check asks for besides relocations, such as the functions that programs attach to,
    /// so that its verdicts are those for the full BTF
    #[arg(long)]
    pub keep_verdicts: bool,
    /// The output: a file for one kernel, a new folder for several, or NAME.tar.xz for an archive
    #[arg(short, long, value_name = "OUT", required_unless_present = "store")]
    pub output: Option<PathBuf>,
    /// Write a store instead: one small file with the types of all kernels, which agents ship
    #[arg(long, value_name = "OUT", conflicts_with = "output")]
    pub store: Option<PathBuf>,
    /// Take kernels whose files have not changed from the archive or folder that an earlier run with --since
    /// wrote; if there is none yet, minimize all. The archive may be the output, which is the same as that of
    /// a run over all kernels
    #[arg(
        long,
        value_name = "ARCHIVE",
        requires = "target",
        conflicts_with_all = ["modules", "store"]
    )]
    pub since: Option<PathBuf>,
    #[command(flatten)]
    pub quiet: QuietArguments,
    #[command(flatten)]
    pub format: FormatArguments,
}

const MINIMIZE_EXAMPLES: &str = "\
Examples:
  core-reloc minimize prog.bpf.o --target vmlinux-5.4 -o 5.4.btf
      write what prog.bpf.o needs on a kernel that provides no BTF
  core-reloc minimize build/ --target btfhub-archive/ubuntu/ -o btfs/
      minimize every kernel in a folder and its archives, in parallel
  core-reloc minimize build/ --target btfhub-archive/ubuntu/ -o btfs.tar.xz
      the same, but write an archive
  core-reloc minimize build/ --target btfhub/ --since t.tar.xz -o t.tar.xz
      bring the archive up to date: minimize only kernels that are new or
      have changed
  core-reloc minimize build/ --target btfhub/ --keep-verdicts -o t.tar.xz
      write an archive on which check gives the verdicts of all of btfhub/
  core-reloc minimize build/ --target btfhub-archive/ --store agent.store
      the same, but write a store, which has each definition once
  core-reloc minimize prog.bpf.o --target vmlinux --module my.ko -o btfs/
      minimize a module too: write btfs/vmlinux.btf and the split BTF
      btfs/vmlinux.my.btf

Every relocation is resolved with both the full and the smallest BTF; nothing is written if a result \
differs. Only type ids change: type_id_target gives the id in the smallest BTF. It is an error if no \
relocation needs a type of the kernel; for a module of which none is needed, nothing is written.

The exit status is 1 if a relocation fails, or if some of the targets cannot be used. A relocation \
fails with the full BTF too. In both cases the output is written, with what there is.";

#[derive(Debug, Args)]
#[command(after_help = SUPPORT_EXAMPLES)]
pub struct Support {
    #[command(flatten)]
    pub format: FormatArguments,
}

const SUPPORT_EXAMPLES: &str = "\
Examples:
  core-reloc support
      show the running kernel's release, BTF and number of modules
  core-reloc support --format json | jq -r .path
      print the path of the running kernel's BTF

The exit status is 1 if no BTF was found. The files that were tried are then listed.";

// The target of a command. A doc comment would become the description of the command.
#[derive(Debug, Args)]
pub struct TargetArguments {
    /// The kernel: raw BTF, an ELF file with a .BTF section such as vmlinux, a kernel image such as
    /// vmlinuz, any of these compressed, or an archive, folder or store of kernels, of which --kernel
    /// names one if there are several [default: the running kernel]
    #[arg(long, value_name = "FILE|DIR")]
    pub target: Option<PathBuf>,
    /// The kernel of several in the target: its release, or the end of its name with folders, as store
    /// list prints it: debian/12/amd64/6.1.0-50-amd64
    #[arg(long, value_name = "RELEASE", requires = "target")]
    pub kernel: Option<String>,
    /// The BTF of a module, searched for types that the kernel itself lacks: raw BTF or a .ko file,
    /// also compressed, or the name of a module that is in the store, or beside the kernel; may be
    /// repeated [default: the running kernel's modules, if that kernel is the target]
    #[arg(long = "module", value_name = "FILE|NAME")]
    pub modules: Vec<PathBuf>,
}

impl TargetArguments {
    /// Returns the paths of all files that are read.
    pub fn inputs(&self) -> impl Iterator<Item = &PathBuf> {
        self.target.iter().chain(&self.modules)
    }
}

#[derive(Debug, Args)]
pub struct QuietArguments {
    /// Print no report, only errors and warnings
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub struct FormatArguments {
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum Format {
    /// Text for people
    #[default]
    Text,
    /// JSON for programs: one object per line
    Json,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum OnUnresolved {
    /// Replace it with one that the verifier rejects if it can be reached
    #[default]
    Poison,
    /// Fail the relocation
    Error,
    /// Leave it unchanged
    Keep,
}

impl From<OnUnresolved> for core_reloc::OnUnresolved {
    fn from(unresolved: OnUnresolved) -> Self {
        match unresolved {
            OnUnresolved::Poison => Self::Poison,
            OnUnresolved::Error => Self::Error,
            OnUnresolved::Keep => Self::Keep,
        }
    }
}

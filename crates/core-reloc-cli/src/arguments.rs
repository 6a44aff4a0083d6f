//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Relocates BPF objects by their CO-RE records, for this kernel or any other.
#[derive(Debug, Parser)]
#[command(name = "core-reloc", version, after_help = EXIT_STATUS)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Relocate(Relocate),
    Inspect(Inspect),
    Explain(Explain),
    Check(Check),
    Blame(Blame),
    Query(Query),
    Dump(Dump),
    Minimize(Minimize),
    Support(Support),
}

const EXIT_STATUS: &str = "\
Exit status:
  0  it is done
  1  a relocation failed, a type was not found, or CO-RE is not supported
  2  the usage is wrong, or a file cannot be read or written";

/// Resolves every relocation of an object and says what became of it
#[derive(Debug, Args)]
#[command(after_help = RELOCATE_EXAMPLES)]
pub struct Relocate {
    /// The BPF object, as clang compiled it
    pub object: PathBuf,
    #[command(flatten)]
    pub target: TargetArguments,
    /// Write the object with patched code and without relocation records, if none failed
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// What becomes of an instruction whose relocation finds nothing in the target
    #[arg(long, value_enum, default_value_t)]
    pub unresolved: OnUnresolved,
    #[command(flatten)]
    pub format: FormatArguments,
}

const RELOCATE_EXAMPLES: &str = "\
Examples:
  core-reloc relocate prog.bpf.o
      for the running kernel and its modules, just to see
  core-reloc relocate prog.bpf.o -o prog.here.o
      the same, and write the object, which any loader then takes as it is
  core-reloc relocate prog.bpf.o --target vmlinuz-6.12 --module nf_conntrack.ko.xz
      for the types of another kernel and one of its modules
  core-reloc relocate prog.bpf.o --unresolved error --format json
      fail on whatever the kernel does not have; one JSON object a line";

/// Lists the relocations of an object, without any target
#[derive(Debug, Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub struct Inspect {
    /// The BPF object, as clang compiled it
    pub object: PathBuf,
    #[command(flatten)]
    pub format: FormatArguments,
}

const INSPECT_EXAMPLES: &str = "\
Examples:
  core-reloc inspect prog.bpf.o
  core-reloc inspect prog.bpf.o --format json | jq -r .root | sort | uniq -c";

/// Says of every relocation what it resolved to, and if it did not, why, and what may cure it
#[derive(Debug, Args)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub struct Explain {
    /// The BPF object, as clang compiled it
    pub object: PathBuf,
    #[command(flatten)]
    pub target: TargetArguments,
    /// Only the relocations of this function, or of the functions in this section
    #[arg(long, value_name = "NAME")]
    pub program: Option<String>,
    /// Only the relocations of this root type; its flavors are included
    #[arg(long = "type", value_name = "NAME")]
    pub root: Option<String>,
    /// Only the relocations that came out so
    #[arg(long, value_enum)]
    pub status: Option<OutcomeName>,
    #[command(flatten)]
    pub format: FormatArguments,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  core-reloc explain prog.bpf.o
      every relocation, for the running kernel and its modules
  core-reloc explain prog.bpf.o --target vmlinux-6.12 --status poisoned
      what that kernel does not have, and what it has instead
  core-reloc explain prog.bpf.o --program on_exit --type task_struct
      what one program asks about one type
  core-reloc explain prog.bpf.o --format json | jq 'select(.problem) | .cures[].text'
      the cures alone

The exit status is 1 if a relocation that was chosen failed; poisoned ones do not count, for the
verifier minds them only where they can be reached.";

/// What became of a relocation, as `--status` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutcomeName {
    /// The instruction holds the target's value
    Relocated,
    /// The target does not have what it asks for
    Poisoned,
    /// It is broken, or ambiguous
    Failed,
    /// The instruction is part of no function
    Skipped,
}

impl OutcomeName {
    /// As reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relocated => "relocated",
            Self::Poisoned => "poisoned",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Says what becomes of objects on many kernels, and where they break
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct Check {
    /// The BPF objects, as clang compiled them
    #[arg(required = true, value_name = "OBJECT")]
    pub objects: Vec<PathBuf>,
    /// Kernels: a file of any sort that relocate takes, or a folder or archive of such files; may
    /// be given several times [default: the running kernel with its modules]
    #[arg(long = "target", value_name = "FILE|DIR")]
    pub targets: Vec<PathBuf>,
    /// Problems that are known, as --write-baseline writes them
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write all problems to a file, and accept them
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Write a page to look at in a browser; it needs nothing but itself
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    #[command(flatten)]
    pub format: FormatArguments,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  core-reloc check prog.bpf.o
      on the running kernel
  core-reloc check *.bpf.o --target kernels/ --html report.html
      objects by kernels, and a page about it
  core-reloc check *.bpf.o --target kernels/ --write-baseline known.tsv
      whatever breaks today is known from now on
  core-reloc check *.bpf.o --target kernels/ --baseline known.tsv
      for a CI job: only what is new fails it
  core-reloc check prog.bpf.o --target 6.1.btf.tar.xz --format json | jq 'select(.verdict == \"poisoned\")'
      what may stop it from loading there

A poisoned instruction does no harm where the program does not get to it: it is `guarded` if the
object asks whether the field, type or enumerator exists, or something that contains it, and the
kernel says no; or if no path leads to it, given what the relocations put into the others.

The exit status is 1 if anything is poisoned without a guard, or fails, and no baseline has it; what
is known and no longer happens is said. It is 2 if a target cannot be read; the others are reported.";

/// Says which relocation poisoned the instruction that a verifier log complains of, and why
#[derive(Debug, Args)]
#[command(after_help = BLAME_EXAMPLES)]
pub struct Blame {
    /// The BPF object that was loaded, as clang compiled it
    pub object: PathBuf,
    /// The verifier's log, as any loader prints it; - for standard input
    #[arg(long, value_name = "FILE")]
    pub log: PathBuf,
    #[command(flatten)]
    pub target: TargetArguments,
    /// Only the relocations of this function, or of the functions in this section
    #[arg(long, value_name = "NAME")]
    pub program: Option<String>,
    #[command(flatten)]
    pub format: FormatArguments,
}

const BLAME_EXAMPLES: &str = "\
Examples:
  core-reloc blame prog.bpf.o --log verifier.log
      for the running kernel
  bpftool prog load prog.bpf.o /sys/fs/bpf/prog 2>&1 | core-reloc blame prog.bpf.o --log -
      while it is loaded
  core-reloc blame prog.bpf.o --log customer.log --target vmlinux-5.10 --program on_exit
      for another kernel; the name of the program helps where the log says little

The exit status is 1 if the log has no poisoned instruction, or no relocation is to blame. With
--format json every relocation that may be meant is printed as explain prints it.";

/// Says where a field is, how large it is, and how it is loaded; or what an enumerator's value is
#[derive(Debug, Args)]
#[command(after_help = QUERY_EXAMPLES)]
pub struct Query {
    /// What to ask about: TYPE, TYPE.FIELD, TYPE.FIELD[INDEX], ENUM::ENUMERATOR or ENUMERATOR
    #[arg(required = true, value_name = "QUESTION")]
    pub questions: Vec<String>,
    /// The types of a kernel, in a file of any sort that relocate takes; or a folder or archive of
    /// such files; may be given several times, to see how an answer changed [default: the running
    /// kernel]
    #[arg(long = "target", value_name = "FILE|DIR")]
    pub targets: Vec<PathBuf>,
    /// A module's types, for what the kernel itself does not have, with at most one target; may be
    /// given several times [default: the running kernel's modules, if that is the target]
    #[arg(long = "module", value_name = "FILE")]
    pub modules: Vec<PathBuf>,
    #[command(flatten)]
    pub format: FormatArguments,
}

const QUERY_EXAMPLES: &str = "\
Examples:
  core-reloc query task_struct.pid
      where the running kernel has it
  core-reloc query 'task_struct.comm[3]' --target vmlinux-5.10 --target vmlinux-6.12
      on two kernels, side by side
  core-reloc query task_struct.state --target kernels/
      on all that are in a folder
  core-reloc query nf_conn.mark --target vmlinux-6.12 --module nf_conntrack.ko.xz
      of a module
  core-reloc query BPF_MAP_TYPE_RINGBUF 'enum bpf_func_id::BPF_FUNC_loop' task_struct
      values of enumerators, and the size of a type

The exit status is 1 if a target has no answer to a question.";

/// Prints types as C defines them, with the offsets and sizes of their members
#[derive(Debug, Args)]
#[command(after_help = DUMP_EXAMPLES)]
pub struct Dump {
    /// Names of types, or ids; `struct NAME` and the like for only that sort [default: all types]
    #[arg(value_name = "NAME|ID")]
    pub types: Vec<String>,
    #[command(flatten)]
    pub target: TargetArguments,
    #[command(flatten)]
    pub format: FormatArguments,
}

const DUMP_EXAMPLES: &str = "\
Examples:
  core-reloc dump task_struct
      of the running kernel, or of its modules if it does not have it
  core-reloc dump 'enum bpf_map_type' 4711 --target vmlinux-6.12
      one by its name, and one by its id
  core-reloc dump nf_conn --target vmlinux-6.12 --module nf_conntrack.ko.xz
      a module's
  core-reloc dump --target prog.bpf.o --format json | jq -r 'select(.kind == \"STRUCT\") | .name'
      all that an object has

The exit status is 1 if a name or id was not found.";

/// Makes the least BTF with which objects relocate as with a kernel's whole one
#[derive(Debug, Args)]
#[command(after_help = MINIMIZE_EXAMPLES)]
pub struct Minimize {
    /// The BPF objects, as clang compiled them
    #[arg(required = true, value_name = "OBJECT")]
    pub objects: Vec<PathBuf>,
    /// The kernel's types, in a file of any sort that relocate takes; or a folder or archive of
    /// such files [default: the running kernel]
    #[arg(long, value_name = "FILE|DIR")]
    pub target: Option<PathBuf>,
    /// A module's types, which are minimised too; may be given several times
    #[arg(long = "module", value_name = "FILE")]
    pub modules: Vec<PathBuf>,
    /// Where to write: a file for one kernel, a new folder for several, or NAME.tar.xz
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
    #[command(flatten)]
    pub format: FormatArguments,
}

const MINIMIZE_EXAMPLES: &str = "\
Examples:
  core-reloc minimize prog.bpf.o --target vmlinux-5.4 -o 5.4.btf
      what prog.bpf.o needs of a kernel that has no BTF at run time
  core-reloc minimize *.bpf.o --target btfhub-archive/ubuntu/ -o btfs/
      every kernel of a folder, archives included, in parallel
  core-reloc minimize *.bpf.o --target btfhub-archive/ubuntu/ -o btfs.tar.xz
      the same, as one archive
  core-reloc minimize prog.bpf.o --target vmlinux --module nf_conntrack.ko -o btfs/
      with a module: btfs/vmlinux.btf, and the split BTF btfs/vmlinux.nf_conntrack.btf on it

Every relocation is resolved with both, and nothing is written if an answer differs. The one thing
that cannot stay are the ids of types, and so what type_id_target gives: the id in the new BTF.

The exit status is 1 if relocations fail; they fail with the whole BTF as well, and it is written.";

/// Says whether the running kernel's types are known, and from where
#[derive(Debug, Args)]
#[command(after_help = SUPPORT_EXAMPLES)]
pub struct Support {
    #[command(flatten)]
    pub format: FormatArguments,
}

const SUPPORT_EXAMPLES: &str = "\
Examples:
  core-reloc support
  core-reloc support --format json | jq -r .path
      where the types are

The exit status is 1 if they are not known; what was tried is then said.";

/// Which kernel to relocate for.
#[derive(Debug, Args)]
pub struct TargetArguments {
    /// The kernel's types: raw BTF, an ELF file with a .BTF section such as vmlinux, a kernel image
    /// such as vmlinuz, any of these compressed, or a tar archive of one, such as BTFHub's
    /// [default: the running kernel]
    #[arg(long, value_name = "FILE")]
    pub target: Option<PathBuf>,
    /// A module's types, for what the kernel itself does not have: raw BTF, or a .ko file, also
    /// compressed; may be given several times [default: the running kernel's modules, if that is
    /// the target]
    #[arg(long = "module", value_name = "FILE")]
    pub modules: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct FormatArguments {
    /// How to print what was found
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON object a line
    Json,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum OnUnresolved {
    /// Make it one that the verifier refuses if it can be reached
    #[default]
    Poison,
    /// The relocation fails
    Error,
    /// Leave it as it is
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

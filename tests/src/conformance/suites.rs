//! The suites of comparisons.

use std::fmt;
use std::num::NonZero;

use clap::{Args, ValueEnum};

use super::generated::{compare_programs, compare_type_pairs};
use super::inputs;
use super::kernel_types::TypeRecords;
use super::minimize::{SizeReference, compare_minimized};
use super::object::{Mode, ObjectFile, compare_objects, compare_on};
use super::report::{Report, Row};
use super::stored::compare_stored;
use super::target::Kernel;
use crate::judge::kernel::loads_programs;

/// What to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Suite {
    /// The objects of the fixtures on their made-up kernels and on the running kernel.
    Fixtures,
    /// Objects compiled by GCC on the made-up kernels.
    Gcc,
    /// Real objects on real kernels.
    Objects,
    /// The kernel's CO-RE selftests: every program on every set of types.
    Selftests,
    /// Every type of each kernel, with all its fields, on all other kernels.
    KernelTypes,
    /// Generated programs on evolved types.
    Generated,
    /// The verdicts of checking real objects on real kernels.
    Check,
    /// Real objects on the BTF of real kernels, minimized for them.
    Minimize,
    /// Real objects on the kernels of the fleet, extracted from a store of all of them.
    Store,
}

impl Suite {
    /// The suites that run by default.
    pub const DEFAULT: [Self; 5] =
        [Self::Fixtures, Self::Gcc, Self::Objects, Self::Selftests, Self::Generated];

    fn run(self, options: &Options, report: &mut Report) -> Result<(), String> {
        match self {
            Self::Fixtures => fixtures(report),
            Self::Gcc => gcc(report),
            Self::Objects => objects(Mode::Relocate, 1, report),
            Self::Selftests => selftests(report),
            Self::KernelTypes => kernel_types(report, options),
            Self::Check => objects(Mode::Check, options.sample.get(), report),
            Self::Minimize => minimize(report, options),
            Self::Store => {
                compare_stored(options.sample.get())?.into_iter().for_each(|row| report.add(row));
                Ok(())
            }
            Self::Generated => {
                generated(report, options);
                Ok(())
            }
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixtures => "fixtures",
            Self::Gcc => "gcc",
            Self::Objects => "objects",
            Self::Selftests => "selftests",
            Self::KernelTypes => "kernel-types",
            Self::Check => "check",
            Self::Generated => "generated",
            Self::Minimize => "minimize",
            Self::Store => "store",
        })
    }
}

/// Options of the suites.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Take one in N types (kernel-types), objects (check, minimize) or kernels (store)
    #[arg(long, value_name = "N", default_value = "1")]
    pub sample: NonZero<usize>,
    /// Relocate the types of this kernel only (kernel-types), or minimize this kernel only (minimize)
    #[arg(long, value_name = "KERNEL")]
    pub local: Option<String>,
    /// The number of programs, of about eight relocations each (generated)
    #[arg(long, value_name = "N", default_value_t = Options::CASES)]
    pub cases: u64,
    /// The seed of the random numbers (generated)
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

impl Options {
    /// The default number of generated programs: enough for 100,000 relocations.
    pub const CASES: u64 = 20_000;
}

impl Default for Options {
    fn default() -> Self {
        Self { sample: NonZero::<usize>::MIN, local: None, cases: Self::CASES, seed: 0 }
    }
}

/// Runs the given suites, or the default ones if none is given. A suite without data is skipped and
/// noted.
pub fn run(suites: &[Suite], options: &Options) -> Report {
    let mut report = Report::default();
    for suite in if suites.is_empty() { &Suite::DEFAULT } else { suites } {
        if let Err(why) = suite.run(options, &mut report) {
            report.add_skipped(format!("{suite}: {why}"));
        }
    }
    report
}

fn fixtures(report: &mut Report) -> Result<(), String> {
    let objects = inputs::fixture_objects()?;
    let name = format!("fixtures ({} objects)", objects.len());
    for kernel in inputs::fixture_kernels()?.iter().chain(&running(report)) {
        let mut row = Row::new(&name, &kernel.name);
        compare_objects(&mut row, &objects, kernel);
        report.add(row);
    }
    Ok(())
}

fn gcc(report: &mut Report) -> Result<(), String> {
    let objects = inputs::gcc_objects()?;
    let name = format!("GCC ({} objects)", objects.len());
    for kernel in inputs::fixture_kernels()? {
        let mut row = Row::new(&name, &kernel.name);
        compare_objects(&mut row, &objects, &kernel);
        report.add(row);
    }
    Ok(())
}

/// Returns the running kernel, or notes why it is unavailable.
fn running(report: &mut Report) -> Option<Kernel> {
    let running = inputs::running_kernel();
    running.map_err(|why| report.add_skipped(format!("the running kernel: {why}"))).ok()
}

fn objects(mode: Mode, sample: usize, report: &mut Report) -> Result<(), String> {
    let objects = inputs::objects()?;
    for kernel in inputs::kernels()?.iter().chain(&running(report)) {
        for (architecture, objects) in &objects {
            let objects: Vec<_> = objects.iter().step_by(sample).cloned().collect();
            let prefix = if mode == Mode::Check { "check " } else { "" };
            let name = format!("{prefix}{architecture} ({} objects)", objects.len());
            let mut row = Row::new(name, &kernel.name);
            compare_on(mode, &mut row, &objects, kernel);
            report.add(row);
        }
    }
    Ok(())
}

fn selftests(report: &mut Report) -> Result<(), String> {
    let [little, big] = ["bpfel", "bpfeb"].map(|order| (order, inputs::selftests(order)));
    let (little, big) = ((little.0, little.1?), (big.0, big.1?));
    for (programs, tests) in [&little, &big] {
        for (targets, types) in [&little, &big] {
            let objects = format!("selftests, {programs} ({} objects)", tests.programs.len());
            let mut row = Row::new(
                objects,
                format!("btf__core_reloc_*, {targets} ({})", types.targets.len()),
            );
            for kernel in &types.targets {
                compare_objects(&mut row, &tests.programs, kernel);
            }
            report.add(row);
        }
    }
    Ok(())
}

fn kernel_types(report: &mut Report, options: &Options) -> Result<(), String> {
    let mut kernels = inputs::kernels()?;
    kernels.extend(running(report));
    let wanted = |kernel: &&Kernel| options.local.as_ref().is_none_or(|name| *name == kernel.name);
    for local in kernels.iter().filter(wanted) {
        let records = TypeRecords::of(local, options.sample.get())?;
        for target in kernels.iter().filter(|target| target.name != local.name) {
            report.add(records.compare_on(target));
        }
    }
    Ok(())
}

/// Minimizes the kernels of the fixtures, the types of the selftests, and real kernels. A real kernel
/// with modules is minimized without them, as by bpftool, and with them.
fn minimize(report: &mut Report, options: &Options) -> Result<(), String> {
    if let Err(why) = loads_programs() {
        report.add_skipped(format!("loading minimized BTF: {why}"));
    }
    let wanted = |kernel: &&Kernel| options.local.as_ref().is_none_or(|name| *name == kernel.name);
    let sample = |objects: &[ObjectFile]| -> Vec<ObjectFile> {
        objects.iter().step_by(options.sample.get()).cloned().collect()
    };
    let mut minimize = |name: &str,
                        objects: &[ObjectFile],
                        target: String,
                        kernels: &[&Kernel],
                        reference: SizeReference| {
        let mut row = Row::new(format!("{name} ({} objects)", objects.len()), target);
        for kernel in kernels {
            compare_minimized(&mut row, objects, kernel, reference);
        }
        report.add(row);
    };

    let fixtures = sample(&inputs::fixture_objects()?);
    for kernel in inputs::fixture_kernels()?.iter().filter(wanted) {
        minimize("fixtures", &fixtures, kernel.name.clone(), &[kernel], SizeReference::BpfTool);
    }
    for order in ["bpfel", "bpfeb"] {
        let tests = inputs::selftests(order)?;
        let kernels: Vec<&Kernel> = tests.targets.iter().filter(wanted).collect();
        let target = format!("btf__core_reloc_*, {order} ({})", kernels.len());
        minimize("selftests", &sample(&tests.programs), target, &kernels, SizeReference::Nothing);
    }
    let objects = inputs::objects()?;
    for kernel in inputs::kernels()?.iter().filter(wanted) {
        let alone = Kernel { modules: Vec::new(), ..kernel.clone() };
        for (architecture, objects) in &objects {
            let (name, objects) = (kernel.name.clone(), sample(objects));
            minimize(architecture, &objects, name, &[&alone], SizeReference::BpfTool);
            if !kernel.modules.is_empty() {
                let name = format!("{} with modules", kernel.name);
                minimize(architecture, &objects, name, &[kernel], SizeReference::Nothing);
            }
        }
    }
    Ok(())
}

/// A graph has hundreds of pairs of types, so fewer graphs suffice.
fn generated(report: &mut Report, options: &Options) {
    const GRAPHS: u64 = 50;
    report.add(compare_programs(options.cases, options.seed));
    report.add(compare_type_pairs(options.cases.div_ceil(GRAPHS), options.seed));
}

//! Compares generated programs on evolved types, and all pairs of generated types.
//!
//! Cases are numbered. The random numbers of a case depend on the seed and its number. A case that
//! differs is shrunk.

use std::num::NonZero;
use std::thread;

use btf_types::{Btf, PointerSize, TypeId};
use core_reloc::{Cause, RelocKind, Relocation, Relocator, Target};
use core_reloc_proptest::evolve::Evolution;
use core_reloc_proptest::relocations::Case;
use core_reloc_proptest::strategy::{Random, Shrink, ShrinkTree};
use core_reloc_proptest::types::{Graph, TypeDesc};
use core_reloc_proptest::{CaseProfile, Profile};
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::c_text::types_in_c;
use super::compare::{Compared, Comparer, End};
use super::report::Row;
use super::target::{Index, Kernel, TargetError, for_libbpf};
use crate::judge::libbpf::{self, Libbpf};

/// The most attempts to shrink a difference.
const SHRINKS: usize = 20_000;

/// A case that can be generated, compared and shrunk.
trait Generate: Shrink + Sized {
    fn generate(random: &mut Random<'_>, number: u64) -> Self;

    /// Compares the case and adds the results to a row. Differences include libbpf's log if requested.
    fn compare(&self, row: &mut Row, with_log: bool) -> Result<(), TargetError>;

    /// Describes the types of both sides.
    fn describe(&self) -> String;

    /// Returns a row of this case alone.
    fn row(&self, with_log: bool) -> Row {
        let mut row = Row::new("", "");
        let compared = self.compare(&mut row, with_log);
        row.add_result(compared);
        row
    }
}

/// Compares programs with several relocations each.
pub(super) fn compare_programs(cases: u64, seed: u64) -> Row {
    compare::<Case>(Row::new(format!("{cases} generated programs"), "evolved types"), cases, seed)
}

/// Compares whether types are compatible and whether they match: all types of a graph with all types
/// of the evolved graph.
pub(super) fn compare_type_pairs(graphs: u64, seed: u64) -> Row {
    let row = Row::new(format!("pairs of types of {graphs} generated graphs"), "evolved types");
    compare::<Evolution>(row, graphs, seed)
}

/// Compares all cases, on all processors.
fn compare<G: Generate>(mut row: Row, cases: u64, seed: u64) -> Row {
    let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let shares = thread::scope(|scope| {
        let share = |first| {
            move || {
                let mut row = Row::new("", "");
                for number in (first..cases).step_by(threads as usize) {
                    row.add_case::<G>(seed, number);
                }
                row
            }
        };
        let workers: Vec<_> = (0..threads).map(|first| scope.spawn(share(first))).collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).collect::<Vec<_>>()
    });
    shares.into_iter().for_each(|share| row.merge(share));
    row
}

impl Row {
    /// Compares a case. A case that differs is shrunk before it is described.
    fn add_case<G: Generate>(&mut self, seed: u64, number: u64) {
        let case: G = generate(seed, number);
        let mut compared = case.row(false);
        if compared.tally().unexplained > 0 {
            compared.describe_only(self.has_room().then(|| {
                let smallest = shrink(case);
                let differences = smallest.row(true).unexplained().join("\n");
                format!("case {number} of seed {seed}:\n{}\n{differences}", smallest.describe())
            }));
        }
        self.merge(compared);
    }
}

/// Returns the case of a number.
fn generate<G: Generate>(seed: u64, number: u64) -> G {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    G::generate(&mut Random::new(&mut rng), number)
}

/// Returns the smallest case that still differs.
fn shrink<G: Generate>(case: G) -> G {
    let mut tree = ShrinkTree::new(case.clone());
    let mut smallest = case;
    let mut more = tree.simplify();
    for _ in 0..SHRINKS {
        if !more {
            break;
        }
        let smaller = tree.current();
        more = if smaller.row(false).tally().unexplained > 0 {
            smallest = smaller;
            tree.simplify()
        } else {
            tree.complicate()
        };
    }
    smallest
}

impl Generate for Case {
    fn generate(random: &mut Random<'_>, number: u64) -> Self {
        // Names that occur twice produce ambiguous candidates.
        let types = Profile::object().duplicates(number.is_multiple_of(16));
        Self::generate(&CaseProfile::default().types(types), random)
    }

    fn compare(&self, row: &mut Row, with_log: bool) -> Result<(), TargetError> {
        let object = self.write().map_err(|error| error.to_string())?;
        let local = Btf::parse(&object.local).map_err(|error| error.to_string())?;
        let local = local.with_pointer_size(PointerSize::Eight);
        let kernel = Kernel {
            name: "the target".to_string(),
            main: object.main,
            modules: (0..).map(|n: u32| format!("module{n}")).zip(object.modules).collect(),
        };
        let index =
            if self.relocations.len().is_multiple_of(2) { Index::Kept } else { Index::None };
        kernel.with_targets(index, |ours, theirs| {
            let libbpf = Libbpf::new(&for_libbpf(&object.local), theirs);
            let libbpf = libbpf.map_err(|error| error.to_string())?;
            let mut comparer = Comparer::new(&local, ours, libbpf, with_log);
            let mut relocator = Relocator::new(&local, ours);
            let (mut our_code, mut their_code) = (object.code.clone(), object.code);
            for record in &object.records {
                let code = [&mut our_code[..], &mut their_code];
                let compared = comparer.relocate_both(&mut relocator, (*record).into(), code);
                row.add(|| "relocation".to_string(), &compared);
            }
            Ok(())
        })
    }

    fn describe(&self) -> String {
        let Ok(object) = self.write() else { return format!("{self:?}") };
        let kernel = describe(&object.main, &object.modules);
        format!("{}\n{kernel}", describe_local(&object.local))
    }
}

impl Generate for Evolution {
    fn generate(random: &mut Random<'_>, _: u64) -> Self {
        Self::generate(&Profile::object(), random)
    }

    fn compare(&self, row: &mut Row, with_log: bool) -> Result<(), TargetError> {
        let (mut local, mut target) = (self.local.clone(), self.evolve().main);
        let pairs = name_pairs(&mut local, &mut target);
        let failed = |error: &dyn ToString| TargetError::Other(error.to_string());
        let local = local.to_bytes().map_err(|error| failed(&error))?;
        let target = target.to_bytes().map_err(|error| failed(&error))?;

        let our_local = Btf::parse(&local).map_err(|error| failed(&error))?;
        let our_target = Btf::parse(&target).map_err(|error| failed(&error))?;
        let our_target = Target::new(&our_target).indexed();
        let mut relocator = Relocator::new(&our_local, &our_target);
        let their_local = libbpf::Btf::new(&local).map_err(|error| failed(&error))?;
        let their_target = libbpf::Btf::new(&target).map_err(|error| failed(&error))?;
        for Pair { local, target } in pairs {
            let (their_local, their_target) = (&their_local, &their_target);
            let compatible =
                || libbpf::types_are_compat(their_local, local.0, their_target, target.0);
            let matching = || libbpf::types_match(their_local, local.0, their_target, target.0);
            let tests: [(_, &dyn Fn() -> Result<bool, libbpf::Errno>); 2] =
                [(RelocKind::TypeExists, &compatible), (RelocKind::TypeMatches, &matching)];
            for (kind, theirs) in tests {
                let access = "0".parse().map_err(|error| failed(&error))?;
                let relocation = Relocation::new(0, local, access, kind);
                let ours = relocator.resolve(&relocation);
                let (theirs, log) =
                    if with_log { libbpf::logged(theirs) } else { (theirs(), String::new()) };
                let compared = match (&ours, &theirs) {
                    (Ok(ours), Ok(theirs)) if ours.value() == Some(u64::from(*theirs)) => {
                        Compared::Agreed(End::Relocated)
                    }
                    (Err(error), Err(_)) if matches!(error.cause, Cause::TooDeep) => {
                        Compared::Agreed(End::Failed)
                    }
                    _ => {
                        row.add_difference(|| {
                            let ours = ours.map(|ours| ours.value());
                            format!("{kind} of type {local} and {target}:\n  ours:   {ours:?}\n  libbpf: {theirs:?}\n{log}")
                        });
                        continue;
                    }
                };
                row.add(String::new, &compared);
            }
        }
        Ok(())
    }

    fn describe(&self) -> String {
        match (self.local.to_bytes(), self.evolve().main.to_bytes()) {
            (Ok(local), Ok(main)) => {
                format!("{}\n{}", describe_local(&local), describe(&main, &[]))
            }
            _ => format!("{self:?}"),
        }
    }
}

/// Two typedefs with the same name, one for each type of a pair.
struct Pair {
    local: TypeId,
    target: TypeId,
}

/// Adds a name for each pair of types, so that the one type is the only candidate of the other.
fn name_pairs(local: &mut Graph, target: &mut Graph) -> Vec<Pair> {
    let ids = |graph: &Graph| -> Vec<TypeId> {
        std::iter::once(TypeId::VOID).chain(graph.iter().map(|(id, _)| id)).collect()
    };
    let (local_ids, target_ids) = (ids(local), ids(target));
    let mut pairs = Vec::with_capacity(local_ids.len() * target_ids.len());
    for one in &local_ids {
        for other in &target_ids {
            let typedef = |of: &TypeId| TypeDesc::Typedef {
                name: format!("pair_{}_{}", one.0, other.0),
                of: *of,
            };
            pairs.push(Pair {
                local: local.push(typedef(one)),
                target: target.push(typedef(other)),
            });
        }
    }
    pairs
}

fn describe_local(bytes: &[u8]) -> String {
    match Btf::parse(bytes) {
        Ok(btf) => format!("local types, {}:\n{}", btf.byte_order(), types_in_c(&btf)),
        Err(error) => format!("local types: {error}"),
    }
}

fn describe(main: &[u8], modules: &[Vec<u8>]) -> String {
    let Ok(main) = Btf::parse(main) else { return "unreadable target types".into() };
    let mut text = format!("target types, {}:\n{}", main.byte_order(), types_in_c(&main));
    for (module, number) in modules.iter().zip(0..) {
        if let Ok(module) = Btf::parse_split(module, &main) {
            text.push_str(&format!("types of module {number}:\n{}", types_in_c(&module)));
        }
    }
    text
}

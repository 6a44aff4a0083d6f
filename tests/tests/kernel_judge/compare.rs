//! Relocates a program on both sides, and compares the results.

use std::sync::LazyLock;

use btf_types::Btf;
use core_reloc::{Error, Module, Options, Patched, Relocator, Target};
use core_reloc_sys::Kernel;
use core_reloc_tests::judge::Record;
use core_reloc_tests::judge::kernel::asm::Insn;
use core_reloc_tests::judge::kernel::{
    CoreRelos, Program, ProgramType, Refused, Unavailable, availability,
};

use super::local::Local;

/// A program with relocations.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) local: &'a Local,
    pub(crate) code: &'a [Insn],
    pub(crate) records: &'a [Record],
}

/// The result of relocating and loading a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was loaded and run: its instructions and its result.
    Runs { instructions: Vec<u8>, returned: u32 },
    /// It was relocated, but the verifier rejects it: the log.
    Refused(String),
    /// A relocation failed: the error.
    NotRelocated(String),
}

impl Outcome {
    /// Returns `true` if the verifier rejects the program because of a poisoned instruction.
    pub(crate) fn is_poison(&self) -> bool {
        matches!(self, Self::Refused(log) if log.contains("invalid func unknown#195896080"))
    }

    /// Describes the outcome in one line.
    pub(crate) fn brief(&self) -> String {
        match self {
            Self::Runs { returned, .. } => format!("returns {returned:#x}"),
            Self::Refused(log) => match log.lines().rev().nth(1) {
                Some(reason) => format!("is refused: {reason}"),
                None => "is refused".to_owned(),
            },
            Self::NotRelocated(_) => "is not relocated".to_owned(),
        }
    }

    /// Returns `true` if both sides did the same. The texts of errors may differ.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::NotRelocated(_), Self::NotRelocated(_)) => true,
            (one, other) => one == other,
        }
    }
}

impl Case<'_> {
    /// Relocates and runs the program on both sides, and returns the outcome.
    ///
    /// # Panics
    /// Panics if the outcomes differ.
    #[track_caller]
    pub(crate) fn check(&self, what: &str) -> Outcome {
        let (ours, kernel) = (self.ours(), self.kernel());
        assert!(ours.agrees(&kernel), "{what}\nours:   {ours:x?}\nkernel: {kernel:x?}");
        ours
    }

    /// Relocates the program on our side without narrowing, as the kernel does.
    pub(crate) fn ours(&self) -> Outcome {
        self.ours_with(Options::default().narrow(false))
    }

    /// Relocates the program on our side.
    pub(crate) fn ours_with(&self, options: Options) -> Outcome {
        match self.relocate(options) {
            // Loaded with the same types and functions, but without records.
            Ok(code) => Case { local: self.local, code: &code, records: &[] }.kernel(),
            Err(error) => Outcome::NotRelocated(error.to_string()),
        }
    }

    /// Has the kernel relocate the program.
    pub(crate) fn kernel(&self) -> Outcome {
        let Local { in_kernel, main, .. } = self.local;
        let relocations = CoreRelos { btf: in_kernel, func_info: &[*main], records: self.records };
        let program = Program::new(ProgramType::RawTracepoint, self.code.as_flattened());
        match program.with_relocations(relocations).load() {
            Ok(loaded) => Outcome::Runs {
                instructions: loaded.instructions().unwrap(),
                returned: loaded.run().unwrap(),
            },
            Err(refused) => refusal(&refused),
        }
    }

    fn relocate(&self, options: Options) -> Result<Vec<Insn>, Error> {
        let local = Btf::parse(&self.local.bytes).unwrap();
        let mut relocator = Relocator::with_options(&local, running(), options);
        let mut code = self.code.to_vec();
        for record in self.records {
            relocate(&mut relocator, *record, code.as_flattened_mut())?;
        }
        Ok(code)
    }
}

/// Relocates one instruction of `code`.
pub(crate) fn relocate(
    relocator: &mut Relocator<'_>,
    record: Record,
    code: &mut [u8],
) -> Result<Patched, Error> {
    let relocation = relocator.decode(&record.into())?;
    Ok(relocator.relocate(code, &relocation)?.patched)
}

/// Distinguishes a failed relocation from a relocated program that the verifier rejects.
fn refusal(refused: &Refused) -> Outcome {
    /// The prefixes of log lines about relocations.
    const RELOCATING: [&str; 5] = [
        "prog '",
        "relo #",
        "CO-RE relocating ",
        "Invalid core_relo",
        "target candidate search failed ",
    ];
    /// The prefix of the last line if the verifier has not reached the program.
    const NOT_VERIFIED: &str = "processed 0 insns ";
    let is_verifier_s = |line: &&str| RELOCATING.iter().all(|start| !line.starts_with(start));
    let verifier_s: Vec<&str> = refused.log.lines().filter(is_verifier_s).collect();
    match verifier_s[..] {
        [] => Outcome::NotRelocated(refused.to_string()),
        [line] if line.starts_with(NOT_VERIFIED) => Outcome::NotRelocated(refused.to_string()),
        _ => Outcome::Refused(verifier_s.join("\n")),
    }
}

/// Returns the types of the running kernel and its modules.
pub(crate) fn running() -> &'static Target<'static> {
    static RUNNING: LazyLock<Target<'static>> = LazyLock::new(|| {
        let kernel = Kernel::running();
        let main = Box::leak(Box::new(kernel.btf().unwrap()));
        let main: &Btf<'_> = Box::leak(Box::new(main.parse().unwrap()));
        let modules = kernel.modules().unwrap().into_iter().map(|module| {
            let file = Box::leak(Box::new(module.open().unwrap()));
            let btf = Box::leak(Box::new(file.parse_split(main).unwrap()));
            Module { name: module.name().to_owned().leak(), btf }
        });
        Target::new(main).with_modules(modules.collect::<Vec<_>>()).indexed()
    });
    &RUNNING
}

/// Returns `true` if the kernel can be a judge here; otherwise reports why not.
pub(crate) fn is_available() -> bool {
    availability().inspect_err(Unavailable::skip).is_ok()
}

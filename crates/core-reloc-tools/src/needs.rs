//! What an object needs from a kernel, and whether the kernel has it.
//!
//! [`needs`] gives an answer to each of an object's [`Requirements`]: its programs' types and hooks, kernel
//! functions and variables, helpers, maps, structs of functions and instructions. Relocations are not among
//! them: [`check`](crate::check) puts both together.
//!
//! A kernel's types show much of it, but not all: [`Answer::Open`] says what they cannot tell. Absence
//! counts only where presence would show: a kernel without any FUNC leaves functions open.
//!
//! ```
//! # fn print_missing(object: &[u8], kernel: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! use btf_types::Btf;
//! use core_reloc::{Target, elf::Object};
//! use core_reloc_tools::needs::{Answer, Kernel, needs};
//!
//! let (object, kernel) = (Object::parse(object)?, Btf::parse(kernel)?);
//! let (requirements, target) = (object.requirements()?, Target::new(&kernel));
//! for need in needs(&object, &requirements, &Kernel::new(&target)) {
//!     if let Answer::Absent(effect) = need.answer {
//!         println!("no {} {}: {effect}", need.what, need.name);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod architecture;
mod arguments;
mod enums;
mod externs;
mod features;
mod hooks;
mod kernel;
mod names;
mod need;
mod struct_ops;

use std::{borrow::Cow, cell::LazyCell, collections::BTreeSet};

use btf_types::Kind;
use core_reloc::elf::{
    Object,
    requirements::{AttachType, MapType, ProgramType, Requirements, Used},
};

use crate::{callees::callees, limits::MAX_OBJECT_PATH_STEPS};

pub(crate) use self::architecture::REGISTERS;
pub use self::{
    architecture::Architecture,
    externs::KFUNC_TAG,
    kernel::{Config, Kernel, Release, SymbolNames},
    need::{Answer, Effect, Need, OpenReason, Subject},
};
use self::{
    enums::KernelEnums,
    names::{Names, Wanted},
};

/// Answers what an object needs from a kernel. All names together take one pass over the kernel's types.
///
/// Needs of the whole object come first, then those of each program with all functions that it may call. A
/// need that several programs share is one for each.
pub fn needs<'a>(
    object: &'a Object<'a>,
    requirements: &Requirements<'a>,
    kernel: &Kernel<'_>,
) -> Vec<Need<'a>> {
    let names = Names::find(kernel, wanted(object, requirements));
    let enums = KernelEnums::find(kernel);
    // Few objects use such instructions, and either may take a pass over the types.
    let shown = LazyCell::new(|| features::shown(&enums));
    let architecture = LazyCell::new(|| Architecture::of_kernel(kernel.target));

    let mut needs = Vec::new();
    let externs = externs::answers(object, requirements, kernel, &names);
    // Weak ones, and those that only the verifier misses, concern the programs that use them.
    let is_of_programs =
        |need: &Need<'_>| need.is_optional || need.answer == Answer::Absent(Effect::NoProgram);
    needs.extend(externs.iter().filter(|need| !is_of_programs(need)).cloned());
    for (index, map) in (0..).zip(&requirements.maps) {
        let answer = enums.has(MapType::ENUM, map.map_type.0, Effect::NoObject);
        let name = map.map_type.to_string();
        needs.push(Need::of_object(Subject::Map(index), "type of map", name, answer));
        if map.max_entries == 0 && must_have_entries(map.map_type) {
            let answer = Answer::Open(OpenReason::UserSpace, Effect::NoObject);
            let name = map.name.to_string();
            needs.push(Need::of_object(Subject::MapSize(index), "size of map", name, answer));
        }
    }
    needs.extend(struct_ops::answers(object, requirements, &names));

    let mut steps = MAX_OBJECT_PATH_STEPS;
    for (index, program) in (0..).zip(&requirements.programs) {
        let mut push = |subject, what, name: Cow<'a, str>, answer| {
            let program = Some(index);
            needs.push(Need { program, ..Need::of_object(subject, what, name, answer) });
        };
        match program.stated {
            None => push(
                Subject::ProgramType(index),
                "type of program",
                format!("of section {}", program.section).into(),
                Answer::Open(OpenReason::UserSpace, Effect::NoProgram),
            ),
            Some(stated) => {
                let program_type = stated.program_type;
                let answer = enums.has(ProgramType::ENUM, program_type.0, Effect::NoProgram);
                let name = program_type.to_string().into();
                push(Subject::ProgramType(index), "type of program", name, answer);
                if let Some(attach) = stated.attach_type {
                    let effect = if is_checked_at_load(program_type) {
                        Effect::NoProgram
                    } else {
                        Effect::NoAttachment
                    };
                    let answer = enums.has(AttachType::ENUM, attach.0, effect);
                    let name = attach.to_string().into();
                    push(Subject::AttachType(index), "type of attachment", name, answer);
                }
                if let Some((what, name, answer)) = hooks::answer(&stated, kernel, &names) {
                    push(Subject::Hook(index), what, name, answer);
                }
                let function = requirements.functions.get(program.function);
                for read in function.into_iter().flat_map(|function| {
                    arguments::reads(&stated, function, object.byte_order(), &names)
                }) {
                    let subject = Subject::Argument { insn: read.insn, number: read.number };
                    let name = format!("{} of {}", read.number, program.section).into();
                    push(subject, "argument", name, read.answer);
                }
            }
        }
        let Some(functions) = callees(requirements, program.function, &mut steps) else {
            push(
                Subject::ProgramType(index),
                "object",
                "too much code to follow".into(),
                Answer::Open(OpenReason::Size, Effect::NoProgram),
            );
            continue;
        };
        let mut seen = BTreeSet::new();
        for function in functions {
            let function = requirements.functions.get(function);
            for used in function.map_or(&[][..], |function| &function.uses) {
                if !seen.insert(used.what) {
                    continue;
                }
                match used.what {
                    Used::Helper(number) => push(
                        Subject::Helper(number),
                        "helper",
                        enums.helper_name(object, number),
                        enums.has_helper(number),
                    ),
                    Used::Feature(feature) => push(
                        Subject::Feature(feature),
                        "instructions",
                        feature.to_string().into(),
                        features::answer(feature, kernel, *shown, || *architecture),
                    ),
                    Used::Extern(found) => {
                        if let Some(need) = externs.get(found).filter(|need| is_of_programs(need)) {
                            push(need.subject, need.what, need.name.clone(), need.answer);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    needs
}

/// Returns the names and kinds of the types that [`needs`] looks up in a kernel: those of functions, tracepoints,
/// variables and structs that the object names, and the enums of the kernel's interface. What a kernel's BTF says
/// of them is enough for its answers.
pub(crate) fn named_types<'a>(
    object: &'a Object<'a>,
    requirements: &Requirements<'a>,
) -> Vec<(String, Kind)> {
    let enums = enums::NAMES.map(|name| (name.to_owned(), Kind::Enum));
    wanted(object, requirements).into_names().chain(enums).collect()
}

/// Returns the names that the object's needs depend on.
fn wanted<'a>(object: &'a Object<'a>, requirements: &Requirements<'a>) -> Wanted {
    let mut wanted = Wanted::default();
    hooks::want(requirements, &mut wanted);
    externs::want(requirements, &mut wanted);
    struct_ops::want(object, requirements, &mut wanted);
    wanted
}

/// Returns `true` for types of maps that the kernel does not create without a number of entries. libbpf
/// gives arrays of perf events one for each processor.
fn must_have_entries(map_type: MapType) -> bool {
    matches!(
        map_type,
        MapType::HASH
            | MapType::ARRAY
            | MapType::PROG_ARRAY
            | MapType::PERCPU_HASH
            | MapType::PERCPU_ARRAY
            | MapType::STACK_TRACE
            | MapType::CGROUP_ARRAY
            | MapType::LRU_HASH
            | MapType::LRU_PERCPU_HASH
            | MapType::LPM_TRIE
            | MapType::ARRAY_OF_MAPS
            | MapType::HASH_OF_MAPS
            | MapType::DEVMAP
            | MapType::SOCKMAP
            | MapType::CPUMAP
            | MapType::XSKMAP
            | MapType::SOCKHASH
            | MapType::REUSEPORT_SOCKARRAY
            | MapType::QUEUE
            | MapType::STACK
            | MapType::DEVMAP_HASH
            | MapType::RINGBUF
            | MapType::BLOOM_FILTER
            | MapType::USER_RINGBUF
            | MapType::INSN_ARRAY
    )
}

/// Returns `true` if the kernel checks the type of attachment when it loads a program of this type
/// (`bpf_prog_load_check_attach` and the verifier), rather than when the program is attached.
fn is_checked_at_load(program_type: ProgramType) -> bool {
    matches!(
        program_type,
        ProgramType::CGROUP_SOCK
            | ProgramType::CGROUP_SOCK_ADDR
            | ProgramType::CGROUP_SKB
            | ProgramType::CGROUP_SOCKOPT
            | ProgramType::SK_LOOKUP
            | ProgramType::SK_REUSEPORT
            | ProgramType::NETFILTER
            | ProgramType::TRACING
            | ProgramType::LSM
    )
}

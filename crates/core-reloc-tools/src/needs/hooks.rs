//! What programs attach to.
//!
//! The names in the kernel's BTF follow libbpf's `libbpf_find_attach_btf_id` and `find_kernel_btf_id`
//! (BSD-2-Clause option).

use std::borrow::Cow;

use btf_types::Kind;
use core_reloc::elf::requirements::{AttachType, Hook, Requirements, SectionName};

use super::{
    kernel::Kernel,
    names::{Names, Wanted},
    need::{Answer, Effect, OpenReason},
};

/// The prefix of the typedef that declares a tracepoint.
const TRACEPOINT: &str = "btf_trace_";
/// The prefix of the function that stands for a hook of security modules.
const LSM: &str = "bpf_lsm_";
/// The prefix of the function that stands for an iterator.
const ITERATOR: &str = "bpf_iter_";

/// Categories of events that are no tracepoints, or whose tracepoints have other names.
const OTHER_CATEGORIES: [&str; 4] = ["syscalls", "ftrace", "kprobes", "uprobes"];

/// How the types of a kernel show a hook.
pub(super) struct Shown<'a> {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) module: Option<&'a [u8]>,
    effect: Effect,
}

/// Adds the names that programs attach to.
pub(super) fn want(requirements: &Requirements<'_>, wanted: &mut Wanted) {
    let stated = requirements.programs.iter().filter_map(|program| program.stated);
    for stated in stated {
        if let Some(shown) = shown(&stated.hook) {
            wanted.add(shown.name, shown.kind);
        } else if let Hook::Probe(name) = stated.hook
            && let Some(symbol) = probed_symbol(name.as_bytes())
        {
            wanted.add(symbol, Kind::Func);
        }
    }
}

/// Returns what a program attaches to: its kind in words, its name, and whether the kernel has it; `None` if
/// it attaches to nothing that types show, and loads anyway.
pub(super) fn answer<'a>(
    stated: &SectionName<'a>,
    kernel: &Kernel<'_>,
    names: &Names<'_>,
) -> Option<(&'static str, Cow<'a, str>, Answer)> {
    let user_space = Answer::Open(OpenReason::UserSpace, Effect::NoProgram);
    let (what, name) = match stated.hook {
        Hook::Unnamed => ("attach target", "that user space names".into()),
        Hook::Function { name, .. } => ("function", name.to_string()),
        Hook::TypedTracepoint { name, .. } | Hook::RawTracepoint(name) => {
            ("tracepoint", name.to_string())
        }
        Hook::Tracepoint { category, name } => ("tracepoint", format!("{category}:{name}")),
        Hook::Lsm(name) => ("LSM hook", name.to_string()),
        Hook::Iterator(name) => ("iterator", name.to_string()),
        Hook::Probe(name) => ("symbol", name.to_string()),
        Hook::Program(name) => ("function of another program", name.to_string()),
        _ => return None,
    };
    let answer = match stated.hook {
        Hook::Unnamed => {
            // Probes and tracepoints load without, and user space attaches them anywhere.
            stated.attach_type.filter(|attach| needs_btf(*attach))?;
            user_space
        }
        Hook::Program(_) => user_space,
        Hook::Probe(name) => probe(probed_symbol(name.as_bytes())?, kernel, names)?,
        hook => {
            let shown = shown(&hook)?;
            let answer = in_btf(&shown, names);
            match answer {
                Answer::Absent(_) if is_placeholder(&hook) => user_space,
                Answer::Present if depends_on_lists(stated) => {
                    Answer::Open(OpenReason::KernelLists, Effect::NoProgram)
                }
                answer => answer,
            }
        }
    };
    Some((what, name.into(), answer))
}

/// Returns `true` for types of attachment whose programs the kernel loads for one hook of its BTF.
fn needs_btf(attach: AttachType) -> bool {
    matches!(
        attach,
        AttachType::TRACE_RAW_TP
            | AttachType::TRACE_FENTRY
            | AttachType::TRACE_FEXIT
            | AttachType::TRACE_FSESSION
            | AttachType::MODIFY_RETURN
            | AttachType::LSM_MAC
            | AttachType::LSM_CGROUP
            | AttachType::TRACE_ITER
    )
}

/// Returns how the types of a kernel show a hook, if they do.
pub(super) fn shown<'a>(hook: &Hook<'a>) -> Option<Shown<'a>> {
    let function =
        |name: String, module| Shown { kind: Kind::Func, name, module, effect: Effect::NoProgram };
    let tracepoint = |name, module, effect| Shown {
        kind: Kind::Typedef,
        name: format!("{TRACEPOINT}{name}"),
        module,
        effect,
    };
    Some(match *hook {
        Hook::Function { module, name } => {
            function(name.to_str().ok()?.into(), module.map(|module| module.as_bytes()))
        }
        Hook::TypedTracepoint { module, name } => {
            let module = module.map(|module| module.as_bytes());
            tracepoint(name.to_str().ok()?, module, Effect::NoProgram)
        }
        Hook::RawTracepoint(name) => tracepoint(name.to_str().ok()?, None, Effect::NoAttachment),
        Hook::Tracepoint { category, name } => {
            if OTHER_CATEGORIES.iter().any(|other| category == *other) {
                return None;
            }
            tracepoint(name.to_str().ok()?, None, Effect::NoAttachment)
        }
        Hook::Lsm(name) => function(format!("{LSM}{}", name.to_str().ok()?), None),
        Hook::Iterator(name) => function(format!("{ITERATOR}{}", name.to_str().ok()?), None),
        _ => return None,
    })
}

fn in_btf(shown: &Shown<'_>, names: &Names<'_>) -> Answer {
    let would_show = match shown.kind {
        Kind::Typedef => names.has_tracepoints(),
        _ => names.has_functions(),
    };
    if names.in_module(&shown.name, shown.kind, shown.module).is_some() {
        Answer::Present
    } else if would_show {
        Answer::Absent(shown.effect)
    } else {
        Answer::Open(OpenReason::NotInBtf, shown.effect)
    }
}

/// Returns `true` for names that stand for others, which user space sets before it loads the program.
fn is_placeholder(hook: &Hook<'_>) -> bool {
    let (Hook::Function { name, .. } | Hook::TypedTracepoint { name, .. } | Hook::Lsm(name)) = hook
    else {
        return false;
    };
    matches!(name.as_bytes(), b"foo" | b"bar" | b"dummy") || name.as_bytes().starts_with(b"dummy_")
}

/// Returns `true` if the kernel looks the function up in lists that types do not show: those of functions
/// that may sleep, and of those whose result may be modified.
fn depends_on_lists(stated: &SectionName<'_>) -> bool {
    match stated.hook {
        Hook::Function { name, .. } if stated.attach_type == Some(AttachType::MODIFY_RETURN) => {
            !name.as_bytes().starts_with(b"security_") || stated.is_sleepable
        }
        Hook::Function { .. } | Hook::Lsm(_) => stated.is_sleepable,
        _ => false,
    }
}

/// Returns the symbol that a probe names; `None` if the section names none, but a pattern, an address or a
/// system call.
fn probed_symbol(name: &[u8]) -> Option<&str> {
    let name = name.split(|byte| *byte == b'+').next()?;
    let is_symbol = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let name = std::str::from_utf8(name).ok()?;
    (!name.is_empty() && name.as_bytes().iter().all(is_symbol)).then_some(name)
}

/// Returns whether a symbol is there that a probe names; `None` if the kernel's symbols are not known. The
/// program loads in any case.
fn probe(name: &str, kernel: &Kernel<'_>, names: &Names<'_>) -> Option<Answer> {
    let symbols = kernel.symbols.filter(|symbols| !symbols.is_empty())?;
    // `System.map` has no symbols of modules.
    let is_known = symbols.contains(name.as_bytes()) || !names.of(name, Kind::Func).is_empty();
    Some(if is_known { Answer::Present } else { Answer::Absent(Effect::NoAttachment) })
}

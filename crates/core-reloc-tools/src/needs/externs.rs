//! Functions and variables of the kernel that an object declares.
//!
//! Follows libbpf's `bpf_object__resolve_ksyms_btf_id` and `bpf_object__resolve_externs` (BSD-2-Clause
//! option).

use std::collections::BTreeSet;

use btf_types::{Btf, DeclTarget, Kind, KindSet, Type, TypeId};
use core_reloc::{
    FoundType,
    compare::types_are_compatible,
    elf::{
        Object,
        requirements::{Extern, ExternKind, Requirements},
    },
};

use super::{
    kernel::Kernel,
    names::{Names, Wanted},
    need::{Answer, Effect, Need, OpenReason, Subject},
};

/// Adds the names of the symbols.
pub(super) fn want(requirements: &Requirements<'_>, wanted: &mut Wanted) {
    for symbol in &requirements.externs {
        match symbol.kind {
            ExternKind::Function(_) => {
                wanted.add(symbol.essential_name().to_string(), Kind::Func);
            }
            ExternKind::Variable(_) => wanted.add(symbol.name.to_string(), Kind::Var),
            ExternKind::Symbol(_) => {
                wanted.add(symbol.name.to_string(), Kind::Func);
                wanted.add(symbol.name.to_string(), Kind::Var);
            }
            _ => {}
        }
    }
}

/// Returns the need of each symbol, in their order.
pub(super) fn answers<'a>(
    object: &'a Object<'a>,
    requirements: &Requirements<'a>,
    kernel: &Kernel<'_>,
    names: &Names<'_>,
) -> Vec<Need<'a>> {
    let tagged = Kfuncs::of(kernel, requirements);
    let needs = (0..).zip(&requirements.externs).map(|(index, symbol)| {
        let what = match symbol.kind {
            ExternKind::Function(_) => "kernel function",
            ExternKind::Variable(_) => "kernel variable",
            ExternKind::Symbol(_) => "kernel symbol",
            ExternKind::Config(_) => "configuration value",
            _ => "symbol",
        };
        let answer = match object.btf() {
            Some(local) => answer(local, symbol, kernel, names, &tagged),
            None => Answer::Absent(Effect::NoObject),
        };
        let need = Need::of_object(Subject::Extern(index), what, symbol.name.to_string(), answer);
        Need { is_optional: symbol.is_weak, ..need }
    });
    needs.collect()
}

fn answer(
    local: &Btf<'_>,
    symbol: &Extern<'_>,
    kernel: &Kernel<'_>,
    names: &Names<'_>,
    tagged: &Kfuncs,
) -> Answer {
    let missing = if symbol.is_weak { Effect::Zero } else { Effect::NoObject };
    match symbol.kind {
        ExternKind::Function(id) => {
            let name = symbol.essential_name().to_string();
            let found = names.of(&name, Kind::Func).first();
            let fits =
                |found: &&FoundType<'_>| tagged.includes(found) && same_type(local, id, found.ty);
            match found.filter(fits) {
                Some(_) => Answer::Present,
                None if names.has_functions() => Answer::Absent(missing),
                None => Answer::Open(OpenReason::NotInBtf, missing),
            }
        }
        ExternKind::Variable(id) => {
            let found = names.of(&symbol.name.to_string(), Kind::Var).first();
            match found {
                Some(found) if same_type(local, id, found.ty) => {
                    let symbols = kernel.symbols.filter(|symbols| !symbols.is_empty());
                    match symbols.is_none_or(|symbols| symbols.contains(symbol.name.as_bytes())) {
                        true => Answer::Present,
                        // The verifier needs its address, which configurations may leave out of the symbols.
                        false => Answer::Absent(Effect::NoProgram),
                    }
                }
                // Even of a weak variable the type must fit.
                Some(_) => Answer::Absent(Effect::NoObject),
                None if names.has_variables() => Answer::Absent(missing),
                None => Answer::Open(OpenReason::NotInBtf, missing),
            }
        }
        ExternKind::Symbol(_) => {
            let name = symbol.name.to_string();
            let is_in_btf =
                [Kind::Func, Kind::Var].iter().any(|kind| !names.of(&name, *kind).is_empty());
            match kernel.symbols.filter(|symbols| !symbols.is_empty()) {
                _ if is_in_btf => Answer::Present,
                Some(symbols) if symbols.contains(symbol.name.as_bytes()) => Answer::Present,
                Some(_) => Answer::Absent(missing),
                None => Answer::Open(OpenReason::Symbols, missing),
            }
        }
        ExternKind::Config(_) => {
            let name = symbol.name.as_bytes();
            match kernel.config {
                // Loaders compute the others, such as LINUX_KERNEL_VERSION.
                _ if !name.starts_with(b"CONFIG_") => Answer::Present,
                Some(config) if config.value(name).is_some() => Answer::Present,
                Some(_) => Answer::Absent(missing),
                None => Answer::Open(OpenReason::Config, missing),
            }
        }
        // No loader accepts the object.
        _ => Answer::Absent(Effect::NoObject),
    }
}

/// Returns `true` if a FUNC or VAR of the object has a type that is compatible with the kernel's.
fn same_type(local: &Btf<'_>, id: TypeId, target: Type<'_>) -> bool {
    let local = local.type_by_id(id).and_then(|ty| ty.referenced());
    let (Ok(Some(local)), Ok(Some(target))) = (local, target.referenced()) else { return false };
    let (Ok(local), Ok(target)) =
        (local.skip_modifiers_and_typedefs(), target.skip_modifiers_and_typedefs())
    else {
        return false;
    };
    types_are_compatible(local, target).unwrap_or(false)
}

/// The tag of the functions that BPF programs may call. Kernels before 6.10 have no tags.
pub const KFUNC_TAG: &str = "bpf_kfunc";

/// The functions that BPF programs may call: those with the [tag](KFUNC_TAG).
struct Kfuncs {
    /// By the index of the module, and the id of the FUNC.
    tagged: BTreeSet<(Option<u32>, TypeId)>,
}

impl Kfuncs {
    fn of(kernel: &Kernel<'_>, requirements: &Requirements<'_>) -> Self {
        let is_function = |symbol: &Extern<'_>| matches!(symbol.kind, ExternKind::Function(_));
        let mut tagged = BTreeSet::new();
        if requirements.externs.iter().any(is_function) {
            let main = std::iter::once((None, kernel.target.main()));
            let modules = kernel.target.modules().iter();
            for (module, btf) in main.chain((0..).map(Some).zip(modules.map(|module| module.btf))) {
                let tags = btf.own_types_of(KindSet::from_iter([Kind::DeclTag]));
                for tag in tags.filter(|tag| tag.is_named(KFUNC_TAG.as_bytes())) {
                    if let (Some(DeclTarget::Declaration), Some(id)) =
                        (tag.decl_target(), tag.referenced_id())
                    {
                        tagged.insert((module, id));
                    }
                }
            }
        }
        Self { tagged }
    }

    /// Returns `true` for a tagged function. Without tags, any function counts.
    fn includes(&self, found: &FoundType<'_>) -> bool {
        self.tagged.is_empty() || self.tagged.contains(&(found.module, found.ty.id()))
    }
}

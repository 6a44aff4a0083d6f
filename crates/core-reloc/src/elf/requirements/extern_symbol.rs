//! Symbols that an object leaves to the kernel or to the loader: `extern` in `.ksyms` and `.kconfig`.
//!
//! Follows libbpf's `bpf_object__collect_externs` (BSD-2-Clause option).

use alloc::{collections::BTreeMap, vec::Vec};

use btf_types::{Btf, Kind, KindSet, Linkage, Name, TypeId};
use object::elf;

use super::super::symbols::{Place, Symbols};
use crate::names::essential::essential_name;

/// A symbol that the object declares and does not define.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extern<'a> {
    /// The name.
    pub name: Name<'a>,
    /// Whether the object can do without it. Its address is then 0.
    pub is_weak: bool,
    /// What it is.
    pub kind: ExternKind,
}

/// What an undefined symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExternKind {
    /// A function of the kernel (a kfunc): its FUNC.
    Function(TypeId),
    /// A variable of the kernel: its VAR, which has a type.
    Variable(TypeId),
    /// A symbol of the kernel without a type (`void`), found by its address: its VAR.
    Symbol(TypeId),
    /// A value of the kernel's configuration, or one that loaders compute, such as `LINUX_KERNEL_VERSION`:
    /// its VAR.
    Config(TypeId),
    /// The object's types do not describe it, so that no loader accepts the object.
    Undescribed,
}

impl<'a> Extern<'a> {
    /// Returns the name of a function in the kernel: a flavor of it may be declared.
    pub fn essential_name(&self) -> Name<'a> {
        Name::new(essential_name(self.name.as_bytes()))
    }
}

/// The undefined symbols of an object, and which number in the symbol table each has.
#[derive(Debug, Default)]
pub(super) struct Externs<'a> {
    pub(super) list: Vec<Extern<'a>>,
    by_symbol: BTreeMap<u32, usize>,
}

impl<'a> Externs<'a> {
    pub(super) fn of(symbols: Symbols<'a>, btf: Option<&'a Btf<'a>>) -> Self {
        let described = btf.map(Described::of).unwrap_or_default();
        let mut externs = Self::default();
        for (number, symbol) in (0..).zip(symbols.iter()) {
            let is_weak = symbol.binding == elf::STB_WEAK;
            let is_extern = symbol.place == Place::Undefined
                && (is_weak || symbol.binding == elf::STB_GLOBAL)
                && symbol.kind == elf::STT_NOTYPE;
            let Some(name) = symbols.name(&symbol).filter(|name| is_extern && !name.is_empty())
            else {
                continue;
            };
            let kind = described.0.get(&name).copied().unwrap_or(ExternKind::Undescribed);
            externs.by_symbol.insert(number, externs.list.len());
            externs.list.push(Extern { name, is_weak, kind });
        }
        externs
    }

    /// Returns the index of the undefined symbol of a number.
    pub(super) fn of_symbol(&self, number: u32) -> Option<usize> {
        self.by_symbol.get(&number).copied()
    }
}

/// The variables and functions in the sections for undefined symbols.
#[derive(Default)]
struct Described<'a>(BTreeMap<Name<'a>, ExternKind>);

impl<'a> Described<'a> {
    fn of(btf: &'a Btf<'a>) -> Self {
        let mut described = BTreeMap::new();
        for section in btf.own_types_of(KindSet::from_iter([Kind::DataSec])) {
            let is_config = match section.name().map(Name::as_bytes) {
                Ok(b".kconfig") => true,
                Ok(b".ksyms") => false,
                _ => continue,
            };
            for entry in section.variables() {
                let Ok(ty) = btf.type_by_id(entry.type_id()) else { continue };
                let Ok(name) = ty.name() else { continue };
                let id = ty.id();
                let kind = match ty.kind() {
                    Kind::Func => ExternKind::Function(id),
                    Kind::Var if is_config => ExternKind::Config(id),
                    Kind::Var if has_no_type(btf, ty.referenced_id()) => ExternKind::Symbol(id),
                    Kind::Var => ExternKind::Variable(id),
                    _ => continue,
                };
                if ty.linkage() == Some(Linkage::Extern) {
                    described.entry(name).or_insert(kind);
                }
            }
        }
        Self(described)
    }
}

/// Returns `true` for `void`, with modifiers.
fn has_no_type(btf: &Btf<'_>, id: Option<TypeId>) -> bool {
    let Some(ty) = id.and_then(|id| btf.type_by_id(id).ok()) else { return true };
    ty.skip_modifiers_and_typedefs().is_ok_and(|ty| ty.id() == TypeId::VOID)
}

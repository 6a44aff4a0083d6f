//! Resolves the kernel functions and variables that an object declares `extern` and `__ksym`.
//!
//! The compiler lists them in the DATASEC `.ksyms` of the object's BTF. A loader finds the kernel's types of
//! the same name, and writes their ids into the calls and loads.

use btf_types::{Kind, Type};
use core_reloc::{FoundType, Target, compare::types_are_compatible, elf, essential_name};
use object::{Endianness, Object, ObjectSymbol, read::elf::ElfFile64};

pub type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// A kernel function or variable that an object declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ksym<'k> {
    pub name: String,
    /// [`Kind::Func`] or [`Kind::Var`].
    pub kind: Kind,
    /// Whether the program tests if the kernel has it.
    pub is_weak: bool,
    pub resolved: Resolved<'k>,
}

/// What a kernel has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved<'k> {
    /// A function or variable of that name and a type that fits.
    Found(FoundType<'k>),
    /// One whose type does not fit.
    DoesNotFit(FoundType<'k>),
    /// None.
    Missing,
    /// A variable that is declared as `void`, whose address is in `/proc/kallsyms`.
    Untyped,
}

impl Ksym<'_> {
    /// Whether the object can be loaded.
    pub fn is_loadable(&self) -> bool {
        match self.resolved {
            Resolved::Found(_) | Resolved::Untyped => true,
            Resolved::Missing => self.is_weak,
            // A weak function that does not fit counts as missing.
            Resolved::DoesNotFit(_) => self.is_weak && self.kind == Kind::Func,
        }
    }
}

/// Resolves all kernel symbols of an object, in the order of its `.ksyms`. The target should be indexed for
/// queries.
pub fn resolve<'k>(object: &[u8], target: &Target<'k>) -> Result<Vec<Ksym<'k>>> {
    let types = elf::Object::parse(object)?;
    let Some(section) = types.btf().and_then(|btf| btf.find(".ksyms", Kind::DataSec)) else {
        return Ok(Vec::new());
    };
    let file = ElfFile64::<Endianness>::parse(object)?;
    let is_weak =
        |name: &str| file.symbols().any(|symbol| symbol.name() == Ok(name) && symbol.is_weak());
    let mut ksyms = Vec::new();
    for variable in section.variables() {
        let local = variable.ty()?;
        let name = local.name()?.to_str()?.to_owned();
        let resolved = resolve_one(local, &name, target)?;
        ksyms.push(Ksym { kind: local.kind(), is_weak: is_weak(&name), name, resolved });
    }
    Ok(ksyms)
}

/// Resolves a FUNC or VAR of an object.
fn resolve_one<'k>(local: Type<'_>, name: &str, target: &Target<'k>) -> Result<Resolved<'k>> {
    let declared = type_of(local)?;
    if declared.id().is_void() {
        return Ok(Resolved::Untyped);
    }
    // An object may declare a function once more as `name___older`, with the type of older kernels.
    let name = str::from_utf8(essential_name(name.as_bytes()))?;
    let Some(found) = target.find(name, local.kind()) else { return Ok(Resolved::Missing) };
    Ok(match types_are_compatible(declared, type_of(found.ty)?)? {
        true => Resolved::Found(found),
        false => Resolved::DoesNotFit(found),
    })
}

/// The prototype of a FUNC or the type of a VAR. The comparison does not strip a variable's `const`.
fn type_of(ty: Type<'_>) -> Result<Type<'_>> {
    let ty = ty.referenced()?.ok_or("neither a function nor a variable")?;
    Ok(ty.skip_modifiers_and_typedefs()?)
}

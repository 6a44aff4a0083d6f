//! The types that an object needs of a kernel.

use std::collections::HashSet;

use btf_types::{Btf, Kind, Type};
use core_reloc::{Target, elf::Object, essential_name};

use super::names::name_of;

/// What a name can stand for: types of different classes are different types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Class {
    Composite,
    Enum,
    Typedef,
    Function,
}

impl Class {
    fn of(ty: Type<'_>) -> Option<Self> {
        match ty.kind() {
            Kind::Struct | Kind::Union => Some(Self::Composite),
            Kind::Enum | Kind::Enum64 => Some(Self::Enum),
            Kind::Typedef => Some(Self::Typedef),
            Kind::Func => Some(Self::Function),
            _ => None,
        }
    }
}

/// Returns the types of a kernel and its modules that an object defines too, whatever their flavor, and the
/// kernel's functions that it calls: what its relocations and its types ask for. The object's own types, which
/// the kernel lacks, are none of them.
///
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # btf.structure("job", 4).member("id", int, 0).finish();
/// # let kernel = btf.finish()?;
/// # let object = std::fs::read(concat!(
/// #     env!("CARGO_MANIFEST_DIR"), "/../../fixtures/objects/bitfields.bpfel.o"
/// # ))?;
/// use core_reloc::{Target, elf::Object};
/// use core_reloc_tools::header::{HeaderGenerator, types_for_object};
///
/// let kernel = Btf::parse(&kernel)?;
/// let target = Target::new(&kernel);
/// let wanted = types_for_object(&Object::parse(&object)?, &target);
/// let header = HeaderGenerator::new(&target).of(&wanted);
/// # assert!(header.differences.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn types_for_object<'a>(object: &Object<'_>, target: &Target<'a>) -> Vec<Type<'a>> {
    let mut wanted = HashSet::new();
    for ty in object.btf().into_iter().flat_map(|btf| btf.own_types()) {
        if let (Some(class), Some(name)) = (Class::of(ty), name_of(ty)) {
            wanted.insert((class, essential_name(name)));
        }
    }
    let is_wanted = |ty: Type<'a>| {
        let (Some(class), Some(name)) = (Class::of(ty), name_of(ty)) else { return false };
        wanted.contains(&(class, essential_name(name)))
    };
    let modules = target.modules().iter().map(|module| module.btf);
    let all = std::iter::once(target.main()).chain(modules);
    all.flat_map(Btf::own_types).filter(|ty| is_wanted(*ty)).collect()
}

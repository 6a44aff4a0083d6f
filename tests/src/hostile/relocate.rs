//! Relocates code and types that the bytes describe.

mod checks;
mod input;
mod types;

use btf_types::Btf;
use core_reloc::{Module, Target};

use self::input::Input;

/// Reads local types, a target with a module, code and relocations, and relocates in every way.
///
/// # Panics
/// Panics if the library is wrong.
pub(super) fn relocate(bytes: &[u8]) {
    let Ok(input) = Input::read(bytes) else { return };
    let (Ok(local), Ok(kernel)) = (Btf::parse(&input.local), Btf::parse(&input.target)) else {
        return;
    };
    let module = input.module.as_ref().and_then(|bytes| Btf::parse_split(bytes, &kernel).ok());
    let module = module.as_ref().map(|btf| Module { name: "module", btf });
    let target = Target::new(&kernel).with_modules(module);
    let case = checks::Case { local: &local, target: &target, input: &input };
    case.check();
}

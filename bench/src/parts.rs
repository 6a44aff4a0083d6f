//! The parts of a relocation, measured separately, on inputs that are the same on every machine.

use std::hint::black_box;

use btf_types::Btf;
use core_reloc::elf::Object;
use core_reloc::{OnUnresolved, Relocation, Relocator, Resolution, Target, patch};

use crate::generate::{made_up, object::object};
use crate::{Result, code};

/// The number of types of the target.
const TYPES: usize = 20_000;
/// The numbers of root types and relocations of the object.
const OBJECT: (usize, usize) = (250, 3_000);

/// A target and an object.
#[derive(Debug)]
pub struct Inputs {
    /// The target's BTF.
    pub target: Vec<u8>,
    /// The object file.
    pub object: Vec<u8>,
    /// The object's code, which is in one section.
    pub code: Vec<u8>,
}

impl Inputs {
    /// Generates both.
    ///
    /// # Errors
    /// The inputs are invalid.
    pub fn make() -> Result<Self> {
        let target = made_up::kernel(TYPES)?;
        let (roots, relocations) = OBJECT;
        let object = object(&Btf::parse(&target)?, roots, relocations)?;
        let code = code::code(&object)?.into_values().next().ok_or("there is no code")?;
        Ok(Self { target, object, code })
    }
}

/// A part of a relocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Parsing the target.
    Parse,
    /// Parsing the object and decoding its records.
    Read,
    /// Indexing the target's names.
    Index,
    /// Finding the candidates of all root types without the index.
    Scan,
    /// Finding them with the index.
    Find,
    /// Resolving the relocations.
    Resolve,
    /// Patching the instructions.
    Patch,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 7] =
        [Self::Parse, Self::Read, Self::Index, Self::Scan, Self::Find, Self::Resolve, Self::Patch];

    /// Returns the name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Read => "read",
            Self::Index => "index",
            Self::Scan => "scan",
            Self::Find => "find",
            Self::Resolve => "resolve",
            Self::Patch => "patch",
        }
    }

    /// Prepares this part, and passes it to `measure`, which may call it repeatedly.
    ///
    /// # Errors
    /// A relocation fails.
    pub fn measure(self, inputs: &Inputs, measure: &mut dyn FnMut(&mut dyn FnMut())) -> Result {
        let parse = || Btf::parse(black_box(&inputs.target));
        let read = || -> Result<Vec<Relocation>> {
            let object = Object::parse(black_box(&inputs.object))?;
            let decoded: std::result::Result<_, _> =
                object.relocations().map(|relocation| relocation.decode()).collect();
            Ok(decoded?)
        };
        let kernel = parse()?;
        let plain = Target::new(&kernel);
        let indexed = plain.clone().indexed();
        let object = Object::parse(&inputs.object)?;
        let local = object.btf().ok_or("the object has no types")?;
        let relocations = read()?;
        let roots = || relocations.iter().map(|relocation| relocation.type_id);
        let candidates = |target| {
            let mut relocator = Relocator::new(local, target);
            relocator.prepare(roots());
            relocator
        };
        let mut relocator = candidates(&indexed);
        let mut resolve = || -> Result<Vec<Resolution>> {
            let resolved: std::result::Result<_, _> =
                relocations.iter().map(|relocation| relocator.resolve(relocation)).collect();
            Ok(resolved?)
        };
        let resolutions = resolve()?;
        match self {
            Self::Parse => measure(&mut || drop(black_box(parse()))),
            Self::Read => measure(&mut || drop(black_box(read()))),
            Self::Index => measure(&mut || drop(black_box(plain.clone().indexed()))),
            Self::Scan => measure(&mut || drop(black_box(candidates(&plain)))),
            Self::Find => measure(&mut || drop(black_box(candidates(&indexed)))),
            Self::Resolve => measure(&mut || drop(black_box(resolve()))),
            Self::Patch => {
                let mut failed = 0;
                let mut code = inputs.code.clone();
                measure(&mut || {
                    code.copy_from_slice(&inputs.code);
                    for resolution in black_box(&resolutions) {
                        let patched = patch(&mut code, resolution, OnUnresolved::Error);
                        failed += usize::from(black_box(patched).is_err());
                    }
                });
                if failed > 0 {
                    return Err(format!("{failed} instructions cannot be patched").into());
                }
            }
        }
        Ok(())
    }
}

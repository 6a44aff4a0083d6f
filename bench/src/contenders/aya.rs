//! aya-obj, as aya's loader uses it.

use std::path::Path;
use std::time::Instant;

use aya_obj::Object;
use aya_obj::btf::Btf;
use object::{Object as _, ObjectSection as _};

use super::{Contender, Run};
use crate::Result;
use crate::code::{Code, code};

/// aya-obj.
#[derive(Debug, Clone, Copy)]
pub struct Aya;

impl Contender for Aya {
    fn name(&self) -> &'static str {
        "aya-obj"
    }

    fn cold(&self, target: &Path, object: &[u8]) -> Result<Run> {
        let started = Instant::now();
        let target = read(target)?;
        let mut relocated = Object::parse(object)?;
        relocated.relocate_btf(&target)?;
        let time = started.elapsed();
        Ok(Run { time, code: patched(object, &relocated)? })
    }

    fn warm(&self, target: &Path, object: &[u8], rounds: usize) -> Result<Vec<Run>> {
        let target = read(target)?;
        let round = |_| {
            let started = Instant::now();
            let mut relocated = Object::parse(object)?;
            relocated.relocate_btf(&target)?;
            let time = started.elapsed();
            Ok(Run { time, code: patched(object, &relocated)? })
        };
        (0..rounds).map(round).collect()
    }
}

fn read(target: &Path) -> Result<Btf> {
    Ok(Btf::parse_file(target, Default::default())?)
}

/// The code sections, made up of the functions that aya-obj has divided them into.
fn patched(object: &[u8], relocated: &Object) -> Result<Code> {
    let mut code = code(object)?;
    let file = object::File::parse(object)?;
    for function in relocated.functions.values() {
        let section = file.section_by_index(object::SectionIndex(function.section_index.0))?;
        let bytes = code.get_mut(section.name()?).ok_or("a function outside of the code")?;
        let mut at = function.section_offset;
        for insn in &function.instructions {
            let slot = bytes.get_mut(at..at + 8).ok_or("a function behind the code")?;
            // SAFETY: an instruction is eight bytes without padding, and any bytes may be looked at.
            let insn: &[u8; 8] = unsafe { &*(&raw const *insn).cast() };
            slot.copy_from_slice(insn);
            at += 8;
        }
    }
    Ok(code)
}

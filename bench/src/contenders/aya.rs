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
pub struct AyaObj;

impl Contender for AyaObj {
    fn cold(&self, target: &Path, object: &[u8]) -> Result<Run> {
        let started = Instant::now();
        let target = read(target)?;
        let relocated = relocate(object, &target)?;
        let time = started.elapsed();
        Ok(Run { time, code: patched(object, &relocated)? })
    }

    fn warm(&self, target: &Path, object: &[u8], again: &mut dyn FnMut(Run) -> bool) -> Result {
        let target = read(target)?;
        loop {
            let started = Instant::now();
            let relocated = relocate(object, &target)?;
            let time = started.elapsed();
            if !again(Run { time, code: patched(object, &relocated)? }) {
                return Ok(());
            }
        }
    }

    fn keep(&self, target: &Path, object: &[u8], kept: &mut dyn FnMut()) -> Result {
        let target = read(target)?;
        relocate(object, &target)?;
        kept();
        drop(target);
        Ok(())
    }
}

fn relocate(object: &[u8], target: &Btf) -> Result<Object> {
    let mut object = Object::parse(object)?;
    object.relocate_btf(target)?;
    Ok(object)
}

fn read(target: &Path) -> Result<Btf> {
    // The default byte order is the host's.
    Ok(Btf::parse_file(target, Default::default())?)
}

/// Returns the sections of code. aya-obj has divided them into functions.
fn patched(object: &[u8], relocated: &Object) -> Result<Code> {
    let mut code = code(object)?;
    let file = object::File::parse(object)?;
    for function in relocated.functions.values() {
        let section = file.section_by_index(object::SectionIndex(function.section_index.0))?;
        let bytes = code.get_mut(section.name()?).ok_or("a function outside the code")?;
        let mut at = function.section_offset;
        for insn in &function.instructions {
            let slot = bytes.get_mut(at..at + 8).ok_or("a function past the code")?;
            // SAFETY: an instruction is eight bytes without padding.
            let insn: &[u8; 8] = unsafe { &*(&raw const *insn).cast() };
            slot.copy_from_slice(insn);
            at += 8;
        }
    }
    Ok(code)
}

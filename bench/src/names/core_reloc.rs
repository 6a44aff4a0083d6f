//! Names, looked up with core-reloc.

use std::path::Path;
use std::time::Instant;

use btf_types::Kind;
use core_reloc::Target;
use core_reloc_sys::BtfFile;
use core_reloc_tools::query::{self, query_all};

use super::{Answer, Found, What};
use crate::Result;

/// Opens a file and looks up names.
///
/// # Errors
/// The file is broken, or lacks a name.
pub fn look_up(file: &Path, what: What, names: &[String]) -> Result<Found> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let started = Instant::now();
    // SAFETY: nothing else writes to the files of this run.
    let file = unsafe { BtfFile::map(file) }?;
    let kernel = file.parse()?;
    let target = Target::new(&kernel);
    let answers = match what {
        What::Fields | What::Enumerators => {
            query_all(&target, &names).into_iter().map(|found| answer(found?)).collect()
        }
        What::Functions => functions(&target, &names),
    };
    Ok(Found { time: started.elapsed(), answers: answers? })
}

fn answer(answer: query::Answer) -> Result<Answer> {
    match answer {
        query::Answer::Field(field) => Ok((field.type_id.0, field.bit_offset.into())),
        query::Answer::Enumerator(enumerator) => Ok((enumerator.type_id.0, enumerator.value)),
        query::Answer::Type(ty) => Err(format!("`{}` is a type", ty.name).into()),
    }
}

fn functions(target: &Target<'_>, names: &[&str]) -> Result<Vec<Answer>> {
    let questions: Vec<(&str, Kind)> = names.iter().map(|name| (*name, Kind::Func)).collect();
    let found = target.find_all(&questions).into_iter().zip(names);
    found
        .map(|(found, name)| {
            let first = found.first().ok_or_else(|| format!("there is no function `{name}`"))?;
            Ok((first.ty.id().0, 0))
        })
        .collect()
}

//! The code of an object, by section.

use std::collections::BTreeMap;

use btf_types::{BtfExt, ext::CoreReloc};
use object::{Object as _, ObjectSection as _, SectionKind};

use crate::Result;

/// Sections of code, by name.
pub type Code = BTreeMap<String, Vec<u8>>;

/// Returns the code of an object file.
///
/// # Errors
/// The file is not an ELF file.
pub fn code(object: &[u8]) -> Result<Code> {
    let file = object::File::parse(object)?;
    let mut code = Code::new();
    for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
        if section.size() > 0 {
            code.insert(section.name()?.to_owned(), section.data()?.to_vec());
        }
    }
    Ok(code)
}

/// Returns the object file with other code.
///
/// # Errors
/// The file is not an ELF file, or the code does not fit.
pub fn with_code(object: &[u8], code: &Code) -> Result<Vec<u8>> {
    let file = object::File::parse(object)?;
    let mut bytes = object.to_vec();
    for (name, code) in code {
        let section = file.section_by_name(name).ok_or_else(|| format!("there is no {name}"))?;
        let start = section.file_range().ok_or_else(|| format!("{name} is not in the file"))?.0;
        let start = usize::try_from(start)?;
        let place = bytes.get_mut(start..start + code.len()).ok_or("the code does not fit")?;
        place.copy_from_slice(code);
    }
    Ok(bytes)
}

/// Returns the bytes of a section of an object file.
///
/// # Errors
/// The file is not an ELF file, or has no such section.
pub fn section<'a>(object: &'a [u8], name: &str) -> Result<&'a [u8]> {
    let file = object::File::parse(object)?;
    let section = file.section_by_name(name).ok_or_else(|| format!("there is no {name}"))?;
    Ok(section.data()?)
}

/// Returns the CO-RE relocations of an object, by the names of their sections.
///
/// # Errors
/// The file is not a BPF object with types.
pub fn records(object: &[u8]) -> Result<Vec<(String, Vec<CoreReloc>)>> {
    let btf = btf_types::Btf::parse(section(object, ".BTF")?)?;
    let ext = BtfExt::parse(section(object, ".BTF.ext")?)?;
    let mut records = Vec::new();
    for section in ext.core_relocs().sections() {
        let name = btf.string(section.name_off())?.to_string();
        records.push((name, section.records().collect()));
    }
    Ok(records)
}

/// Returns bytes that are equal exactly if the code is.
pub fn to_bytes(code: &Code) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, section) in code {
        for part in [name.as_bytes(), section.as_slice()] {
            bytes.extend_from_slice(&part.len().to_le_bytes());
            bytes.extend_from_slice(part);
        }
    }
    bytes
}

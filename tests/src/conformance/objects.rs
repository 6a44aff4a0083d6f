//! Whole objects on whole kernels.

use core_reloc::Target;

use super::compare::Compared;
use super::object::ObjectFile;
use super::report::Row;
use super::target::{Index, Kernel, TargetError};
use crate::judge::libbpf;

/// Compares all relocations of all objects on a kernel, and adds them to a row.
pub fn compare_objects(row: &mut Row, objects: &[ObjectFile], kernel: &Kernel) {
    compare_by(ObjectFile::compare, Index::None, row, objects, kernel);
}

/// The same of what checking says. As where many objects are checked, the names are indexed.
pub(super) fn compare_checked(row: &mut Row, objects: &[ObjectFile], kernel: &Kernel) {
    compare_by(ObjectFile::compare_checked, Index::Kept, row, objects, kernel);
}

/// How an object is compared on a target; the last says whether libbpf's log is wanted.
type Compare =
    fn(&ObjectFile, &Target<'_>, &libbpf::Target, bool) -> Result<Vec<(String, Compared)>, String>;

fn compare_by(
    compare: Compare,
    index: Index,
    row: &mut Row,
    objects: &[ObjectFile],
    kernel: &Kernel,
) {
    let all = kernel.with_targets(index, |ours, theirs| {
        for object in objects {
            let compare = |with_log| compare(object, ours, theirs, with_log);
            let compared = match compare(false) {
                // Once more, so that libbpf says what it did.
                Ok(compared) if compared.iter().any(|(_, one)| one.is_different()) => compare(true),
                compared => compared,
            };
            match compared {
                Ok(compared) => {
                    for (section, compared) in &compared {
                        let place = || format!("{} {section} on {}", object.name, kernel.name);
                        row.add(place, compared);
                    }
                }
                Err(error) => row.add_unexplained(|| format!("on {}: {error}", kernel.name)),
            }
        }
        Ok(())
    });
    match all {
        Ok(()) => {}
        Err(TargetError::UnknownToLibbpf) => row.note_unknown_to_libbpf(),
        Err(TargetError::Other(error)) => row.add_unexplained(|| error),
    }
}

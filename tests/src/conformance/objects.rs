//! Whole objects on whole kernels.

use super::object::ObjectFile;
use super::report::Row;
use super::target::{Index, Kernel, TargetError};

/// Compares all relocations of all objects on a kernel, and adds them to a row.
pub fn compare_objects(row: &mut Row, objects: &[ObjectFile], kernel: &Kernel) {
    let all = kernel.with_targets(Index::None, |ours, theirs| {
        for object in objects {
            let compare = |with_log| object.compare(ours, theirs, with_log);
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

//! Notes: accesses that load, but may give a program a wrong value.

use std::collections::{BTreeMap, BTreeSet};

use super::{Results, collect::NoteResult};

/// All notes, in the order of the objects and their relocations.
pub(super) struct Notes(pub(super) Vec<Note>);

/// A note with the kernels that it is about.
pub(super) struct Note {
    pub(super) object: usize,
    pub(super) note: NoteResult,
    pub(super) kernels: BTreeSet<usize>,
}

impl Notes {
    pub(super) fn of(results: &Results) -> Self {
        let mut notes: BTreeMap<(usize, usize, &NoteResult), BTreeSet<usize>> = BTreeMap::new();
        for (kernel, checked) in results.kernels.iter().enumerate() {
            for (object, row) in checked.rows.iter().enumerate() {
                for note in &row.notes {
                    let key = (object, note.relocation, note);
                    notes.entry(key).or_default().insert(kernel);
                }
            }
        }
        let note = |((object, _, note), kernels): ((_, _, &NoteResult), _)| Note {
            object,
            note: note.clone(),
            kernels,
        };
        Self(notes.into_iter().map(note).collect())
    }
}

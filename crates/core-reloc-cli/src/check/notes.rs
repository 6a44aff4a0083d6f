//! Notes: accesses that load, but may give a program a wrong value.

use std::collections::BTreeMap;

use super::{
    Results,
    kernel_set::KernelSet,
    rows::{Alike, NoteResult},
};

/// All notes, in the order of the objects and their relocations.
pub(super) struct Notes(pub(super) Vec<Note>);

/// A note with the kernels that it is about.
pub(super) struct Note {
    pub(super) object: usize,
    pub(super) note: NoteResult,
    pub(super) kernels: KernelSet,
}

impl Notes {
    pub(super) fn of(results: &Results) -> Self {
        let mut notes: BTreeMap<(usize, usize, &NoteResult), KernelSet> = BTreeMap::new();
        for object in 0..results.objects.len() {
            for Alike { row, kernels } in results.alike(object) {
                for note in &row.notes {
                    let key = (object, note.relocation, note);
                    notes.entry(key).or_default().add_all(&kernels);
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

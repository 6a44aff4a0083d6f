//! Writing the report of a shard.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::Arc,
};

use serde::Serialize;

use super::{
    key::{GivenRecord, ShardKey},
    record::{KernelRecord, RelocationRecord, UnreadableRecord},
};
use crate::{
    check::{
        Results,
        causes::Causes,
        explanations::SharedExplanation,
        json::{self, Line},
        objects::ObjectInfo,
        rows::{NoteResult, ObjectRow, OpenResult, ProgramResult, RelocationResult},
    },
    format::json_line,
    terminal::Escaped,
};

/// The lines that only the report of a shard has.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Record<'r> {
    Object(&'r ObjectInfo),
    Given(&'r GivenRecord),
    Explanation(&'r SharedExplanation),
    Row(RowLine<'r>),
    Kernel(KernelRecord),
    Unreadable(UnreadableRecord),
}

/// A row whose parts are borrowed.
#[derive(Serialize)]
struct RowLine<'r> {
    object: usize,
    programs: &'r [Arc<ProgramResult>],
    relocations: Vec<RelocationRecord>,
    open: &'r [OpenResult],
    notes: &'r [NoteResult],
}

/// Prints the report of a shard.
pub(in crate::check) fn print(
    results: &Results,
    key: &ShardKey,
    given: &[GivenRecord],
    unreadable: &[String],
    explains: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    json_line(&Line::report(Some(key)), out)?;
    for object in results.objects {
        json_line(&Record::Object(object), out)?;
    }
    for given in given {
        json_line(&Record::Given(given), out)?;
    }
    let mut shared = Shared::default();
    for kernel in &results.kernels {
        let rows = kernel.rows.iter().enumerate();
        let rows: io::Result<Vec<usize>> =
            rows.map(|(object, row)| shared.row(object, row, out)).collect();
        json_line(
            &Record::Kernel(KernelRecord {
                path: Escaped(&kernel.path).to_string(),
                folder: kernel.folder.clone(),
                order: kernel.order,
                rows: rows?,
            }),
            out,
        )?;
    }
    for message in unreadable {
        json_line(&Record::Unreadable(UnreadableRecord { message: message.clone() }), out)?;
    }
    json::print_after_report(results, &Causes::of(results), None, explains, out)
}

/// The numbers of what has been printed. Equal values are shared, so that the address identifies each.
#[derive(Default)]
struct Shared {
    /// A row belongs to one object, even if another one has an equal one.
    rows: HashMap<(usize, *const ObjectRow), usize>,
    explanations: HashMap<*const SharedExplanation, usize>,
}

impl Shared {
    /// Returns the number of a row, and prints it first if it is new.
    fn row(
        &mut self,
        object: usize,
        row: &Arc<ObjectRow>,
        out: &mut impl Write,
    ) -> io::Result<usize> {
        let key = (object, Arc::as_ptr(row));
        if let Some(number) = self.rows.get(&key) {
            return Ok(*number);
        }
        let ObjectRow { programs, relocations, open, notes } = &**row;
        let relocations = relocations.iter().map(|it| self.relocation(it, out));
        let relocations = relocations.collect::<io::Result<Vec<_>>>()?;
        json_line(&Record::Row(RowLine { object, programs, relocations, open, notes }), out)?;
        let number = self.rows.len();
        self.rows.insert(key, number);
        Ok(number)
    }

    fn relocation(
        &mut self,
        result: &RelocationResult,
        out: &mut impl Write,
    ) -> io::Result<RelocationRecord> {
        let RelocationResult { relocation, verdict, value, proof, explanation } = result;
        let explanation = explanation.as_ref().map(|it| self.explanation(it, out)).transpose()?;
        Ok(RelocationRecord {
            relocation: *relocation,
            verdict: *verdict,
            value: *value,
            proof: proof.clone(),
            explanation,
        })
    }

    fn explanation(
        &mut self,
        explanation: &Arc<SharedExplanation>,
        out: &mut impl Write,
    ) -> io::Result<usize> {
        let key = Arc::as_ptr(explanation);
        if let Some(number) = self.explanations.get(&key) {
            return Ok(*number);
        }
        json_line(&Record::Explanation(explanation), out)?;
        let number = self.explanations.len();
        self.explanations.insert(key, number);
        Ok(number)
    }
}

//! Printing differences as text, in the style of `dump`.

use std::io::{self, Write};

use core_reloc_sys::BtfFile;
use core_reloc_tools::{
    definition::MemberLayout,
    diff::{
        Change, Diff, EnumeratorDiff, EnumeratorSide, MemberDiff, MemberSide, TypeClass, TypeDiff,
        TypeSide,
    },
};
use owo_colors::{OwoColorize, Style};

use super::wrap::wrap;
use crate::{
    format::plural,
    terminal::{Escaped, Printer, WIDTH},
};

/// The width of the mark before a line, and of the space after it.
const MARK: usize = 2;
/// The width of the comment with the offset and the size of a member, and of the space before it.
const LAYOUT: usize = 20;

/// Prints all differences, and how many there are. `is_full` lists each member that was only moved.
pub(super) fn print(
    old: &BtfFile,
    new: &BtfFile,
    diff: &Diff,
    is_full: bool,
    out: &mut Printer,
) -> io::Result<()> {
    writeln!(out, "{}", format_args!("--- {}", Escaped(old.path().display())).bold())?;
    writeln!(out, "{}", format_args!("+++ {}", Escaped(new.path().display())).bold())?;
    let mut was_line = false;
    for ty in &diff.types {
        let is_line = is_line(ty);
        if !is_line || !was_line {
            writeln!(out)?;
        }
        was_line = is_line;
        if is_line { lines(ty, out)? } else { definition(ty, is_full, out)? }
    }
    totals(diff, out)
}

/// Returns the width that a line has after its mark.
fn room(out: &Printer) -> usize {
    out.width().unwrap_or(usize::MAX).saturating_sub(MARK)
}

/// Returns `true` for types that are printed without a body.
fn is_line(ty: &TypeDiff) -> bool {
    ty.members.is_empty()
        && ty.enumerators.is_empty()
        && (ty.old.is_none() || ty.new.is_none() || !has_body(ty.class))
}

fn has_body(class: TypeClass) -> bool {
    matches!(class, TypeClass::Composite | TypeClass::Enum)
}

/// Prints the declarations of a type that is gone or new, or that has no body.
fn lines(ty: &TypeDiff, out: &mut Printer) -> io::Result<()> {
    for (mark, side) in [(Mark::Gone, &ty.old), (Mark::New, &ty.new)] {
        let Some(side) = side else { continue };
        let size = side.size.filter(|_| ty.class != TypeClass::Function).map(bytes);
        let sign = side.signed.map(|signed| if signed { "signed" } else { "unsigned" });
        let module = side.module.as_ref().map(|module| format!("of module {}", Escaped(module)));
        let facts: Vec<String> =
            size.into_iter().chain(sign.map(String::from)).chain(module).collect();
        let comment = match facts.as_slice() {
            [] => String::new(),
            facts => format!("/* {} */", facts.join(", ")),
        };
        let width = room(out).saturating_sub(comment.chars().count() + 1);
        mark.print(&wrap(&format!("{};", side.declaration), width), &comment, 0, out)?;
    }
    Ok(())
}

/// Prints a type with what differs in it, below a comment with its kind and size.
fn definition(ty: &TypeDiff, is_full: bool, out: &mut Printer) -> io::Result<()> {
    let (old, new) = (ty.old.as_ref(), ty.new.as_ref());
    let Some(side) = new.or(old) else { return Ok(()) };
    writeln!(out, "{}", heading(ty).dimmed())?;
    let is_typedef = ty.class == TypeClass::Typedef;
    let body = ty.members.is_empty() && ty.enumerators.is_empty();
    // A typedef declares the type that it has a body of: `typedef struct {…} atomic_t`.
    let (head, tail) = match side.declaration.split_once("{…}") {
        Some((before, after)) if is_typedef => (before.trim_end(), format!("}}{after};")),
        _ => (side.declaration.trim_end_matches(" {…}"), "};".to_string()),
    };
    if body {
        return writeln!(out, "{head};");
    }
    let mark = match (old, new) {
        (None, _) => Mark::New,
        (_, None) => Mark::Gone,
        _ => Mark::Same,
    };
    mark.print(&[format!("{head} {{")], "", 0, out)?;
    members(&ty.members, is_full, out)?;
    enumerators(&ty.enumerators, is_full, out)?;
    mark.print(&[tail], "", 0, out)
}

/// Returns the comment above a type: its kind, size and module, before and after.
fn heading(ty: &TypeDiff) -> String {
    let both = |fact: fn(&TypeSide) -> Option<String>| {
        let (old, new) = (ty.old.as_ref().and_then(fact), ty.new.as_ref().and_then(fact));
        match (old, new) {
            (Some(old), Some(new)) if old != new => Some(format!("{old} → {new}")),
            (old, new) => new.or(old),
        }
    };
    let mut facts = Vec::from_iter(both(|side| Some(side.kind.to_string())));
    facts.extend(both(|side| side.size.map(|size| size.to_string())).map(|it| it + " bytes"));
    let module = |side: &TypeSide| {
        Some(side.module.as_ref().map_or("the kernel".to_string(), |it| Escaped(it).to_string()))
    };
    let sides = [&ty.old, &ty.new].into_iter().flatten();
    if sides.clone().any(|side| side.module.is_some()) {
        facts.extend(both(module).map(|module| format!("of module {module}")));
    }
    if let (Change::Renamed, Some(old)) = (ty.change(), &ty.old) {
        facts.push(format!("was {}", old.declaration));
    }
    format!("/* {} */", facts.join(", "))
}

/// What happened to the thing in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Gone,
    New,
    Changed,
    /// Nothing: it only shows where the others are.
    Same,
}

impl Mark {
    fn of(change: Change) -> Self {
        match change {
            Change::Gone => Self::Gone,
            Change::New => Self::New,
            _ => Self::Changed,
        }
    }

    fn style(self) -> (char, Style) {
        match self {
            Self::Gone => ('-', Style::new().red()),
            Self::New => ('+', Style::new().green()),
            Self::Changed => ('~', Style::new().yellow()),
            Self::Same => (' ', Style::new()),
        }
    }

    /// Prints the lines of a text with the mark before each, and a comment after them, in a column if that fits.
    fn print(
        self,
        text: &[String],
        comment: &str,
        column: usize,
        out: &mut Printer,
    ) -> io::Result<()> {
        let (mark, style) = self.style();
        let (style, dimmed) = (out.if_colored(style), out.if_colored(Style::new().dimmed()));
        for (at, line) in text.iter().enumerate() {
            let is_last = at + 1 == text.len();
            if is_last && !comment.is_empty() {
                let line = format!("{mark} {line:column$}");
                writeln!(out, "{} {}", line.style(style), comment.style(dimmed))?;
            } else {
                let line = format!("{mark} {line}");
                writeln!(out, "{}", line.trim_end().style(style))?;
            }
        }
        Ok(())
    }
}

/// Prints the members that differ.
fn members(members: &[MemberDiff], is_full: bool, out: &mut Printer) -> io::Result<()> {
    let runs: Vec<&[MemberDiff]> = members
        .chunk_by(|one, other| {
            let (one, other) = (one.only_moved_by(), other.only_moved_by());
            !is_full && one.is_some() && one == other
        })
        .collect();
    let texts: Vec<Vec<String>> = runs.iter().map(|run| member_text(run, room(out))).collect();
    let widths = texts.iter().zip(&runs).filter(|(_, run)| run.len() == 1);
    let widths = widths.filter_map(|(text, _)| text.last()).map(|line| line.chars().count());
    let column = widths
        .filter(|width| *width <= room(out).min(WIDTH).saturating_sub(LAYOUT))
        .max()
        .unwrap_or(0);
    for (run, text) in runs.iter().zip(&texts) {
        match run {
            [only] => member(only, text, column, out)?,
            run => Mark::Changed.print(&moved_together(run, room(out)), "", 0, out)?,
        }
    }
    Ok(())
}

/// Returns the declaration of a member, in lines.
fn member_text(run: &[MemberDiff], room: usize) -> Vec<String> {
    let side = run.first().and_then(|only| only.new.as_ref().or(only.old.as_ref()));
    let declaration = side.map_or("", |side| side.declaration.as_str());
    wrap(&format!("  {declaration};"), room.saturating_sub(LAYOUT))
}

/// Prints a member, and what it was if that is not in the line already.
fn member(
    member: &MemberDiff,
    text: &[String],
    column: usize,
    out: &mut Printer,
) -> io::Result<()> {
    let (old, new) = (member.old.as_ref(), member.new.as_ref());
    let Some(side) = new.or(old) else { return Ok(()) };
    let note = match (old, new) {
        (Some(old), Some(new)) => what_it_was(member, old, new),
        _ => member.replacement.as_ref().map(|path| format!("see {path}")).unwrap_or_default(),
    };
    let last = text.last().map_or(0, |line| line.chars().count()).max(column);
    let is_beside = last + LAYOUT + 1 + note.chars().count() <= room(out);
    let comment = match note.as_str() {
        note if is_beside && !note.is_empty() => format!("{} {note}", side.layout),
        _ => side.layout.to_string(),
    };
    Mark::of(member.change()).print(text, &comment, column, out)?;
    if !is_beside {
        for line in wrap(&note, room(out).saturating_sub(8)) {
            writeln!(out, "          {}", line.dimmed())?;
        }
    }
    Ok(())
}

fn what_it_was(member: &MemberDiff, old: &MemberSide, new: &MemberSide) -> String {
    let mut was = String::from("was");
    if member.is_retyped || member.change() == Change::Renamed {
        was.push_str(&format!(" {}", old.declaration));
    }
    if member.moved_by().is_some() {
        was.push_str(&format!(" at {}", offset(old.layout)));
    }
    if member.is_resized() {
        let separator = if was.len() > 3 { "," } else { "" };
        let (old, new) = (old.layout, new.layout);
        let size = match old.bitfield_size {
            0 if new.bitfield_size > 0 => "no bitfield".to_string(),
            0 => old.size.map_or_else(|| "without a size".to_string(), bytes),
            bits => plural(bits.into(), "bit"),
        };
        was.push_str(&format!("{separator} {size}"));
    }
    was
}

fn bytes(size: u32) -> String {
    plural(size as usize, "byte")
}

/// Returns the offset of a member: in bytes, and with the bit in the unit of a bitfield.
fn offset(layout: MemberLayout) -> String {
    let bit = layout.bit_offset.saturating_sub(layout.byte_offset.saturating_mul(8));
    match bit {
        0 if layout.bitfield_size == 0 => layout.byte_offset.to_string(),
        bit => format!("{}:{bit}", layout.byte_offset),
    }
}

/// Returns the text for members that were moved by the same distance: `3 members moved by +8: a to c`.
fn moved_together(run: &[MemberDiff], room: usize) -> Vec<String> {
    let by = run.first().and_then(MemberDiff::only_moved_by).unwrap_or(0);
    let by = if by % 8 == 0 { format!("{:+}", by / 8) } else { format!("{by:+} bits") };
    let (first, last, count) = (run.first(), run.last(), run.len());
    let [first, last] = [first, last].map(|member| member.map_or("", MemberDiff::path));
    wrap(&format!("  {count} members moved by {by}: {first} to {last}"), room)
}

/// Prints the enumerators that differ.
fn enumerators(enumerators: &[EnumeratorDiff], is_full: bool, out: &mut Printer) -> io::Result<()> {
    let value = |side: &EnumeratorSide| {
        let guess = if side.is_guess { " /* the sign is a guess */" } else { "" };
        format!("  {} = {},{guess}", side.name, side.value)
    };
    let runs = enumerators.chunk_by(|one, other| {
        let (one, other) = (one.only_changed_by(), other.only_changed_by());
        !is_full && one.is_some() && one == other
    });
    for run in runs {
        let [only] = run else {
            let by = run.first().and_then(EnumeratorDiff::only_changed_by).unwrap_or(0);
            let (first, last, count) = (run.first(), run.last(), run.len());
            let [first, last] = [first, last].map(|one| one.map_or("", EnumeratorDiff::name));
            let text = format!("  {count} enumerators changed by {by:+}: {first} to {last}");
            Mark::Changed.print(&wrap(&text, room(out)), "", 0, out)?;
            continue;
        };
        let Some(side) = only.new.as_ref().or(only.old.as_ref()) else { continue };
        let was = match (&only.old, &only.new) {
            (Some(old), Some(new)) if old.name != new.name => format!("/* was {} */", old.name),
            (Some(old), Some(_)) => format!("/* was {} */", old.value),
            _ => String::new(),
        };
        Mark::of(only.change()).print(&[value(side)], &was, 0, out)?;
    }
    Ok(())
}

/// Prints the numbers of differences.
fn totals(diff: &Diff, out: &mut Printer) -> io::Result<()> {
    let totals = diff.totals();
    writeln!(out)?;
    let row = |name: &str, cells: [&str; 5]| {
        let [changed, renamed, gone, new, equal] = cells;
        format!("{name:14}{changed:>9}{renamed:>9}{gone:>9}{new:>9}{equal:>9}")
    };
    writeln!(out, "{}", row("", ["changed", "renamed", "gone", "new", "equal"]).bold())?;
    for class in &totals.classes {
        let different = class.different;
        let counts =
            [different.changed, different.renamed, different.gone, different.new, class.equal];
        let cells = counts.map(|count| count.to_string());
        writeln!(out, "{}", row(plural_name(class.class), cells.each_ref().map(String::as_str)))?;
    }
    let members = totals.members;
    let counts = [
        (members.moved, "moved"),
        (members.resized, "resized"),
        (members.retyped, "retyped"),
        (members.renamed, "renamed"),
        (members.gone, "gone"),
        (members.new, "new"),
    ];
    counted("members", &counts, out)?;
    let enumerators = totals.enumerators;
    let counts = [
        (enumerators.changed, "changed"),
        (enumerators.renamed, "renamed"),
        (enumerators.gone, "gone"),
        (enumerators.new, "new"),
    ];
    counted("enumerators", &counts, out)
}

/// Prints the numbers that are not zero.
fn counted(what: &str, counts: &[(usize, &str)], out: &mut Printer) -> io::Result<()> {
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, how)| format!("{count} {how}"))
        .collect();
    if counts.is_empty() {
        return Ok(());
    }
    writeln!(out, "{what}: {}", counts.join(", "))
}

/// Returns what the types of a class are called.
fn plural_name(class: TypeClass) -> &'static str {
    match class {
        TypeClass::Composite => "structs, unions",
        TypeClass::Enum => "enums",
        TypeClass::Typedef => "typedefs",
        TypeClass::Function => "functions",
        TypeClass::Variable => "variables",
        TypeClass::Number => "numbers",
        _ => "others",
    }
}

//! Printing differences as JSON: `docs/diff.schema.json` describes the lines.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use core_reloc_sys::BtfFile;
use core_reloc_tools::diff::{
    Diff, EntryTotals, EnumeratorDiff, EnumeratorSide, MemberDiff, MemberSide, TypeDiff, TypeSide,
};
use serde::Serialize;

use crate::format::json_line;

/// A line of JSON.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'a> {
    Report {
        format: &'static str,
        version: u32,
        old: String,
        new: String,
    },
    Difference {
        class: &'static str,
        change: &'static str,
        name: &'a str,
        old: Option<SideKeys<'a>>,
        new: Option<SideKeys<'a>>,
        members: Vec<MemberKeys<'a>>,
        enumerators: Vec<EnumeratorKeys<'a>>,
    },
    Summary {
        classes: BTreeMap<&'static str, ClassKeys>,
        members: MemberTotalKeys,
        enumerators: EntryTotalKeys,
        complete: bool,
    },
}

#[derive(Serialize)]
struct SideKeys<'a> {
    /// The module that defines the type; `None` for the kernel.
    module: Option<&'a str>,
    id: u32,
    kind: &'static str,
    name: &'a str,
    declaration: &'a str,
    size: Option<u32>,
    /// Of a number.
    signed: Option<bool>,
}

#[derive(Serialize)]
struct MemberKeys<'a> {
    change: &'static str,
    /// In bits; `None` if it was not moved.
    moved_by: Option<i64>,
    resized: bool,
    retyped: bool,
    replacement: Option<&'a str>,
    old: Option<MemberSideKeys<'a>>,
    new: Option<MemberSideKeys<'a>>,
}

#[derive(Serialize)]
struct MemberSideKeys<'a> {
    path: &'a str,
    declaration: &'a str,
    bit_offset: u64,
    bitfield_size: u8,
    size: Option<u32>,
}

#[derive(Serialize)]
struct EnumeratorKeys<'a> {
    change: &'static str,
    old: Option<EnumeratorSideKeys<'a>>,
    new: Option<EnumeratorSideKeys<'a>>,
}

#[derive(Serialize)]
struct EnumeratorSideKeys<'a> {
    name: &'a str,
    value: i128,
    /// The sign of the value is a guess.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    guess: bool,
}

#[derive(Serialize)]
struct ClassKeys {
    #[serde(flatten)]
    different: EntryTotalKeys,
    equal: usize,
}

#[derive(Serialize)]
struct EntryTotalKeys {
    changed: usize,
    renamed: usize,
    gone: usize,
    new: usize,
}

#[derive(Serialize)]
struct MemberTotalKeys {
    moved: usize,
    resized: usize,
    retyped: usize,
    renamed: usize,
    gone: usize,
    new: usize,
}

pub(super) fn print(
    old: &BtfFile,
    new: &BtfFile,
    diff: &Diff,
    out: &mut impl Write,
) -> io::Result<()> {
    let path = |file: &BtfFile| file.path().display().to_string();
    let (old, new) = (path(old), path(new));
    json_line(&Line::Report { format: "core-reloc diff", version: 1, old, new }, out)?;
    for ty in &diff.types {
        json_line(&difference(ty), out)?;
    }
    json_line(&summary(diff), out)
}

fn difference(ty: &TypeDiff) -> Line<'_> {
    Line::Difference {
        class: ty.class.name(),
        change: ty.change().name(),
        name: ty.name(),
        old: ty.old.as_ref().map(type_side),
        new: ty.new.as_ref().map(type_side),
        members: ty.members.iter().map(member).collect(),
        enumerators: ty.enumerators.iter().map(enumerator).collect(),
    }
}

fn member(member: &MemberDiff) -> MemberKeys<'_> {
    MemberKeys {
        change: member.change().name(),
        moved_by: member.moved_by(),
        resized: member.is_resized(),
        retyped: member.is_retyped,
        replacement: member.replacement.as_deref(),
        old: member.old.as_ref().map(member_side),
        new: member.new.as_ref().map(member_side),
    }
}

fn enumerator(enumerator: &EnumeratorDiff) -> EnumeratorKeys<'_> {
    EnumeratorKeys {
        change: enumerator.change().name(),
        old: enumerator.old.as_ref().map(enumerator_side),
        new: enumerator.new.as_ref().map(enumerator_side),
    }
}

fn summary(diff: &Diff) -> Line<'_> {
    let entries = |totals: EntryTotals| {
        let EntryTotals { changed, renamed, gone, new, .. } = totals;
        EntryTotalKeys { changed, renamed, gone, new }
    };
    let totals = diff.totals();
    let class = |class: &core_reloc_tools::diff::ClassTotals| {
        let keys = ClassKeys { different: entries(class.different), equal: class.equal };
        (class.class.name(), keys)
    };
    let members = totals.members;
    Line::Summary {
        classes: totals.classes.iter().map(class).collect(),
        members: MemberTotalKeys {
            moved: members.moved,
            resized: members.resized,
            retyped: members.retyped,
            renamed: members.renamed,
            gone: members.gone,
            new: members.new,
        },
        enumerators: entries(totals.enumerators),
        complete: !diff.is_cut,
    }
}

fn type_side(side: &TypeSide) -> SideKeys<'_> {
    SideKeys {
        module: side.module.as_deref(),
        id: side.id.0,
        kind: side.kind.name(),
        name: &side.name,
        declaration: &side.declaration,
        size: side.size,
        signed: side.signed,
    }
}

fn member_side(side: &MemberSide) -> MemberSideKeys<'_> {
    MemberSideKeys {
        path: &side.path,
        declaration: &side.declaration,
        bit_offset: side.layout.bit_offset,
        bitfield_size: side.layout.bitfield_size,
        size: side.layout.size,
    }
}

fn enumerator_side(side: &EnumeratorSide) -> EnumeratorSideKeys<'_> {
    EnumeratorSideKeys { name: &side.name, value: side.value, guess: side.is_guess }
}

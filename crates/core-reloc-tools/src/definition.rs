//! Defines types as C does, line by line, with offsets and sizes in the form of `pahole`.
//!
//! Types without a name are defined where they are used, including those of arrays, pointers and qualified types.
//! Padding and attributes such as `packed` are not written; [`header`](crate::header) writes definitions that compile.
//!
//! ```
//! use btf_types::{Btf, ByteOrder, IntEncoding, Kind, build::Builder};
//! use core_reloc_tools::definition::Definition;
//!
//! let mut btf = Builder::new(ByteOrder::Little);
//! let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
//! btf.structure("task", 8).member("pid", int, 0).member("tgid", int, 32).finish();
//! let bytes = btf.finish()?;
//! let btf = Btf::parse(&bytes)?;
//!
//! let task = Definition::of(btf.find("task", Kind::Struct).ok_or("no task")?);
//! assert_eq!((task.head.as_str(), task.tail.as_str()), ("struct task {", "};"));
//! assert_eq!(task.lines[1].text, "int tgid;");
//! assert_eq!(task.lines[1].layout.map(|layout| layout.bit_offset), Some(32));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attribute;
pub(crate) mod inline;
mod layout;
mod location;
mod writer;

use btf_types::{Kind, Type};
use core_reloc::{
    describe::{declaration_in_c, type_in_c},
    enums::EnumReader,
};

pub use self::layout::MemberLayout;
pub(crate) use self::layout::old_bitfield;
pub(crate) use self::writer::keyword;
use self::writer::{LineWriter, name_of};

/// The definition of a type in C.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Definition {
    /// The first line: `struct task {`, or the whole definition: `typedef int pid_t;`.
    pub head: String,
    /// The lines between the first and the last: members, enumerators, variables or inline sites.
    pub lines: Vec<DefinitionLine>,
    /// The last line, `};`. It is empty if the definition is one line.
    pub tail: String,
    /// The size of the type in bytes, if it has one.
    pub size: Option<u32>,
    /// Whether lines were left out because there are more than
    /// [`MAX_DEFINITION_LINES`](crate::limits::MAX_DEFINITION_LINES) or because anonymous types are
    /// nested too deeply.
    pub is_cut: bool,
}

/// A line of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DefinitionLine {
    /// The member or enumerator, as a path from the type: `id.pid`, `pairs[].id` in the elements of an
    /// array, `ops->open` through a pointer to an anonymous type. It is empty for anonymous members and for
    /// the first line of a nested definition.
    pub name: String,
    /// The number of nested definitions around the line.
    pub depth: usize,
    /// The text without indentation.
    pub text: String,
    /// The layout of a member. Within an anonymous type reached through a pointer, offsets start from 0 again.
    pub layout: Option<MemberLayout>,
}

impl Definition {
    /// Defines a type. References that lead nowhere appear as ids.
    ///
    /// For many types of one BTF, [`Definition::with`] finds out only once what the BTF states about its
    /// enums.
    pub fn of(ty: Type<'_>) -> Self {
        Self::with(ty, &EnumReader::new(ty.btf()))
    }

    /// Defines a type, with the values that a reader of its BTF gives its enumerators. A value whose sign is
    /// a guess has a comment with the other one.
    pub fn with(ty: Type<'_>, enums: &EnumReader<'_>) -> Self {
        let mut writer = LineWriter::new(enums);
        let (head, tail) = match ty.kind() {
            Kind::Struct | Kind::Union | Kind::Enum | Kind::Enum64 => {
                writer.body(ty, "", 0, 0);
                let head =
                    if name_of(ty).is_empty() { keyword(ty).to_string() } else { type_in_c(ty) };
                (format!("{head} {{"), "};".to_string())
            }
            Kind::Typedef => writer.declaration("typedef ", ty),
            Kind::DataSec => {
                for variable in ty.variables() {
                    let line = ty.btf().type_by_id(variable.type_id());
                    let text =
                        line.map_or_else(|_| format!("type {};", variable.type_id()), global);
                    writer.push("", 0, text, None);
                }
                (format!("section {} {{", name_of(ty)), "};".to_string())
            }
            Kind::LocSec => {
                location::sites(ty, &mut writer);
                (format!("section {} {{", name_of(ty)), "};".to_string())
            }
            Kind::LocProto => {
                location::params(ty, &mut writer);
                ("locations {".to_string(), "};".to_string())
            }
            Kind::LocParam => (format!("location {};", location::location(ty)), String::new()),
            Kind::DeclTag => (attribute::definition(ty), String::new()),
            Kind::Var => writer.declaration("", ty),
            Kind::Func => (global(ty), String::new()),
            Kind::Fwd => (format!("{};", type_in_c(ty)), String::new()),
            _ => (declaration_in_c(ty, ""), String::new()),
        };
        Self { head, lines: writer.lines, tail, size: ty.size().ok(), is_cut: writer.is_cut }
    }
}

/// Declares a variable or function.
fn global(ty: Type<'_>) -> String {
    match ty.referenced() {
        Ok(Some(to)) => format!("{};", declaration_in_c(to, &name_of(ty))),
        _ => format!("? {};", name_of(ty)),
    }
}

#[cfg(test)]
mod tests {
    use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};

    use super::*;
    use crate::limits::MAX_DEFINITION_LINES;

    fn lines(bytes: &[u8], kind: Kind, name: &str) -> Vec<String> {
        let btf = Btf::parse(bytes).unwrap();
        let definition = Definition::of(btf.find(name, kind).unwrap());
        let line = |line: &DefinitionLine| format!("{}{}", " ".repeat(line.depth), line.text);
        let mut lines = vec![definition.head];
        lines.extend(definition.lines.iter().map(line));
        lines.push(definition.tail);
        lines
    }

    #[test]
    fn declarators_read_as_in_c() {
        let bytes = btf_from_c::btf(
            ByteOrder::Little,
            "struct all {
                int (*to_array)[4];
                int *pointers[2];
                struct { int deep @ 4; };
                struct { int deep @ 4; } named;
            };",
        );
        assert_eq!(
            lines(&bytes, Kind::Struct, "all"),
            [
                "struct all {",
                "int (*to_array)[4];",
                "int *pointers[2];",
                "struct {",
                " int deep;",
                "};",
                "struct {",
                " int deep;",
                "} named;",
                "};",
            ]
        );
        assert_eq!(lines(&bytes, Kind::Struct, ""), ["struct {", "int deep;", "};"]);
        let btf = Btf::parse(&bytes).unwrap();
        let definition = Definition::of(btf.find("all", Kind::Struct).unwrap());
        let bit_offset = |name: &str| {
            let line = definition.lines.iter().find(|line| line.name == name).unwrap();
            line.layout.unwrap().bit_offset
        };
        // 192 + 32 in the anonymous one, 256 + 32 in the named one.
        assert_eq!((bit_offset("deep"), bit_offset("named.deep")), (224, 288));
    }

    #[test]
    fn definitions_that_multiply_are_cut() {
        let mut btf = Builder::new(ByteOrder::Little);
        let mut ty = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        for _ in 0..40 {
            ty = btf.structure("", 4).member("", ty, 0).member("", ty, 0).finish();
        }
        btf.structure("root", 4).member("", ty, 0).finish();
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let definition = Definition::of(btf.find("root", Kind::Struct).unwrap());
        assert!(definition.is_cut);
        assert!(definition.lines.len() <= MAX_DEFINITION_LINES);
    }
}

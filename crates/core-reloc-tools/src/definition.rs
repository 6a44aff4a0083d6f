//! Types as C defines them, line by line, with the offsets and sizes that `pahole` shows.

use std::fmt;

use btf_types::{Kind, Member, Type};

use core_reloc::{
    describe::{declaration_in_c, quote, type_in_c},
    limits::MAX_QUOTE,
};

use crate::limits::MAX_DEFINITION_LINES;

/// The definition of a type as C writes it.
///
/// ```
/// use btf_types::{Btf, ByteOrder, IntEncoding, Kind, build::Builder};
/// use core_reloc_tools::definition::Definition;
///
/// let mut btf = Builder::new(ByteOrder::Little);
/// let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// btf.structure("task", 8).member("pid", int, 0).member("tgid", int, 32).finish();
/// let bytes = btf.finish()?;
/// let btf = Btf::parse(&bytes)?;
///
/// let task = Definition::of(btf.find("task", Kind::Struct).ok_or("no task")?);
/// assert_eq!((task.head.as_str(), task.tail.as_str()), ("struct task {", "};"));
/// assert_eq!(task.lines[1].text, "int tgid;");
/// assert_eq!(task.lines[1].place.map(|place| place.bit_offset), Some(32));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Definition {
    /// The first line: `struct task {`, or all there is: `typedef int pid_t;`.
    pub head: String,
    /// The lines between: members, enumerators or variables.
    pub lines: Vec<DefinitionLine>,
    /// The last line, `};`; empty where the first one says it all.
    pub tail: String,
    /// The size of the type in bytes, if it has one.
    pub size: Option<u32>,
    /// Whether lines were left out: there are more than [`MAX_DEFINITION_LINES`], or anonymous types
    /// are nested too deep.
    pub is_cut: bool,
}

/// A line of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DefinitionLine {
    /// The member or enumerator, with the named members that it is inside of: `id.pid`. Empty for
    /// what is anonymous.
    pub name: String,
    /// In how many anonymous types it is.
    pub depth: usize,
    /// The line itself, without indentation.
    pub text: String,
    /// Where a member is.
    pub place: Option<MemberPlace>,
}

/// Where a member is within the type that is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberPlace {
    /// The offset in bits.
    pub bit_offset: u64,
    /// The size of a bitfield in bits; 0 for what is none.
    pub bitfield_size: u8,
    /// The size of the member's type in bytes, if it has one.
    pub size: Option<u32>,
}

/// As pahole writes it: offset and size in bytes, and of a bitfield the bit of that byte.
impl fmt::Display for MemberPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (byte, bit) = (self.bit_offset / 8, self.bit_offset % 8);
        write!(f, "/* {byte:>5}")?;
        if self.bitfield_size > 0 || bit > 0 {
            write!(f, ":{bit}")?;
        } else {
            f.write_str("  ")?;
        }
        match self.size {
            Some(size) => write!(f, " {size:>5} */"),
            None => f.write_str("     ? */"),
        }
    }
}

/// How deep anonymous types are followed.
const MAX_DEPTH: usize = 16;

impl Definition {
    /// Defines a type. References that lead nowhere are shown as their ids.
    pub fn of(ty: Type<'_>) -> Self {
        let mut writer = Writer::default();
        let (head, tail) = match ty.kind() {
            Kind::Struct | Kind::Union | Kind::Enum | Kind::Enum64 => {
                writer.body(ty, "", 0, 0);
                let head =
                    if name(ty).is_empty() { keyword(ty).to_string() } else { type_in_c(ty) };
                (format!("{head} {{"), "};".to_string())
            }
            Kind::Typedef => typedef(ty, &mut writer),
            Kind::DataSec => {
                for variable in ty.variables() {
                    let line = ty.btf().type_by_id(variable.type_id());
                    let text =
                        line.map_or_else(|_| format!("type {};", variable.type_id()), global);
                    writer.push("", 0, text, None);
                }
                (format!("section {} {{", name(ty)), "};".to_string())
            }
            Kind::Var | Kind::Func => (global(ty), String::new()),
            Kind::Fwd => (format!("{};", type_in_c(ty)), String::new()),
            _ => (declaration_in_c(ty, ""), String::new()),
        };
        Self { head, lines: writer.lines, tail, size: ty.size().ok(), is_cut: writer.is_cut }
    }
}

/// A typedef, with the body of an anonymous type that it gives a name to.
fn typedef(ty: Type<'_>, writer: &mut Writer) -> (String, String) {
    let name = name(ty);
    match ty.referenced() {
        Ok(Some(to)) if has_inline_body(to) => {
            writer.body(to, "", 0, 0);
            (format!("typedef {} {{", keyword(to)), format!("}} {name};"))
        }
        Ok(Some(to)) => (format!("typedef {};", declaration_in_c(to, &name)), String::new()),
        _ => (format!("typedef ? {name};"), String::new()),
    }
}

/// A variable or function.
fn global(ty: Type<'_>) -> String {
    match ty.referenced() {
        Ok(Some(to)) => format!("{};", declaration_in_c(to, &name(ty))),
        _ => format!("? {};", name(ty)),
    }
}

/// Whether a type is defined where it is used, for it has no name.
fn has_inline_body(ty: Type<'_>) -> bool {
    (ty.kind().is_composite() || ty.kind().is_enum()) && name(ty).is_empty()
}

#[derive(Default)]
struct Writer {
    lines: Vec<DefinitionLine>,
    is_cut: bool,
}

impl Writer {
    /// Adds a line, as long as there may be more.
    fn push(&mut self, name: &str, depth: usize, text: String, place: Option<MemberPlace>) -> bool {
        if self.lines.len() >= MAX_DEFINITION_LINES {
            self.is_cut = true;
            return false;
        }
        self.lines.push(DefinitionLine { name: name.to_string(), depth, text, place });
        true
    }

    /// Adds the members or enumerators of a type that begins at a bit offset.
    fn body(&mut self, ty: Type<'_>, prefix: &str, depth: usize, bits: u64) {
        for enumerator in ty.enumerators() {
            let name = enumerator.name().map_or_else(|_| "?".to_string(), |name| quote(&name));
            let text = format!("{name} = {},", enumerator.value());
            if !self.push(&name, depth, text, None) {
                return;
            }
        }
        for member in ty.members() {
            if self.is_cut || !self.member(member, prefix, depth, bits) {
                return;
            }
        }
    }

    fn member(&mut self, member: Member<'_>, prefix: &str, depth: usize, bits: u64) -> bool {
        let name = member.name().map_or_else(|_| "?".to_string(), |name| quote(&name));
        let bit_offset = bits.saturating_add(member.bit_offset().into());
        let path = if name.is_empty() { String::new() } else { join(prefix, &name) };
        let Ok(ty) = member.ty() else {
            return self.push(&path, depth, format!("type {} {name};", member.type_id()), None);
        };
        let bitfield_size = member.bitfield_size();
        let place = Some(MemberPlace { bit_offset, bitfield_size, size: ty.size().ok() });
        if has_inline_body(ty) && bitfield_size == 0 {
            if depth >= MAX_DEPTH {
                self.is_cut = true;
                return false;
            }
            let inner = if name.is_empty() { prefix } else { path.as_str() };
            if !self.push("", depth, format!("{} {{", keyword(ty)), None) {
                return false;
            }
            self.body(ty, inner, depth.saturating_add(1), bit_offset);
            let end = if name.is_empty() { "};".to_string() } else { format!("}} {name};") };
            return self.push(&path, depth, end, place);
        }
        let mut text = declaration_in_c(ty, &name);
        if bitfield_size > 0 {
            text.push_str(&format!(" : {bitfield_size}"));
        }
        text.push(';');
        self.push(&path, depth, text, place)
    }
}

/// A path of names, cut like all that a file controls.
fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() || prefix.len() > MAX_QUOTE {
        return name.to_string();
    }
    format!("{prefix}.{name}")
}

fn name(ty: Type<'_>) -> String {
    ty.name().map_or_else(|_| "?".to_string(), |name| quote(&name))
}

fn keyword(ty: Type<'_>) -> &'static str {
    match ty.kind() {
        Kind::Union => "union",
        Kind::Fwd if ty.kind_flag() => "union",
        Kind::Struct | Kind::Fwd => "struct",
        Kind::Enum | Kind::Enum64 => "enum",
        _ => "",
    }
}

#[cfg(test)]
mod tests {

    use btf_types::{
        Btf, ByteOrder, IntEncoding,
        build::{Builder, Error},
    };

    use super::*;

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
    fn declarators_read_as_c_has_them() -> Result<(), Error> {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let array = btf.array(int, int, 4);
        let to_array = btf.ptr(array);
        let to_int = btf.ptr(int);
        let pointers = btf.array(to_int, int, 2);
        let inner = btf.structure("", 8).member("deep", int, 32).finish();
        btf.structure("all", 64)
            .member("to_array", to_array, 0)
            .member("pointers", pointers, 64)
            .member("", inner, 192)
            .member("named", inner, 256)
            .finish();
        let bytes = btf.finish()?;
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
        let place = |name: &str| {
            let line = definition.lines.iter().find(|line| line.name == name).unwrap();
            line.place.unwrap().bit_offset
        };
        // 192 + 32 in the anonymous one, 256 + 32 in the named one.
        assert_eq!((place("deep"), place("named.deep")), (224, 288));
        Ok(())
    }

    #[test]
    fn types_that_multiply_are_cut() -> Result<(), Error> {
        let mut btf = Builder::new(ByteOrder::Little);
        let mut ty = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        for _ in 0..40 {
            ty = btf.structure("", 4).member("", ty, 0).member("", ty, 0).finish();
        }
        btf.structure("root", 4).member("", ty, 0).finish();
        let bytes = btf.finish()?;
        let btf = Btf::parse(&bytes).unwrap();
        let definition = Definition::of(btf.find("root", Kind::Struct).unwrap());
        assert!(definition.is_cut);
        assert!(definition.lines.len() <= MAX_DEFINITION_LINES);
        Ok(())
    }
}

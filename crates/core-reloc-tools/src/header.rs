//! Writes the types of a kernel as a header in C, which BPF programs include: a `vmlinux.h`.
//!
//! The header compiles for BPF, and each type in it has the size and the offsets that it has in the kernel: with
//! padding, with the attributes `packed` and `aligned`, and with enums of the kernel's width and sign. Accesses
//! to its structs are relocated (`preserve_access_index`), unless `BPF_NO_PRESERVE_ACCESS_INDEX` is defined
//! before it is included. The functions that programs may call (kfuncs) are declared, unless
//! `BPF_NO_KFUNC_PROTOTYPES` is defined.
//!
//! Of several types with one name, all but the most used are written as flavors, such as `name___2`. What C
//! for BPF cannot express is in the list of [`Header::differences`].
//!
//! ```
//! use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
//! use core_reloc::Target;
//! use core_reloc_tools::header::HeaderGenerator;
//!
//! // struct task { char state; long flags; } __attribute__((packed));
//! let mut btf = Builder::new(ByteOrder::Little);
//! let char = btf.int("char", 1, IntEncoding::new(8, IntEncoding::SIGNED));
//! let long = btf.int("long int", 8, IntEncoding::new(64, IntEncoding::SIGNED));
//! btf.structure("task", 9).member("state", char, 0).member("flags", long, 8).finish();
//! let bytes = btf.finish()?;
//! let btf = Btf::parse(&bytes)?;
//!
//! let header = HeaderGenerator::new(&Target::new(&btf)).whole();
//! assert!(header.text.contains(
//!     "struct task {\n\tchar state;\n\tlong int flags;\n} __attribute__((packed));\n"
//! ));
//! assert!(header.differences.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod declarator;
mod enumeration;
mod frame;
mod layout;
mod names;
mod order;
mod select;
mod types;
mod words;
mod writer;

use std::fmt;

use btf_types::{Kind, Type, TypeId};
use core_reloc::{Target, enums::EnumReader};

pub use self::select::types_for_object;
use self::{
    layout::Layouts,
    names::{Names, TypeName, name_of},
    order::Need,
    types::{Node, Types},
    writer::{DEFINED, Writer},
};

/// A header in C.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// The text, with a list of the differences at the end.
    pub text: String,
    /// What C for BPF cannot express, in the order of the text.
    pub differences: Vec<Difference>,
}

/// Something of the kernel that the header lacks or that has another form there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The module that defines the type; `None` for the kernel.
    pub module: Option<String>,
    /// The id of the type.
    pub type_id: TypeId,
    /// The type in C, quoted if it is not an identifier.
    pub ty: String,
    /// The member, if it is only about one.
    pub member: Option<String>,
    /// Why C cannot express it.
    pub reason: Reason,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ty)?;
        if let Some(member) = &self.member {
            write!(f, ".{member}")?;
        }
        if let Some(module) = &self.module {
            write!(f, " of module {module}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Why C for BPF cannot express something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The name is not an identifier, such as that of a type of Rust. The type is left out; a pointer to it
    /// is one to `void`, and a member of it is defined where it is. Of a member, only its space is left.
    Name,
    /// No member of C can be there: others overlap it, or it starts or ends within a byte. It is left out.
    Place,
    /// The type of the member has no size. The member is left out.
    NoSize,
    /// C for BPF has no integer or floating-point number of this size. It is an array of bytes.
    Size,
    /// An enumerator is left out: its name is not an identifier, or its value does not fit.
    Enumerator,
    /// Too many definitions are nested. It is an array of bytes.
    TooLarge,
    /// A type without a name contains the type that points to it, or itself does. The pointer is one to `void`.
    Circle,
    /// Pointers have four bytes, so sizes and offsets are not those of the kernel.
    Pointer,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "its name is not an identifier of C",
            Self::Place => "no member of C can be at its offset",
            Self::NoSize => "its type has no size",
            Self::Size => "C for BPF has no number of its size",
            Self::Enumerator => "an enumerator has no name or value of C",
            Self::TooLarge => "too many definitions are nested",
            Self::Circle => "it contains what points to it",
            Self::Pointer => "pointers have other sizes on BPF",
        })
    }
}

/// Writes headers with the types of a kernel and its modules.
#[derive(Debug)]
pub struct HeaderGenerator<'a> {
    types: Types<'a>,
    names: Names<'a>,
    layouts: Layouts,
    enums: Vec<EnumReader<'a>>,
}

impl<'a> HeaderGenerator<'a> {
    /// Names and lays out all types. This takes the same time for a whole header and for one type.
    pub fn new(target: &Target<'a>) -> Self {
        let types = Types::new(target);
        let names = Names::new(&types);
        let layouts = Layouts::new(&types);
        let enums = types.btfs().map(EnumReader::new).collect();
        Self { types, names, layouts, enums }
    }

    /// Writes all types, and all functions that programs may call.
    pub fn whole(&self) -> Header {
        let mut writer = self.writer();
        for node in self.types.nodes() {
            let kind = node.ty.kind();
            if kind == Kind::Typedef {
                self.meet(&mut writer, node, Need::Name);
            } else if kind.is_composite() || kind.is_enum() {
                self.meet(&mut writer, node, Need::Definition);
            }
        }
        // Constants whose enum is no type of anything.
        for node in self.types.nodes() {
            let is_anonymous = node.ty.kind().is_enum() && self.names.is_inline(node);
            if is_anonymous && !writer.has(node, DEFINED) && !node.ty.enumerators().is_empty() {
                writer.define(node);
            }
        }
        self.finish(writer, self.names.functions().collect())
    }

    /// Writes some types of the kernel and its modules, with those that they need to compile. A type that is only pointed to is declared
    /// and not defined. Of functions, those are declared that programs may call.
    pub fn of(&self, wanted: &[Type<'a>]) -> Header {
        self.of_nodes(wanted.iter().filter_map(|ty| self.types.by_type(*ty)))
    }

    fn of_nodes(&self, nodes: impl Iterator<Item = Node<'a>>) -> Header {
        let mut writer = self.writer();
        let mut functions = Vec::new();
        for node in nodes {
            match node.ty.kind() {
                Kind::Func if self.names.is_function(node) => functions.push(node),
                Kind::Enum | Kind::Enum64 if self.names.is_inline(node) => {
                    self.meet(&mut writer, node, Need::Definition);
                    if !writer.has(node, DEFINED) && !node.ty.enumerators().is_empty() {
                        writer.define(node);
                    }
                }
                _ => self.meet(&mut writer, node, Need::Definition),
            }
        }
        functions.sort_unstable_by_key(|node| node.key);
        functions.dedup_by_key(|node| node.key);
        self.finish(writer, functions)
    }

    fn writer(&self) -> Writer<'_, 'a> {
        let mut writer = Writer::new(&self.types, &self.names, &self.layouts, &self.enums);
        frame::start(&mut writer.out);
        writer
    }

    fn meet(&self, writer: &mut Writer<'_, 'a>, node: Node<'a>, need: Need) {
        if self.names.of(node) == TypeName::Unusable {
            writer.differ(node, None, Reason::Name);
        }
        writer.meet(node, need);
    }

    fn finish(&self, mut writer: Writer<'_, 'a>, functions: Vec<Node<'a>>) -> Header {
        if self.layouts.is_narrow()
            && let Some(void) = self.types.void()
        {
            writer.differ(void, None, Reason::Pointer);
        }
        writer.functions(functions);
        let (mut text, differences) = writer.finish();
        frame::end(&mut text, &differences);
        Header { text, differences }
    }

    /// Returns the name that a struct, union, enum or typedef has in the header; `None` if it is defined where
    /// it is used, or left out.
    pub fn name(&self, ty: Type<'a>) -> Option<String> {
        let node = self.types.by_type(ty)?;
        match self.names.of(node) {
            TypeName::Own(flavor) => {
                let name = std::str::from_utf8(name_of(ty)?).ok()?;
                Some(if flavor > 1 { format!("{name}___{flavor}") } else { name.to_string() })
            }
            _ => None,
        }
    }
}

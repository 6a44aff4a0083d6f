//! Graphs as declarations in C.

use std::fmt::Write;

use btf_types::{IntEncoding, TypeId};
use core_reloc_proptest::types::{
    CompositeDesc, CompositeKind, EnumDesc, Graph, Layout, Packing, TypeDesc,
};

/// Returns declarations of all types that have a size. Each is named by `prefix` and its id.
pub(crate) fn declarations(graph: &Graph, layout: &Layout, prefix: &str) -> String {
    let mut writer = Writer {
        graph,
        layout,
        prefix,
        declared: vec![false; graph.types.len()],
        source: String::new(),
    };
    for (id, _) in graph.iter() {
        writer.declare(id);
    }
    writer.source
}

struct Writer<'g> {
    graph: &'g Graph,
    layout: &'g Layout,
    prefix: &'g str,
    declared: Vec<bool>,
    source: String,
}

impl Writer<'_> {
    /// Declares a type after the types that it needs.
    fn declare(&mut self, id: TypeId) {
        let Some(ty) = self.graph.get(id) else { return };
        let declared = &mut self.declared[id.0 as usize - 1];
        if *declared || self.layout.size(id).is_none() || ty.is_declaration() {
            return;
        }
        *declared = true;
        let name = format!("{}{}", self.prefix, id.0);
        let source = match ty {
            TypeDesc::Int { flags, .. } if flags & IntEncoding::BOOL != 0 => {
                format!("typedef _Bool {name};")
            }
            TypeDesc::Int { size, flags, .. } => {
                let sign = if flags & IntEncoding::SIGNED != 0 { "signed" } else { "unsigned" };
                format!("typedef {sign} {} {name};", integer(*size))
            }
            // Only the size matters, and not every machine has every FLOAT.
            TypeDesc::Float { size, .. } => format!("typedef {} {name};", integer(*size)),
            TypeDesc::Ptr(_) => format!("typedef void *{name};"),
            TypeDesc::Array { element, len, .. } => {
                self.declare(*element);
                format!("typedef {}{} {name}[{len}];", self.prefix, element.0)
            }
            TypeDesc::Typedef { of, .. }
            | TypeDesc::Modifier(_, of)
            | TypeDesc::TypeTag { of, .. } => {
                self.declare(*of);
                format!("typedef {}{} {name};", self.prefix, of.0)
            }
            TypeDesc::Enum(desc) => enumeration(desc, &name),
            TypeDesc::Composite(desc) => {
                for member in &desc.members {
                    self.declare(member.ty);
                }
                self.composite(desc, &name)
            }
            other => panic!("{other:?} has no size"),
        };
        writeln!(self.source, "{source}").unwrap();
    }

    /// Returns the declaration of a composite. Anonymous members get names, which does not change
    /// the layout.
    fn composite(&self, desc: &CompositeDesc, name: &str) -> String {
        let keyword = match desc.kind {
            CompositeKind::Struct => "struct",
            CompositeKind::Union => "union",
        };
        let attribute = match desc.packing {
            Packing::Natural => String::new(),
            Packing::Packed => " __attribute__((packed))".into(),
            Packing::Aligned(bytes) => format!(" __attribute__((aligned({bytes})))"),
        };
        let members = desc.members.iter().enumerate().map(|(at, member)| {
            let bits = member.bits.map_or_else(String::new, |bits| format!(" : {bits}"));
            format!(" {}{} m{at}{bits};", self.prefix, member.ty.0)
        });
        let members: String = members.collect();
        // clang prints the layouts of types whose size is used.
        format!(
            "typedef {keyword} {name} {{{members} }}{attribute} {name};\n\
             _Static_assert(sizeof({name}) >= 0, \"\");"
        )
    }
}

fn enumeration(desc: &EnumDesc, name: &str) -> String {
    let sign = if desc.signed { "signed" } else { "unsigned" };
    let underlying = integer(desc.size);
    format!("typedef enum : {sign} {underlying} {{ {name}_0 }} {name};")
}

fn integer(size: u32) -> &'static str {
    match size {
        1 => "char",
        2 => "short",
        4 => "int",
        8 => "long long",
        16 => "__int128",
        other => panic!("no integer has {other} bytes"),
    }
}

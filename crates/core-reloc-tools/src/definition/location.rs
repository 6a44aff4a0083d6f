//! Writes inline sites and the locations of their parameters.

use btf_types::{Loc, Type};

use super::writer::{LineWriter, name_of};

/// Returns the location that a LOC_PARAM describes, as bpftool prints it: `*(fbreg - 0x10)`.
pub(super) fn location(ty: Type<'_>) -> String {
    let value = ty.loc_param().and_then(|param| param.value());
    value.map_or_else(|| "?".to_string(), |value| value.to_string())
}

/// Adds the parameters of a LOC_PROTO.
pub(super) fn params(ty: Type<'_>, writer: &mut LineWriter) {
    for param in ty.loc_params() {
        let text = param.ty().map_or_else(|_| format!("type {}", param.type_id()), location);
        if !writer.push("", 0, format!("{text};"), None) {
            return;
        }
    }
}

/// Adds the sites of a LOCSEC.
pub(super) fn sites(ty: Type<'_>, writer: &mut LineWriter) {
    for loc in ty.locs() {
        if !writer.push("", 0, site(loc), None) {
            return;
        }
    }
}

/// Returns a site: `0x40: foo(reg1, ?);`.
fn site(loc: Loc<'_>) -> String {
    /// The number of parameters that are written.
    const SHOWN: usize = 16;
    let name = loc.func().map_or_else(|_| format!("type {}", loc.func_id()), name_of);
    let params = match loc.proto() {
        Ok(proto) => proto.loc_params(),
        Err(_) => return format!("{:#x}: {name}(type {});", loc.offset(), loc.proto_id()),
    };
    let mut texts: Vec<String> = params
        .iter()
        .take(SHOWN)
        .map(|param| param.ty().map_or_else(|_| format!("type {}", param.type_id()), location))
        .collect();
    if params.len() > SHOWN {
        texts.push("…".to_string());
    }
    format!("{:#x}: {name}({});", loc.offset(), texts.join(", "))
}

#[cfg(test)]
mod tests {
    use btf_types::{Btf, ByteOrder, IntEncoding, Kind, Linkage, LocFlags, TypeId, build::Builder};

    use crate::definition::Definition;

    #[test]
    fn inline_sites_are_listed_with_their_parameters() {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let proto = btf.func_proto(int).param("a", int).param("b", int).finish();
        let func = btf.func("foo", proto, Linkage::Static);
        let register = btf.loc_param(4, LocFlags::REG, [5]);
        let unknown = btf.loc_param(4, LocFlags(0), [5]);
        let proto = btf.loc_proto([register, TypeId::VOID, unknown, TypeId(99)]);
        btf.loc_section("inline.text")
            .loc(func, proto, 0x40)
            .loc(func, TypeId::VOID, 0x80)
            .loc(TypeId(98), TypeId(99), 0xc0)
            .finish();
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let lines = |id| -> Vec<String> {
            let definition = Definition::of(btf.type_by_id(id).unwrap());
            let lines = definition.lines.into_iter().map(|line| line.text);
            std::iter::once(definition.head).chain(lines).chain([definition.tail]).collect()
        };
        let section = btf.find("inline.text", Kind::LocSec).unwrap().id();
        let expected: Vec<String> = [
            "section inline.text {",
            "0x40: foo(reg5, ?, ?, type [99]);",
            "0x80: foo();",
            "0xc0: type [98](type [99]);",
            "};",
        ]
        .map(String::from)
        .into();
        assert_eq!(expected, lines(section));
        let expected: Vec<String> =
            ["locations {", "reg5;", "?;", "?;", "type [99];", "};"].map(String::from).into();
        assert_eq!(expected, lines(proto));
        let expected: Vec<String> = ["location reg5;", ""].map(String::from).into();
        assert_eq!(expected, lines(register));
    }
}

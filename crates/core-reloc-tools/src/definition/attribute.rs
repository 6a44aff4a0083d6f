//! Writes the tags of declarations as attributes.

use btf_types::{DeclTarget, Kind, Type};
use core_reloc::describe::{declaration_in_c, type_in_c};

use super::writer::name_of;

/// Writes a DECL_TAG as the attribute that it stands for, on the declaration that has it:
/// `int f(void) __attribute__((bpf_fastcall));`. With kind_flag set, the tag is any attribute of the
/// compiler, otherwise a note for BPF.
pub(super) fn definition(tag: Type<'_>) -> String {
    let text = name_of(tag);
    let attribute = if tag.kind_flag() {
        format!("__attribute__(({text}))")
    } else {
        format!("__attribute__((btf_decl_tag(\"{text}\")))")
    };
    match tag.referenced() {
        Ok(Some(on)) => format!("{} {attribute};", declaration(on, tag.decl_target())),
        _ => format!("? {attribute};"),
    }
}

/// Writes the declaration that a tag is on, or the member or parameter of it.
fn declaration(on: Type<'_>, target: Option<DeclTarget>) -> String {
    let whole = match (on.kind(), on.referenced()) {
        (Kind::Func | Kind::Var, Ok(Some(ty))) => declaration_in_c(ty, &name_of(on)),
        _ => type_in_c(on),
    };
    let Some(DeclTarget::Component(index)) = target else { return whole };
    let index = index as usize;
    let proto = on.referenced().ok().flatten().filter(|_| on.kind() == Kind::Func);
    let member = on.members().get(index).map(|member| (member.name(), member.ty()));
    let param = proto.and_then(|proto| proto.params().get(index));
    let part = member.or_else(|| param.map(|param| (param.name(), param.ty())));
    match part {
        Some((Ok(name), Ok(ty))) => {
            let name = core_reloc::describe::quote(&name);
            format!("/* of {} */ {}", name_of(on), declaration_in_c(ty, &name))
        }
        _ => format!("/* part {index} of */ {whole}"),
    }
}

#[cfg(test)]
mod tests {
    use btf_types::{
        Btf, ByteOrder, DeclTarget, Info, IntEncoding, Kind, Linkage, TypeId, build::Builder,
    };

    use crate::definition::Definition;

    #[test]
    fn tags_are_written_as_attributes() {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        // clang 20 and later set kind_flag for attributes that are not `btf_type_tag`.
        let flagged = |kind| Info::new(kind, 0, true);
        let space = btf.raw_type("address_space(1)", flagged(Kind::TypeTag), int.0, &[]);
        let pointer = btf.ptr(space);
        let user = btf.type_tag("user", int);
        let user = btf.ptr(user);
        let arena =
            btf.structure("arena", 16).member("at", pointer, 0).member("from", user, 64).finish();
        let proto = btf.func_proto(int).param("count", int).finish();
        let func = btf.func("cast", proto, Linkage::Global);
        let whole = u32::MAX.to_le_bytes();
        let tags = [
            btf.raw_type("bpf_fastcall", flagged(Kind::DeclTag), func.0, &whole),
            btf.decl_tag("kfunc", func, DeclTarget::Declaration),
            btf.decl_tag("max=8", func, DeclTarget::Component(0)),
            btf.raw_type("packed", flagged(Kind::DeclTag), arena.0, &whole),
            btf.decl_tag("rcu", arena, DeclTarget::Component(1)),
            btf.decl_tag("none", arena, DeclTarget::Component(2)),
            btf.decl_tag("nowhere", TypeId(99), DeclTarget::Declaration),
        ];
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let arena = Definition::of(btf.find("arena", Kind::Struct).unwrap());
        let lines: Vec<_> = arena.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(lines, ["__attribute__((address_space(1))) int *at;", "int *from;"]);
        let heads = tags.map(|tag| Definition::of(btf.type_by_id(tag).unwrap()).head);
        assert_eq!(
            heads,
            [
                "int cast(int count) __attribute__((bpf_fastcall));",
                "int cast(int count) __attribute__((btf_decl_tag(\"kfunc\")));",
                "/* of cast */ int count __attribute__((btf_decl_tag(\"max=8\")));",
                "struct arena __attribute__((packed));",
                "/* of arena */ int *from __attribute__((btf_decl_tag(\"rcu\")));",
                "/* part 2 of */ struct arena __attribute__((btf_decl_tag(\"none\")));",
                "? __attribute__((btf_decl_tag(\"nowhere\")));",
            ]
        );
    }
}

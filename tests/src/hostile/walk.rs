//! Reads BTF through every accessor, and checks that they agree.
//!
//! The time is linear in the length of the BTF, so that a fuzzer's timeout is meaningful.

use std::fmt::{self, Write};

use btf_types::{Btf, Entries, Kind, KindSet, Name, StrOffset, Type, TypeId, types::Entry};

/// Discards a text, and counts its bytes.
#[derive(Debug, Default)]
pub(super) struct Sink {
    len: usize,
}

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.len += text.len();
        Ok(())
    }
}

/// Returns the length of a formatted text.
pub(super) fn printed(args: fmt::Arguments<'_>) -> usize {
    let mut sink = Sink::default();
    sink.write_fmt(args).expect("a sink accepts any text");
    sink.len
}

/// Reads BTF, without its base, through every accessor.
///
/// # Panics
/// Panics if accessors disagree.
pub(super) fn walk(btf: &Btf<'_>) {
    sections(btf);
    ids(btf);
    let mut facts = 0;
    for ty in btf.own_types() {
        facts += type_facts(btf, ty);
    }
    assert!(facts >= btf.own_types().len());
    names(btf);
    references(btf);
    assert!(printed(format_args!("{btf:?} {:?}", btf.clone())) > 0);
}

fn sections(btf: &Btf<'_>) {
    let (bytes, header) = (btf.as_bytes(), btf.header());
    for section in [header.types(), header.strings(), header.layout()] {
        assert!(section.end <= bytes.len() && section.start <= section.end);
    }
    assert!(header.size() <= bytes.len());
    assert_eq!(header.byte_order(), btf.byte_order());
    assert_eq!(btf.string_bytes(), &bytes[header.strings()]);
    assert!(printed(format_args!("{header:?} {} {}", header.flags(), btf.byte_order())) > 0);
    let size = btf.pointer_size();
    assert!(matches!(size, 4 | 8) && size == btf.clone().pointer_size());
}

fn ids(btf: &Btf<'_>) {
    let own = btf.own_types();
    let (start, count) = (btf.start_id().0, own.len());
    assert_eq!(btf.len(), start as usize - 1 + count);
    assert_eq!(btf.is_empty(), btf.types().next().is_none());
    assert_eq!(
        btf.own_types().next_back().map(|ty| ty.id()),
        btf.own_types().last().map(|ty| ty.id())
    );
    for (ty, number) in btf.own_types().zip(start..) {
        assert_eq!(ty.id(), TypeId(number));
        let found = btf.type_by_id(ty.id()).expect("an own id");
        assert!(found == ty && std::ptr::eq(found.btf(), btf));
    }
    assert!(btf.type_by_id(TypeId::VOID).is_ok_and(|void| void.kind() == Kind::Void));
    for beyond in [0, 1, u32::MAX] {
        let id = TypeId((start + count as u32).saturating_add(beyond));
        assert!(btf.type_by_id(id).is_err(), "{id} is past the last");
    }
    let of_one = |kind| [kind].into_iter().collect::<KindSet>();
    let all = (0..128).map(Kind::from_raw).collect();
    let of_some = [Kind::Int, Kind::Struct, Kind::Ptr, Kind::Unknown(33)].map(of_one);
    for kinds in [KindSet::default(), KindSet::TYPE_NAMES, all].into_iter().chain(of_some) {
        let is_one = |ty: &Type<'_>| kinds.contains(ty.kind()) && ty.name_off() != StrOffset::EMPTY;
        let types = btf.own_types().filter(is_one).map(|ty| (ty.id(), ty.raw()));
        assert!(btf.named_records(kinds).eq(types), "the records must be those of the named types");
        let types = btf.own_types().filter(|ty| kinds.contains(ty.kind()));
        assert!(btf.own_types_of(kinds).eq(types), "the types must be those of the kinds");
    }
    if let Some(base) = btf.base() {
        assert_eq!(start as usize, base.len() + 1);
        let last = btf.type_by_id(TypeId(start - 1)).expect("one of the base's");
        assert!(last.id().is_void() || !std::ptr::eq(last.btf(), btf));
    } else {
        assert_eq!(start, 1);
        assert_eq!(btf.types().count(), count);
    }
}

/// Reads one type, and returns the number of its facts.
fn type_facts<'a>(btf: &'a Btf<'a>, ty: Type<'a>) -> usize {
    assert_eq!(
        (ty.kind(), ty.vlen(), ty.kind_flag()),
        (ty.info().kind(), ty.info().vlen(), ty.info().kind_flag())
    );
    assert_eq!(Kind::from_raw(ty.info().raw_kind()), ty.kind());
    assert_eq!(ty.name(), btf.string(ty.name_off()));
    if let Ok(name) = ty.name() {
        assert!(ty.is_named(&name), "{name} must be its own name");
        assert!(!ty.is_named(&[&name[..], b"x"].concat()));
    }
    let kind = ty.kind();
    assert_eq!(ty.int().is_some(), kind == Kind::Int);
    assert_eq!(ty.array().is_some(), kind == Kind::Array);
    assert_eq!(ty.linkage().is_some(), matches!(kind, Kind::Var | Kind::Func));
    assert_eq!(ty.decl_target().is_some(), kind == Kind::DeclTag);
    assert_eq!(ty.fwd_is_union().is_some(), kind == Kind::Fwd);
    assert!(ty.stated_size().is_none() || ty.referenced_id().is_none());
    assert_eq!(
        ty.referenced().is_ok_and(|to| to.is_some()),
        ty.referenced_id().is_some_and(|id| btf.type_by_id(id).is_ok())
    );

    let members = entries(ty, ty.members(), kind.is_composite());
    let enumerators = entries(ty, ty.enumerators(), kind.is_enum());
    let params = entries(ty, ty.params(), kind == Kind::FuncProto);
    let variables = entries(ty, ty.variables(), kind == Kind::DataSec);
    let loc_params = entries(ty, ty.loc_params(), kind == Kind::LocProto);
    let locs = entries(ty, ty.locs(), kind == Kind::LocSec);
    assert_eq!(ty.loc_param().is_some(), kind == Kind::LocParam);
    assert_eq!(ty.raw_members().len(), members);
    for (member, raw) in ty.members().iter().zip(ty.raw_members()) {
        assert_eq!(member.raw(), raw);
        assert_eq!(member.ty().ok(), btf.type_by_id(member.type_id()).ok());
        assert_eq!(member.name().ok(), btf.string(member.name_off()).ok());
        assert!(member.bitfield_size() == 0 || ty.kind_flag());
        assert!(member.bit_offset() < 1 << 24 || !ty.kind_flag());
    }
    for enumerator in ty.enumerators() {
        assert_eq!(enumerator.name().ok(), btf.string(enumerator.name_off()).ok());
        assert_eq!(enumerator.value() as u64, enumerator.bits());
        assert_eq!(enumerator.is_signed(), ty.kind_flag());
    }
    for param in ty.params() {
        assert_eq!(param.name().ok(), btf.string(param.name_off()).ok());
        assert_eq!(param.ty().ok().map(|ty| ty.id()), param.ty().ok().map(|_| param.type_id()));
        assert_eq!(param.raw().type_id.get(btf.byte_order()), param.type_id().0);
    }
    for variable in ty.variables() {
        let (offset, size) = (variable.offset(), variable.size());
        assert_eq!(variable.raw().offset.get(btf.byte_order()), offset);
        assert!(variable.ty().is_ok() || variable.type_id().0 > 0 || size == 0);
    }
    for param in ty.loc_params() {
        assert_eq!(param.ty().ok(), btf.type_by_id(param.type_id()).ok());
    }
    for loc in ty.locs() {
        assert_eq!(loc.raw().offset.get(btf.byte_order()), loc.offset());
        assert_eq!(loc.func().ok(), btf.type_by_id(loc.func_id()).ok());
        assert_eq!(loc.proto().ok(), btf.type_by_id(loc.proto_id()).ok());
    }
    if let Some(param) = ty.loc_param() {
        assert_eq!(param.raw_values().len(), ty.vlen() as usize);
        assert!(param.value().is_none_or(|value| printed(format_args!("{value}")) > 0));
    }
    follow(ty);
    assert!(printed(format_args!("{ty:?} {:?} {kind} {:?}", ty.raw(), ty.info())) > 0);
    1 + members + enumerators + params + variables + loc_params + locs
}

/// Checks that the accessors of a type's entries agree, and returns the number of entries.
fn entries<'a, E: Entry<'a>>(ty: Type<'a>, entries: Entries<'a, E>, applies: bool) -> usize {
    let count = entries.len();
    assert_eq!(count, if applies { ty.vlen() as usize } else { 0 });
    assert_eq!(entries.is_empty(), count == 0);
    assert_eq!(entries.iter().rev().count(), count);
    assert_eq!(entries.into_iter().count(), count);
    assert!(entries.get(count).is_none() && entries.get(usize::MAX).is_none());
    for (index, entry) in entries.iter().enumerate() {
        let same = entries.get(index).expect("an index below the count");
        assert_eq!(printed(format_args!("{entry:?}")), printed(format_args!("{same:?}")));
    }
    count
}

/// Follows the references of a type in every way.
fn follow(ty: Type<'_>) {
    let unmodified = ty.skip_modifiers();
    if let Ok(unmodified) = unmodified {
        assert!(!unmodified.kind().is_modifier());
        assert_eq!(unmodified.skip_modifiers(), Ok(unmodified));
    }
    if let Ok(resolved) = ty.skip_modifiers_and_typedefs() {
        assert!(!resolved.kind().is_modifier() && resolved.kind() != Kind::Typedef);
        assert!(unmodified.is_ok());
        if let (Ok(size), Ok(same)) = (ty.size(), resolved.size()) {
            assert_eq!(size, same);
        }
    }
    if let Ok(element) = ty.innermost_element() {
        assert_ne!(element.kind(), Kind::Array);
        assert_eq!(element.innermost_element(), Ok(element));
    }
    if let Some(size) = ty.stated_size() {
        assert_eq!(ty.size(), Ok(size));
    }
    assert_eq!(
        ty.trailing().len() % 4,
        if let Kind::Unknown(_) = ty.kind() { ty.trailing().len() % 4 } else { 0 }
    );
}

/// Reads strings at valid and invalid offsets.
fn names(btf: &Btf<'_>) {
    let (start, own) = (btf.start_str_offset().0, btf.string_bytes());
    let end = start + own.len() as u32;
    for offset in [0, start, end / 2, end.saturating_sub(1)] {
        let offset = StrOffset(offset);
        let rest = btf.string_and_rest(offset);
        match btf.string(offset) {
            Ok(name) => {
                let rest = rest.expect("the string is valid");
                assert!(rest.starts_with(&name) && rest[name.len()] == 0);
                assert!(printed(format_args!("{name} {name:?}")) >= name.len());
                assert_eq!(name.to_str().is_ok(), std::str::from_utf8(name.as_bytes()).is_ok());
                find(btf, name);
            }
            Err(error) => assert!(printed(format_args!("{error} {error:?}")) > 0),
        }
    }
    for beyond in [end, u32::MAX] {
        assert!(btf.string(StrOffset(beyond)).is_err());
        assert!(btf.string_and_rest(StrOffset(beyond)).is_none());
    }
}

/// Finds types by name in both ways.
fn find(btf: &Btf<'_>, name: Name<'_>) {
    let Ok(name) = name.to_str() else { return };
    for kind in [Kind::Struct, Kind::Int] {
        let first = btf.find(name, kind);
        assert_eq!(first, btf.find_all(name, kind).next());
        if let Some(found) = first {
            assert!(found.kind() == kind && found.name().is_ok_and(|found| found == name));
        }
    }
}

/// All references of valid BTF must resolve.
fn references(btf: &Btf<'_>) {
    let valid = btf.validate();
    assert_eq!(valid, btf.validate());
    let Ok(()) = valid else {
        assert!(printed(format_args!("{valid:?}")) > 0);
        return;
    };
    for ty in btf.own_types() {
        assert!(ty.name().is_ok() && ty.referenced().is_ok(), "{ty:?}");
        assert!(ty.members().iter().all(|member| member.name().is_ok() && member.ty().is_ok()));
        assert!(ty.params().iter().all(|param| param.name().is_ok() && param.ty().is_ok()));
        assert!(ty.enumerators().iter().all(|enumerator| enumerator.name().is_ok()));
        assert!(ty.variables().iter().all(|variable| variable.ty().is_ok()));
    }
}

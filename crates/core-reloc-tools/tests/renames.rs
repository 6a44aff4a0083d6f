//! What is suggested for members that kernels have renamed, moved or split: `tests/renames.tsv` has their
//! history.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod clang;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use btf_types::{Btf, ByteOrder, IntEncoding, Kind, Type, TypeId, build::Builder};
use core_reloc::{
    Options, RelocKind, Relocator, Target, describe::declaration_in_c, elf::Object,
    generate::field_relocation,
};
use core_reloc_tools::{
    explain::{Explainer, Suggestion},
    query::{Answer, query, similar_names},
};

/// A line of the table, for one kernel that lacks the member.
struct Row<'t> {
    root: &'t str,
    path: &'t str,
    from: &'t str,
    on: &'t str,
    right: Option<&'t str>,
}

/// The changes that the rules were made for.
const TABLE: &str = include_str!("../../../tests/renames.tsv");

/// Changes that were not looked at meanwhile.
const HELD_OUT: &str = include_str!("../../../tests/renames-held-out.tsv");

fn rows(table: &'static str) -> Vec<Row<'static>> {
    let lines = table.lines().filter(|line| !line.starts_with('#')).skip(1);
    let rows = lines.flat_map(|line| {
        let [lost, from, on, right, _, evidence] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("six columns: {line}");
        };
        assert!(!evidence.is_empty(), "{line}");
        let (root, path) = lost.split_once('.').unwrap();
        on.split(", ").map(move |on| Row {
            root,
            path,
            from,
            on,
            right: Some(right).filter(|right| *right != "-"),
        })
    });
    rows.collect()
}

/// The BTF of the kernels on amd64, by version; `None` if a kernel was not fetched.
fn kernels() -> Option<BTreeMap<&'static str, Vec<u8>>> {
    let data = env::var_os("CORE_RELOC_DATA").map(PathBuf::from);
    let data =
        data.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/data"));
    let files = [("5.10", "5.10"), ("6.1", "6.1"), ("6.12", "6.12"), ("7.2", "sid")];
    let kernels = files.map(|(version, name)| {
        let btf = fs::read(data.join(format!("kernels/amd64-{name}.btf"))).ok()?;
        Some((version, btf))
    });
    let kernels: Option<BTreeMap<_, _>> = kernels.into_iter().collect();
    if kernels.is_none() {
        println!("SKIPPED: the kernels' BTF is not in target/data (cargo xtask data)");
    }
    kernels
}

/// What a program knows of the type that has the member.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Local {
    /// All of it: it was compiled with the kernel's vmlinux.h.
    Full,
    /// That it has the member.
    Stub,
}

/// Suggests what to read in place of a member.
fn suggestions(local: &Btf<'_>, target: &Target<'_>, row: &Row<'_>) -> Vec<Suggestion> {
    let kind = RelocKind::FieldByteOffset;
    let relocation = field_relocation(local, 0, row.root, row.path, kind).unwrap();
    let resolution = Relocator::new(local, target).resolve(&relocation).unwrap();
    let unmatched = resolution.unmatched.unwrap();
    Explainer::new(local, target).unmatched(&relocation, &unmatched).suggestions
}

/// Returns `true` for another quantity: whatever is not the right one.
fn is_wrong(row: &Row<'_>, member: &str) -> bool {
    !row.right.is_some_and(|right| is_right(row, right, member))
}

/// Returns `true` for the right member, or what contains it: the rest of the path stays.
fn is_right(row: &Row<'_>, right: &str, member: &str) -> bool {
    member == right || right.strip_prefix(member).is_some_and(|rest| row.path.ends_with(rest))
}

/// Returns `true` for a member that is suggested for its place alone: as something to look at, without code.
fn is_in_doubt(suggestion: &Suggestion) -> bool {
    let is_in_doubt = suggestion.text.ends_with("it may be the same renamed, or another one");
    assert!(!is_in_doubt || suggestion.code.is_none());
    is_in_doubt
}

/// How many of the right answers are where.
#[derive(Debug, Default)]
struct Score {
    all: usize,
    first: usize,
    in_three: usize,
    /// Rows of which the first suggestion is not in doubt.
    certain: usize,
    /// Rows that have something wrong in first place.
    wrong: Vec<String>,
    missed: Vec<String>,
}

impl Score {
    fn add(&mut self, row: &Row<'_>, suggestions: &[Suggestion]) {
        let found = suggestions.iter().filter_map(|found| found.member.as_deref());
        let found: Vec<&str> = found.collect();
        let marked = suggestions.iter().filter_map(|found| {
            let mark = if is_in_doubt(found) { "?" } else { "" };
            Some(format!("{}{mark}", found.member.as_deref()?))
        });
        let marked: Vec<String> = marked.collect();
        let marked = marked.join(" ");
        let name = format!("{}.{} {} → {}: {marked}", row.root, row.path, row.from, row.on);
        let first = suggestions.first().filter(|first| !is_in_doubt(first));
        let first = first.and_then(|first| first.member.as_deref());
        if first.is_some_and(|first| is_wrong(row, first)) {
            self.wrong.push(name.clone());
        }
        self.certain += usize::from(first.is_some());
        let Some(right) = row.right else { return };
        self.all += 1;
        // The rest of the path stays: the member that contains the right one is as good.
        let position = found.iter().position(|found| is_right(row, right, found));
        self.first += usize::from(position == Some(0));
        self.in_three += usize::from(position.is_some_and(|position| position < 3));
        if position != Some(0) {
            self.missed.push(format!("{name}, right: {right}"));
        }
    }
}

fn score(table: &'static str, local: Local) -> Option<Score> {
    let kernels = kernels()?;
    let parsed: BTreeMap<_, _> =
        kernels.iter().map(|(version, bytes)| (*version, Btf::parse(bytes).unwrap())).collect();
    let targets: BTreeMap<_, _> =
        parsed.iter().map(|(version, btf)| (*version, Target::new(btf).indexed())).collect();
    let mut score = Score::default();
    for row in rows(table) {
        let from = &parsed[row.from];
        let found = match local {
            Local::Full => suggestions(from, &targets[row.on], &row),
            Local::Stub => {
                let stub = stub(from, &row);
                suggestions(&Btf::parse(&stub).unwrap(), &targets[row.on], &row)
            }
        };
        score.add(&row, &found);
    }
    let Score { all, first, in_three, certain, .. } = score;
    println!("{local:?}: {first} of {all} first, {in_three} among three, {certain} without doubt");
    for missed in &score.missed {
        println!("  {missed}");
    }
    for wrong in &score.wrong {
        println!("  WRONG {wrong}");
    }
    Some(score)
}

#[test]
fn the_right_member_comes_first_for_a_whole_header() {
    let Some(score) = score(TABLE, Local::Full) else { return };
    assert_eq!(score.wrong, [""; 0]);
    assert_eq!((score.first, score.in_three), (score.all, score.all));
}

#[test]
fn the_right_member_comes_first_for_a_stub() {
    let Some(score) = score(TABLE, Local::Stub) else { return };
    assert_eq!(score.wrong, [""; 0]);
    assert!(score.first * 10 >= score.all * 9);
    // Of `avg_load`, nothing is left in `sum_weight`; and four other counts are called like `h_nr_running`.
    let out_of_reach = 2;
    assert_eq!(score.in_three, score.all - out_of_reach);
    // Enough is known of a third of the members to write code.
    assert!(score.certain * 3 >= score.all);
}

/// The scores may only become better.
#[test]
fn rows_that_the_rules_were_not_made_for_have_few_wrong_answers() {
    let Some(full) = score(HELD_OUT, Local::Full) else { return };
    assert_eq!(full.wrong, [""; 0]);
    assert!((full.first, full.in_three) >= (46, 46));
    let Some(stub) = score(HELD_OUT, Local::Stub) else { return };
    assert_eq!(stub.wrong, [""; 0]);
    assert!((stub.first, stub.in_three) >= (34, 38));
}

/// Makes BTF in which the root type has only the member.
fn stub(from: &Btf<'_>, row: &Row<'_>) -> Vec<u8> {
    let mut btf = Builder::new(ByteOrder::Little);
    let root = from.find(row.root, Kind::Struct).unwrap();
    let names: Vec<&str> = row.path.split('.').collect();
    stub_of(&mut btf, root, &names);
    btf.finish().unwrap()
}

fn stub_of(btf: &mut Builder<'_>, ty: Type<'_>, names: &[&str]) -> TypeId {
    let ty = ty.skip_modifiers_and_typedefs().unwrap();
    let Some((name, rest)) = names.split_first() else { panic!("a name") };
    let member = member_of(ty, name).unwrap();
    let id = if rest.is_empty() { copy(btf, member, true) } else { stub_of(btf, member, rest) };
    let size = member.size().unwrap_or(8);
    btf.structure(ty.name().unwrap().as_bytes(), size).member(name, id, 0).finish()
}

/// Returns the type of a member of a type or of its anonymous members.
fn member_of<'a>(ty: Type<'a>, name: &str) -> Option<Type<'a>> {
    ty.members().iter().find_map(|member| {
        let ty = member.ty().unwrap();
        let own = member.name().unwrap();
        if own.is_empty() {
            return member_of(ty.skip_modifiers_and_typedefs().unwrap(), name);
        }
        (own == name).then_some(ty)
    })
}

/// Copies a type without the members of structs.
fn copy(btf: &mut Builder<'_>, ty: Type<'_>, is_complete: bool) -> TypeId {
    let name = ty.name().unwrap();
    let name = name.as_bytes();
    match ty.kind() {
        Kind::Int => btf.int(name, ty.size().unwrap(), ty.int().unwrap()),
        Kind::Ptr => {
            let to = ty.referenced().unwrap();
            let to = to.map_or(TypeId::VOID, |to| copy(btf, to, false));
            btf.ptr(to)
        }
        Kind::Array => {
            let array = ty.array().unwrap();
            let element = copy(btf, ty.btf().type_by_id(array.element).unwrap(), is_complete);
            let index = btf.int("index", 4, IntEncoding::new(32, IntEncoding::SIGNED));
            btf.array(element, index, array.len)
        }
        Kind::Typedef => {
            let of = copy(btf, ty.referenced().unwrap().unwrap(), true);
            btf.typedef(name, of)
        }
        Kind::Volatile | Kind::Const | Kind::Restrict | Kind::TypeTag => {
            copy(btf, ty.referenced().unwrap().unwrap(), is_complete)
        }
        Kind::Struct if is_complete || name.is_empty() => {
            btf.structure(name, ty.size().unwrap()).finish()
        }
        Kind::Union if is_complete || name.is_empty() => {
            btf.union(name, ty.size().unwrap()).finish()
        }
        Kind::Struct | Kind::Fwd => btf.fwd_struct(name),
        Kind::Union => btf.fwd_union(name),
        Kind::Enum => btf.enumeration(name, ty.size().unwrap()).finish(),
        Kind::Void => TypeId::VOID,
        Kind::FuncProto => {
            let copied = |btf: &mut Builder<'_>, ty: Option<Type<'_>>| match ty {
                Some(ty) => copy(btf, ty, false),
                None => TypeId::VOID,
            };
            let result = copied(btf, ty.referenced().unwrap());
            let params = ty.params().iter();
            let params: Vec<_> = params.map(|param| copied(btf, param.ty().ok())).collect();
            let mut proto = btf.func_proto(result);
            for param in params {
                proto = proto.param("", param);
            }
            proto.finish()
        }
        kind => panic!("{kind:?}"),
    }
}

/// Writes the named types of a stub as C.
fn prelude(stub: &Btf<'_>, root: &str) -> String {
    let mut c = String::new();
    for ty in stub.types() {
        let name = ty.name().unwrap().to_string();
        let bytes = |ty: Type<'_>| format!("char bytes[{}];", ty.size().unwrap_or_default());
        match ty.kind() {
            Kind::Struct if !name.is_empty() && name != root => {
                c.push_str(&format!("struct {name} {{ {} }};\n", bytes(ty)));
            }
            Kind::Enum if !name.is_empty() => {
                c.push_str(&format!("enum {name} {{ {name}_first }};\n"));
            }
            Kind::Typedef => {
                let of = ty.referenced().unwrap().unwrap();
                let is_anonymous =
                    of.kind().is_composite() && of.name().is_ok_and(|name| name.is_empty());
                let declaration = match is_anonymous {
                    true => format!("struct {{ {} }} {name}", bytes(of)),
                    false => declaration_in_c(of, &name),
                };
                c.push_str(&format!("typedef {declaration};\n"));
            }
            _ => {}
        }
    }
    c
}

/// A function that asks for the offset of the member of a suggested flavor.
struct Function {
    body: String,
    offset: u64,
}

impl Function {
    /// Returns `None` if there is no code.
    fn of(
        number: usize,
        target: &Target<'_>,
        row: &Row<'_>,
        prelude: &str,
        all: &[Suggestion],
    ) -> Option<Self> {
        let suggestion = all.iter().find(|suggestion| suggestion.code.is_some())?;
        let (code, member) = (suggestion.code.as_ref()?, suggestion.member.as_ref()?);
        let flavor = format!("{}___new", row.root);
        assert!(code.starts_with(&format!("struct {flavor} {{")), "{code}");
        let question = format!("{}.{member}", row.root);
        let Ok(Answer::Field(field)) = query(target, &question) else { panic!("{question}") };
        // To clang, types of one name are one type, wherever they are defined.
        let numbered = format!("{flavor}{number}");
        let code = code.replacen(&flavor, &numbered, 1);
        // A bitfield has no address, so it is asked for by its field info.
        let body = format!(
            "unsigned offset_{number}(void *memory)\n{{\n{prelude}{code}\nstruct {numbered} *object = memory;\n\
             return __builtin_preserve_field_info(object->{member}, 0);\n}}\n"
        );
        Some(Self { body, offset: field.byte_offset })
    }
}

/// Writes the types of a kernel that functions name as C.
fn named_types(from: &Btf<'_>, functions: &[Function]) -> String {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let words = functions.iter().flat_map(|function| function.body.split(|c| !is_word(c)));
    let words: BTreeSet<&[u8]> = words.map(str::as_bytes).collect();
    let kinds = [Kind::Struct, Kind::Union, Kind::Enum, Kind::Typedef];
    let mut btf = Builder::new(ByteOrder::Little);
    // Of several types with one name, the first.
    let mut named = BTreeSet::new();
    for ty in from.types().filter(|ty| kinds.contains(&ty.kind())) {
        let name = ty.name().unwrap();
        if words.contains(name.as_bytes()) && named.insert((ty.kind().name(), name.to_vec())) {
            copy(&mut btf, ty, true);
        }
    }
    let bytes = btf.finish().unwrap();
    let all = prelude(&Btf::parse(&bytes).unwrap(), "");
    // Each has a line.
    let mut seen = BTreeSet::new();
    let lines = all.lines().filter(|line| seen.insert(*line));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Checks that clang compiles suggested definitions, and that the member of each is where the target has it. Returns
/// their number; `None` if there is no clang.
fn check_code(
    local: Local,
    from: &Btf<'_>,
    target: &Target<'_>,
    rows: &[Row<'_>],
) -> Option<usize> {
    let mut functions = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let function = match local {
            Local::Full => {
                let all = suggestions(from, target, row);
                Function::of(number, target, row, "", &all)
            }
            Local::Stub => {
                let stub = stub(from, row);
                let stub = Btf::parse(&stub).unwrap();
                let all = suggestions(&stub, target, row);
                Function::of(number, target, row, &prelude(&stub, row.root), &all)
            }
        };
        functions.extend(function);
    }
    let mut source = match local {
        Local::Full => named_types(from, &functions),
        Local::Stub => String::new(),
    };
    source.extend(functions.iter().map(|function| function.body.as_str()));
    let bytes = clang::compile(&source)?;
    let object = Object::parse(&bytes).unwrap();
    let reports = object.relocate(target, Options::default());
    let values: Vec<_> = reports.map(|report| report.outcome.value()).collect();
    let expected: Vec<_> = functions.iter().map(|function| Some(function.offset)).collect();
    assert_eq!(values, expected, "{source}");
    Some(functions.len())
}

#[test]
fn suggested_flavors_compile_and_relocate() {
    let Some(kernels) = kernels() else { return };
    let mut by_kernels: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in rows(TABLE).into_iter().chain(rows(HELD_OUT)) {
        by_kernels.entry((row.from, row.on)).or_default().push(row);
    }
    for (local, expected) in [(Local::Full, 130), (Local::Stub, 55)] {
        let mut checked = 0;
        for ((from, on), rows) in &by_kernels {
            let [from, on] = [from, on].map(|version| Btf::parse(&kernels[version]).unwrap());
            let target = Target::new(&on).indexed_for_queries();
            let Some(count) = check_code(local, &from, &target, rows) else {
                println!("SKIPPED: clang is not installed");
                return;
            };
            checked += count;
        }
        println!("{local:?}: {checked} definitions");
        assert!(checked >= expected, "{local:?}: {checked}");
    }
}

/// A question that names a lost member has the same list, as far as its name tells.
#[test]
fn queries_offer_the_right_member() {
    let Some(kernels) = kernels() else { return };
    let (mut all, mut found) = (0, 0);
    for row in rows(TABLE).iter().filter(|row| row.right.is_some() && !row.path.contains('.')) {
        let btf = Btf::parse(&kernels[row.on]).unwrap();
        let target = Target::new(&btf);
        let error = query(&target, &format!("{}.{}", row.root, row.path)).unwrap_err();
        let names = similar_names(&target, &error);
        all += 1;
        found += usize::from(names.iter().any(|name| Some(name.as_str()) == row.right));
        if names.iter().all(|name| Some(name.as_str()) != row.right) {
            println!("  {}.{} on {}: {names:?}", row.root, row.path, row.on);
        }
    }
    println!("{found} of {all}");
    assert!(found * 100 >= all * 87);
}

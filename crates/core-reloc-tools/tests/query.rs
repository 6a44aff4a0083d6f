//! Questions about a kernel and its modules, with and without an index.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
use core_reloc::{Module, Target};
use core_reloc_tools::limits::MAX_ANSWERS;
use core_reloc_tools::query::{
    Answer, Answers, QueryError, TypeAnswer, query, query_all, query_types, similar_names,
};

const KERNEL: &str = "
    struct task { int pid; struct { int exit_code : 4 @ 4; }; };
    typedef struct task task_t;
    struct task { int other; };
    enum task { IN_AN_ENUM_OF_THAT_NAME };
    enum state { RUNNING, STOPPED = 4 };
    typedef enum state state_t;
    enum { ANONYMOUS = 9, in_the_module = 1 };
    struct task___old { long other; };
    enum { ANONYMOUS = 10 };
";
const FIRST: &str = "
    struct in_module { int a; struct { int pid; } task; };
    struct in_module { int b; };
    struct in_the_module { int a; };
    enum { STOPPED = 77, IN_FIRST = 3, second = 6 };
    struct state { int a; };
";
const SECOND: &str = "
    struct in_module { int c; int d; };
    struct IN_FIRST { int a; };
    struct second { int a; };
    enum more { IN_SECOND = 5 };
";

/// Runs a check on a target without an index, with one for relocations, and with one for queries.
fn targets(check: impl Fn(&Target<'_>)) {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let kernel = btf_from_c::btf(order, KERNEL);
        let kernel = Btf::parse(&kernel).unwrap();
        let [first, second] = [FIRST, SECOND].map(|c| btf_from_c::split_btf(&kernel, c));
        let [first, second] =
            [&first, &second].map(|bytes| Btf::parse_split(bytes, &kernel).unwrap());
        let target = Target::new(&kernel).with_modules([
            Module { name: "first", btf: &first },
            Module { name: "second", btf: &second },
        ]);
        check(&target);
        check(&target.clone().indexed());
        check(&target.indexed_for_queries());
    }
}

/// Writes the essence of an answer, with its module.
fn essence(answer: &Result<Answer, QueryError>) -> String {
    let text = match answer {
        Ok(Answer::Type(ty)) => format!("{} of {:?} bytes", ty.name, ty.size.unwrap()),
        Ok(Answer::Field(field)) => format!("{} at bit {}", field.type_name, field.bit_offset),
        Ok(Answer::Enumerator(one)) => format!("{} = {}", one.type_name, one.value),
        Err(error) => return error.to_string(),
    };
    match answer.as_ref().unwrap().module() {
        None => text,
        Some(module) => format!("{text}, module {module}"),
    }
}

#[test]
fn the_first_type_that_has_an_answer_gives_it() {
    let cases = [
        ("task", "struct task of 12 bytes"),
        ("enum task", "enum task of 4 bytes"),
        ("task.pid", "int at bit 0"),
        ("task_t[1].pid", "int at bit 96"),
        ("struct task.exit_code", "int at bit 64"),
        // The second struct of the name has it.
        ("task.other", "int at bit 0"),
        ("task.another", "`struct task` has no member `another` (byte 0 of the path)"),
        ("task::IN_AN_ENUM_OF_THAT_NAME", "enum task = 0"),
        ("task.IN_AN_ENUM_OF_THAT_NAME", "enum task = 0"),
        ("struct task.IN_AN_ENUM_OF_THAT_NAME", "`struct task` has no member"),
        ("state.STOPPED", "enum state = 4"),
        ("state_t::STOPPED", "enum state = 4"),
        ("state_t.STOPPED", "enum state = 4"),
        ("state_t.x.y", "`enum state` has no members"),
        ("STOPPED", "enum state = 4"),
        ("ANONYMOUS", "enum {…} = 9"),
        // The kernel has an enum of the name, but no struct.
        ("state.a", "int at bit 0, module 0"),
        ("enum state.a", "`enum state` has no enumerator `a`"),
        ("struct state.a", "int at bit 0, module 0"),
        ("state[0].a", "int at bit 0, module 0"),
        ("in_module", "struct in_module of 8 bytes, module 0"),
        ("in_module.task.pid", "int at bit 32, module 0"),
        ("in_module.d", "int at bit 32, module 1"),
        ("in_module.e", "`struct in_module` has no member `e`"),
        // A type precedes an enumerator of the same BTF, but not of an earlier one.
        ("in_the_module", "enum {…} = 1"),
        ("IN_FIRST", "enum {…} = 3, module 0"),
        ("second", "enum {…} = 6, module 0"),
        ("struct second", "struct second of 4 bytes, module 1"),
        ("more::IN_SECOND", "enum more = 5, module 1"),
        ("IN_SECOND", "enum more = 5, module 1"),
        ("missing", "there is no type or enumerator `missing`"),
        ("missing.a", "there is no type or enumerator `missing`"),
        ("missing::A", "there is no type or enumerator `missing`"),
        ("", "there is no type or enumerator ``"),
        ("struct ", "there is no type or enumerator `struct`"),
        (" task.[", "the path has a '[' without a ']' at byte 0"),
    ];
    targets(|target| {
        let questions = cases.map(|(question, _)| question);
        let answers = query_all(target, &questions);
        assert_eq!(answers.len(), cases.len());
        for ((question, expected), answer) in cases.iter().zip(&answers) {
            let found = essence(answer);
            assert!(found.starts_with(expected), "{question}: {found}, not {expected}");
            // One question has the answer that it has among many.
            assert_eq!(query(target, question), *answer, "{question}");
        }
        assert!(query_all(target, &[]).is_empty());
    });
}

/// Writes the root and the essence of each answer.
fn each(answers: &Result<Answers, QueryError>) -> Vec<String> {
    let Ok(answers) = answers else { return Vec::new() };
    assert_eq!(answers.left_out, 0);
    let text = |answer: &TypeAnswer| {
        let flavor = if answer.is_flavor { " (flavor)" } else { "" };
        format!("{}{flavor}: {}", answer.root, essence(&answer.result))
    };
    answers.of_types.iter().map(text).collect()
}

#[test]
fn every_type_of_a_name_answers() {
    let cases = [
        (
            "task",
            &[
                "struct task: struct task of 12 bytes",
                "struct task: struct task of 4 bytes",
                "enum task: enum task of 4 bytes",
                "struct task___old (flavor): struct task___old of 8 bytes",
            ][..],
        ),
        (
            "task.other",
            &[
                "struct task: `struct task` has no member `other` (byte 0 of the path)",
                "struct task: int at bit 0",
                "struct task___old (flavor): long at bit 0",
            ],
        ),
        // A flavor in the question comes first, as the type of exactly that name.
        (
            "task___old.other",
            &[
                "struct task___old: long at bit 0",
                "struct task (flavor): `struct task` has no member `other` (byte 0 of the path)",
                "struct task (flavor): int at bit 0",
            ],
        ),
        ("task.IN_AN_ENUM_OF_THAT_NAME", &["enum task: enum task = 0"]),
        ("task_t.pid", &["task_t: int at bit 0"]),
        ("ANONYMOUS", &["enum {…}: enum {…} = 9", "enum {…}: enum {…} = 10"]),
        (
            "in_module.c",
            &[
                "struct in_module: `struct in_module` has no member `c` (byte 0 of the path)",
                "struct in_module: `struct in_module` has no member `c` (byte 0 of the path)",
                "struct in_module: int at bit 0, module 1",
            ],
        ),
        ("missing", &[]),
    ];
    targets(|target| {
        let questions = cases.map(|(question, _)| question);
        for ((question, expected), answers) in cases.iter().zip(query_types(target, &questions)) {
            assert_eq!(each(&answers), *expected, "{question}");
        }
    });
}

#[test]
fn a_typedef_and_a_declaration_of_a_type_of_the_name_add_no_answer() {
    for (c, expected) in [
        ("struct a { int b; }; typedef struct a a;", &["struct a: struct a of 4 bytes"][..]),
        (
            "struct a { int b; }; typedef int a;",
            &["struct a: struct a of 4 bytes", "a: a of 4 bytes"],
        ),
    ] {
        let bytes = btf_from_c::btf(ByteOrder::Little, c);
        let btf = Btf::parse(&bytes).unwrap();
        let answers = query_types(&Target::new(&btf), &["a"]);
        assert_eq!(each(&answers[0]), expected);
    }
}

#[test]
fn hostile_numbers_of_types_of_a_name_are_cut() {
    let mut btf = Builder::new(ByteOrder::Little);
    for _ in 0..MAX_ANSWERS + 7 {
        btf.structure("many", 4).finish();
    }
    let bytes = btf.finish().unwrap();
    let btf = Btf::parse(&bytes).unwrap();
    let answers = query_types(&Target::new(&btf), &["many"]).remove(0).unwrap();
    assert_eq!((answers.of_types.len(), answers.left_out), (MAX_ANSWERS, 7));
}

#[test]
fn names_of_rust_and_cpp_can_be_asked_for() {
    // As clang names them: struct Vec<…> { u8 *ptr; long cap; long len; }, enum core::Ordering.
    let mut btf = Builder::new(ByteOrder::Little);
    let long = btf.int("unsigned long", 8, IntEncoding::new(64, 0));
    let name = "Vec<unsigned char, alloc::alloc::Global>";
    btf.structure(name, 24).member("ptr", long, 0).member("cap", long, 64).finish();
    btf.enumeration("core::cmp::Ordering", 4).enumerator("Less", 7).finish();
    let bytes = btf.finish().unwrap();
    let btf = Btf::parse(&bytes).unwrap();
    let target = Target::new(&btf);
    for (question, expected) in [
        (format!("{name}.cap"), "unsigned long at bit 64"),
        (format!("struct {name}[1].cap"), "unsigned long at bit 256"),
        (name.to_string(), "struct Vec<unsigned char, alloc::alloc::Global> of 24 bytes"),
        (format!("{name}.len"), "has no member `len`"),
        ("core::cmp::Ordering::Less".into(), "enum core::cmp::Ordering = 7"),
        ("core::cmp::Ordering".into(), "enum core::cmp::Ordering of 4 bytes"),
        ("Less".into(), "enum core::cmp::Ordering = 7"),
        ("core::Missing".into(), "no type or enumerator `core`"),
        ("a::b::Missing".into(), "no type or enumerator `a::b::Missing`"),
    ] {
        let found = essence(&query(&target, &question));
        assert!(found.contains(expected), "{question}: {found}, not {expected}");
    }
}

/// A struct in the form that pahole wrote before kind_flag, and the same with kind_flag.
#[test]
fn an_old_bitfield_is_what_its_format_means() {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        // struct { int a; unsigned kind : 3 (bits 5 to 7 of the second word); typedef'd : 20 at its bit 8; }
        let mut old = Builder::new(order);
        let int = old.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let three = old.int("unsigned int", 4, IntEncoding(3 | 5 << 16));
        let twenty = old.int("int", 4, IntEncoding(20 | IntEncoding::SIGNED));
        let twenty = old.typedef("wide", twenty);
        let members = old.structure("flags", 8);
        members.member("a", int, 0).member("kind", three, 32).member("wide", twenty, 40).finish();
        let old = old.finish().unwrap();

        let mut new = Builder::new(order);
        let int = new.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let unsigned = new.int("unsigned int", 4, IntEncoding::new(32, 0));
        let wide = new.typedef("wide", int);
        let members = new.structure("flags", 8);
        let members = members.member("a", int, 0).bitfield("kind", unsigned, 37, 3);
        members.bitfield("wide", wide, 40, 20).finish();
        let new = new.finish().unwrap();

        let [old, new] = [&old, &new].map(|bytes| Btf::parse(bytes).unwrap());
        for field in ["flags.a", "flags.kind", "flags.wide"] {
            let [mut old, new] = [&old, &new].map(|btf| match query(&Target::new(btf), field) {
                Ok(Answer::Field(field)) => field,
                other => panic!("{other:?}"),
            });
            old.type_id = new.type_id;
            assert_eq!(old, new, "{field} {order}");
        }
    }
}

/// -400 as an encoder writes it that does not know the kind_flag of enums, and as others do: DESIGN's rule.
#[test]
fn an_enumerator_whose_sign_is_not_stated_is_negative_by_guess() {
    let low = (-400_i32).cast_unsigned();
    let answer = |has_flags: bool| {
        let mut btf = Builder::new(ByteOrder::Little);
        btf.enumeration("priority", 4).enumerator("LOW", low).enumerator("HIGH", 5).finish();
        if has_flags {
            btf.enumeration("other", 4).signed().enumerator("NEGATIVE", -1).finish();
        }
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let target = Target::new(&btf);
        ["LOW", "priority::LOW", "HIGH"].map(|question| match query(&target, question) {
            Ok(Answer::Enumerator(one)) => (one.value, one.is_guess, one.signed),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(answer(false), [(-400, true, true), (-400, true, true), (5, false, false)]);
    // 2³² - 400.
    let unsigned = (4_294_966_896, false, false);
    assert_eq!(answer(true), [unsigned, unsigned, (5, false, false)]);
}

#[test]
fn similar_names_come_from_the_kernel_and_its_modules() {
    targets(|target| {
        for (question, expected) in [
            ("IN_SECOMD", &["IN_SECOND"][..]),
            ("in_modul", &["in_module"]),
            ("in_module.tasc", &["task"]),
            ("RUNING", &["RUNNING"]),
            ("more::IN_SECONDS", &["IN_SECOND"]),
            ("task.exitcode", &["exit_code"]),
        ] {
            let error = query(target, question).unwrap_err();
            assert_eq!(similar_names(target, &error), expected, "{question}");
        }
    });
}

/// The BTF of another build may have the same types in another order.
#[test]
fn answers_do_not_depend_on_the_order_of_types() {
    let answers = |order: [usize; 4]| -> Vec<String> {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        for number in order {
            match number {
                0 => drop(btf.fwd_struct("conn")),
                1 => drop(btf.structure("conn", 8).member("mark", int, 32).finish()),
                2 => drop(btf.fwd_struct("only___old")),
                _ => drop(btf.fwd_union("only")),
            }
        }
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let answers = query_types(&Target::new(&btf), &["conn.mark", "only"]).into_iter();
        let roots = answers.flat_map(|answers| answers.unwrap().of_types);
        roots.map(|one| format!("{} {}", one.root, one.result.is_ok())).collect()
    };
    for order in [[0, 1, 2, 3], [1, 0, 3, 2], [3, 2, 1, 0], [2, 3, 0, 1]] {
        assert_eq!(answers(order), ["struct conn true", "union only true"], "{order:?}");
    }
}

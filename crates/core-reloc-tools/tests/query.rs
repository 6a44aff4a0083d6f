//! Questions about a kernel and its modules, with and without an index.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

use btf_types::{Btf, ByteOrder};
use core_reloc::{Module, Target};
use core_reloc_tools::query::{Answer, QueryError, query, query_all, similar_names};

const KERNEL: &str = "
    struct task { int pid; struct { int exit_code : 4 @ 4; }; };
    typedef struct task task_t;
    struct task { int other; };
    enum task { IN_AN_ENUM_OF_THAT_NAME };
    enum state { RUNNING, STOPPED = 4 };
    typedef enum state state_t;
    enum { ANONYMOUS = 9, in_the_module = 1 };
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
fn the_first_btf_that_has_a_name_answers() {
    let cases = [
        ("task", "struct task of 12 bytes"),
        ("enum task", "enum task of 4 bytes"),
        ("task.pid", "int at bit 0"),
        ("task_t[1].pid", "int at bit 96"),
        ("struct task.exit_code", "int at bit 64"),
        // The second struct of the name is never used.
        ("task.other", "`struct task` has no member `other` (byte 0 of the path)"),
        ("task::IN_AN_ENUM_OF_THAT_NAME", "enum task = 0"),
        ("task.IN_AN_ENUM_OF_THAT_NAME", "`struct task` has no member"),
        ("state.STOPPED", "enum state = 4"),
        ("state_t::STOPPED", "enum state = 4"),
        ("state_t.STOPPED", "enum state = 4"),
        ("state_t.x.y", "`enum state` has no members"),
        ("STOPPED", "enum state = 4"),
        ("ANONYMOUS", "enum {…} = 9"),
        // The kernel has an enum of the name, so a module's struct is not used.
        ("state.a", "`enum state` has no enumerator `a`"),
        ("struct state.a", "int at bit 0, module 0"),
        // No enumerator follows an index, so the kernel's enum is not a root of this path.
        ("state[0].a", "int at bit 0, module 0"),
        ("in_module", "struct in_module of 8 bytes, module 0"),
        ("in_module.task.pid", "int at bit 32, module 0"),
        ("in_module.d", "`struct in_module` has no member `d`"),
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

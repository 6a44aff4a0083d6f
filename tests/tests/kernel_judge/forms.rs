//! Every kind of relocation in every form of instruction.

use std::collections::BTreeMap;

use btf_types::TypeId;
use btf_types::build::Builder;
use core_reloc::RelocKind::{self, *};
use core_reloc_tests::judge::Record;
use core_reloc_tests::judge::kernel::asm::{Insn, Size, insn, load, set64, store, store_register};

use super::compare::{Case, Outcome, is_available};
use super::local::{Local, declare, record};
use super::memory::{self, BASE, VALUE};

/// A relocation, and the value that a compiler would have written for it.
struct Question {
    record: Record,
    original: u16,
    /// Whether the kernel has the type, field or enumerator.
    exists: bool,
}

impl Question {
    fn kind(&self) -> RelocKind {
        RelocKind::from_raw(self.record.kind).unwrap()
    }

    /// Returns `true` if the relocation has a value: of some kinds it has one even if nothing matches.
    fn has_answer(&self) -> bool {
        self.exists
            || matches!(
                self.kind(),
                FieldExists | TypeExists | TypeMatches | EnumvalExists | TypeSize | TypeIdTarget
            )
    }
}

/// The kernel has most of these at other offsets or with other sizes. Its `pid` is signed. The id of
/// `list_head` is 4, an offset at which words can be loaded.
const TYPES: &str = "
    struct task_struct { unsigned pid; };
    struct list_head { void *next @ 8; void *no_such_field; void *prev; };
    struct perf_event_attr { unsigned config; unsigned precise_ip : 2 @ 4.5; };
    struct hlist_node { struct hlist_node *next; };
    enum pid_type { NO_SUCH_PID = 5, PIDTYPE_SID = 77 };
    struct no_such_struct { unsigned long field; };
    @int long unsigned int 8;
";

/// Returns each kind twice: with something that the kernel has, with another value, and with something that
/// it does not have.
fn questions(builder: &mut Builder<'_>) -> Vec<Question> {
    let ids = declare(builder, TYPES);
    let [list, attributes, task, node, pids, missing, long] = [
        "list_head",
        "perf_event_attr",
        "task_struct",
        "hlist_node",
        "pid_type",
        "no_such_struct",
        "long unsigned int",
    ]
    .map(|name| ids.id(name));
    let mut question = |kind, root: TypeId, access, original, exists| Question {
        record: record(builder, kind, root, access),
        original,
        exists,
    };
    vec![
        question(FieldByteOffset, list, "0:2", 24, true),
        question(FieldByteSize, attributes, "0:0", 4, true),
        question(FieldExists, list, "0:2", 1, true),
        question(FieldSigned, task, "0:0", 0, true),
        question(FieldLshiftU64, attributes, "0:1", 57, true),
        question(FieldRshiftU64, attributes, "0:1", 62, true),
        question(TypeIdLocal, list, "0", 2, true),
        question(TypeIdTarget, long, "0", 12, true),
        question(TypeExists, list, "0", 1, true),
        question(TypeSize, list, "0", 32, true),
        question(TypeMatches, node, "0", 1, true),
        question(EnumvalExists, pids, "1", 1, true),
        question(EnumvalValue, pids, "1", 77, true),
        question(FieldByteOffset, list, "0:1", 16, false),
        question(FieldByteSize, list, "0:1", 8, false),
        question(FieldExists, list, "0:1", 1, false),
        question(FieldSigned, list, "0:1", 0, false),
        question(FieldLshiftU64, list, "0:1", 0, false),
        question(FieldRshiftU64, list, "0:1", 0, false),
        question(TypeIdTarget, missing, "0", 13, false),
        question(TypeExists, missing, "0", 1, false),
        question(TypeSize, missing, "0", 8, false),
        question(TypeMatches, missing, "0", 1, false),
        question(EnumvalExists, pids, "0", 1, false),
        question(EnumvalValue, pids, "0", 5, false),
    ]
}

/// An instruction that holds a value.
struct Form {
    name: String,
    code: Vec<Insn>,
    /// Whether the verifier rejects it for some values.
    may_be_refused: bool,
}

/// Returns every form of instruction that the kernel relocates, with `value`.
fn forms(value: u16) -> Vec<Form> {
    let (imm, off) = (i32::from(value), value.cast_signed());
    let mut forms = Vec::new();
    let mut add = |name: String, code: &[Insn], may_be_refused| {
        forms.push(Form { name, code: code.to_vec(), may_be_refused });
    };
    for (class, bits) in [(0x04, 32), (0x07, 64)] {
        for (operation, name) in ALU_OPERATIONS {
            let code = insn(operation | class, VALUE, 0, 0, imm);
            add(format!("{name}, {bits} bits"), &[code], name != "mov");
        }
    }
    add("64-bit immediate".into(), &set64(VALUE, value.into()), false);
    for size in Size::ALL {
        add(format!("load {size:?}"), &[load(size, VALUE, BASE, off)], true);
        add(format!("store {size:?}"), &[store(size, BASE, off, 0x7654_3210)], true);
        add(format!("store register {size:?}"), &[store_register(size, BASE, off, VALUE)], true);
    }
    for size in [Size::Byte, Size::Half, Size::Word] {
        const LDX_MEMSX: u8 = 0x81;
        let code = insn(LDX_MEMSX | size as u8, VALUE, BASE, off, 0);
        add(format!("sign-extending load {size:?}"), &[code], true);
    }
    for size in [Size::Word, Size::Double] {
        const STX_ATOMIC: u8 = 0xc3;
        const ADD: i32 = 0;
        let code = insn(STX_ATOMIC | size as u8, BASE, VALUE, off, ADD);
        add(format!("atomic add {size:?}"), &[code], true);
    }
    forms
}

/// The operations that take an immediate.
const ALU_OPERATIONS: [(u8, &str); 12] = [
    (0x00, "add"),
    (0x10, "sub"),
    (0x20, "mul"),
    (0x30, "div"),
    (0x40, "or"),
    (0x50, "and"),
    (0x60, "lsh"),
    (0x70, "rsh"),
    (0x90, "mod"),
    (0xa0, "xor"),
    (0xb0, "mov"),
    (0xc0, "arsh"),
];

#[test]
fn every_kind_is_relocated_in_every_form_of_instruction() {
    if !is_available() {
        return;
    }
    let (local, questions) = Local::new(questions);
    // The number of runs of each kind and form: the sides must agree on more than failures.
    let mut ran: BTreeMap<String, usize> = BTreeMap::new();
    let (mut poisoned, mut refused) = (0, 0);
    for question in &questions {
        for form in forms(question.original) {
            let (code, at) = memory::around(&form.code);
            let records = [Record { insn_off: at, ..question.record }];
            let case = Case { local: &local, code: &code, records: &records };
            let kind = question.kind();
            let what = format!("{kind} (exists: {}) in {}", question.exists, form.name);
            let outcome = case.check(&what);
            if !question.has_answer() {
                assert!(outcome.is_poison(), "{what}: {outcome:x?}");
                poisoned += 1;
                continue;
            }
            let runs = matches!(outcome, Outcome::Runs { .. });
            // The verifier rejects some values as an operand or an address.
            assert!(runs || form.may_be_refused && !outcome.is_poison(), "{what}: {outcome:x?}");
            refused += usize::from(!runs);
            for name in [kind.name(), &form.name] {
                *ran.entry(name.to_owned()).or_default() += usize::from(runs);
            }
        }
    }
    println!("{ran:#?}\n{poisoned} poisoned, {refused} relocated and refused");
    assert_eq!(ran.len(), RelocKind::ALL.len() + forms(0).len());
    assert!(ran.values().all(|times| *times > 0));
}

//! The cost of hostile input: time and memory must grow no faster than the input.
//!
//! `core_reloc::limits` states the bounds. Without optimization, only memory is bounded exactly;
//! `cargo xtask ci bounds` runs the tests with optimization, on larger input, and bounds the growth of
//! time.

use std::time::Duration;

use btf_from_c::btf;
use btf_types::{Btf, ByteOrder, TypeId, build::Builder};
use core_reloc::{Target, elf::Object};
use core_reloc_tests::{
    hostile::{
        TIMEOUT,
        adversary::{Act, Attack, Family, families},
        cost::{Cost, Counting, measure},
    },
    judge::kernel::asm,
};
use core_reloc_tools::{
    check::{Checker, Verdict},
    limits::MAX_DEFINITION_LINES,
    needs::Kernel,
};
use elf_writer::{ElfFile, SHF_EXECINSTR, SHT_PROGBITS, SHT_REL, SHT_STRTAB, SHT_SYMTAB, symbol};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Whether times are meaningful.
const GROWTH_COUNTS: bool = !cfg!(debug_assertions);

/// The factor by which attacks are larger than the families' sizes. In smaller attacks, the constant parts
/// of the bounds hide growth.
const SCALE: usize = if GROWTH_COUNTS { 4 } else { 1 };

/// The factor by which the second attack is larger, and by how much more than that its cost may grow. Of a
/// quadratic cost, the factor is 64.
const LARGER: usize = if GROWTH_COUNTS { 8 } else { 2 };
const SLACK: u32 = 3;

/// The most memory held at once: this many times the input, plus a constant.
const TIMES_INPUT: u64 = 10;
const CONSTANT: u64 = 1 << 20;

/// The same for minimizing, which holds the results of all relocations and what is kept of each type, and
/// writes names whole: the suffixes of one name of 4 KiB have 8 MiB.
const TIMES_INPUT_TO_MINIMIZE: u64 = 24;
const CONSTANT_TO_MINIMIZE: u64 = 32 << 20;

/// The same for the differences of all types of two kernels, which holds a group for each name: hostile input has a name
/// for every 12 bytes of types, real input one for 100.
const TIMES_INPUT_TO_DIFF: u64 = 64;
const CONSTANT_TO_DIFF: u64 = 32 << 20;

/// The constant for definitions and explanations: two definitions of lines of bounded length.
const TEXTS: u64 = MAX_DEFINITION_LINES as u64 * (4 << 10);

/// The most time to minimize, as a multiple of the time to relocate.
const TIMES_RELOCATING: u32 = 10;

/// The growth of shorter times is not meaningful.
const SHORT: Duration = Duration::from_millis(20);

fn check(group: &str) {
    let mut wrong = Vec::new();
    for family in families(group) {
        let attack = (family.make)(family.size * SCALE);
        let larger = (family.make)(family.size * SCALE * LARGER);
        let mut relocating = Duration::ZERO;
        for act in Act::ALL {
            let (first, second) = (cost(act, &attack), cost(act, &larger));
            let name = format!("{group} {} {act:?}", family.name);
            println!("{name:50} {first} | {second}");
            wrong
                .extend(compare(act, &first, &second).iter().map(|what| format!("{name}: {what}")));
            match act {
                Act::Relocate => relocating = second.cost.cpu,
                // Elsewhere, relocating may end at the first type.
                Act::Minimize if GROWTH_COUNTS && group == "candidates" => {
                    let minimizing = second.cost.cpu;
                    if minimizing > SHORT + relocating * TIMES_RELOCATING {
                        wrong.push(format!(
                            "{name}: {minimizing:?}, and {relocating:?} to relocate"
                        ));
                    }
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The cost of an input.
struct Measured {
    input: u64,
    cost: Cost,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let times = |bytes: u64| bytes as f64 / self.input as f64;
        let Cost { peak, taken, cpu, .. } = self.cost;
        let (peak, taken, ms) = (times(peak), times(taken), cpu.as_secs_f64() * 1e3);
        write!(f, "{:8} bytes, {peak:5.1}x held, {taken:6.1}x taken, {ms:8.2} ms", self.input)
    }
}

/// Measures an operation; the fastest of several attempts if time matters.
fn cost(act: Act, attack: &Attack) -> Measured {
    const TRIES: usize = 2;
    let input = (attack.object.len() + attack.target.len()) as u64;
    let mut best = measure(|| act.run(attack)).1;
    if GROWTH_COUNTS && !act.is_text() && best.cpu > SHORT {
        for _ in 1..TRIES {
            best.cpu = best.cpu.min(measure(|| act.run(attack)).1.cpu);
        }
    }
    Measured { input, cost: best }
}

/// Returns the bounds that two costs exceed.
fn compare(act: Act, first: &Measured, second: &Measured) -> Vec<String> {
    let (times, constant) = match act {
        Act::Minimize => (TIMES_INPUT_TO_MINIMIZE, CONSTANT_TO_MINIMIZE),
        Act::Diff => (TIMES_INPUT_TO_DIFF, CONSTANT_TO_DIFF),
        act if act.is_text() => (TIMES_INPUT, TEXTS),
        _ => (TIMES_INPUT, CONSTANT),
    };
    let mut wrong = Vec::new();
    for Measured { input, cost } in [first, second] {
        if cost.peak > input * times + constant {
            wrong.push(format!("{} bytes are held for {input}", cost.peak));
        }
        if cost.cpu > TIMEOUT {
            wrong.push(format!("{input} bytes take {:?}", cost.cpu));
        }
    }
    let (first, second) = (first.cost.cpu, second.cost.cpu);
    if GROWTH_COUNTS && !act.is_text() && second > SHORT + first * LARGER as u32 * SLACK {
        wrong.push(format!("{first:?} become {second:?}"));
    }
    wrong
}

#[test]
fn nested_types() {
    check("nesting");
}

#[test]
fn names() {
    check("names");
}

#[test]
fn candidates() {
    check("candidates");
}

#[test]
fn records() {
    check("records");
}

#[test]
fn files() {
    check("files");
}

/// A module with `count` distilled types and a kernel with as many of their names, which no name tells apart.
fn distilled(count: u32, name: impl Fn(u32) -> String) -> [Vec<u8>; 3] {
    let types = |offset: u32| {
        let mut btf = Builder::new(ByteOrder::Little);
        for number in 0..count {
            btf.structure(name(number), number + offset).finish();
        }
        btf
    };
    let base = types(1).finish().unwrap();
    let parsed = Btf::parse(&base).unwrap();
    let mut split = Builder::split(&parsed);
    let members = (1..=count).map(TypeId);
    let outer = split.structure("outer", 0);
    members.fold(outer, |outer, ty| outer.member("", ty, 0)).finish();
    let split = split.finish().unwrap();
    // One type of each size.
    let kernel = types(1).finish().unwrap();
    [base, split, kernel]
}

/// Relocating from a distilled base, with types that share a name, and with names that share their start.
#[test]
fn distilled_bases() {
    let long = "x".repeat(1000);
    let same = |_: u32| "same".to_string();
    let start = |number: u32| format!("{long}{number}");
    let sizes = if GROWTH_COUNTS { [2_000, 16_000] } else { [200, 400] };
    let cost = |name: &dyn Fn(u32) -> String, count| {
        let [base, split, kernel] = distilled(count, name);
        let input = (base.len() + split.len() + kernel.len()) as u64;
        let (base, kernel) = (Btf::parse(&base).unwrap(), Btf::parse(&kernel).unwrap());
        let split = Btf::parse_split(&split, &base).unwrap();
        let (relocated, cost) = measure(|| split.relocate_onto(&kernel));
        assert!(relocated.is_ok(), "{relocated:?}");
        Measured { input, cost }
    };
    for (what, name) in [("same", &same as &dyn Fn(u32) -> String), ("start", &start)] {
        let [first, second] = sizes.map(|count| cost(name, count));
        println!("{what:10} {first} | {second}");
        assert_eq!(compare(Act::Relocate, &first, &second), [""; 0], "{what}");
    }
}

#[test]
fn a_million_relocations_of_one_instruction() {
    let count = if GROWTH_COUNTS { 1_000_000 } else { 10_000 };
    let family = families("records").iter().find(|family| family.name == "one_instruction");
    let attack = (family.expect("a family").make)(count);
    assert_eq!(Act::Relocate.run(&attack).total(), count);
    let cost = cost(Act::Relocate, &attack);
    println!("{cost}");
    assert_eq!(compare(Act::Relocate, &cost, &cost), [""; 0]);
}

/// An attack that is rejected tests nothing.
#[test]
fn all_but_two_attacks_are_relocated() {
    for Family { name, make, size } in
        ["nesting", "names", "candidates", "records", "files"].map(families).concat()
    {
        let counts = Act::Relocate.run(&make(size));
        let is_refused = matches!(name, "claims_of_members" | "endless_records");
        assert_eq!(counts.total() == 0, is_refused, "{name}: {counts:?}");
    }
}

/// The most memory to follow paths, which are states of registers and stacks.
const PATHS: u64 = 256 << 20;

/// A function that calls others, by their indices, and then ends with these instructions.
struct Caller {
    calls: Vec<usize>,
    end: Vec<asm::Insn>,
}

/// Writes an object with programs that call the first of some functions.
fn calling(programs: usize, functions: &[Caller]) -> Vec<u8> {
    let order = if cfg!(target_endian = "big") { ByteOrder::Big } else { ByteOrder::Little };
    let call = |offset: i32| asm::insn(0x85, 0, 1, 0, offset);
    let mut starts = vec![0];
    for function in functions {
        starts.push(starts[starts.len() - 1] + function.calls.len() + function.end.len());
    }
    let (mut symbols, mut text, mut links) = (symbol(order, 0, 0, 0, 0), Vec::new(), Vec::new());
    for (function, range) in functions.iter().zip(starts.windows(2)) {
        for (at, callee) in (range[0]..).zip(&function.calls) {
            text.extend(call(starts[*callee] as i32 - (at as i32 + 1)));
        }
        text.extend(function.end.concat());
        let [start, size] = [range[0], range[1] - range[0]].map(|slots| slots as u64 * 8);
        let mut symbol = symbol(order, 1, 2, start, size);
        // A local function is verified with each caller.
        symbol[4] = 2;
        symbols.extend(symbol);
    }
    for program in 0..programs as u64 {
        symbols.extend(symbol(order, 1, 1, program * 16, 16));
        // Of the first function, by its symbol.
        links.extend([program * 16, 1 << 32 | 10].map(u64::to_ne_bytes).concat());
    }
    let code = [call(-1), asm::exit()].concat().repeat(programs);
    let mut file = ElfFile::bpf(order)
        .section("raw_tp/sys_enter", SHT_PROGBITS, &code)
        .section(".text", SHT_PROGBITS, &text)
        .section(".strtab", SHT_STRTAB, b"\0f\0")
        .section(".symtab", SHT_SYMTAB, &symbols)
        .section(".rel", SHT_REL, &links);
    file.get(".text").flags = SHF_EXECINSTR;
    file.get(".symtab").link = file.index(".strtab");
    file.get(".rel").link = file.index(".symtab");
    file.get(".rel").info = 1;
    file.write().bytes
}

/// Many programs that all call many functions, and calls that multiply. Each reaches a helper that does not exist:
/// no program may be called good because it was too much work to find out.
#[test]
fn programs_times_functions() {
    const RANDOM: i32 = 7;
    const NONE: i32 = 100_000;
    let kernel = btf(
        ByteOrder::Little,
        "enum bpf_func_id { BPF_FUNC_get_prandom_u32 = 7, __BPF_FUNC_MAX_ID = 212 };
         enum bpf_prog_type { BPF_PROG_TYPE_RAW_TRACEPOINT = 17 };
         typedef void (*btf_trace_sys_enter)(void *, int);",
    );
    let kernel = Btf::parse(&kernel).unwrap();
    let target = Target::new(&kernel);
    let kernel = Kernel::new(&target);
    let check = |object: &[u8]| {
        let object = Object::parse(object).unwrap();
        let programs = Checker::new(&object).unwrap().check(&kernel).programs;
        programs.iter().map(|program| program.verdict).collect::<Vec<_>>()
    };
    let leaf = || Caller {
        calls: Vec::new(),
        end: vec![
            asm::call(RANDOM),
            asm::insn(0x15, 0, 0, 1, 0),
            asm::call(NONE),
            asm::set(0, 0),
            asm::exit(),
        ],
    };
    let end = || vec![asm::set(0, 0), asm::exit()];
    let many = |count: usize| {
        let mut functions = vec![Caller { calls: (1..count).collect(), end: end() }];
        functions.extend((1..count).map(|_| leaf()));
        calling(count, &functions)
    };
    // Each function calls the next so many times.
    let nested = |count: usize| {
        let caller = |index: usize| Caller { calls: vec![index + 1; count], end: end() };
        calling(count, &(0..6).map(caller).chain([leaf()]).collect::<Vec<_>>())
    };
    let sizes = if GROWTH_COUNTS { [1_000, 8_000] } else { [100, 200] };
    let attacks = [
        ("many functions", sizes.map(|size| (size, many(size)))),
        ("nested calls", [4, 32].map(|size| (size, nested(size)))),
    ];
    for (name, objects) in attacks {
        for (size, object) in objects {
            let (verdicts, cost) = measure(|| check(&object));
            println!("{name:20} {size:6} {:?}", cost);
            let is_open = |verdict: &&Verdict| **verdict == Verdict::LeftOpen;
            let open = verdicts.iter().filter(is_open).count();
            let missing = verdicts.iter().filter(|verdict| **verdict == Verdict::Missing).count();
            assert_eq!((verdicts.len(), open + missing), (size, size), "{name}: {open}, {missing}");
            assert!(cost.cpu < TIMEOUT && cost.peak < PATHS + object.len() as u64 * TIMES_INPUT);
        }
    }
}

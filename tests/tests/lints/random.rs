//! Random programs that ask for fields and read them under other conditions. The kernel has none of the
//! fields that findings are about, so that it must refuse each program with a finding.

use std::fmt::Write;

/// The fields: the kernel has only the last.
const FIELDS: [&str; 3] = ["gone", "lost", "pid"];

const HEADER: &str = r#"
#include "common.h"
struct task_struct { int pid, gone, lost; } RELOCATED;
const volatile int data_is_0 = 0;
volatile int variable;
extern int LINUX_KERNEL_VERSION __attribute__((section(".kconfig")));
#define READ(field) ({ int read = 0; read_kernel(&read, 4, &(field)); read; })
static NOINLINE int has_lost(struct task_struct *t) { return field_exists(t->lost); }
"#;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % end as u64) as usize
    }

    fn field(&mut self) -> &'static str {
        FIELDS[self.below(FIELDS.len())]
    }

    fn condition(&mut self, depth: usize) -> String {
        match self.below(if depth > 0 { 14 } else { 10 }) {
            0..=3 => format!("field_exists(t->{})", self.field()),
            4 | 5 => format!("!field_exists(t->{})", self.field()),
            6 => "has".to_owned(),
            7 => format!("READ(t->pid) == {}", self.below(9)),
            8 => ["data_is_0", "variable", "has_lost(t)", "!data_is_0"][self.below(4)].to_owned(),
            9 => ["LINUX_KERNEL_VERSION > 0x20000", "LINUX_KERNEL_VERSION < 0x20000"]
                [self.below(2)]
            .to_owned(),
            kind => {
                let operator = if kind < 12 { "&&" } else { "||" };
                format!("({} {operator} {})", self.condition(depth - 1), self.condition(depth - 1))
            }
        }
    }

    fn statements(&mut self, depth: usize) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(3) {
            let statement = match self.below(if depth > 0 { 11 } else { 6 }) {
                0 => format!("v += READ(t->{});", self.field()),
                1 => "v += READ(t->pid);".to_owned(),
                2 => "v += ktime_get_ns();".to_owned(),
                3 => format!("has = {};", self.condition(1)),
                4 => {
                    let field = self.field();
                    format!("if (field_exists(t->{field})) v += READ(t->{field});")
                }
                5 if self.below(2) == 0 => format!("if ({}) return v;", self.condition(1)),
                5 => format!("if ({}) v += READ(t->{});", self.condition(1), self.field()),
                6 => format!(
                    "for (int i = 0; i < (c[1] & 7); i++) {{ {} }}",
                    self.statements(depth - 1)
                ),
                7 => format!("if ({}) {{ {} }}", self.condition(1), self.statements(depth - 1)),
                _ => format!(
                    "if ({}) {{ {} }} else {{ {} }}",
                    self.condition(1),
                    self.statements(depth - 1),
                    self.statements(depth - 1)
                ),
            };
            text += &statement;
            text.push(' ');
        }
        text
    }
}

/// Returns a source with programs of these names.
pub(crate) fn source(names: &[String], seed: u64) -> String {
    let mut random = Random(seed);
    let mut source = HEADER.to_owned();
    for name in names {
        writeln!(
            source,
            "SEC(\"raw_tp/x\") int {name}(u64 *c) {{ struct task_struct *t = (void *)get_current_task(); \
             int v = 0, has = 0; {}return v + has; }}",
            random.statements(2)
        )
        .unwrap();
    }
    source
}

//! `blame` on logs of the running kernel, as libbpf, cilium/ebpf and aya print them.
//!
//! clang compiles programs that the verifier rejects, and bpftool, with libbpf, relocates and loads them. The log is
//! the kernel's; what is in it is by which source line was written to be rejected.

use std::{path::Path, process::Command};

use core_reloc_tests::{
    c_compiler::{CLANG, compile},
    judge::skipped,
};
use serde_json::Value;

use crate::{
    kernel::{Pins, bpftool_loads, unavailable},
    program::{Folder, Run, run},
};

/// What all programs include: 28 bytes of `task_struct`, with `fs` at 0, `pid` at 8 and `comm` at 12, so
/// that the struct has 32.
const PRELUDE: &str = r#"
#define SEC(name) __attribute__((section(name), used))
#define RELOCATED __attribute__((preserve_access_index))
struct fs_struct;
struct task_struct { struct fs_struct *fs; int pid; char comm[16]; } RELOCATED;
char LICENSE[] SEC("license") = "GPL";
static struct task_struct *(*bpf_get_current_task_btf)(void) = (void *)158;
static long (*bpf_probe_read_kernel)(void *, unsigned, const void *) = (void *)113;
"#;

/// The size of `task_struct` there.
const LOCAL_SIZE: u64 = 32;

/// A program that the verifier rejects.
struct Rejected {
    /// The functions. The line with `// HERE` has the relocation that is blamed.
    code: &'static str,
    /// The words of the verifier.
    complaint: &'static str,
    /// The part of the relocation, its kind, what it accesses, and its old value.
    blamed: (&'static str, &'static str, &'static str, u64),
}

const REJECTED: [Rejected; 6] = [
    // The verifier knows the address as one of `struct fs_struct`, which is small.
    Rejected {
        code: r#"
SEC("raw_tp/sys_enter") int program(void *ctx)
{
    struct task_struct *task = (void *)bpf_get_current_task_btf()->fs;
    return task->pid; // HERE
}"#,
        complaint: "access beyond struct fs_struct at off ",
        blamed: ("instruction", "field_byte_offset", "task_struct.pid", 8),
    },
    // The offset is added to the address before.
    Rejected {
        code: r#"
SEC("raw_tp/sys_enter") int program(void *ctx)
{
    struct task_struct *task = bpf_get_current_task_btf();
    return (&task->pid)[100000]; // HERE
}"#,
        complaint: "access beyond struct task_struct at off ",
        blamed: ("operand", "field_byte_offset", "task_struct.pid", 8),
    },
    // A local copy, which is as small as the object's own struct.
    Rejected {
        code: r#"
SEC("raw_tp/sys_enter") int program(void *ctx)
{
    struct task_struct task = {};
    bpf_probe_read_kernel(&task, sizeof(task), bpf_get_current_task_btf());
    return task.pid; // HERE
}"#,
        complaint: "invalid read from stack",
        blamed: ("instruction", "field_byte_offset", "task_struct.pid", 8),
    },
    // The size of a field in a buffer that is too small.
    Rejected {
        code: r#"
SEC("raw_tp/sys_enter") int program(void *ctx)
{
    char buffer[8];
    struct task_struct *task = bpf_get_current_task_btf();
    bpf_probe_read_kernel(buffer, __builtin_preserve_field_info(task->comm, 1), task); // HERE
    return buffer[0];
}"#,
        complaint: "invalid write to stack R1 off=-8 size=16",
        blamed: ("operand", "field_byte_size", "task_struct.comm", 16),
    },
    // The context is no `task_struct`.
    Rejected {
        code: r#"
SEC("raw_tp/sys_enter") int program(struct task_struct *ctx)
{
    return ctx->pid; // HERE
}"#,
        complaint: "invalid bpf_context access off=",
        blamed: ("instruction", "field_byte_offset", "task_struct.pid", 8),
    },
    // In a function of its own.
    Rejected {
        code: r#"
static __attribute__((noinline)) int pid_of(struct task_struct *task)
{
    return task->pid; // HERE
}
SEC("raw_tp/sys_enter") int program(void *ctx)
{
    struct task_struct *task = bpf_get_current_task_btf();
    return task->pid + pid_of((void *)task->fs);
}"#,
        complaint: "access beyond struct fs_struct at off ",
        blamed: ("instruction", "field_byte_offset", "task_struct.pid", 8),
    },
];

/// An object, and what libbpf prints as it loads it.
struct Loaded {
    folder: Folder,
    object: String,
    libbpf: String,
    /// The number of the line of source with `// HERE`.
    line: Option<u64>,
}

/// Compiles and loads a program. Returns `None` if that cannot be done here, and reports that.
fn load(code: &str) -> Option<Loaded> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return None;
    }
    let source = format!("{PRELUDE}{code}");
    let bytes = compile(CLANG, "bpf", &source, Path::new("."))?;
    let folder = Folder::new();
    let object = folder.file("program.bpf.o", &bytes);
    let pins = Pins::new(&format!("blame-{}", folder.path("").len() + source.len()))?;
    let libbpf = bpftool_loads(&object, &pins).expect_err("the verifier rejects the program");
    let line = (1..).zip(source.lines()).find(|(_, line)| line.ends_with("// HERE"));
    Some(Loaded { folder, object, libbpf, line: line.map(|(number, _)| number) })
}

impl Loaded {
    /// Returns the kernel's log: what libbpf prints between its own lines.
    fn kernel(&self) -> &str {
        let (_, log) = self.libbpf.split_once("-- BEGIN PROG LOAD LOG --\n").unwrap();
        log.split_once("-- END PROG LOAD LOG --").unwrap().0.trim_end()
    }

    fn blame(&self, log: &str, more: &[&str]) -> Run {
        let log = self.folder.file("verifier.log", log.as_bytes());
        run(&[&["blame", &self.object, "--log", &log], more].concat())
    }

    fn blamed(&self, log: &str) -> Vec<Value> {
        let lines = self.blame(log, &["--format", "json"]).good();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A log in the forms that loaders print.
fn forms(log: &str, error: &str) -> Vec<(&'static str, String)> {
    let lines: Vec<&str> = log.lines().collect();
    let indented =
        |lines: &[&str]| lines.iter().map(|line| format!("\n\t{line}")).collect::<String>();
    // cilium/ebpf, prog.go: `load program: %w`; collection.go: `program %s: %w`; internal/errors.go (0.16), `Format`:
    // `%+v` is the error with a colon, then each line after a tab.
    let cilium = format!("load program: {error}:{}", indented(&lines));
    // errors.go since Linux 7.3, `writeStrings`: empty lines have no tab, and one precedes the last line.
    let (last, before) = lines.split_last().unwrap();
    let newer = format!("load program: {error}:{}\n\n\t{last}", indented(before));
    // `Error`, for `%v`: the last two lines but the one with `processed`, joined by `: `.
    let end =
        before[before.len() - 2..].iter().map(|line| line.trim()).collect::<Vec<_>>().join(": ");
    let omitted = before.len() - 2;
    let summary = format!(
        "2026/11/29 00:00:00 loading objects: field Program: program program: load program: {error}: {end} \
         ({omitted} lines omitted)"
    );
    // Go's log/slog, TextHandler: a value with special characters is quoted as by `%q`.
    let escaped =
        cilium.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    // aya/src/programs/mod.rs, ProgramError::LoadError: `the BPF_PROG_LOAD syscall failed. Verifier output:
    // {verifier_log}`; aya-obj/src/lib.rs, VerifierLog: the text as it is, also for `{:?}`.
    let aya = format!("the BPF_PROG_LOAD syscall failed. Verifier output: {log}\n");
    // Linux before 6.9 shows the text of a line of source alone.
    let without_places = |line: &&str| match line.split_once(" @ ") {
        Some((text, _)) => format!("{text}\n"),
        None => format!("{line}\n"),
    };
    vec![
        ("an older kernel", lines.iter().map(without_places).collect()),
        ("cilium/ebpf %+v", format!("2026/11/29 00:00:00 Verifier error: {cilium}\n")),
        ("cilium/ebpf %+v, newer", newer),
        ("cilium/ebpf %v", summary.clone()),
        ("cilium/ebpf %v, then %+v", format!("{summary}\n{cilium}\n")),
        (
            "cilium/ebpf by slog",
            format!("time=2026-11-29 level=ERROR msg=load err=\"{escaped}\"\n"),
        ),
        ("aya", format!("Error: {aya}")),
        // anyhow's `{:?}` of an error with a context indents the lines of its causes.
        (
            "aya by anyhow",
            format!("Error: failed\n\nCaused by:\n    0: {}", aya.replace('\n', "\n       ")),
        ),
        (
            "aya {:?}",
            format!(
                "called `Result::unwrap()` on an `Err` value: LoadError {{ io_error: Os {{ code: 13, kind: \
                 PermissionDenied, message: \"{error}\" }}, verifier_log: {log} }}\n"
            ),
        ),
    ]
}

/// Returns the line of the log with the instruction that the verifier stops at.
fn last_insn(log: &str) -> &str {
    let is_insn =
        |line: &&str| line.split_once(": (").is_some_and(|(index, _)| index.parse::<u32>().is_ok());
    log.lines().rfind(is_insn).unwrap()
}

/// Returns the number of bytes of a struct in the running kernel, as bpftool dumps it.
fn bytes_by_bpftool(name: &str) -> u64 {
    let mut bpftool = Command::new("bpftool");
    bpftool.args(["btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "raw"]);
    let dump = String::from_utf8(bpftool.output().unwrap().stdout).unwrap();
    let (_, rest) = dump.split_once(&format!("STRUCT '{name}' size=")).unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn the_relocation_of_what_the_verifier_complains_about_is_named() {
    for Rejected { code, complaint, blamed } in REJECTED {
        let Some(loaded) = load(code) else { return };
        let log = loaded.kernel();
        assert!(log.contains(complaint), "{code}\n{log}");
        let found = loaded.blamed(&loaded.libbpf);
        assert_eq!(found.len(), 1, "{log}\n{found:#?}");
        let line = &found[0];
        let (part, kind, path, old_value) = blamed;
        assert_eq!(
            (line["part"].as_str(), line["kind"].as_str()),
            (Some(part), Some(kind)),
            "{log}"
        );
        assert_eq!(line["path"], path);
        assert_eq!(line["line"].as_u64(), loaded.line, "{code}");
        assert!(line["complaint"].as_str().unwrap().starts_with(complaint), "{line}");
        assert_eq!(line["log_text"], last_insn(log));
        assert_eq!(line["old_value"], old_value);
        assert_eq!(line["old_size"], LOCAL_SIZE);
        assert_eq!(line["new_size"], bytes_by_bpftool("task_struct"));
        // libbpf has written the new value, and the log shows it.
        let new_value = line["new_value"].as_u64().unwrap();
        let shown = match part {
            "instruction" => last_insn(log).contains(&format!(" +{new_value})")),
            _ => log.contains(&format!(" = {new_value} ")),
        };
        // The verifier shows an access of the stack by its register and the sum.
        assert!(shown, "{new_value} is not in\n{log}");
    }
}

#[test]
fn every_loaders_form_of_the_log_leads_to_the_same_relocation() {
    for Rejected { code, .. } in &REJECTED {
        let Some(loaded) = load(code) else { return };
        let key = |found: &[Value]| {
            let keys = ["section", "insn_off", "part", "complaint", "log_text", "new_value"];
            let key = |line: &Value| keys.map(|key| line[key].clone());
            found.iter().map(key).collect::<Vec<_>>()
        };
        let expected = key(&loaded.blamed(&loaded.libbpf));
        for (name, log) in forms(loaded.kernel(), "permission denied") {
            assert_eq!(key(&loaded.blamed(&log)), expected, "{name}\n{log}");
        }
    }
}

#[test]
fn every_loaders_form_shows_the_poisoned_instruction() {
    let code = r#"
struct task_struct___other { int no_such_field; } RELOCATED;
SEC("raw_tp/sys_enter") int program(void *ctx)
{
    struct task_struct___other *task = (void *)bpf_get_current_task_btf();
    return task->no_such_field; // HERE
}"#;
    let Some(loaded) = load(code) else { return };
    // libbpf replaces the kernel's words with its own; the instruction has the same index.
    let libbpf = loaded.blamed(&loaded.libbpf);
    assert_eq!(libbpf.len(), 1);
    assert_eq!(libbpf[0]["line"].as_u64(), loaded.line);
    assert_eq!(
        (libbpf[0]["part"].as_str(), &libbpf[0]["complaint"]),
        (Some("poisoned"), &Value::Null)
    );
    let replaced = loaded.kernel();
    let lines = replaced.lines().filter(|line| !line.starts_with("failed to resolve CO-RE"));
    let lines = lines.map(|line| match line.split_once(": <invalid CO-RE relocation>") {
        Some((insn, _)) => {
            format!("{insn}: (85) call unknown#195896080\ninvalid func unknown#195896080\n")
        }
        None => format!("{line}\n"),
    });
    let kernel: String = lines.collect();
    // cilium/ebpf, prog.go: `errBadRelocation` replaces the error.
    for (name, log) in forms(kernel.trim_end(), "bad CO-RE relocation") {
        let found = loaded.blamed(&log);
        assert_eq!(found.len(), 1, "{name}\n{log}");
        assert_eq!(found[0]["line"].as_u64(), loaded.line, "{name}\n{log}");
    }
}

#[test]
fn complaints_without_relocations_are_said_to_have_none() {
    let code = r#"
SEC("raw_tp/sys_enter") int program(void *ctx)
{
    struct task_struct *task = bpf_get_current_task_btf();
    return task->pid + *(int *)4096;
}"#;
    let Some(loaded) = load(code) else { return };
    let run = loaded.blame(&loaded.libbpf, &[]);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(
        run.stderr.contains("invalid mem access 'scalar': no relocation changes"),
        "{}",
        run.stderr
    );
    // Only the last line: of which instruction it speaks is not known.
    let log = "program p: load program: permission denied: R1 invalid mem access 'scalar' (9 line(s) omitted)\n";
    let run = loaded.blame(log, &[]);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("print all of it (Go: %+v)"), "{}", run.stderr);
}

#[test]
fn an_object_without_records_is_said_to_have_none() {
    let Some(loaded) = load(REJECTED[0].code) else { return };
    let relocated = loaded.folder.path("relocated.bpf.o");
    run(&["relocate", &loaded.object, "-o", &relocated]).good();
    let log = loaded.folder.file("verifier.log", loaded.libbpf.as_bytes());
    let run = run(&["blame", &relocated, "--log", &log]);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("the relocations have been applied before"), "{}", run.stderr);
    assert!(run.stderr.contains("has no relocations left"), "{}", run.stderr);
}

//! `blame`: the logs of the kernel and of loaders, and the relocations that they lead to.

use expect_test::expect;

use crate::program::{Folder, Run, run_line};

const OBJECT: &str = "fixtures/objects/access.bpfel.o --target fixtures/btf/nested.le.btf";

fn blame(log: &str, more: &str) -> Run {
    let folder = Folder::new();
    let path = folder.file("log", log.as_bytes());
    let mut run = run_line(&format!("blame {OBJECT} --log {path} {more}"));
    run.stdout = folder.strip(&run.stdout);
    run.stderr = folder.strip(&run.stderr);
    run
}

/// Returns the functions and source lines of the relocations that are blamed.
fn blamed(log: &str, more: &str) -> Vec<String> {
    let lines = blame(log, &format!("--format json {more}")).good();
    let location = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        format!("{}:{}", line["function"].as_str().unwrap(), line["line"])
    };
    lines.lines().map(location).collect()
}

#[test]
fn the_instruction_determines_the_relocation() {
    // As readelf has it, `signed_loads` starts at 0xc0 and `stores` at 0x188.
    let log = "0: R1=ctx() R10=fp0\n0: (85) call unknown#195896080\n\
               invalid func unknown#195896080\nprocessed 1 insns (limit 1000000)\n";
    // The explanation is that of `explain`.
    let explained =
        run_line(&format!("explain {OBJECT} --program signed_loads --status poisoned")).good();
    let explanation = explained.strip_suffix("1 of 26 relocations shown\n").unwrap();
    assert!(explanation.contains("field_byte_offset of job.pid: poisoned"), "{explanation}");
    let expected = format!(
        "/log:2: 0: (85) call unknown#195896080\nthis relocation poisoned it:\n\n{explanation}"
    );
    assert_eq!(blame(log, "").good(), expected);
    assert_eq!(blamed("9: (85) call unknown#195896080", ""), ["stores:54"]);
}

#[test]
fn source_lines_and_libbpfs_messages_determine_it_too() {
    let log = "; answers[0] = job->pid; @ access.c:36\n77: (85) call unknown#195896080\n";
    assert_eq!(blamed(log, ""), ["signed_loads:36"]);
    assert_eq!(blamed("invalid func unknown#195896080", "--program stores"), ["stores:54"]);
    let log = "libbpf: prog 'stores': BPF program load failed\ninvalid func unknown#195896080\n";
    assert_eq!(blamed(log, ""), ["stores:54"]);
    let log = "func#0 @0\nfunc#1 @20\n29: <invalid CO-RE relocation>\n";
    assert_eq!(blamed(log, ""), ["stores:54"]);
}

#[test]
fn a_short_log_leaves_several_relocations() {
    assert_eq!(blamed("invalid func unknown#195896080", ""), ["signed_loads:36", "stores:54"]);
    let run = blame("invalid func unknown#195896080", "").good();
    assert!(run.contains("one of these 2 relocations poisoned it:"), "{run}");
}

#[test]
fn nothing_to_blame_is_exit_status_1() {
    let run = blame("0: (95) exit\n", "");
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    expect![[r#"
        core-reloc: error: /log: found no complaint of the verifier, such as `invalid func unknown#195896080`; check that its log is complete
    "#]].assert_eq(&run.stderr);
    let run = blame("0: (85) call unknown#195896080", "--program loads");
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    expect![[r#"
        core-reloc: error: fixtures/objects/access.bpfel.o: no relocation is poisoned for this target; name the kernel that wrote /log with --target
    "#]].assert_eq(&run.stderr);
}

#[test]
fn an_unreadable_log_is_refused() {
    let refused = run_line(&format!("blame {OBJECT} --log fixtures/no.log")).refused();
    expect![[r#"
        core-reloc: error: cannot read fixtures/no.log: No such file or directory (os error 2)
    "#]]
    .assert_eq(&refused);
}

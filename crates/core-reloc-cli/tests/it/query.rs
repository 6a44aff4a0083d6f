//! `query`: its answers, compared with the kernels' descriptions. Its output is in `printed`.

use expect_test::expect;
use serde_json::Value;

use crate::program::{fixture, run, run_line};

/// Returns the answers about fields in a kernel's description: kind, question, answer.
fn described(kernel: &str) -> Vec<(String, String, String)> {
    let text = String::from_utf8(fixture(&format!("btf/{kernel}.answers"))).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("field_"));
    let parse = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words[0].to_string(), words[5..].join(" "), words[3].to_string())
    };
    lines.map(parse).collect()
}

#[test]
fn answers_are_those_of_the_kernels_descriptions() {
    let mut count = 0;
    for kernel in ["same", "moved", "resized", "bitfields", "nested", "grown", "layout"] {
        for order in ["le", "be"] {
            let described = described(kernel);
            let target = format!("fixtures/btf/{kernel}.{order}.btf");
            let mut arguments = vec!["query", "--format", "json", "--target", &target];
            arguments.extend(described.iter().map(|(_, question, _)| question.as_str()));
            let lines = run(&arguments).stdout;
            assert_eq!(lines.lines().count(), described.len(), "{kernel}");
            for ((kind, question, answer), line) in described.iter().zip(lines.lines()) {
                let line: Value = serde_json::from_str(line).unwrap();
                let (little, big) = answer.split_once('/').unwrap_or((answer, answer));
                let answer = if order == "le" { little } else { big };
                let key = match kind.as_str() {
                    "field_byte_offset" => "byte_offset",
                    "field_byte_size" => "size",
                    "field_lshift_u64" => "lshift",
                    "field_rshift_u64" => "rshift",
                    "field_signed" => "signed",
                    _ => continue,
                };
                let Ok(answer) = answer.parse::<u64>() else { continue };
                let value = match &line[key] {
                    Value::Bool(signed) => Some(u64::from(*signed)),
                    value => value.as_u64(),
                };
                assert_eq!(value, Some(answer), "{kind} of {question}, {kernel}.{order}: {line}");
                count += 1;
            }
        }
    }
    assert!(count > 500, "only {count} answers were compared");
}

#[test]
fn an_unreadable_target_is_refused() {
    expect![[r#"
        core-reloc: error: fixtures/objects/none.o: No such file or directory (os error 2)
    "#]]
    .assert_eq(&run_line("query job --target fixtures/objects/none.o").refused());
}

#[test]
fn a_type_that_the_kernel_lacks_is_found_in_a_module() {
    let module = "--module fixtures/btf/modular.le.stats.btf";
    expect![[r#"
        job_stats.failed
                                       offset  bit  size  signed  lshift  rshift            module  type
          fixtures/btf/modular.le.btf       4   32     4      no      32      32  modular.le.stats  u32
        job.pid
                                       offset  bit  size  signed  lshift  rshift  type
          fixtures/btf/modular.le.btf       0    0     4     yes      32      32  job_id_t
    "#]]
    .assert_eq(
        &run_line(&format!(
            "query job_stats.failed job.pid --target fixtures/btf/modular.le.btf {module}"
        ))
        .good(),
    );
    expect![[r#"
        core-reloc: error: --module needs a single target, found 2; name only the modules' kernel with --target
    "#]].assert_eq(
        &run_line(&format!(
            "query job --target fixtures/btf/modular.le.btf --target fixtures/btf/same.le.btf {module}"
        ))
        .refused(),
    );
}

//! `query`: its answers are those of the descriptions of the kernels, its formats are pinned.

use expect_test::expect;
use serde_json::Value;

use crate::program::{fixture, run, run_line};

/// The answers of a kernel's description to what is asked of fields: kind, question, answer.
fn described(kernel: &str) -> Vec<(String, String, String)> {
    let text = String::from_utf8(fixture(&format!("btf/{kernel}.answers"))).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("field_"));
    let entry = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words[0].to_string(), words[5..].join(" "), words[3].to_string())
    };
    lines.map(entry).collect()
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
                let said = match &line[key] {
                    Value::Bool(signed) => Some(u64::from(*signed)),
                    said => said.as_u64(),
                };
                assert_eq!(said, Some(answer), "{kind} of {question}, {kernel}.{order}: {line}");
                count += 1;
            }
        }
    }
    assert!(count > 500, "only {count} answers were compared");
}

#[test]
fn targets_are_side_by_side() {
    let run = run_line(
        "query job.pid job.ticks job job_mask::JOB_MASK_HIGH JOB_DONE job_state.JOB_DONE job.parent.pid job.[ myth \
         --target fixtures/btf/same.le.btf --target fixtures/btf/nested.le.btf \
         --target fixtures/btf/resized.le.btf",
    );
    assert_eq!((run.status, run.stderr.as_str()), (1, ""));
    expect![[r#"
        job.pid
                                       offset  bit  size  signed  lshift  rshift  type
          fixtures/btf/same.le.btf          0    0     4     yes      32      32  job_id_t
          fixtures/btf/nested.le.btf   `struct job` has no member `pid` (byte 0 of the path)
          fixtures/btf/resized.le.btf       0    0     8     yes       0       0  job_id_t
        job.ticks
                                       offset   bit  size  bits  signed  lshift  rshift  type
          fixtures/btf/same.le.btf        128  1032     8    40      no      16      24  u64
          fixtures/btf/nested.le.btf      144  1160     8    40      no      16      24  u64
          fixtures/btf/resized.le.btf     136  1098     8    40      no      14      24  u64
        job
                                       size  type
          fixtures/btf/same.le.btf      144  struct job
          fixtures/btf/nested.le.btf    160  struct job
          fixtures/btf/resized.le.btf   160  struct job
        job_mask::JOB_MASK_HIGH
                                       size  signed          value  type
          fixtures/btf/same.le.btf        8      no  1095216660480  enum job_mask
          fixtures/btf/nested.le.btf      8      no  1095216660480  enum job_mask
          fixtures/btf/resized.le.btf     8      no  1095216660480  enum job_mask
        JOB_DONE
                                       size  signed  value  type
          fixtures/btf/same.le.btf        4      no      7  enum job_state
          fixtures/btf/nested.le.btf      4      no      7  enum job_state
          fixtures/btf/resized.le.btf     4      no      7  enum job_state
        job_state.JOB_DONE
                                       size  signed  value  type
          fixtures/btf/same.le.btf        4      no      7  enum job_state
          fixtures/btf/nested.le.btf      4      no      7  enum job_state
          fixtures/btf/resized.le.btf     4      no      7  enum job_state
        job.parent.pid
          fixtures/btf/same.le.btf     the path goes through a pointer, `struct job *`, at byte 7: end it there, load the pointer, and make a second relocation from `struct job` on
          fixtures/btf/nested.le.btf   the path goes through a pointer, `struct job *`, at byte 7: end it there, load the pointer, and make a second relocation from `struct job` on
          fixtures/btf/resized.le.btf  the path goes through a pointer, `struct job *`, at byte 7: end it there, load the pointer, and make a second relocation from `struct job` on
        job.[
          fixtures/btf/same.le.btf     the path has a '[' without a ']' at byte 0
          fixtures/btf/nested.le.btf   the path has a '[' without a ']' at byte 0
          fixtures/btf/resized.le.btf  the path has a '[' without a ']' at byte 0
        myth
          fixtures/btf/same.le.btf     there is no type or enumerator `myth`
          fixtures/btf/nested.le.btf   there is no type or enumerator `myth`
          fixtures/btf/resized.le.btf  there is no type or enumerator `myth`
    "#]].assert_eq(&run.stdout);
}

#[test]
fn json_has_an_object_for_each_question_and_target() {
    expect![[r#"
        {"question":"job.prio","target":"fixtures/btf/same.be.btf","subject":"field","type":"u32","type_id":12,"byte_offset":128,"bit_offset":1024,"bitfield_size":3,"size":4,"signed":false,"lshift":32,"rshift":61,"value":null,"error":null,"similar":[]}
        {"question":"job_error::JOB_LOST","target":"fixtures/btf/same.be.btf","subject":"enumerator","type":"enum job_error","type_id":18,"byte_offset":null,"bit_offset":null,"bitfield_size":null,"size":4,"signed":true,"lshift":null,"rshift":null,"value":-5,"error":null,"similar":[]}
    "#]].assert_eq(
        &run_line(
            "query job.prio job_error::JOB_LOST --format json --target fixtures/btf/same.be.btf",
        )
        .good(),
    );
}

#[test]
fn a_target_must_be_one() {
    expect![[r#"
        core-reloc: error: fixtures/objects/none.o: No such file or directory (os error 2)
    "#]]
    .assert_eq(&run_line("query job --target fixtures/objects/none.o").refused());
}

#[test]
fn what_a_kernel_does_not_know_its_modules_are_asked() {
    let module = "--module fixtures/btf/modular.le.stats.btf";
    expect![[r#"
        job_stats.failed
                                       offset  bit  size  signed  lshift  rshift  type
          fixtures/btf/modular.le.btf       4   32     4      no      32      32  u32
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
        core-reloc: error: a module belongs to one kernel; name that one alone with --target
    "#]].assert_eq(
        &run_line(&format!(
            "query job --target fixtures/btf/modular.le.btf --target fixtures/btf/same.le.btf {module}"
        ))
        .refused(),
    );
}

//! `query`: its answers, compared with the kernels' descriptions. Its output is in `printed`.

use btf_types::{ByteOrder, build::Builder};
use expect_test::expect;
use serde_json::Value;

use crate::program::{Folder, fixture, run, run_line};

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
          fixtures/btf/modular.le.btf
                 4   32     4      no      32      32  modular.le.stats  u32
        job.pid
            offset  bit  size  signed  lshift  rshift  type
          fixtures/btf/modular.le.btf
                 0    0     4     yes      32      32  job_id_t
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

/// Removes the path of a folder, and all but one of the spaces of columns, whose number depends on it.
fn squeezed(folder: &Folder, text: &str) -> String {
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
    folder.strip(text).lines().map(line).collect()
}

#[test]
fn a_guessed_sign_is_marked() {
    let mut btf = Builder::new(ByteOrder::Little);
    let low = (-400_i32).cast_unsigned();
    btf.enumeration("priority", 4).enumerator("LOW", low).enumerator("HIGH", 5).finish();
    let folder = Folder::new();
    let target = folder.file("kernel", &btf.finish().unwrap());
    let answers = run(&["query", "LOW", "HIGH", "--target", &target]).good();
    expect![[r#"
        LOW
        size signed value type
        /kernel 4 yes? -400 enum priority
        note: the sign is a guess, because the BTF does not state the signs of enums
        HIGH
        size signed value type
        /kernel 4 no 5 enum priority
    "#]]
    .assert_eq(&squeezed(&folder, &answers));
}

#[test]
fn each_type_of_a_name_answers() {
    let kernel = btf_from_c::btf(
        ByteOrder::Little,
        "struct conn { int mark; };
         struct conn { long use; int mark; };
         struct conn___init { int other; };
         enum { LIMIT = 3 };
         enum limits { LIMIT = 4 };",
    );
    let folder = Folder::new();
    let kernel = folder.file("kernel", &kernel);
    let questions = ["query", "conn.mark", "LIMIT", "conn.none", "--target", &kernel];
    let answers = run(&questions);
    assert_eq!(answers.status, 1);
    expect![[r#"
        conn.mark
        offset bit size signed lshift rshift in type
        /kernel
        0 0 4 yes 32 32 struct conn [2] int
        8 64 4 yes 32 32 struct conn [4] int
        struct conn___init [5]: `struct conn___init` has no member `mark` (byte 0 of the path)
        note: several types have the name; a relocation considers those of one kind, whatever their flavor, and those that match must agree
        LIMIT
        size signed value in type
        /kernel 4 no 3 enum {…} [6] enum {…}
        /kernel 4 no 4 enum limits [7] enum limits
        note: several enums have an enumerator of the name; name one of them: ENUM::ENUMERATOR
        conn.none
        /kernel struct conn [2]: `struct conn` has no member `none` (byte 0 of the path)
        /kernel struct conn [4]: `struct conn` has no member `none` (byte 0 of the path)
        /kernel struct conn___init [5]: `struct conn___init` has no member `none` (byte 0 of the path)
        note: several types have the name; a relocation considers those of one kind, whatever their flavor, and those that match must agree
    "#]]
    .assert_eq(&squeezed(&folder, &answers.stdout));
    // One type that answers is enough.
    let target = ["query", "conn.mark", "--format", "json", "--target", &kernel];
    let lines = run(&target).good();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let part = |key: &str| lines.iter().map(|line| line[key].clone()).collect::<Vec<_>>();
    assert_eq!(part("root"), ["struct conn", "struct conn", "struct conn___init"]);
    assert_eq!(part("root_id"), [2, 4, 5]);
    assert_eq!(part("byte_offset"), [Value::from(0), Value::from(8), Value::Null]);
}

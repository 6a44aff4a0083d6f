//! The ranges of kernels on which programs load, recomputed from the verdict on each kernel, which is part of the same
//! JSON, with versions compared by their numbers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use core_reloc_tests::{data, judge::skipped};
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    fleet::{KERNELS, check, fleet},
    program::run,
};

/// The verdicts that the documentation calls problems.
const PROBLEMS: [&str; 5] =
    ["other_architecture", "failed", "missing", "poisoned", "not_attachable"];

/// The series of a kernel, and the numbers of its version.
type Place = (String, Vec<u64>);

fn parsed(report: &str) -> Vec<Value> {
    report.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the ranges that a report should have for each program: the series, the first and last kernel, their number,
/// and the kernels beside it. `series_of` returns the series of a kernel, and the numbers of its version.
fn expected(lines: &[Value], series_of: &dyn Fn(&str) -> Place) -> BTreeSet<[String; 4]> {
    let mut verdicts: BTreeMap<(String, String), BTreeMap<Place, (String, bool)>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line["type"] == "program") {
        let text = |key: &str| line[key].as_str().unwrap().to_string();
        let loads = !PROBLEMS.contains(&line["verdict"].as_str().unwrap());
        let of = verdicts.entry((text("object"), text("program"))).or_default();
        let kernel = text("kernel");
        assert!(of.insert(series_of(&kernel), (kernel, loads)).is_none());
    }
    let mut ranges = BTreeSet::new();
    for ((object, program), kernels) in verdicts {
        let kernels: Vec<_> = kernels.into_iter().collect();
        for series in kernels.chunk_by(|one, next| one.0.0 == next.0.0) {
            let mut at = 0;
            while at < series.len() {
                let start = at;
                while at < series.len() && series[at].1.1 {
                    at += 1;
                }
                if at > start {
                    let label = |at: usize| series.get(at).map(|kernel| kernel.1.0.clone());
                    let range = json!({
                        "first": label(start), "last": label(at - 1), "kernels": at - start,
                        "before": start.checked_sub(1).and_then(label), "after": label(at),
                    });
                    let series = series[0].0.0.clone();
                    ranges.insert([object.clone(), program.clone(), series, range.to_string()]);
                }
                at += 1;
            }
        }
    }
    ranges
}

/// Compares the ranges of a report with those that its verdicts give, and returns their number.
fn compare(report: &str, series_of: &dyn Fn(&str) -> Place) -> usize {
    let lines = parsed(report);
    // The causes of each program on each kernel.
    let program = |kernel: &Value, line: &Value| {
        let keys = ["object", "program"];
        let mut programs = lines.iter().filter(|it| it["type"] == "program");
        programs
            .find(|it| it["kernel"] == *kernel && keys.iter().all(|key| it[*key] == line[*key]))
            .unwrap()["causes"]
            .clone()
    };
    let mut found = BTreeSet::new();
    for line in lines.iter().filter(|line| line["type"] == "range") {
        let text = |key: &str| line[key].as_str().unwrap().to_string();
        for bound in
            ["before", "after"].map(|key| &line[key]).into_iter().filter(|it| !it.is_null())
        {
            let causes = bound["causes"].as_array().unwrap();
            assert!(!causes.is_empty());
            let all = program(&bound["kernel"], line);
            let names: Vec<&Value> = causes.iter().map(|cause| &cause["name"]).collect();
            // Those of the program that are problems.
            assert!(names.iter().all(|name| all.as_array().unwrap().contains(name)), "{line}");
            assert!(causes.iter().all(|it| PROBLEMS.contains(&it["verdict"].as_str().unwrap())));
        }
        let range = json!({
            "first": line["first"], "last": line["last"], "kernels": line["kernels"],
            "before": line["before"]["kernel"], "after": line["after"]["kernel"],
        });
        assert!(found.insert([text("object"), text("program"), text("series"), range.to_string()]));
    }
    assert_eq!(found, expected(&lines, series_of));
    found.len()
}

/// Returns the numbers in a version.
fn numbers(version: &str) -> Vec<u64> {
    let words = version.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
    words.map(|word| word.parse().unwrap()).collect()
}

/// Returns the series of a kernel of the fleet.
fn series_of(label: &str) -> Place {
    let found = KERNELS.iter().filter(|(place, version, _)| {
        let folders: Vec<&str> = place.split('/').collect();
        label == *version
            || label.ends_with(&format!("/{version}"))
                && folders.contains(&label.split('/').next().unwrap())
    });
    let [(place, version, _)] = found.collect::<Vec<_>>().try_into().expect(label);
    (place.to_string(), numbers(version))
}

#[test]
fn ranges_of_a_fleet_follow_from_the_verdicts() {
    let folder = fleet();
    let report = check(&folder.path("archive"), &["--format", "json"]).stdout;
    assert!(compare(&report, &series_of) > 60);
}

#[test]
fn ranges_of_real_kernels_follow_from_the_verdicts() {
    if let Err(why) = data::kernels() {
        return skipped(&format!(
            "there are no real kernels, which `cargo xtask data` fetches: {why}"
        ));
    }
    let data = data::folder();
    let kernels = data.join("kernels").display().to_string();
    let object = |name: &str| data.join("objects").join(name).display().to_string();
    let objects =
        ["tcptracer-libbpf.bpf.o", "biosnoop-libbpf.bpf.o", "biotop-libbpf.bpf.o"].map(object);
    let mut arguments = vec!["check", "--target", &kernels, "--format", "json"];
    arguments.extend(objects.iter().map(String::as_str));
    let report = run(&arguments).stdout;
    let series_of = |label: &str| match label.split_once('-').unwrap() {
        (_, "sid") => (label.to_string(), Vec::new()),
        (architecture, version) => (architecture.to_string(), numbers(version)),
    };
    assert!(compare(&report, &series_of) > 10);
}

/// Few kernels have no ranges, unless they are asked for.
#[test]
fn four_kernels_fit_in_the_table() {
    let folder = fleet();
    let some = folder.path("archive/ubuntu/18.04");
    fs::remove_file(format!("{some}/x86_64/5.15.0-100-generic.btf.tar.xz")).unwrap();
    let ranges = |more: &[&str]| {
        let report = check(&some, &[&["--format", "json"], more].concat()).stdout;
        parsed(&report).iter().filter(|line| line["type"] == "range").count()
    };
    assert_eq!(ranges(&[]), 0);
    assert!(ranges(&["--ranges"]) > 0);
    assert!(!check(&some, &[]).stdout.contains("loads on\n"));
    assert!(check(&some, &["--ranges"]).stdout.contains("loads on\n"));
}

/// The page lists in a cell's panel what the text has of its program.
#[test]
fn the_page_has_what_the_text_has() {
    let browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => return skipped(&why),
    };
    let folder = fleet();
    let page = folder.path("page.html");
    let text = check(&folder.path("archive"), &["--html", &page]).stdout;
    browser.open(&page);
    let shown = browser.run(
        "document.querySelector('#matrix tr.program td').click();
         const lines = document.querySelectorAll('.panel .versions li');
         return [...lines].map(it => it.firstChild.textContent)",
    );
    let lines = text.split("loads on\naccess.bpfel.o\n  loads\n").nth(1).unwrap().lines();
    let lines: Vec<&str> =
        lines.take_while(|line| line.starts_with("    ")).map(str::trim).collect();
    assert!(lines.len() > 4, "{text}");
    assert_eq!(shown, json!(lines));
}

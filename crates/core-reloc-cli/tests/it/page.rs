//! The page of `check --html`, in a browser. What it looks like, and how long it takes, is in `look`.

use std::{fs, path::Path};

use btf_types::ByteOrder;
use core_reloc_tests::{
    c_compiler::{CLANG, compile},
    judge::skipped,
};
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    program::{Folder, Run, fixture, run},
};

mod look;

const ENTER: &str = "\u{e007}";
const SPACE: &str = " ";
const ESCAPE: &str = "\u{e00c}";
const END: &str = "\u{e010}";
const HOME: &str = "\u{e011}";
const LEFT: &str = "\u{e012}";
const UP: &str = "\u{e013}";
const DOWN: &str = "\u{e015}";

/// A page with the results of fixtures, in a folder that lives as long.
struct Page {
    folder: Folder,
    path: String,
    run: Run,
}

impl Page {
    /// Checks three objects on kernels, each a name and the fixture that it is.
    fn of(kernels: &[(&str, &str)], more: &[&str]) -> Self {
        let folder = Folder::new();
        fs::create_dir(folder.path("kernels")).unwrap();
        for (name, kernel) in kernels {
            folder.file(&format!("kernels/{name}.btf"), &fixture(&format!("btf/{kernel}.btf")));
        }
        let (path, kernels) = (folder.path("page.html"), folder.path("kernels"));
        let objects =
            ["access", "module", "enums"].map(|name| format!("fixtures/objects/{name}.bpfel.o"));
        let mut arguments = vec!["check", "--html", &path, "--target", &kernels];
        arguments.extend(objects.iter().map(String::as_str));
        arguments.extend(more);
        let run = run(&arguments);
        Self { folder, path, run }
    }

    /// Checks on kernels of which all but two are different, and the last has the given name.
    fn with_name(name: &str) -> Self {
        let [one, two, other] = [("1", "same.le"), ("2", "nested.le"), ("3", "same.be")];
        Self::of(&[one, two, other, (name, "gone.le")], &[])
    }

    fn json(&self) -> Value {
        serde_json::from_str(self.run.stdout.lines().last().unwrap()).unwrap()
    }

    /// Checks on releases of which some are the same kernel.
    fn with_releases() -> Self {
        let same = ["5.4", "5.10", "6.1", "6.12"].map(|release| (release, "same.le"));
        let gone = ["6.2", "7.0"].map(|release| (release, "gone.le"));
        Self::of(&[&same[..], &gone[..]].concat(), &[])
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }
}

fn browser() -> Option<Browser> {
    Browser::start().map_err(|why| skipped(&why)).ok()
}

/// Returns the texts of the elements that a CSS selector matches.
fn texts(browser: &Browser, selector: &str) -> Vec<String> {
    let texts = browser.run(&format!(
        "return [...document.querySelectorAll({})].map(it => it.textContent)",
        json!(selector)
    ));
    let texts = texts.as_array().unwrap().iter();
    texts.map(|text| text.as_str().unwrap().to_string()).collect()
}

fn count(browser: &Browser, selector: &str) -> usize {
    texts(browser, selector).len()
}

/// Returns `aria-expanded` of an element, or null.
fn expanded(browser: &Browser, selector: &str) -> Value {
    browser.run(&format!(
        "return document.querySelector({}).getAttribute('aria-expanded')",
        json!(selector)
    ))
}

/// Sets a field of the filter.
fn filter(browser: &Browser, name: &str, value: &str) {
    browser.run(&format!(
        "const input = document.querySelector('[name={name}]'); input.value = {};
         input.dispatchEvent(new Event('input', {{ bubbles: true }}));",
        json!(value)
    ));
}

/// Returns the heads of the columns, without that of the names.
fn columns(browser: &Browser) -> Vec<String> {
    texts(browser, "#matrix > thead th").split_off(1)
}

/// Returns what names the focused cell: its program and its column.
fn focused(browser: &Browser) -> Value {
    browser.run(
        "const { cellIndex, parentElement } = document.activeElement;
         return [parentElement.cells[0].textContent, cellIndex]",
    )
}

fn active_id(browser: &Browser) -> Value {
    browser.run("return document.activeElement.id")
}

#[test]
fn clicks_and_keys_open_causes_and_cells() {
    let Some(browser) = browser() else { return };
    let hostile = "<img src=x onerror=alert(1)>&\"'{{DATA}}";
    let page = Page::with_name(hostile);
    assert_eq!(page.run.status, 1);
    browser.open(&page.path);

    // It says what the text and JSON say.
    let text = &page.run.stdout;
    assert_eq!(texts(&browser, "#summary"), [text.lines().last().unwrap()]);
    let errors: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
    assert_eq!(texts(&browser, ".problem .entry .heading"), errors);

    let kernels = [("1", "same.le"), ("2", "nested.le"), ("3", "same.be"), (hostile, "gone.le")];
    assert_eq!(Page::of(&kernels, &["--format", "json"]).json()["problems"], errors.len());

    // The matrix is a grid with row and column headers.
    assert_eq!(columns(&browser), ["1", "2", "3", hostile]);
    let objects = ["access.bpfel.o", "module.bpfel.o", "enums.bpfel.o"];
    assert_eq!(texts(&browser, "th[scope=rowgroup]"), objects);
    // The programs in the three sources.
    assert_eq!(count(&browser, "th[scope=row]"), 4 + 1 + 3);
    assert_eq!(count(&browser, "img"), 0);

    // A click opens a cause, and another one its relocations.
    let uid = errors.iter().position(|error| error.ends_with("field job.uid")).unwrap();
    browser.run(&format!("document.querySelectorAll('.problem .entry')[{uid}].id = 'cause'"));
    browser.click("#cause .line");
    assert_eq!(expanded(&browser, "#cause .line"), "true");
    browser.click("#cause .small");
    let cause = texts(&browser, "#cause .body").concat();
    for part in [
        "candidate struct job: struct job has no member `uid`",
        "access.bpfel.o: loads, stores",
        "./access.c:17:20",
        "answers[0] = job->uid;",
        "u32 uid;",
    ] {
        assert!(cause.contains(part), "{part}: {cause}");
    }

    // A click opens a cell, and a click in the cell opens the explanation of a relocation.
    let poisoned = "tr.program td.poisoned";
    browser.click(poisoned);
    assert_eq!(expanded(&browser, poisoned), "true");
    assert_eq!(active_id(&browser), "opened");
    assert_eq!(texts(&browser, "#opened"), [format!("loads on {hostile}")]);
    let causes = texts(&browser, ".panel .entry .heading");
    assert!(causes.contains(&errors[uid].to_string()), "{causes:?}");
    browser.click(".relocations .line");
    let why = texts(&browser, ".relocations .body").concat();
    assert!(why.contains("candidate struct job: struct job has no member `uid`"), "{why}");
    let focus = texts(&browser, ".relocations .focus td").concat();
    assert!(focus.contains("u32 uid;"), "{focus}");

    // The keyboard alone does the same. Escape returns the focus to the cell.
    browser.press(ESCAPE);
    assert_eq!(count(&browser, ".panel"), 0);
    assert_eq!(focused(&browser), json!(["loads", 4]));
    browser.press(LEFT);
    browser.press(DOWN);
    assert_eq!(focused(&browser), json!(["signed_loads", 3]));
    browser.press(UP);
    browser.press(UP);
    browser.press(END);
    assert_eq!(focused(&browser), json!(["loads", 4]));
    for key in [ENTER, SPACE] {
        browser.press(key);
        assert_eq!(active_id(&browser), "opened");
        browser.press(ESCAPE);
        assert_eq!(focused(&browser), json!(["loads", 4]));
    }
    browser.press(ENTER);
    browser.run("document.querySelector('.relocations .line').focus()");
    browser.press(ENTER);
    assert_eq!(expanded(&browser, ".relocations .line"), "true");
    browser.click(".close");
    assert_eq!(focused(&browser), json!(["loads", 4]));

    // There are no errors, and only the page was loaded.
    assert_eq!(browser.log("browser"), [] as [Value; 0]);
    let loaded: Vec<String> = browser
        .log("performance")
        .iter()
        .filter_map(|entry| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &message["message"];
            let url = message["params"]["request"]["url"].as_str()?;
            (message["method"] == "Network.requestWillBeSent").then(|| url.to_string())
        })
        .collect();
    assert!(loaded.iter().any(|url| url.ends_with("/page.html")), "{loaded:?}");
    let is_inside = |url: &String| url.starts_with("data:") || url.ends_with("/page.html");
    assert!(loaded.iter().all(is_inside), "{loaded:?}");
}

#[test]
fn filters_show_what_they_ask_for() {
    let Some(browser) = browser() else { return };
    let page = Page::with_releases();
    browser.open(&page.path);
    let programs = || texts(&browser, "tr.program > th");
    let problems = || texts(&browser, ".problem .entry .heading");
    let all = (programs(), problems(), columns(&browser));
    assert_eq!(texts(&browser, "#shown"), [""]);

    filter(&browser, "programs", "stats MODULE");
    assert_eq!(programs(), ["stats"]);
    assert_eq!(problems(), ["missing, and not guarded: type struct job_stats"]);
    assert_eq!(texts(&browser, "#shown"), ["Shown: 1 problem, 1 program, 6 kernels"]);
    filter(&browser, "programs", "");

    // A type and a field. A program that has no problem with them is shown as well.
    filter(&browser, "things", "job.queue");
    assert_eq!(problems(), ["missing, and not guarded: field job.queue.weight"]);
    assert!(programs().contains(&"walk".to_string()), "{:?}", programs());
    assert!(!programs().contains(&"stats".to_string()), "{:?}", programs());
    filter(&browser, "things", "job_stats, JOB_DONE");
    assert_eq!(problems().len(), 2);
    filter(&browser, "things", "");

    // A kernel: 6.1 is not 6.12.
    filter(&browser, "kernels", "6.1");
    assert_eq!(columns(&browser), ["6.1"]);
    assert_eq!(problems(), ["missing, and not guarded: type struct job_stats"]);
    filter(&browser, "kernels", "6.2, 7");
    assert_eq!(columns(&browser), ["6.2, 7.0"]);
    filter(&browser, "kernels", "");

    browser.click("[name=problems]");
    assert_eq!(count(&browser, ".changed.causes, .left_open.causes"), 0);
    assert_eq!(problems(), all.1);
    assert!(programs().len() < all.0.len());
    browser.click("[name=problems]");

    // Nothing found.
    for (field, value) in
        [("programs", "nowhere"), ("kernels", "5.1"), ("things", "nothing_at_all")]
    {
        filter(&browser, field, value);
        let said = texts(&browser, "#shown").concat();
        assert!(said.starts_with("Nothing found"), "{said}");
        assert_eq!((programs().len(), problems().len()), (0, 0));
        assert_eq!(browser.run("return document.getElementById('frame').hidden"), true);
        browser.click("button[type=reset]");
    }
    assert_eq!((programs(), problems(), columns(&browser)), all);
    assert_eq!(texts(&browser, "#shown"), [""]);
    assert_eq!(browser.log("browser"), [] as [Value; 0]);
}

#[test]
fn notes_are_listed_with_what_the_filters_leave() {
    const SOURCE: &str = r#"
        struct task { int pid; int level; } __attribute__((preserve_access_index));
        static long (*const read_kernel)(void *to, unsigned size, const void *from) = (void *)113;
        __attribute__((section("kprobe/x"), used)) int of_task(struct task **c) {
            int pid; read_kernel(&pid, sizeof(pid), &c[0]->pid); return pid; }
        "#;
    let Some(browser) = browser() else { return };
    let Some(object) = compile(CLANG, "bpfel", SOURCE, Path::new(".")) else { return };
    let folder = Folder::new();
    let object = folder.file("task.bpf.o", &object);
    let kernels =
        [("6.1", "struct task { int pid, level; };"), ("6.2", "struct task { long pid; };")];
    for (name, types) in kernels {
        folder.file(&format!("{name}.btf"), &btf_from_c::btf(ByteOrder::Little, types));
    }
    let page = folder.path("page.html");
    let [older, newer] = kernels.map(|(name, _)| folder.path(&format!("{name}.btf")));
    run(&["check", &object, "--target", &older, "--target", &newer, "--html", &page]);
    browser.open(&page);
    browser.click(".notes button.group");
    assert_eq!(texts(&browser, ".notes .heading").len(), 1);
    assert!(texts(&browser, ".notes .heading")[0].starts_with("task.pid: "));
    assert_eq!(texts(&browser, ".notes .on"), ["on 6.2"]);
    browser.click(".notes button.line");
    assert!(texts(&browser, ".notes .places")[0].contains("task.pid in of_task of task.bpf.o"));
    for (field, [kept, lost]) in
        [("kernels", ["6.2", "6.1"]), ("things", ["pid", "level"]), ("programs", ["task", "other"])]
    {
        filter(&browser, field, kept);
        assert_eq!(count(&browser, ".notes"), 1, "{kept}");
        filter(&browser, field, lost);
        assert_eq!(count(&browser, ".notes"), 0, "{lost}");
        filter(&browser, field, "");
    }
    assert_eq!(browser.log("browser"), [] as [Value; 0]);
}

#[test]
fn equal_kernels_share_a_column() {
    let Some(browser) = browser() else { return };
    let page = Page::with_releases();
    browser.open(&page.path);
    assert_eq!(columns(&browser), ["5.4 to 6.1, 6.12", "6.2, 7.0"]);
    assert_eq!(texts(&browser, ".folds button"), ["×4", "×2"]);
    browser.click("td.poisoned:nth-child(3)");
    assert_eq!(texts(&browser, "#opened"), ["loads on 6.2, 7.0"]);

    // A click unfolds a column, and a key folds it.
    browser.click(".folds button");
    assert_eq!(columns(&browser), ["5.4", "5.10", "6.1", "6.12", "6.2, 7.0"]);
    assert_eq!(expanded(&browser, ".folds button"), "true");
    // What is open stays open.
    assert_eq!(texts(&browser, "#opened"), ["loads on 6.2, 7.0"]);
    browser.press(ENTER);
    assert_eq!(columns(&browser), ["5.4 to 6.1, 6.12", "6.2, 7.0"]);

    // They are equal for the programs that are shown. What else is different is in the panel.
    filter(&browser, "programs", "enums existence");
    assert_eq!(columns(&browser), ["all 6 kernels"]);
    browser.click("tr.program td");
    assert_eq!(texts(&browser, ".panel h4"), ["On 5.4 to 6.1, 6.12", "On 6.2, 7.0"]);
    assert_eq!(count(&browser, ".panel .variant"), 1);
    browser.click(".panel h4:last-of-type button");
    assert_eq!(count(&browser, ".panel .variant"), 2);
    filter(&browser, "programs", "");

    browser.click("[name=fold]");
    assert_eq!(columns(&browser), ["5.4", "5.10", "6.1", "6.2", "6.12", "7.0"]);
    assert_eq!(count(&browser, ".folds"), 0);
}

#[test]
fn links_lead_to_cells() {
    let Some(browser) = browser() else { return };
    let page = Page::with_releases();
    browser.open(&page.path);
    let address = || browser.run("return location.hash").as_str().unwrap().to_string();
    assert_eq!(address(), "");
    browser.click("td.poisoned:nth-child(3)");
    let link = "#object=access.bpfel.o&program=loads&kernel=6.2";
    assert_eq!(address(), link);
    browser.press(ESCAPE);
    assert_eq!(address(), "");

    let stats = "#object=module.bpfel.o&program=stats&kernel=7.0";
    for link in [link, stats] {
        browser.open("/dev/null");
        browser.open(&format!("{}{link}", page.path));
        assert_eq!(active_id(&browser), "opened");
        let program = if link == stats { "stats" } else { "loads" };
        assert_eq!(texts(&browser, "#opened"), [format!("{program} on 6.2, 7.0")]);
    }
    // The programs of a cause link to their cells, also if the filter hides them.
    filter(&browser, "kernels", "5.4");
    let follow = |link: &str| {
        browser.run_async(&format!(
            "location.hash = '{link}'; await new Promise(it => addEventListener('hashchange', it))"
        ));
    };
    follow(link);
    assert_eq!(texts(&browser, "#opened"), ["loads on 6.2, 7.0"]);
    browser.run("document.querySelectorAll('.problem .entry .line').forEach(it => it.click())");
    let links = browser
        .run("return [...document.querySelectorAll('.problem .programs a')].map(it => it.hash)");
    assert!(links.as_array().unwrap().contains(&json!(link)), "{links}");

    follow("#object=no.o&program=no&kernel=6.2");
    let said = texts(&browser, "#shown").concat();
    assert!(said.starts_with("Nothing found"), "{said}");
    assert_eq!(browser.log("browser"), [] as [Value; 0]);
}

#[test]
fn accepted_problems_are_no_problems() {
    let Some(browser) = browser() else { return };
    let kernels = [("1", "same.le"), ("2", "gone.le")];
    let outside = Folder::new();
    let known = outside.path("known.tsv");
    let before = Page::of(&kernels, &["--write-baseline", &known]);
    assert_eq!(before.run.status, 0);
    let page = Page::of(&kernels, &["--baseline", &known]);
    assert_eq!((page.run.status, page.text()), (0, before.text()));
    browser.open(&page.path);
    assert_eq!(texts(&browser, "#summary"), [page.run.stdout.lines().last().unwrap()]);
    assert_eq!(texts(&browser, "#causes > .none"), ["No problems."]);
    assert_eq!(count(&browser, ".problem, td.poisoned, td.missing"), 0);
    assert!(count(&browser, "td.accepted") > 0);
    browser.click(".accepted .group");
    let first = texts(&browser, ".accepted .entry .heading").concat();
    assert!(first.starts_with("missing"), "{first}");
}

#[test]
fn the_page_has_no_address_and_no_markup_from_files() {
    let page = Page::with_name("<script>alert(1)");
    let text = page.text();
    assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("//cdn"));
    assert!(text.contains(r"\u003cscript\u003ealert(1)"));
    assert_eq!(text.matches("<script").count(), 2);
    assert_eq!(text.matches("</script").count(), 2);
    // The same results give the same page.
    assert_eq!(text, Page::with_name("<script>alert(1)").text());
    drop(page.folder);
}

//! The page of `check --html`, in a browser.

use std::fs;

use core_reloc_tests::judge::skipped;
use serde_json::Value;

use crate::{
    browser::Browser,
    program::{Folder, fixture, run},
};

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const LEFT: &str = "\u{e012}";
const DOWN: &str = "\u{e015}";

/// Writes a page with the results of fixtures, and returns its path and the text of the same results. `name`
/// is the name of one of the kernels.
fn page(folder: &Folder, name: &str) -> (String, String) {
    fs::create_dir(folder.path("kernels")).unwrap();
    for (name, kernel) in
        [("1", "same.le"), ("2", "nested.le"), ("3", "same.be"), (name, "gone.le")]
    {
        folder.file(&format!("kernels/{name}.btf"), &fixture(&format!("btf/{kernel}.btf")));
    }
    let (page, kernels) = (folder.path("page.html"), folder.path("kernels"));
    let objects =
        ["access", "module", "enums"].map(|name| format!("fixtures/objects/{name}.bpfel.o"));
    let mut arguments = vec!["check", "--html", &page, "--target", &kernels];
    arguments.extend(objects.iter().map(String::as_str));
    let run = run(&arguments);
    assert_eq!(run.status, 1);
    (page, run.stdout)
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn the_page_works_in_a_browser() {
    let browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => return skipped(&why),
    };
    let folder = Folder::new();
    let hostile = "<img src=x onerror=alert(1)>&\"'{{DATA}}";
    let (page, text) = page(&folder, hostile);
    browser.open(&page);

    // It says what the text says.
    let summary = browser.run("return document.getElementById('summary').textContent");
    assert_eq!(summary, text.lines().last().unwrap());
    let problems = browser.run("return document.querySelectorAll('.problem .entry').length");
    let listed = text.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(problems, listed);

    // The matrix is a grid with row and column headers.
    let heads = browser.run(
        "return [...document.querySelectorAll('#matrix > thead th[scope=col]')].map(it => it.textContent)",
    );
    assert_eq!(strings(&heads), ["Program", "1", "2", "3", hostile]);
    let objects = browser.run(
        "return [...document.querySelectorAll('th[scope=rowgroup]')].map(it => it.textContent)",
    );
    assert_eq!(strings(&objects), ["access.bpfel.o", "module.bpfel.o", "enums.bpfel.o"]);
    let programs = browser.run("return document.querySelectorAll('th[scope=row]').length");
    // The programs in the three sources.
    assert_eq!(programs, 4 + 1 + 3);
    assert_eq!(browser.run("return document.querySelectorAll('img').length"), 0);

    // A click opens a cause.
    let state = |selector: &str| {
        browser.run(&format!(
            "return document.querySelector('{selector}').getAttribute('aria-expanded')"
        ))
    };
    browser.run("document.querySelectorAll('.problem .entry')[2].id = 'cause'");
    browser.click("#cause .line");
    assert_eq!(state("#cause .line"), "true");
    let cause = browser.run("return document.querySelector('#cause').textContent");
    let cause = cause.as_str().unwrap();
    assert!(cause.contains("candidate struct job: struct job has no member `uid`"), "{cause}");

    // A click opens a cell, and a click in the cell opens the explanation of a relocation.
    let poisoned = "tr.program td.poisoned";
    browser.click(poisoned);
    assert_eq!(state(poisoned), "true");
    assert_eq!(browser.run("return document.activeElement.id"), "opened");
    browser.click(".relocations .line");
    assert_eq!(state(".relocations .line"), "true");
    let why = browser.run("return document.querySelector('.relocations .body').textContent");
    let why = why.as_str().unwrap();
    assert!(why.contains("candidate struct job: struct job has no member `uid`"), "{why}");
    let focus = browser.run("return document.querySelector('.relocations .focus td').textContent");
    assert!(focus.as_str().unwrap().contains("u32 uid;"), "{focus}");

    // The keyboard alone does the same. Escape returns the focus to the cell.
    browser.press(ESCAPE);
    assert_eq!(state(poisoned), Value::Null);
    let focused = "const { cellIndex, parentElement } = document.activeElement;
         return [parentElement.cells[0].textContent, cellIndex]";
    assert_eq!(browser.run(focused), serde_json::json!(["loads", 4]));
    browser.press(LEFT);
    browser.press(DOWN);
    assert_eq!(browser.run(focused), serde_json::json!(["signed_loads", 3]));
    browser.press(LEFT);
    browser.press(ENTER);
    assert_eq!(browser.run("return document.activeElement.id"), "opened");
    browser.run("document.querySelector('.relocations .line').focus()");
    browser.press(ENTER);
    assert_eq!(state(".relocations .line"), "true");

    // The filter.
    let filter = |name: &str, value: &str| {
        browser.run(&format!(
            "const input = document.querySelector('[name={name}]'); input.value = '{value}';
             input.dispatchEvent(new Event('input', {{ bubbles: true }}));"
        ));
        browser.run("return document.querySelectorAll('tr.program').length")
    };
    assert_eq!(filter("programs", "module stats"), 1);

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
fn the_page_has_no_address_and_no_markup_from_files() {
    let folder = Folder::new();
    let text = fs::read_to_string(page(&folder, "<script>alert(1)").0).unwrap();
    assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("//cdn"));
    assert!(text.contains(r"\u003cscript\u003ealert(1)"));
    assert_eq!(text.matches("<script").count(), 2);
    assert_eq!(text.matches("</script").count(), 2);
    // The same results give the same page.
    let other = Folder::new();
    let again = fs::read_to_string(page(&other, "<script>alert(1)").0).unwrap();
    assert_eq!(text, again);
}

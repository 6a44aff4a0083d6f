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
const RIGHT: &str = "\u{e014}";
const DOWN: &str = "\u{e015}";

/// Writes a page with the results of fixtures, and returns its path. `name` is the name of one of the
/// kernels.
fn page(folder: &Folder, name: &str) -> String {
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
    assert_eq!(run(&arguments).status, 1);
    page
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
    browser.open(&page(&folder, hostile));

    // The matrix is a table with row and column headers.
    let heads = browser.run(
        "return [...document.querySelectorAll('#matrix > thead th[scope=col]')].map(it => it.textContent)",
    );
    assert_eq!(strings(&heads), ["Program", "1", "2", "3", hostile]);
    let objects = browser.run(
        "return [...document.querySelectorAll('th[scope=rowgroup]')].map(it => it.textContent)",
    );
    assert_eq!(strings(&objects), ["access.bpfel.o", "module.bpfel.o", "enums.bpfel.o"]);
    let programs = browser.run("return document.querySelectorAll('th[scope=row]').length");
    // The functions with relocations in the three sources.
    assert_eq!(programs, 4 + 1 + 3);
    assert_eq!(browser.run("return document.querySelectorAll('img').length"), 0);
    let summary = browser.run("return document.getElementById('summary').textContent");
    assert!(summary.as_str().unwrap().starts_with("3 objects with 8 programs on 4 kernels: "));

    // A click opens a cell, and a click in the cell opens the explanation of a relocation.
    let poisoned = "tr.program button.poisoned";
    browser.click(poisoned);
    let state = |selector: &str| {
        browser.run(&format!(
            "return document.querySelector('{selector}').getAttribute('aria-expanded')"
        ))
    };
    assert_eq!(state(poisoned), "true");
    assert_eq!(browser.run("return document.activeElement.id"), "opened");
    browser.click(".relocation");
    assert_eq!(state(".relocation"), "true");
    let why = browser.run("return document.querySelector('.why').textContent");
    let why = why.as_str().unwrap();
    assert!(why.contains("candidate struct job: struct job has no member `uid`"), "{why}");
    let focus = browser.run("return document.querySelector('tr.focus td').textContent");
    assert!(focus.as_str().unwrap().contains("u32 uid;"), "{focus}");

    // The keyboard alone does the same. Escape returns the focus to the cell.
    browser.press(ESCAPE);
    assert_eq!(state(poisoned), "false");
    let focused = "return document.activeElement.getAttribute('aria-label')";
    let label = browser.run(focused);
    assert!(label.as_str().unwrap().ends_with(" poisoned"), "{label}");
    browser.press(RIGHT);
    browser.press(DOWN);
    assert_ne!(browser.run(focused), label);
    browser.press(ENTER);
    assert_eq!(browser.run("return document.activeElement.id"), "opened");
    browser.run("document.querySelector('.relocation').focus()");
    browser.press(ENTER);
    assert_eq!(state(".relocation"), "true");

    // The search filters the programs.
    browser.run(
        "const search = document.getElementById('search'); search.value = 'module stats';
         search.dispatchEvent(new Event('input', { bubbles: true }));",
    );
    let shown = browser.run("return document.querySelectorAll('tr.program:not([hidden])').length");
    assert_eq!(shown, 1);

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
    let text = fs::read_to_string(page(&folder, "<script>alert(1)")).unwrap();
    assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("//cdn"));
    assert!(text.contains(r"\u003cscript\u003ealert(1)"));
    assert_eq!(text.matches("<script").count(), 2);
    assert_eq!(text.matches("</script").count(), 2);
    // The same results give the same page.
    let other = Folder::new();
    let again = fs::read_to_string(page(&other, "<script>alert(1)")).unwrap();
    assert_eq!(text, again);
}

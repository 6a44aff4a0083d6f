//! What the page looks like at each size, light and dark; whether everyone can use it; and how long its
//! script takes.

use std::{fs, process::Command};

use core_reloc_tests::{data, judge::skipped};
use serde_json::{Value, json};

use super::{DOWN, END, ENTER, HOME, Page, UP, browser, count, filter};
use crate::{
    browser::Browser,
    program::{Folder, run},
};

/// The widths of a phone, a tablet, a notebook and a large screen.
const WIDTHS: [u32; 4] = [400, 800, 1280, 2560];

/// The auditor. A newer one may have new rules.
const AXE: &str = "axe-core@4.14.1";

/// Opens all groups, some causes, and a cell with all of its relocations.
const OPEN_ALL: &str = "
    document.querySelectorAll('.group[aria-expanded=false]').forEach(it => it.click());
    document.querySelectorAll('.entry .line').forEach((it, at) => at < 40 && it.click());
    document.querySelectorAll('.small').forEach(it => it.click());
    document.querySelector('td.poisoned').click();
    document.querySelectorAll('.panel .line').forEach(it => it.click());";

/// Returns the auditor's script, or why there is none.
fn axe() -> Result<String, String> {
    let folder = Folder::new();
    let run = |command: &mut Command| {
        let output = command.current_dir(folder.path("")).output();
        let output = output.map_err(|error| format!("{command:?} does not start: {error}"))?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        output.status.success().then_some(()).ok_or(format!("{command:?}: {stderr}"))
    };
    run(Command::new("npm").args(["pack", "--silent", AXE]))?;
    let archive = AXE.replace('@', "-") + ".tgz";
    run(Command::new("tar").args(["xzf", &archive, "package/axe.min.js"]))?;
    fs::read_to_string(folder.path("package/axe.min.js")).map_err(|error| error.to_string())
}

/// Fails if something is wider than the view, outside of what scrolls by itself.
fn everything_fits(browser: &Browser, width: u32) {
    let wide = browser.run(
        "const edge = document.documentElement.clientWidth;
         const isWide = (it) => it.getBoundingClientRect().right > edge
             || (it.clientWidth > 0 && it.scrollWidth > it.clientWidth + 1
                 && getComputedStyle(it).overflowX === 'visible');
         const isOwn = (it) => !it.closest('.sr, .side') && (it.closest('.panel') || !it.closest('#matrix'));
         return [...document.querySelectorAll('body, body *')].filter(it => isOwn(it) && isWide(it))
             .map(it => it.outerHTML.slice(0, 100))",
    );
    assert_eq!(wide, json!([]), "{width}");
    let text = browser.run(
        "const sizes = [...document.querySelectorAll('body *')].filter(it => it.checkVisibility())
             .map(it => parseFloat(getComputedStyle(it).fontSize));
         return Math.min(...sizes)",
    );
    assert!(text.as_f64().unwrap() >= 12.0, "{text} px at {width}");
}

#[test]
fn the_page_fits_and_is_accessible_at_every_size() {
    let Some(browser) = browser() else { return };
    let axe = match axe() {
        Ok(axe) => Some(axe),
        Err(why) => {
            skipped(&why);
            None
        }
    };
    let long = "a-kernel-whose-name-is-far-too-long-for-the-head-of-a-column-of-the-table";
    let page = Page::with_name(long);
    for width in WIDTHS {
        for is_dark in [false, true] {
            browser.view(width, 900, is_dark);
            browser.open(&page.path);
            browser.run(OPEN_ALL);
            everything_fits(&browser, width);
            let Some(axe) = &axe else { continue };
            browser.run(axe);
            let violations = browser.run_async(
                "const { passes, violations } = await axe.run(document);
                 if (passes.length < 30) return passes.length;
                 return violations.map(({ id, nodes }) => [id, nodes.map(it => it.failureSummary + it.html)])",
            );
            assert_eq!(violations, json!([]), "{width} {is_dark}");
        }
    }
    assert_eq!(browser.log("browser"), [] as [Value; 0]);
}

/// Nothing covers the focused cell, neither the head of the table nor the names.
#[test]
fn the_focused_cell_is_in_view() {
    let Some(browser) = browser() else { return };
    let page = Page::with_releases();
    browser.view(400, 280, false);
    browser.open(&page.path);
    browser.click("[name=fold]");
    browser.run("document.querySelector('tr.program td').focus()");
    let is_seen = "const cell = document.activeElement;
         const { left, right, top, bottom } = cell.getBoundingClientRect();
         return document.elementFromPoint((left + right) / 2, (top + bottom) / 2) === cell";
    for key in [DOWN, DOWN, DOWN, DOWN, DOWN, DOWN, UP, END, UP, UP, HOME, UP, UP, UP, DOWN] {
        browser.press(key);
        assert_eq!(browser.run(is_seen), true, "{key:?}");
    }
    // So is a cell that is open, with its title.
    browser.press(ENTER);
    assert_eq!(
        browser.run(is_seen.replace("activeElement", "getElementById('opened')").as_str()),
        true
    );
}

/// Repeats the kernels in the data of a page, each `times`, with names in the order of their versions.
fn repeat_kernels(page: &str, times: usize) -> String {
    let start = page.find("id=\"data\">").unwrap() + "id=\"data\">".len();
    let (before, rest) = page.split_at(start);
    let (text, after) = rest.split_once("</script>").unwrap();
    let mut data: Value = serde_json::from_str(text).unwrap();
    let repeat = |list: &mut Value, change: &dyn Fn(&Value, usize) -> Value| {
        let repeated = list.as_array().unwrap().iter();
        let repeated = repeated.flat_map(|it| (0..times).map(move |time| change(it, time)));
        *list = repeated.collect();
    };
    repeat(&mut data["kernels"], &|name, time| json!(format!("{}.{time}", name.as_str().unwrap())));
    for object in data["objects"].as_array_mut().unwrap() {
        repeat(&mut object["kernels"], &|row, _| row.clone());
    }
    for range in
        data["sets"].as_array_mut().unwrap().iter_mut().flat_map(Value::as_array_mut).flatten()
    {
        let [first, last] = [0, 1].map(|end| range[end].as_u64().unwrap() as usize);
        *range = json!([first * times, last * times + times - 1]);
    }
    let data = data.to_string().replace('<', "\\u003c");
    format!("{before}{data}</script>{after}")
}

/// Returns the seconds that scripts have run in the page.
fn script_seconds(browser: &Browser) -> f64 {
    let metrics = browser.command("Performance.getMetrics", &json!({}));
    let metrics = metrics["metrics"].as_array().unwrap();
    let script = metrics.iter().find(|metric| metric["name"] == "ScriptDuration").unwrap();
    script["value"].as_f64().unwrap()
}

#[test]
fn a_hundred_kernels_take_less_than_a_second() {
    let (objects, kernels) = (data::folder().join("objects"), data::folder().join("kernels"));
    let Ok(files) = fs::read_dir(&objects) else {
        return skipped("there are no objects in target/data");
    };
    let Some(browser) = browser() else { return };
    let files = files
        .map(|file| file.unwrap().path())
        .filter(|file| file.extension().is_some_and(|it| it == "o"));
    let mut files: Vec<String> = files.map(|file| file.to_str().unwrap().to_string()).collect();
    files.sort();
    let more = ["access", "module", "enums"].map(|name| format!("fixtures/objects/{name}.bpfel.o"));
    files.extend(more);
    let folder = Folder::new();
    let path = folder.path("page.html");
    let mut arguments = vec!["check", "--html", &path, "--target", kernels.to_str().unwrap()];
    arguments.extend(files.iter().map(String::as_str));
    assert_eq!(run(&arguments).status, 1);
    let text = repeat_kernels(&fs::read_to_string(&path).unwrap(), 15);
    fs::write(&path, text).unwrap();

    browser.command("Performance.enable", &json!({}));
    // Other tests run at the same time.
    let times = (0..3).map(|_| {
        browser.open("/dev/null");
        let before = script_seconds(&browser);
        browser.open(&path);
        let opened = script_seconds(&browser);
        assert!(count(&browser, ".folds button") > 3);
        let before_unfolding = script_seconds(&browser);
        browser.click("[name=fold]");
        let unfolded = script_seconds(&browser);
        let before_filter = script_seconds(&browser);
        filter(&browser, "things", "task_struct");
        [
            opened - before.min(opened),
            unfolded - before_unfolding,
            script_seconds(&browser) - before_filter,
        ]
    });
    let times: Vec<[f64; 3]> = times.collect();
    let columns = count(&browser, "#matrix > thead th") - 1;
    assert!(columns >= 100 && files.len() >= 185, "{columns} {}", files.len());
    println!("seconds of script to open, unfold and filter: {times:.3?}");
    for step in 0..3 {
        let best = times.iter().map(|times| times[step]).fold(f64::INFINITY, f64::min);
        assert!(best < 1.0, "{times:?}");
    }
    assert_eq!(browser.log("browser"), [] as [Value; 0]);
}

//! What the page looks like at each size, light and dark; whether everyone can use it; and how long its
//! script takes.

use std::{fs, process::Command};

use core_reloc_tests::{data, judge::skipped};
use serde_json::{Value, json};

use super::{DOWN, END, ENTER, HOME, Page, UP, browser, count};
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
    for (at, width) in WIDTHS.into_iter().enumerate() {
        for is_dark in [false, true] {
            browser.view(width, 900, is_dark);
            browser.open(&page.path);
            browser.run(OPEN_ALL);
            everything_fits(&browser, width);
            // The auditor takes long, and colors do not depend on the size.
            let Some(axe) = axe.as_ref().filter(|_| is_dark != at.is_multiple_of(2)) else {
                continue;
            };
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
    // A panel that opens is in view, below its row.
    browser.press(ENTER);
    let seen = browser.run(
        "const { top, bottom } = document.getElementById('frame').getBoundingClientRect();
         const panel = document.querySelector('.panel').getBoundingClientRect();
         const row = document.querySelector('td[aria-expanded=true]').getBoundingClientRect();
         return [Math.min(bottom, panel.bottom, innerHeight) - Math.max(top, panel.top, 0),
             row.top - Math.max(top, 0)]",
    );
    let [panel, row] = [0, 1].map(|at| seen[at].as_f64().unwrap());
    assert!(panel > 100.0 && row > 0.0, "{seen}");
}

/// Repeats the kernels in the data of a page until there are at least so many, with names in the order of their
/// versions.
fn repeat_kernels(page: &str, count: usize) -> String {
    let start = page.find("id=\"data\">").unwrap() + "id=\"data\">".len();
    let (before, rest) = page.split_at(start);
    let (text, after) = rest.split_once("</script>").unwrap();
    let mut data: Value = serde_json::from_str(text).unwrap();
    let times = count.div_ceil(data["kernels"].as_array().unwrap().len());
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

/// Has the page record when its script starts and ends.
fn with_times(page: &str) -> String {
    let (before, script) = page.split_once("<script>\n\"use strict\";").unwrap();
    let (script, after) = script.split_once("</script>").unwrap();
    let now = "performance.now()";
    format!(
        "{before}<script>\n\"use strict\"; const start = {now};{script} const end = {now};</script>{after}"
    )
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
    let text = repeat_kernels(&fs::read_to_string(&path).unwrap(), 100);
    fs::write(&path, with_times(&text)).unwrap();

    // Other tests run at the same time.
    let times = (0..3).map(|_| {
        browser.open("/dev/null");
        browser.open(&path);
        assert!(count(&browser, ".folds button") > 3);
        let times = browser.run(
            "const take = (change) => {
                 const start = performance.now();
                 change();
                 return performance.now() - start;
             };
             const unfold = take(() => document.querySelector('[name=fold]').click());
             const input = document.querySelector('[name=things]');
             input.value = 'task_struct';
             const filter = take(() => input.dispatchEvent(new Event('input', { bubbles: true })));
             return [end - start, unfold, filter]",
        );
        [0, 1, 2].map(|step| times[step].as_f64().unwrap() / 1000.0)
    });
    let times: Vec<[f64; 3]> = times.collect();
    let columns = count(&browser, "#matrix > thead th") - 1;
    assert!(columns >= 100, "{columns}");
    println!("seconds of script to open, unfold and filter {} objects: {times:.3?}", files.len());
    for step in 0..3 {
        let best = times.iter().map(|times| times[step]).fold(f64::INFINITY, f64::min);
        assert!(best < 1.0, "{times:?}");
    }
    assert_eq!(browser.log("browser"), [] as [Value; 0]);
}

//! Results as a self-contained page: the template with the results as JSON, in which each text occurs
//! once.
//!
//! The page loads nothing from elsewhere, and its script inserts the data as text, never as markup. The
//! data cannot close the element that contains them.

mod data;

use self::data::Data;
use super::{Results, causes::Causes, versions::Versions};
use crate::failure::Failure;

/// How every page starts, by which `check` knows a file that it has written.
pub(super) const MARK: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta name=\"generator\" content=\"core-reloc check\">\n";

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// The parts of the script, which share their names.
const SCRIPT: &str = concat!(
    include_str!("page/data.js"),
    include_str!("page/filter.js"),
    include_str!("page/explain.js"),
    include_str!("page/causes.js"),
    include_str!("page/table.js"),
    include_str!("page/panel.js"),
    include_str!("page/main.js"),
);

/// Returns the page with all results.
pub(super) fn page(
    results: &Results,
    causes: &Causes,
    versions: Option<&Versions>,
) -> Result<String, Failure> {
    let data = serde_json::to_string(&Data::of(results, causes, versions))
        .map_err(std::io::Error::from)?;
    // These characters occur only in JSON's strings, where they may be escaped.
    let data = data.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    Ok(["STYLE", "SCRIPT", "DATA"].into_iter().zip([STYLE, SCRIPT, &data]).fold(
        PAGE.to_string(),
        // The data come last, so that placeholders in them are not replaced.
        |page, (name, content)| page.replacen(&format!("{{{{{name}}}}}"), content, 1),
    ))
}

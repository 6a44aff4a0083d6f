//! The choice of a format.

use crate::{arguments::Format, json::Json, output::stdout, print::Print, text::Text};

/// Returns what prints a format to standard output.
pub(crate) fn printer(format: Format) -> Box<dyn Print> {
    match format {
        Format::Text => Box::new(Text::new(stdout())),
        Format::Json => Box::new(Json::new(stdout())),
    }
}

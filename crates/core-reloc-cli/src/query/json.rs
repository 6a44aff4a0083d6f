//! Printing answers as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::{Answer, KernelAnswers};
use crate::format::json_line;

/// Prints a line for each answer of a kernel.
pub(super) fn print(kernel: &KernelAnswers<'_>, out: &mut impl Write) -> io::Result<()> {
    kernel.answers.iter().try_for_each(|answer| line(&kernel.target, answer, out))
}

/// A line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    question: &'a str,
    target: &'a str,
    subject: Option<&'static str>,
    r#type: Option<&'a str>,
    type_id: Option<u32>,
    /// The module that defines the type; none if the kernel does.
    module: Option<&'a str>,
    byte_offset: Option<u64>,
    bit_offset: Option<u32>,
    bitfield_size: Option<u8>,
    size: Option<u64>,
    signed: Option<bool>,
    lshift: Option<u64>,
    rshift: Option<u64>,
    value: Option<i128>,
    error: Option<String>,
    /// Similar names that may have been meant.
    similar: &'a [String],
    /// The type that the question names. Several lines answer a question if several types have the name.
    root: Option<&'a str>,
    root_id: Option<u32>,
    /// The sign of the value is a guess.
    guess: bool,
}

fn line(target: &str, answer: &Answer<'_>, out: &mut impl Write) -> io::Result<()> {
    let (info, unanswered) = (answer.info.as_ref().ok(), answer.info.as_ref().err());
    let line = Line {
        question: answer.question,
        target,
        subject: info.map(|info| info.subject),
        r#type: info.map(|info| info.ty.as_str()),
        type_id: info.map(|info| info.type_id.0),
        module: info.and(answer.root.as_ref()).and_then(|root| root.module.as_deref()),
        byte_offset: info.and_then(|info| info.byte_offset),
        bit_offset: info.and_then(|info| info.bit_offset),
        bitfield_size: info.and_then(|info| info.bitfield_size),
        size: info.and_then(|info| info.size),
        signed: info.and_then(|info| info.signed),
        lshift: info.and_then(|info| info.lshift),
        rshift: info.and_then(|info| info.rshift),
        value: info.and_then(|info| info.value),
        error: unanswered.map(|unanswered| unanswered.error.to_string()),
        similar: unanswered.map_or(&[], |unanswered| &unanswered.similar),
        root: answer.root.as_ref().map(|root| root.name.as_str()),
        root_id: answer.root.as_ref().map(|root| root.id.0),
        guess: info.is_some_and(|info| info.is_guess),
    };
    json_line(&line, out)
}

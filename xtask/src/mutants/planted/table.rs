//! Reads the table of planted bugs, whose header describes its lines.

use super::bug::{Bug, Edit};
use crate::Result;

pub(super) fn parse(text: &'static str) -> Result<Vec<Bug>> {
    let mut bugs: Vec<Bug> = Vec::new();
    let (mut rule, mut anchor, mut previous) = (None, None, "");
    for (number, line) in (1..).zip(text.lines()) {
        let wrong = || format!("planted.txt, line {number}: unexpected line: `{line}`");
        let (mark, rest) = match line.split_at_checked(1) {
            Some((mark, rest)) => (mark, rest.strip_prefix(' ').unwrap_or(rest)),
            None => continue,
        };
        match mark {
            "#" => {}
            "=" => rule = Some(rest),
            "*" => bugs.push(Bug { rule: rule.ok_or_else(wrong)?, name: rest, edits: Vec::new() }),
            "-" | "+" => {
                let edits = &mut bugs.last_mut().ok_or_else(wrong)?.edits;
                // A pattern after anything but a pattern starts a substitution.
                if mark == "-" && previous != "-" {
                    let anchor = anchor.ok_or_else(wrong)?;
                    edits.push(Edit { anchor, before: String::new(), after: String::new() });
                }
                let edit = edits.last_mut().ok_or_else(wrong)?;
                let text = if mark == "-" { &mut edit.before } else { &mut edit.after };
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(rest);
            }
            _ => anchor = Some(line),
        }
        previous = mark;
    }
    match bugs.iter().find(|bug| bug.edits.is_empty()) {
        Some(bug) => Err(format!("planted.txt has no substitution for the bug: {bug}").into()),
        None => Ok(bugs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bugs_follow_their_rule() {
        let text = "# head\n= r.\n* b\nf\n- a\n-  c\n+ d\n\n* e\n- x\n+ z\nh\n- y\n+\n";
        let bugs = parse(text).unwrap();
        assert_eq!(
            bugs.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["r. But: b.", "r. But: e."]
        );
        let edits = |bug: &Bug| -> Vec<[String; 3]> {
            let edits = bug.edits.iter();
            edits
                .map(|edit| [edit.anchor.into(), edit.before.clone(), edit.after.clone()])
                .collect()
        };
        assert_eq!(edits(&bugs[0]), [["f", "a\n c", "d"]]);
        assert_eq!(edits(&bugs[1]), [["f", "x", "z"], ["h", "y", ""]]);
        for wrong in ["* bug", "f\n= r\n- text", "= r\n* b\n- text", "f\n= r\n* b\n+ x", "= r\n* b"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}

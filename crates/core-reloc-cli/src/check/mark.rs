//! What the table of programs and kernels shows in one place.

use core_reloc_tools::check::Verdict;
use owo_colors::Style;

/// What the table shows of a program on a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Accepted,
    Verdict(Verdict),
}

impl Mark {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let verdicts = Verdict::ALL.into_iter().rev().map(Self::Verdict);
        verdicts.chain([Self::Accepted])
    }

    /// Returns the character, its meaning and its style.
    pub(super) fn legend(self) -> (char, &'static str, Style) {
        let style = Style::new();
        let Self::Verdict(verdict) = self else {
            return ('a', "accepted by the baseline", style.yellow());
        };
        match verdict {
            Verdict::OtherArchitecture => ('-', "for another architecture", style.dimmed()),
            Verdict::Failed => ('F', "failed", style.red().bold()),
            Verdict::Missing => ('M', "missing", style.red().bold()),
            Verdict::Poisoned => ('P', "poisoned", style.red().bold()),
            Verdict::LeftOpen => ('?', "left open", style.yellow()),
            Verdict::Conditional => ('c', "conditional", style.yellow()),
            Verdict::NotAttachable => ('A', "not attachable", style.red().bold()),
            Verdict::Guarded => ('g', "poisoned, but guarded", style.cyan()),
            Verdict::Changed => ('~', "changed", style.green()),
            Verdict::Skipped => ('s', "skipped: asks nothing", style.dimmed()),
            // The verdicts of later versions have no character yet.
            _ => ('.', "ok", style.dimmed()),
        }
    }
}

//! What is known of a register or a stack slot.

use super::range::Range;

/// A set of variables of read-only data or configuration, each with a bit.
pub(super) type Variables = u64;

/// What is known of a 64-bit value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Value {
    /// Nothing, except that it is no address in a stack unless one was stored somewhere.
    Unknown,
    /// A number in a range, and no address.
    Number {
        range: Range,
        /// The variables whose assumed values it follows from.
        assumes: Variables,
        /// Whether it, or what it is a copy of, was found by comparing.
        is_compared: bool,
    },
    /// An address in the stack of a frame: the frame's number, and an offset from its end in bytes.
    Stack { frame: usize, offset: i32 },
    /// Perhaps an address anywhere in any stack.
    SomeStack,
    /// An address in the data of the object: the number of the section, and an offset in bytes.
    Data { section: u32, offset: u64 },
    /// The address of an undefined symbol, by its index.
    Extern(usize),
    /// An address in a table of jumps, by its index.
    JumpTable(usize),
    /// An entry of a table of jumps.
    JumpTarget(usize),
}

impl Value {
    /// The number 0, which follows from no assumption.
    pub(super) const ZERO: Self = Self::number(0);

    /// Any number.
    pub(super) const ANY_NUMBER: Self = Self::number_in(Range::FULL);

    /// A number in a range, which follows from no assumption.
    pub(super) const fn number_in(range: Range) -> Self {
        Self::Number { range, assumes: 0, is_compared: false }
    }

    /// A number that follows from no assumption.
    pub(super) const fn number(value: u64) -> Self {
        Self::assumed(value, 0)
    }

    /// A number that follows from assumptions.
    pub(super) const fn assumed(value: u64, assumes: Variables) -> Self {
        Self::Number { range: Range::single(value), assumes, is_compared: false }
    }

    /// Returns the number, if it is known.
    pub(super) fn known(self) -> Option<(u64, Variables)> {
        let (range, assumes) = self.range()?;
        Some((range.known()?, assumes))
    }

    /// Returns the range of a number.
    pub(super) fn range(self) -> Option<(Range, Variables)> {
        match self {
            Self::Number { range, assumes, .. } => Some((range, assumes)),
            _ => None,
        }
    }

    /// Returns the number that it is, of which nothing is known if it may be something else.
    pub(super) fn as_number(self) -> Self {
        if self.range().is_some() { self } else { Self::ANY_NUMBER }
    }

    /// Returns `true` if it may be an address in a stack.
    pub(super) fn may_be_stack(self) -> bool {
        matches!(self, Self::Stack { .. } | Self::SomeStack)
    }

    /// Returns a number in a range that follows from the assumptions and comparisons of two numbers.
    pub(super) fn joined(self, other: Self, range: Range) -> Option<Self> {
        match (self, other) {
            (
                Self::Number { assumes, is_compared, .. },
                Self::Number { assumes: others, is_compared: other, .. },
            ) => Some(Self::Number {
                range,
                assumes: assumes | others,
                is_compared: is_compared || other,
            }),
            _ => None,
        }
    }

    /// Returns another number that follows from this one.
    pub(super) fn with_number(self, number: u64) -> Option<Self> {
        self.joined(self, Range::single(number))
    }

    /// Returns what verifiers still know of it when a loop comes around again with the same value.
    ///
    /// They forget numbers that differ from those of the round before, also in how they were found.
    pub(super) fn kept_by_loop(self) -> Self {
        match self {
            Self::Number { range, is_compared: false, .. } if range.known().is_some() => self,
            Self::Number { .. } => Self::ANY_NUMBER,
            other => other,
        }
    }

    /// Returns what is known if it may be either of two values.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Number { range, .. }, Self::Number { range: others, .. }) => {
                self.joined(other, range.or(others)).unwrap_or(Self::Unknown)
            }
            (one, other) if one.may_be_stack() || other.may_be_stack() => Self::SomeStack,
            _ => Self::Unknown,
        }
    }
}

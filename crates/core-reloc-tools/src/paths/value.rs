//! What is known of a register or a stack slot.

/// A set of variables of read-only data or configuration, each with a bit.
pub(super) type Variables = u64;

/// What is known of a 64-bit value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Value {
    /// Nothing, except that it is no address in a stack unless one was stored somewhere.
    Unknown,
    /// A number.
    Number {
        value: u64,
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
}

impl Value {
    /// The number 0, which follows from no assumption.
    pub(super) const ZERO: Self = Self::number(0);

    /// A number that follows from no assumption.
    pub(super) const fn number(value: u64) -> Self {
        Self::assumed(value, 0)
    }

    /// A number that follows from assumptions.
    pub(super) const fn assumed(value: u64, assumes: Variables) -> Self {
        Self::Number { value, assumes, is_compared: false }
    }

    /// Returns the number, if it is one.
    pub(super) fn known(self) -> Option<(u64, Variables)> {
        match self {
            Self::Number { value, assumes, .. } => Some((value, assumes)),
            _ => None,
        }
    }

    /// Returns `true` if it may be an address in a stack.
    pub(super) fn may_be_stack(self) -> bool {
        matches!(self, Self::Stack { .. } | Self::SomeStack)
    }

    /// Returns a number that is found in the way that both of two numbers are.
    pub(super) fn joined(self, other: Self) -> Option<Self> {
        match (self, other) {
            (
                Self::Number { value, assumes, is_compared },
                Self::Number { assumes: others, is_compared: other, .. },
            ) => {
                let is_compared = is_compared || other;
                Some(Self::Number { value, assumes: assumes | others, is_compared })
            }
            _ => None,
        }
    }

    /// Returns another number, found in the way that this one is.
    pub(super) fn with_number(self, number: u64) -> Option<Self> {
        match self {
            Self::Number { assumes, is_compared, .. } => {
                Some(Self::Number { value: number, assumes, is_compared })
            }
            _ => None,
        }
    }

    /// Returns what verifiers still know of it when a loop comes around again with the same value.
    ///
    /// They forget scalars that differ from those of the round before, also in how they were found.
    pub(super) fn kept_by_loop(self) -> Self {
        match self {
            Self::Number { is_compared: true, .. } => Self::Unknown,
            other => other,
        }
    }

    /// Returns what is known if it may be either of two values.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Number { value, .. }, Self::Number { value: same, .. }) if value == same => {
                self.joined(other).unwrap_or(Self::Unknown)
            }
            (one, other) if one.may_be_stack() || other.may_be_stack() => Self::SomeStack,
            _ => Self::Unknown,
        }
    }
}

//! What is known of a value.

/// The helpers that return the address of a struct of the kernel: `bpf_get_current_task`,
/// `bpf_skc_to_tcp6_sock` to `bpf_skc_to_udp6_sock`, `bpf_get_current_task_btf`, `bpf_sock_from_file`,
/// `bpf_skc_to_unix_sock`.
const RETURN_KERNEL_POINTERS: [u32; 9] = [35, 136, 137, 138, 139, 140, 158, 162, 178];

/// A value that a function computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) what: What,
    /// Whether a branch on it may be a guard: it follows from an answer, from data that user space may set, or
    /// from what another function returns, or the path decides it.
    pub(crate) is_open: bool,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Unknown,
    /// Something that is no address in a stack.
    NotInStack,
    Number(u64),
    /// The answer to a relocation.
    Answer(usize),
    /// An address made with the answer to a relocation: of a field, or some bytes after its start.
    Field {
        relocation: usize,
        after: i64,
        /// Whether it may be an address in a stack.
        may_be_in_stack: bool,
    },
    /// An address in the stack: an offset from its end in bytes.
    Stack(i64),
    /// The address of the program's context, or of something in it.
    Context(i64),
    /// The address of a variable of the object or of the kernel.
    Variable,
    /// The address of a struct of the kernel, or a number of bytes after it, which no relocation has made.
    Kernel(KernelPointer, i64),
}

/// Where a program got the address of a struct of the kernel from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KernelPointer {
    /// The context of a program for tracing.
    Argument,
    /// The helper of this number.
    Helper(u32),
}

impl KernelPointer {
    /// Returns `true` if a helper returns the address of a struct of the kernel.
    pub(crate) fn is_returned_by(helper: u32) -> bool {
        RETURN_KERNEL_POINTERS.contains(&helper)
    }
}

impl What {
    /// Something of which nothing is known but whether it may be an address in a stack.
    pub(crate) fn in_stack(may_be_in_stack: bool) -> Self {
        if may_be_in_stack { Self::Unknown } else { Self::NotInStack }
    }
}

impl Value {
    pub(crate) const UNKNOWN: Self = Self::closed(What::Unknown);

    pub(crate) const fn closed(what: What) -> Self {
        Self { what, is_open: false }
    }

    pub(crate) const fn open(what: What) -> Self {
        Self { what, is_open: true }
    }

    pub(crate) fn number(value: u64) -> Self {
        Self::closed(What::Number(value))
    }

    /// Returns the number, if it is one.
    pub(crate) fn known(self) -> Option<u64> {
        match self.what {
            What::Number(value) => Some(value),
            _ => None,
        }
    }

    /// Returns what is known if it may be either of two values. If one is a number, the path decides which it
    /// is, so that a branch on it may stand for a branch before.
    pub(crate) fn or(self, other: Self) -> Self {
        let is_open = self.is_open || other.is_open;
        if self.what == other.what {
            return Self { what: self.what, is_open };
        }
        let has_number = self.known().is_some() || other.known().is_some();
        let what = What::in_stack(self.may_be_in_stack() || other.may_be_in_stack());
        Self { what, is_open: is_open || has_number }
    }

    /// Returns `true` if it may be an address in a stack.
    pub(crate) fn may_be_in_stack(self) -> bool {
        match self.what {
            What::Unknown | What::Stack(_) => true,
            What::Field { may_be_in_stack, .. } => may_be_in_stack,
            What::NotInStack
            | What::Number(_)
            | What::Answer(_)
            | What::Context(_)
            | What::Variable
            | What::Kernel(..) => false,
        }
    }

    /// Returns the address moved by a number of bytes; `None` if it is no address.
    pub(crate) fn moved(self, by: i64) -> Option<Self> {
        let what = match self.what {
            What::Field { relocation, after, may_be_in_stack } => {
                What::Field { relocation, after: after.checked_add(by)?, may_be_in_stack }
            }
            What::Stack(offset) => What::Stack(offset.checked_add(by)?),
            What::Context(offset) => What::Context(offset.checked_add(by)?),
            What::Kernel(pointer, offset) => What::Kernel(pointer, offset.checked_add(by)?),
            What::Variable => What::Variable,
            What::Unknown | What::NotInStack | What::Number(_) | What::Answer(_) => return None,
        };
        Some(Self { what, ..self })
    }
}

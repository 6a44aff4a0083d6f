//! The names of kernels in messages.

use std::fmt;

/// The names of kernels, for a message: the first ones, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KernelNames {
    first: Vec<String>,
    count: usize,
}

impl KernelNames {
    /// The number of names that a message lists.
    const SHOWN: usize = 8;
    /// The most characters of a name in a message: a hostile store may have names of megabytes.
    const MAX_LEN: usize = 256;

    pub(crate) fn add(&mut self, name: impl AsRef<str>) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < Self::SHOWN {
            self.first.push(name.as_ref().chars().take(Self::MAX_LEN).collect());
        }
    }

    /// Returns the number of kernels.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns `true` if there is no kernel.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl fmt::Display for KernelNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first.join(", "))?;
        match self.count.saturating_sub(self.first.len()) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_lists_some_names() {
        let mut names = KernelNames::default();
        (0..10).for_each(|number| names.add(format!("6.{number}")));
        assert_eq!(names.to_string(), "6.0, 6.1, 6.2, 6.3, 6.4, 6.5, 6.6, 6.7 and 2 more");
        assert_eq!(names.len(), 10);
        let mut names = KernelNames::default();
        names.add("é".repeat(1000));
        assert_eq!(names.to_string(), "é".repeat(256));
    }
}

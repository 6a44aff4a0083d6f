//! Ranges of kernels.

use std::collections::BTreeSet;

/// Returns the runs of consecutive numbers, each with its first and last.
pub(super) fn ranges(numbers: &BTreeSet<usize>) -> Vec<(usize, usize)> {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_numbers_are_a_range() {
        assert_eq!(ranges(&[1, 2, 3, 5, 7, 8].into()), [(1, 3), (5, 5), (7, 8)]);
        assert_eq!(ranges(&BTreeSet::new()), []);
    }
}

//! The order of kernels, and ranges of them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Compares names as people do: numbers in them by value, so that 4.19 comes before 5.4, and build2 before
/// build10.
pub(super) fn natural(left: &str, right: &str) -> Ordering {
    let (mut left_rest, mut right_rest) = (left, right);
    loop {
        let (Some(one), Some(other)) = (next_part(&mut left_rest), next_part(&mut right_rest))
        else {
            // The shorter one comes first; equal ones such as 1 and 01 keep an order.
            return left_rest.len().cmp(&right_rest.len()).then_with(|| left.cmp(right));
        };
        let order = match (number(one), number(other)) {
            (Some(one), Some(other)) => one.len().cmp(&other.len()).then_with(|| one.cmp(other)),
            _ => one.cmp(other),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Takes the next run of digits, or of other characters, from a text.
fn next_part<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let is_digit = rest.chars().next()?.is_ascii_digit();
    let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
    let (part, after) = rest.split_at(end);
    *rest = after;
    Some(part)
}

/// Returns the digits of a number without leading zeros.
fn number(part: &str) -> Option<&str> {
    let is_number = part.starts_with(|c: char| c.is_ascii_digit());
    is_number.then(|| part.trim_start_matches('0'))
}

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
    fn versions_are_in_order() {
        let mut names =
            ["6.12", "build10", "4.19", "build2", "6.1-10", "5.4", "6.1", "6.1-9", "build2"];
        names.sort_by(|a, b| natural(a, b));
        let expected =
            ["4.19", "5.4", "6.1", "6.1-9", "6.1-10", "6.12", "build2", "build2", "build10"];
        assert_eq!(names, expected);
        assert_eq!(natural("a", "a1"), Ordering::Less);
        assert_eq!(natural("01", "1"), natural("1", "01").reverse());
        assert_ne!(natural("01", "1"), Ordering::Equal);
    }

    #[test]
    fn consecutive_numbers_are_a_range() {
        assert_eq!(ranges(&[1, 2, 3, 5, 7, 8].into()), [(1, 3), (5, 5), (7, 8)]);
        assert_eq!(ranges(&BTreeSet::new()), []);
    }
}

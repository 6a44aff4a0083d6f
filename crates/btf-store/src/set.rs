//! Sets of numbers, and the differences between them.

use alloc::vec::Vec;

use crate::{cursor::Cursor, error::Result};

/// Reads the numbers in which a set differs from another: their count, the first number, and the distance
/// between each and the one before, less one.
pub(crate) fn read_difference(
    cursor: &mut Cursor<'_>,
    items: u32,
    into: &mut Vec<u32>,
) -> Result<()> {
    let start = cursor.at();
    let count = cursor.number("number of differences")?;
    // Each takes a byte at least.
    if count as usize > cursor.left() {
        return Err(cursor.malformed(start, "number of differences", count, cursor.left() as u64));
    }
    into.reserve(count as usize);
    let mut least = 0_u32;
    for _ in 0..count {
        let start = cursor.at();
        let gap = cursor.number("difference")?;
        let number = u64::from(least).saturating_add(gap.into());
        let number = u32::try_from(number).ok().filter(|number| *number < items);
        let number = number.ok_or_else(|| cursor.malformed(start, "difference", gap, items))?;
        into.push(number);
        least = number.saturating_add(1);
    }
    Ok(())
}

/// Returns the numbers that occur an odd number of times in these lists, sorted.
pub(crate) fn combine(mut root: Vec<u32>, mut differences: Vec<u32>) -> Vec<u32> {
    keep_odd(&mut differences);
    if differences.is_empty() {
        return root;
    }
    // The root is long and the differences are few: one pass over both.
    let mut set = Vec::with_capacity(root.len().saturating_add(differences.len()));
    let mut rest = differences.into_iter().peekable();
    for number in root.drain(..) {
        while let Some(other) = rest.next_if(|other| *other < number) {
            set.push(other);
        }
        if rest.next_if_eq(&number).is_none() {
            set.push(number);
        }
    }
    set.extend(rest);
    set
}

/// Sorts, and keeps one of each number that occurs an odd number of times.
fn keep_odd(numbers: &mut Vec<u32>) {
    numbers.sort_unstable();
    let kept = numbers.chunk_by(|one, other| one == other);
    let kept = kept.filter(|same| !same.len().is_multiple_of(2)).filter_map(|same| same.first());
    *numbers = kept.copied().collect();
}

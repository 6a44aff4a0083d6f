//! The order in which the entries of two types are listed.

use std::collections::BTreeMap;

/// Merges the entries of two types, given the old entry of each new one: in the order of the new ones, where each
/// that is gone follows what it followed. Returns the indices of an old entry, a new one or both.
pub(super) fn merge(old: usize, pairs: &[Option<usize>]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut successors = vec![None; old];
    for (of_new, of_old) in pairs.iter().enumerate() {
        if let Some(successor) = of_old.and_then(|at| successors.get_mut(at)) {
            *successor = Some(of_new);
        }
    }
    // By the new entry before them.
    let mut gone: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    let mut before = None;
    for (at, successor) in successors.iter().enumerate() {
        match successor {
            Some(_) => before = *successor,
            None => gone.entry(before).or_default().push(at),
        }
    }
    let mut merged = Vec::with_capacity(old.max(pairs.len()));
    let mut add_gone = |before: Option<usize>, merged: &mut Vec<_>| {
        let gone = gone.remove(&before).into_iter().flatten();
        merged.extend(gone.map(|at| (Some(at), None)));
    };
    add_gone(None, &mut merged);
    for (of_new, of_old) in pairs.iter().enumerate() {
        merged.push((*of_old, Some(of_new)));
        add_gone(Some(of_new), &mut merged);
    }
    merged
}

/// Returns for each old entry whether a new one is paired with it.
pub(super) fn paired(old: usize, pairs: &[Option<usize>]) -> Vec<bool> {
    let mut paired = vec![false; old];
    for at in pairs.iter().flatten() {
        if let Some(is_paired) = paired.get_mut(*at) {
            *is_paired = true;
        }
    }
    paired
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_follows_what_it_followed() {
        let merge = |old, pairs: &[i32]| -> Vec<[i32; 2]> {
            let pairs: Vec<_> = pairs.iter().map(|at| usize::try_from(*at).ok()).collect();
            let number = |at: Option<usize>| at.map_or(-1, |at| i32::try_from(at).unwrap());
            merge(old, &pairs).into_iter().map(|(old, new)| [number(old), number(new)]).collect()
        };
        assert_eq!(merge(3, &[0, -1, 2]), [[0, 0], [1, -1], [-1, 1], [2, 2]]);
        assert_eq!(merge(3, &[2]), [[0, -1], [1, -1], [2, 0]]);
        // The new order counts.
        assert_eq!(merge(3, &[2, 0]), [[2, 0], [0, 1], [1, -1]]);
        assert_eq!(merge(0, &[-1]), [[-1, 0]]);
        assert_eq!(merge(2, &[]), [[0, -1], [1, -1]]);
    }
}

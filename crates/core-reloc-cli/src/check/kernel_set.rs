//! Sets of kernels, which everything that is said about many kernels has one of.

/// Kernels by their numbers in the order of their versions, a bit each: of a fleet of thousands, half a kilobyte.
#[derive(Debug, Clone, Default)]
pub(super) struct KernelSet(Vec<u64>);

/// The number of kernels in a word.
const WORD: usize = u64::BITS as usize;

impl KernelSet {
    pub(super) fn insert(&mut self, kernel: usize) {
        let word = kernel / WORD;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (kernel % WORD);
    }

    pub(super) fn contains(&self, kernel: usize) -> bool {
        self.0.get(kernel / WORD).is_some_and(|word| word >> (kernel % WORD) & 1 != 0)
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    /// Returns the kernels that another set does not have.
    pub(super) fn without(&self, other: &Self) -> Self {
        let others = other.0.iter().chain(std::iter::repeat(&0));
        Self(self.0.iter().zip(others).map(|(word, other)| word & !other).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Returns the kernels in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.0.len() * WORD).filter(|kernel| self.contains(*kernel))
    }

    /// Returns the runs of consecutive kernels, each with its first and last.
    pub(super) fn ranges(&self) -> Vec<(usize, usize)> {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for kernel in self.iter() {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == kernel => *last = kernel,
                _ => ranges.push((kernel, kernel)),
            }
        }
        ranges
    }
}

impl FromIterator<usize> for KernelSet {
    fn from_iter<I: IntoIterator<Item = usize>>(kernels: I) -> Self {
        let mut set = Self::default();
        kernels.into_iter().for_each(|kernel| set.insert(kernel));
        set
    }
}

impl<'s> FromIterator<&'s KernelSet> for KernelSet {
    fn from_iter<I: IntoIterator<Item = &'s KernelSet>>(sets: I) -> Self {
        let mut all = Self::default();
        sets.into_iter().for_each(|set| all.add_all(set));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(kernels: &[usize]) -> KernelSet {
        kernels.iter().copied().collect()
    }

    #[test]
    fn consecutive_numbers_are_a_range() {
        assert_eq!(set(&[1, 2, 3, 5, 7, 8]).ranges(), [(1, 3), (5, 5), (7, 8)]);
        assert_eq!(set(&[62, 63, 64, 65, 128]).ranges(), [(62, 65), (128, 128)]);
        assert_eq!(KernelSet::default().ranges(), []);
    }

    #[test]
    fn sets_of_different_lengths_are_added_and_subtracted() {
        let (short, long) = (set(&[0, 5]), set(&[5, 63, 64, 200]));
        let numbers = |set: &KernelSet| set.iter().collect::<Vec<_>>();
        let all: KernelSet = [&short, &long].into_iter().collect();
        assert_eq!(numbers(&all), [0, 5, 63, 64, 200]);
        assert_eq!(all.len(), 5);
        assert_eq!(numbers(&long.without(&short)), [63, 64, 200]);
        assert_eq!(numbers(&short.without(&long)), [0]);
        assert!(short.without(&all).is_empty() && !short.is_empty());
        assert!(long.contains(200) && !long.contains(201) && !short.contains(200));
    }
}

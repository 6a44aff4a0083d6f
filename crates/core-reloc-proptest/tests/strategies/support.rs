//! What several tests need: values of strategies, counts of their features, smallest
//! counterexamples.

use std::{collections::BTreeMap, fmt::Debug};

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{RngAlgorithm, TestError, TestRng, TestRunner},
};

/// The minimum number of values that have each feature.
const MINIMUM: usize = 5;

/// Returns `count` values of a strategy, always the same ones.
pub(crate) fn values<S: Strategy>(strategy: S, count: usize) -> impl Iterator<Item = S::Value> {
    let mut runner = TestRunner::deterministic();
    std::iter::repeat_with(move || strategy.new_tree(&mut runner).unwrap().current()).take(count)
}

/// The number of times that each feature occurs.
#[derive(Default)]
pub(crate) struct Features(BTreeMap<String, usize>);

impl Features {
    /// Records a feature, and whether it occurs.
    pub(crate) fn note(&mut self, feature: impl Into<String>, occurs: bool) {
        self.add(feature, usize::from(occurs));
    }

    /// Records further occurrences of a feature.
    pub(crate) fn add(&mut self, feature: impl Into<String>, times: usize) {
        *self.0.entry(feature.into()).or_default() += times;
    }

    /// The number of features whose name has a prefix.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.0.keys().filter(|feature| feature.starts_with(prefix)).count()
    }

    /// Checks that every feature occurs often enough.
    #[track_caller]
    pub(crate) fn check(&self) {
        let rare: Vec<_> = self.0.iter().filter(|(_, times)| **times < MINIMUM).collect();
        assert!(rare.is_empty(), "{rare:?} are rare in {:#?}", self.0);
    }

    /// Checks the number of features, and that each occurs often enough.
    #[track_caller]
    pub(crate) fn check_all(&self, count: usize) {
        assert_eq!(self.0.len(), count, "{:#?}", self.0);
        self.check();
    }
}

/// Returns the smallest value that proptest finds for which a property does not hold.
pub(crate) fn smallest<T: Debug>(
    config: ProptestConfig,
    strategy: impl Strategy<Value = T>,
    holds: impl Fn(&T) -> bool,
) -> T {
    let config = ProptestConfig { failure_persistence: None, ..config };
    let rng = TestRng::deterministic_rng(RngAlgorithm::default());
    let result = TestRunner::new_with_rng(config, rng).run(&strategy, |value| {
        prop_assert!(holds(&value));
        Ok(())
    });
    match result {
        Err(TestError::Fail(_, value)) => value,
        other => panic!("the property holds for all values: {other:?}"),
    }
}

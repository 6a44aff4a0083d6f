//! Repeated measurements of time.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The limits of repetition.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Rounds {
    /// The most rounds.
    pub at_most: usize,
    /// The time after which no round starts.
    pub budget: Duration,
}

impl Rounds {
    /// Starts counting rounds.
    pub fn start(self) -> Clock {
        Clock { rounds: self, started: Instant::now(), done: 0 }
    }
}

/// Counts rounds, and determines when to stop.
#[derive(Debug)]
pub struct Clock {
    rounds: Rounds,
    started: Instant,
    done: usize,
}

impl Clock {
    /// Counts a round. Returns `true` if another should follow.
    pub fn again(&mut self) -> bool {
        self.done += 1;
        self.done < self.rounds.at_most && self.started.elapsed() < self.rounds.budget
    }
}

/// The times of all rounds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Adds a round.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Adds the rounds of another process.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Removes the first round, in which caches are cold, unless it is the only one.
    #[must_use]
    pub fn without_warm_up(mut self) -> Self {
        if self.0.len() > 1 {
            self.0.remove(0);
        }
        self
    }

    /// Returns the number of rounds.
    pub fn rounds(&self) -> usize {
        self.0.len()
    }

    /// Returns the median.
    ///
    /// # Panics
    /// Panics if there are no times.
    pub fn median(&self) -> Duration {
        let mut times = self.0.clone();
        times.sort_unstable();
        times[times.len() / 2]
    }

    /// Returns the minimum.
    ///
    /// # Panics
    /// Panics if there are no times.
    pub fn least(&self) -> Duration {
        *self.0.iter().min().expect("at least one time")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(millis: &[u64]) -> Times {
        Times(millis.iter().copied().map(Duration::from_millis).collect())
    }

    #[test]
    fn the_first_round_counts_only_if_it_is_the_only_one() {
        assert_eq!(times(&[9]).without_warm_up().median(), Duration::from_millis(9));
        assert_eq!(times(&[9, 3, 1, 2]).without_warm_up().median(), Duration::from_millis(2));
        assert_eq!(times(&[9, 3, 1, 2]).least(), Duration::from_millis(1));
    }

    #[test]
    fn rounds_are_limited_by_number_and_time() {
        let mut three = Rounds { at_most: 3, budget: Duration::MAX }.start();
        assert_eq!([three.again(), three.again(), three.again()], [true, true, false]);
        let mut no_time = Rounds { at_most: 3, budget: Duration::ZERO }.start();
        assert!(!no_time.again());
    }
}

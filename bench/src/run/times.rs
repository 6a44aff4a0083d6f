//! Times of one thing, measured again and again.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// How often to measure.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Rounds {
    /// At most so many times.
    pub at_most: usize,
    /// No further time once so much has passed.
    pub budget: Duration,
}

impl Rounds {
    /// Counts the rounds from now on.
    pub fn start(self) -> Clock {
        Clock { rounds: self, started: Instant::now(), done: 0 }
    }
}

/// Says when enough has been measured.
#[derive(Debug)]
pub struct Clock {
    rounds: Rounds,
    started: Instant,
    done: usize,
}

impl Clock {
    /// Takes note of one more round, and says whether there is to be another.
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

    /// Leaves the first round out, which finds nothing in the caches, unless it is the only one.
    #[must_use]
    pub fn without_warm_up(mut self) -> Self {
        if self.0.len() > 1 {
            self.0.remove(0);
        }
        self
    }

    /// How many rounds there are.
    pub fn rounds(&self) -> usize {
        self.0.len()
    }

    /// The time in the middle.
    ///
    /// # Panics
    /// Without any time.
    pub fn median(&self) -> Duration {
        let mut times = self.0.clone();
        times.sort_unstable();
        times[times.len() / 2]
    }

    /// The shortest time.
    ///
    /// # Panics
    /// Without any time.
    pub fn least(&self) -> Duration {
        *self.0.iter().min().expect("something was measured")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(millis: &[u64]) -> Times {
        Times(millis.iter().copied().map(Duration::from_millis).collect())
    }

    #[test]
    fn the_first_round_counts_only_if_there_is_no_other() {
        assert_eq!(times(&[9]).without_warm_up().median(), Duration::from_millis(9));
        assert_eq!(times(&[9, 3, 1, 2]).without_warm_up().median(), Duration::from_millis(2));
        assert_eq!(times(&[9, 3, 1, 2]).least(), Duration::from_millis(1));
    }

    #[test]
    fn rounds_end_by_number_and_by_time() {
        let mut three = Rounds { at_most: 3, budget: Duration::MAX }.start();
        assert_eq!([three.again(), three.again(), three.again()], [true, true, false]);
        let mut no_time = Rounds { at_most: 3, budget: Duration::ZERO }.start();
        assert!(!no_time.again());
    }
}

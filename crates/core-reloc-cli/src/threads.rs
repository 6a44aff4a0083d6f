//! Working on all processors.

use std::iter;

use rayon::{ThreadPoolBuilder, prelude::*};

/// Runs parallel work on a thread for each processor. Where these cannot be created, because of a limit
/// of the user or the container, the calling thread does all of the work.
pub(crate) fn in_parallel<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let pool = ThreadPoolBuilder::new().build();
    let pool =
        pool.or_else(|_| ThreadPoolBuilder::new().num_threads(1).use_current_thread().build());
    match pool {
        Ok(pool) => pool.install(work),
        // Not reached: the calling thread is no worker yet.
        Err(_) => work(),
    }
}

/// Applies `work` to each item, and returns the results in the order of the items. While one thread gets the
/// next item, which takes long because it is unpacked, others work on those before it.
///
/// Each thread has at most one item. Most files have only one: no thread waits for a second before there is one.
pub(crate) fn pipelined<I, T>(items: I, work: impl Fn(I::Item) -> T + Sync) -> Vec<T>
where
    I: Iterator<Item: Send> + Send,
    T: Send,
{
    let mut items = items.fuse();
    let mut results: Vec<T> = items.next().map(&work).into_iter().collect();
    if let Some(second) = items.next() {
        let rest = iter::once(second).chain(items).enumerate().par_bridge();
        let mut rest: Vec<(usize, T)> = rest.map(|(index, item)| (index, work(item))).collect();
        rest.sort_unstable_by_key(|(index, _)| *index);
        results.extend(rest.into_iter().map(|(_, result)| result));
    }
    results
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    /// Runs with two threads, whatever the machine has.
    fn with_two<T: Send>(work: impl FnOnce() -> T + Send) -> T {
        ThreadPoolBuilder::new().num_threads(2).build().unwrap().install(work)
    }

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for count in [0_u32, 1, 2, 1000] {
            let squares = with_two(|| pipelined(0..count, |item| item * item));
            assert_eq!(squares, (0..count).map(|item| item * item).collect::<Vec<_>>());
        }
    }

    #[test]
    fn items_are_worked_on_while_the_next_one_is_got() {
        // The third item is only there once work on the second has begun.
        let barrier = Barrier::new(2);
        let items = (0..3).inspect(|item| {
            if *item == 2 {
                barrier.wait();
            }
        });
        let work = |item| {
            if item == 1 {
                barrier.wait();
            }
            item
        };
        assert_eq!(with_two(|| pipelined(items, work)), [0, 1, 2]);
    }

    #[test]
    fn each_thread_has_at_most_one_item() {
        let (there, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items = (0..100).inspect(|_| {
            most.fetch_max(there.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        });
        let work = |_| {
            // Inner parallel work, which lets threads take up other work meanwhile.
            (0..100).into_par_iter().map(|number: u64| number * number).sum::<u64>();
            there.fetch_sub(1, Ordering::SeqCst);
        };
        assert_eq!(with_two(|| pipelined(items, work)).len(), 100);
        assert!(most.load(Ordering::SeqCst) <= 2, "{most:?}");
    }
}

//! Working on all processors.

use std::{
    iter,
    panic::resume_unwind,
    sync::{Mutex, PoisonError, mpsc},
    thread,
};

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

/// Passes each item to `take` on another thread, in order, until that returns an error. Meanwhile the calling thread
/// produces the items that follow.
///
/// A single item starts no thread, and where none can be created, the calling thread does all of the work.
pub(crate) fn handed_over<I, E>(
    mut items: I,
    mut take: impl FnMut(I::Item) -> Result<(), E> + Send,
) -> Result<(), E>
where
    I: Iterator<Item: Send>,
    E: Send,
{
    /// The number of items that wait, so that neither thread waits for the other at each.
    const WAITING: usize = 4;
    let Some(first) = items.next() else { return Ok(()) };
    let Some(second) = items.next() else { return take(first) };
    let mut items = [first, second].into_iter().chain(items);
    // Either thread takes all items.
    let take = Mutex::new(take);
    let take_all = |items: &mut dyn Iterator<Item = I::Item>| {
        let mut take = take.lock().unwrap_or_else(PoisonError::into_inner);
        for item in items {
            take(item)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        let received = || take_all(&mut receiver.into_iter());
        match thread::Builder::new().spawn_scoped(scope, received) {
            Ok(thread) => {
                // Nothing can be sent any more once the other thread has ended with an error.
                let _ = items.try_for_each(|item| sender.send(item));
                drop(sender);
                thread.join().unwrap_or_else(|panic| resume_unwind(panic))
            }
            Err(_) => take_all(&mut items),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::{
            Barrier,
            atomic::{AtomicUsize, Ordering},
        },
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

    #[test]
    fn items_are_handed_over_in_order() {
        for count in [0, 1, 2, 1000] {
            let mut taken = Vec::new();
            let take = |item| {
                taken.push(item);
                Ok::<_, Infallible>(())
            };
            assert_eq!(handed_over(0..count, take), Ok(()));
            assert_eq!(taken, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn items_are_produced_while_others_are_taken() {
        // The third item is only there once the first is being taken.
        let barrier = Barrier::new(2);
        let items = (0..3).inspect(|item| {
            if *item == 2 {
                barrier.wait();
            }
        });
        let take = |item| {
            if item == 0 {
                barrier.wait();
            }
            Ok::<_, Infallible>(())
        };
        assert_eq!(handed_over(items, take), Ok(()));
    }

    #[test]
    fn nothing_is_taken_after_an_error() {
        for (count, last) in [(1, 0), (2, 1), (1000, 7)] {
            let mut taken = 0;
            let take = |item| {
                taken += 1;
                if item == last { Err("full") } else { Ok(()) }
            };
            assert_eq!(handed_over(0..count, take), Err("full"));
            assert_eq!(taken, last + 1);
        }
    }
}

//! Working on all processors.

use rayon::ThreadPoolBuilder;

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

//! The lock of a database within this process: one writer at a time, first come, first served.

use std::collections::VecDeque;

use crate::sync::{Mutex, Thread, current, lock, park};

/// A lock that threads get in the order in which they ask for it. A waiting thread sleeps until the lock is its own.
///
/// SQLite lets one connection at a time write to a file. The others have to poll, which is slow when many of them are
/// in one process.
#[derive(Debug, Default)]
pub struct FairLock {
    /// The thread that has the lock, then those that wait for it.
    queue: Mutex<VecDeque<Thread>>,
}

/// Proof of having the lock. Dropping it hands the lock to the next thread.
#[derive(Debug)]
pub struct FairGuard<'a> {
    lock: &'a FairLock,
}

impl FairLock {
    /// Waits until every thread that asked earlier has had the lock and dropped it.
    pub fn lock(&self) -> FairGuard<'_> {
        let me = current();
        lock(&self.queue).push_back(me.clone());
        while lock(&self.queue).front().map(Thread::id) != Some(me.id()) {
            park();
        }
        FairGuard { lock: self }
    }

    /// How many threads have the lock or wait for it.
    #[cfg(all(test, loom))]
    pub fn requests(&self) -> usize {
        lock(&self.queue).len()
    }
}

impl Drop for FairGuard<'_> {
    fn drop(&mut self) {
        let mut queue = lock(&self.lock.queue);
        queue.pop_front();
        if let Some(next) = queue.front() {
            next.unpark();
        }
    }
}

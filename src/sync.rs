//! What threads lock and sleep with: the primitives of the standard library, or those of loom, which tries every order
//! in which threads can run (see `src/insert/models.rs`). Also how running threads are watched.

#[cfg(all(test, loom))]
mod parking;

#[cfg(not(all(test, loom)))]
pub use std::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(all(test, loom)))]
pub use std::thread::{Thread, current, park};

#[cfg(all(test, loom))]
pub use loom::sync::{Condvar, Mutex, MutexGuard};
#[cfg(all(test, loom))]
pub use parking::{Thread, current, park};

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

pub use std::sync::PoisonError;

/// How often to show how far a run has come.
const TICK: Duration = Duration::from_millis(100);

/// Calls `show` now and then until all threads that have a sender of this channel are done. Nothing is ever sent over
/// it: it is closed once the last of them is dropped.
pub fn watch(running: &Receiver<()>, mut show: impl FnMut()) {
    while running.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        show();
    }
}

/// Locks a mutex, even if a thread panicked while holding it: the data it guards is consistent at all times.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Unlocks a mutex, waits until the condition variable is notified, or wakes up spuriously, and locks the mutex again.
pub fn wait<'a, T>(changed: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    changed.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

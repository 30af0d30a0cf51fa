//! What threads lock and sleep with: that of the standard library, or that of loom, which tries every order in which
//! threads can run. See `src/insert/models.rs`.

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

pub use std::sync::PoisonError;

/// Locks a mutex whether or not a thread panicked while it had it: what it guards is whole at any time.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

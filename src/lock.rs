//! Locking a mutex, whatever became of the threads that had it before.

use crate::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex whether or not a thread panicked while it had it: what it guards is whole at any time.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

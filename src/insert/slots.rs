//! A cap on what is in use at one time: threads that are alive, bytes in flight.

use crate::sync::{Condvar, Mutex, PoisonError, lock};

/// Counts what is in use.
#[derive(Debug, Default)]
pub struct Slots {
    taken: Mutex<usize>,
    freed: Condvar,
}

/// What one user has taken; dropping it frees it.
#[derive(Debug)]
pub struct Slot<'a> {
    slots: &'a Slots,
    count: usize,
}

impl Slots {
    /// Waits until there is room for `count` among `most`, and takes them. One user alone may have more.
    pub fn take(&self, count: usize, most: usize) -> Slot<'_> {
        let mut taken = lock(&self.taken);
        while *taken > 0 && *taken + count > most {
            taken = (self.freed.wait(taken)).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += count;
        Slot { slots: self, count }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *lock(&self.slots.taken) -= self.count;
        self.slots.freed.notify_all();
    }
}

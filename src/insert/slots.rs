//! The cap on the writer threads that are alive at one time.

use crate::sync::{Condvar, Mutex, PoisonError, lock};

/// Counts the threads that are alive.
#[derive(Debug, Default)]
pub struct Slots {
    taken: Mutex<usize>,
    freed: Condvar,
}

/// One thread's slot; dropping it frees it.
#[derive(Debug)]
pub struct Slot<'a> {
    slots: &'a Slots,
}

impl Slots {
    /// Waits until fewer than `most` slots are taken, and takes one.
    pub fn take(&self, most: usize) -> Slot<'_> {
        let mut taken = lock(&self.taken);
        while *taken >= most {
            taken = (self.freed.wait(taken)).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += 1;
        Slot { slots: self }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *lock(&self.slots.taken) -= 1;
        self.slots.freed.notify_all();
    }
}

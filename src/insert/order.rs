//! The order in which what became of rows is noted: that of the file, so that the rejects have it too.

use crate::sync::{Condvar, Mutex, PoisonError, lock};

/// Lets threads go on one after another, by consecutive numbers that start at 1.
#[derive(Debug, Default)]
pub struct Order {
    /// The last number that is through.
    through: Mutex<u64>,
    moved: Condvar,
}

/// The time of one number; dropping it lets the next one go on.
#[derive(Debug)]
pub struct Place<'a> {
    order: &'a Order,
}

impl Order {
    /// Waits until all smaller numbers are through.
    pub fn wait(&self, number: u64) -> Place<'_> {
        let mut through = lock(&self.through);
        while *through + 1 < number {
            through = (self.moved.wait(through)).unwrap_or_else(PoisonError::into_inner);
        }
        Place { order: self }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *lock(&self.order.through) += 1;
        self.order.moved.notify_all();
    }
}

//! The order in which what became of rows is noted: that of the file, so that the rejects have it too.

use std::collections::BTreeMap;

use crate::sync::{Mutex, Thread, current, lock, park};

/// Lets threads go on one after another, by consecutive numbers that start at 1.
#[derive(Debug, Default)]
pub struct Order {
    /// The last number that is through, and the threads of others that sleep.
    through: Mutex<(u64, BTreeMap<u64, Thread>)>,
}

/// The time of one number; dropping it lets the next one go on.
#[derive(Debug)]
pub struct Place<'a> {
    order: &'a Order,
}

impl Order {
    /// Waits until all smaller numbers are through.
    pub fn wait(&self, number: u64) -> Place<'_> {
        while !self.comes(number) {
            park();
        }
        Place { order: self }
    }

    /// Whether all smaller numbers are through. If not, this thread is woken when they are.
    fn comes(&self, number: u64) -> bool {
        let (through, waiting) = &mut *lock(&self.through);
        let comes = *through + 1 >= number;
        if !comes {
            waiting.insert(number, current());
        }
        comes
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let (through, waiting) = &mut *lock(&self.order.through);
        *through += 1;
        if let Some(next) = waiting.remove(&(*through + 1)) {
            next.unpark();
        }
    }
}

//! The order in which what became of rows is noted: that of the file, so that the rejects have it too.

use std::collections::BTreeMap;

use crate::sync::{Mutex, lock};

/// Shares that are done, until those before them are.
#[derive(Debug)]
pub struct Order<T> {
    /// How many shares were noted, and those that are to be noted later, by their numbers, which count from 1.
    noted: Mutex<(u64, BTreeMap<u64, T>)>,
}

impl<T> Order<T> {
    /// Nothing was noted yet.
    pub fn new() -> Order<T> {
        Order {
            noted: Mutex::new((0, BTreeMap::new())),
        }
    }

    /// Has what became of the share with this number noted after all shares with smaller numbers. Nobody waits for
    /// those: whoever is done with the one that is missing notes them all.
    pub fn note(&self, number: u64, done: T, note: impl Fn(T)) {
        let (noted, done_early) = &mut *lock(&self.noted);
        done_early.insert(number, done);
        while let Some(next) = done_early.remove(&(*noted + 1)) {
            *noted += 1;
            note(next);
        }
    }
}

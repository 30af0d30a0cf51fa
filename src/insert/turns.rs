//! Turns: one thread at a time, in a fixed order.

use std::collections::BTreeMap;

use crate::sync::{Mutex, Thread, current, lock, park};

/// A fair lock, whose turns are counted from 1. A thread that waits is asleep until its turn comes; nobody polls.
///
/// SQLite lets one connection at a time write to a file and makes the others poll, which is slow when there are many
/// of them in one process.
#[derive(Debug, Default)]
pub struct Turns {
    /// How many turns were asked for.
    asked: Mutex<u64>,
    /// How many turns are over, and the threads that sleep until theirs comes.
    over: Mutex<(u64, BTreeMap<u64, Thread>)>,
}

/// One thread's turn; dropping it passes the turn on.
#[derive(Debug)]
pub struct Turn<'a> {
    turns: &'a Turns,
}

impl Turns {
    /// Waits until all threads that asked before have had their turn.
    pub fn take(&self) -> Turn<'_> {
        let mut asked = lock(&self.asked);
        *asked += 1;
        let number = *asked;
        drop(asked);
        self.take_number(number)
    }

    /// Waits until all turns before the one with this number are over. Every number is taken once, and by no thread
    /// that calls [`Turns::take`].
    pub fn take_number(&self, number: u64) -> Turn<'_> {
        while !self.comes(number) {
            park();
        }
        Turn { turns: self }
    }

    /// Whether the turn with this number has come. If not, this thread is woken when it has.
    fn comes(&self, number: u64) -> bool {
        let (over, sleeping) = &mut *lock(&self.over);
        let comes = *over + 1 >= number;
        if !comes {
            sleeping.insert(number, current());
        }
        comes
    }

    /// How many turns were asked for.
    #[cfg(all(test, loom))]
    pub fn asked(&self) -> u64 {
        *lock(&self.asked)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let (over, sleeping) = &mut *lock(&self.turns.over);
        *over += 1;
        if let Some(next) = sleeping.remove(&(*over + 1)) {
            next.unpark();
        }
    }
}

//! Turns on a database: one thread at a time, in the order in which they asked.

use std::collections::VecDeque;

use crate::sync::{Mutex, Thread, current, lock, park};

/// A fair lock. A thread that waits is asleep until its turn comes; nobody polls.
///
/// SQLite lets one connection at a time write to a file and makes the others poll, which is slow when there are many
/// of them in one process.
#[derive(Debug, Default)]
pub struct Turns {
    /// The thread whose turn it is, then those that wait.
    queue: Mutex<VecDeque<Thread>>,
}

/// One thread's turn; dropping it passes the turn on.
#[derive(Debug)]
pub struct Turn<'a> {
    turns: &'a Turns,
}

impl Turns {
    /// Waits until all threads that asked before have had their turn.
    pub fn take(&self) -> Turn<'_> {
        let me = current();
        lock(&self.queue).push_back(me.clone());
        while lock(&self.queue).front().map(Thread::id) != Some(me.id()) {
            park();
        }
        Turn { turns: self }
    }

    /// How many threads have their turn or wait for it.
    #[cfg(all(test, loom))]
    pub fn asked(&self) -> usize {
        lock(&self.queue).len()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queue = lock(&self.turns.queue);
        queue.pop_front();
        if let Some(next) = queue.front() {
            next.unpark();
        }
    }
}

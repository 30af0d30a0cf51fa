//! Who waits for whom: the rows of a table that other tables' threads may wait for, until each is settled.

use roaring::RoaringTreemap;

use crate::lock::lock;
use crate::sync::{Mutex, Thread, current, park};

/// The accepted rows of one table that are not settled yet, and those that could not be inserted.
#[derive(Debug, Default)]
pub struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    pending: RoaringTreemap,
    failed: RoaringTreemap,
    /// The threads that sleep, each with the id it waits for.
    waiting: Vec<(u64, Thread)>,
}

impl Ledger {
    /// Notes rows that will be settled. It comes before anybody waits for them.
    pub fn expect(&self, ids: impl Iterator<Item = i64>) {
        lock(&self.state).pending.extend(ids.map(key));
    }

    /// Settles rows: their ids exist in the database now, or they could not be inserted. Wakes those who wait for them.
    pub fn settle(&self, ids: impl Iterator<Item = (i64, Settled)>) {
        let mut state = lock(&self.state);
        for (id, settled) in ids {
            state.pending.remove(key(id));
            if settled == Settled::Failed {
                state.failed.insert(key(id));
            }
        }
        let State {
            pending, waiting, ..
        } = &mut *state;
        for (_, thread) in waiting.extract_if(.., |(id, _)| !pending.contains(*id)) {
            thread.unpark();
        }
    }

    /// Waits until a row is settled. A row that nobody expects counts as one that exists.
    pub fn wait(&self, id: i64) -> Settled {
        let id = key(id);
        loop {
            let mut state = lock(&self.state);
            if state.pending.is_empty() && state.failed.is_empty() {
                return Settled::Exists;
            }
            if !state.pending.contains(id) {
                return match state.failed.contains(id) {
                    true => Settled::Failed,
                    false => Settled::Exists,
                };
            }
            // Woken for another reason, this thread may be in the list already; a second entry does no harm.
            state.waiting.push((id, current()));
            drop(state);
            park();
        }
    }
}

/// What became of an accepted row, as far as those who refer to it care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// A row with its id is durably in the database.
    Exists,
    /// The row could not be inserted.
    Failed,
}

/// Accepted ids are greater than 0.
fn key(id: i64) -> u64 {
    id as u64
}

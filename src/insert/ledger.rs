//! Who waits for whom: the rows of a table that other tables' threads may wait for, until each is settled.

use std::ops::RangeInclusive;

use roaring::RoaringTreemap;

use crate::sync::{Mutex, Thread, current, lock, park};

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
        let mut state = lock(&self.state);
        for range in ranges(ids.map(key)) {
            state.pending.insert_range(range);
        }
    }

    /// Settles rows: their ids exist in the database now, or they could not be inserted. Wakes those who wait for them.
    pub fn settle(&self, ids: impl Iterator<Item = (i64, Settled)>) {
        let mut state = lock(&self.state);
        let mut failed = Vec::new();
        let ids = ids.map(|(id, settled)| {
            if settled == Settled::Failed {
                failed.push(key(id));
            }
            key(id)
        });
        for range in ranges(ids) {
            state.pending.remove_range(range);
        }
        state.failed.extend(failed);
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

/// Runs of ids that count up, as most do: a bitmap takes a run as fast as one id.
fn ranges(ids: impl Iterator<Item = u64>) -> impl Iterator<Item = RangeInclusive<u64>> {
    let mut ids = ids.peekable();
    std::iter::from_fn(move || {
        let first = ids.next()?;
        let mut last = first;
        while let Some(next) = ids.next_if_eq(&(last + 1)) {
            last = next;
        }
        Some(first..=last)
    })
}

/// Accepted ids are greater than 0.
fn key(id: i64) -> u64 {
    id as u64
}

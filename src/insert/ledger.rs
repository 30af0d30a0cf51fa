//! Who waits for whom: the rows of a table that other tables' threads may wait for, until each is settled.

use std::collections::BTreeSet;

use crate::sync::{Mutex, Thread, current, lock, park};

/// The accepted rows of one table that are not settled yet, and those that could not be inserted.
#[derive(Debug, Default)]
pub struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The shares in flight, as many as may have a thread and one more: each with the ids of its rows in their order.
    pending: Vec<(u64, Vec<i64>)>,
    /// How many shares there have been.
    shares: u64,
    failed: BTreeSet<i64>,
    /// The threads that sleep, each with the id it waits for.
    waiting: Vec<(i64, Thread)>,
}

impl Ledger {
    /// Notes rows that will be settled together, as a share. It comes before anybody waits for them. Returns the number
    /// of the share, counted from 1.
    pub fn expect(&self, ids: impl Iterator<Item = i64>) -> u64 {
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        let mut state = lock(&self.state);
        state.shares += 1;
        let share = state.shares;
        state.pending.push((share, ids));
        share
    }

    /// Settles the rows of a share: their ids exist in the database now, but for those that could not be inserted.
    /// Wakes those who wait for them.
    pub fn settle(&self, share: u64, failed: impl IntoIterator<Item = i64>) {
        let mut state = lock(&self.state);
        state.failed.extend(failed);
        state.pending.retain(|(pending, _)| *pending != share);
        let State {
            pending, waiting, ..
        } = &mut *state;
        for (_, thread) in waiting.extract_if(.., |(id, _)| !is_pending(pending, *id)) {
            thread.unpark();
        }
    }

    /// Whether all shares so far are settled.
    pub fn is_settled(&self) -> bool {
        lock(&self.state).pending.is_empty()
    }

    /// Waits until all rows with these ids are settled, and returns the places among them of those that could not be
    /// inserted. A row that nobody expects counts as one that exists.
    pub fn wait(&self, ids: impl IntoIterator<Item = i64>) -> Vec<usize> {
        let mut failed = Vec::new();
        let mut state = lock(&self.state);
        for (place, id) in ids.into_iter().enumerate() {
            while is_pending(&state.pending, id) {
                // Woken for another reason, this thread may be in the list already; a second entry does no harm.
                state.waiting.push((id, current()));
                drop(state);
                park();
                state = lock(&self.state);
            }
            if !state.failed.is_empty() && state.failed.contains(&id) {
                failed.push(place);
            }
        }
        failed
    }
}

fn is_pending(pending: &[(u64, Vec<i64>)], id: i64) -> bool {
    (pending.iter()).any(|(_, ids)| ids.binary_search(&id).is_ok())
}

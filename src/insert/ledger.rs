//! Which rows of a table are still being written, so that rows that refer to them can wait.

use crate::sync::{Mutex, Thread, current, lock, park};

/// The accepted rows of one table whose outcome is not known yet.
#[derive(Debug, Default)]
pub struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The shares in flight, at most one more than there are threads: the number and the sorted ids of each.
    pending: Vec<(u64, Vec<i64>)>,
    /// How many shares have been registered.
    registered: u64,
    /// Whether any row so far could not be inserted.
    any_failed: bool,
    /// Whether any row so far has a value that other rows may refer to and that is not stored.
    any_missing: bool,
    /// The sleeping threads, each with the number it waits for, and the share before which it waits for it.
    waiting: Vec<(i64, u64, Thread)>,
}

impl Ledger {
    /// Registers rows that will be resolved together. Do so before any thread waits for them. Returns the number of the
    /// share; they count from 1.
    pub fn register(&self, ids: impl Iterator<Item = i64>) -> u64 {
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        let mut state = lock(&self.state);
        state.registered += 1;
        let share = state.registered;
        state.pending.push((share, ids));
        share
    }

    /// Marks a share as done, and wakes the threads that wait for its rows. `failed` says that some of them could not be
    /// inserted.
    pub fn resolve(&self, share: u64, failed: bool) {
        self.resolve_with(share, failed, false);
    }

    /// The same. `missing` says that values that other rows may refer to are not stored: a row failed, its key is taken, or a
    /// row that it refers to is not there.
    pub fn resolve_with(&self, share: u64, failed: bool, missing: bool) {
        let mut state = lock(&self.state);
        state.any_failed |= failed;
        state.any_missing |= missing;
        state.pending.retain(|(pending, _)| *pending != share);
        let State {
            pending, waiting, ..
        } = &mut *state;
        let done = |waits: &mut (i64, u64, Thread)| !is_pending(pending, waits.1, waits.0);
        for (_, _, thread) in waiting.extract_if(.., done) {
            thread.unpark();
        }
    }

    /// Whether no registered share is pending.
    pub fn is_resolved(&self) -> bool {
        lock(&self.state).pending.is_empty()
    }

    /// Waits until none of these rows is pending in a share with a smaller number than this: rows of one table wait only for
    /// earlier ones, never in a circle. Returns whether all rows of the table that were resolved so far have
    /// been inserted: if not, some of these may be missing from the database.
    pub fn wait(&self, before: u64, ids: impl IntoIterator<Item = i64>) -> bool {
        let mut state = lock(&self.state);
        for id in ids {
            while is_pending(&state.pending, before, id) {
                // A thread woken for another reason may be in the list already; a second entry does no harm.
                state.waiting.push((id, before, current()));
                drop(state);
                park();
                state = lock(&self.state);
            }
        }
        !state.any_failed && !state.any_missing
    }

    /// Whether any row so far could not be inserted.
    pub fn has_failures(&self) -> bool {
        lock(&self.state).any_failed
    }
}

fn is_pending(pending: &[(u64, Vec<i64>)], before: u64, id: i64) -> bool {
    (pending.iter()).any(|(share, ids)| *share < before && ids.binary_search(&id).is_ok())
}

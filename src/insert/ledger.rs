//! Which rows of a table are still being written, so that rows that refer to them can wait.

use crate::sync::{Mutex, Thread, current, lock, park};

/// The accepted rows of one table whose outcome is not known yet.
#[derive(Debug, Default)]
pub struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The shares in flight, at most one more than there are threads: the number of each, and the sorted numbers of its
    /// rows.
    pending: Vec<(u64, Vec<i64>)>,
    /// How many shares have been registered.
    registered: u64,
    /// The gaps of all shares resolved so far.
    gaps: Gaps,
    waiters: Vec<Waiter>,
}

/// A sleeping thread.
#[derive(Debug)]
struct Waiter {
    thread: Thread,
    /// The number of the row that it waits for.
    row: i64,
    /// The row is in a share with a smaller number than this.
    before: u64,
}

/// What is not stored of rows that have been resolved.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gaps {
    /// A row could not be inserted.
    pub failed: bool,
    /// A value that other rows may refer to is not stored: a row failed, its key is taken, or a row that it refers to
    /// does not exist.
    pub missing: bool,
}

/// What is known of rows once they have been waited for.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Settled {
    /// All rows of the table that were resolved so far are stored.
    AllStored,
    /// Some rows of the table are not stored, maybe some of these.
    SomeMissing,
}

impl Ledger {
    /// Registers rows that will be resolved together. Do so before any thread waits for them. Returns the number of the
    /// share; they count from 1.
    pub fn register(&self, rows: impl Iterator<Item = i64>) -> u64 {
        let mut rows: Vec<_> = rows.collect();
        rows.sort_unstable();
        let mut state = lock(&self.state);
        state.registered += 1;
        let share = state.registered;
        state.pending.push((share, rows));
        share
    }

    /// Marks a share as done, and wakes the threads that wait for its rows.
    pub fn resolve(&self, share: u64, gaps: Gaps) {
        let mut state = lock(&self.state);
        state.gaps.failed |= gaps.failed;
        state.gaps.missing |= gaps.missing;
        state.pending.retain(|(pending, _)| *pending != share);
        let State {
            pending, waiters, ..
        } = &mut *state;
        let done = |waiter: &mut Waiter| !is_pending(pending, waiter.before, waiter.row);
        for waiter in waiters.extract_if(.., done) {
            waiter.thread.unpark();
        }
    }

    /// Whether no registered share is pending.
    pub fn is_resolved(&self) -> bool {
        lock(&self.state).pending.is_empty()
    }

    /// Waits until none of these rows is pending in a share with a smaller number than this: rows of one table wait
    /// only for earlier ones, never in a cycle.
    pub fn wait(&self, before: u64, rows: impl IntoIterator<Item = i64>) -> Settled {
        let mut state = lock(&self.state);
        for row in rows {
            while is_pending(&state.pending, before, row) {
                // A thread woken for another reason may be in the list already; a second entry does no harm.
                state.waiters.push(Waiter {
                    thread: current(),
                    row,
                    before,
                });
                drop(state);
                park();
                state = lock(&self.state);
            }
        }
        if state.gaps.failed || state.gaps.missing {
            Settled::SomeMissing
        } else {
            Settled::AllStored
        }
    }

    /// Whether any row so far could not be inserted.
    pub fn has_failures(&self) -> bool {
        lock(&self.state).gaps.failed
    }
}

fn is_pending(pending: &[(u64, Vec<i64>)], before: u64, row: i64) -> bool {
    (pending.iter()).any(|(share, rows)| *share < before && rows.binary_search(&row).is_ok())
}

//! Group commit: threads that wait for the disk at the same time share one sync of the log.
//!
//! A transaction is committed with `synchronous = NORMAL`, which writes its frames to the log and syncs nothing. It is on
//! disk once a sync of the log that began after the commit has returned. One sync runs at a time. All commits before it
//! are covered by it, those that come meanwhile by the next one. A thread that finds no sync running runs it.
//!
//! This relies on what SQLite does with a log (`wal.c`):
//!
//! - The checksum of a frame covers all frames before it, and recovery stops at the first frame that is not valid. A power
//!   cut may take the last commits, but never one and leave a later one.
//! - Nothing reaches the file before the log is synced: a checkpoint, by whatever process, syncs the log, copies, and syncs
//!   the file once all is copied. Only then does the log start over, and its new header is synced before the first frame.
//!   So where the log starts over while a commit waits, the commit is in the file already. `NORMAL` leaves out none of
//!   these syncs.
//! - The log is deleted only by the last connection that closes, or by a connection that leaves WAL mode. Both need a lock
//!   that the connection of the database keeps from them for the whole run. So there is one log, and one descriptor for
//!   syncing it is enough. SQLite takes no locks on the log that closing the descriptor could drop.
//! - If another program deletes the log, its commits are lost, as with any SQLite program: open connections keep using
//!   the unlinked file.
//!
//! A failed sync is final. The system may have dropped what it could not write, and later syncs succeed without it. For
//! how the next program is kept from relying on that, see the `Drop` of [`super::Database`].
//! Linux tells each open descriptor once that a write has failed, also if another descriptor was the first to learn of it.
//! Not every system does. So a checkpoint, which also syncs the log, does not run beside a sync, and is as final if it fails.
//! Nor does SQLite run one by itself after a commit: it would hide that the sync failed.

use std::io;
use std::mem;
use std::sync::Arc;

use crate::sync::{Condvar, Mutex, MutexGuard, lock, wait};

/// The commits to one database file, and how many of them are on disk.
#[derive(Debug, Default)]
pub struct GroupCommit {
    state: Mutex<State>,
    /// A sync has ended.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the last commit. They count from 1.
    committed: u64,
    /// The number of the last commit that is on disk.
    synced: u64,
    is_syncing: bool,
    /// Why a sync failed.
    failure: Option<Arc<io::Error>>,
}

impl GroupCommit {
    /// Returns a number for [`GroupCommit::sync`] that stands for all that is in the log now.
    pub fn committed(&self) -> u64 {
        let mut state = lock(&self.state);
        state.committed += 1;
        state.committed
    }

    /// Returns once the commit with this number is on disk. `sync` syncs the log; it is called unless another thread does
    /// that in time.
    ///
    /// # Errors
    ///
    /// If a sync has failed, unless the commit was on disk before.
    pub fn sync(
        &self,
        commit: u64,
        sync: impl Fn() -> io::Result<()>,
    ) -> Result<(), Arc<io::Error>> {
        let mut state = lock(&self.state);
        while state.synced < commit {
            if let Some(failure) = &state.failure {
                return Err(Arc::clone(failure));
            }
            state = if state.is_syncing {
                wait(&self.ended, state)
            } else {
                let covers = state.committed;
                self.run(state, covers, &sync)
            };
        }
        Ok(())
    }

    /// Runs a checkpoint while no sync runs, unless one has failed. Commits that wait still need a sync: a checkpoint that
    /// finds nothing to move syncs nothing.
    pub fn checkpoint(&self, checkpoint: impl FnOnce() -> io::Result<()>) {
        let mut state = lock(&self.state);
        while state.is_syncing {
            state = wait(&self.ended, state);
        }
        if state.failure.is_none() {
            let covers = state.synced;
            drop(self.run(state, covers, checkpoint));
        }
    }

    fn run<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        covers: u64,
        sync: impl FnOnce() -> io::Result<()>,
    ) -> MutexGuard<'a, State> {
        state.is_syncing = true;
        let mut running = Running {
            group: self,
            covers,
            result: Err(io::Error::other("the thread that syncs it panicked")),
        };
        drop(state);
        running.result = sync();
        drop(running);
        lock(&self.state)
    }

    /// Why a sync has failed, if one has.
    pub fn failure(&self) -> Option<Arc<io::Error>> {
        lock(&self.state).failure.clone()
    }
}

/// A sync that runs. Dropping it ends it, also in a panic, and wakes the threads that wait.
struct Running<'a> {
    group: &'a GroupCommit,
    /// The number of the last commit that is on disk if it succeeds.
    covers: u64,
    result: io::Result<()>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.group.state);
        state.is_syncing = false;
        match mem::replace(&mut self.result, Ok(())) {
            Ok(()) => state.synced = self.covers,
            Err(failure) => state.failure = Some(Arc::new(failure)),
        }
        self.group.ended.notify_all();
    }
}

//! A writer thread: it waits for the rows that its own refer to, then for the write lock, writes its share, and waits for
//! the disk. Only then is anything known of its rows.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::table_load::{TableLoad, Target};
use crate::database::{Commit, Problem};
use crate::row::{Outcome, Reason, Rows};
use crate::timeline::{Phase, Track};

/// Consecutive records of a checked batch. One thread writes those that were accepted.
#[derive(Debug, Clone)]
pub struct Share {
    /// Its number in the ledger.
    pub number: u64,
    /// The batch.
    pub rows: Arc<Rows>,
    /// The records of the batch that belong to the share.
    pub range: Range<u32>,
    /// How many bytes of the batch are no longer needed once the share is complete.
    pub bytes: usize,
}

/// A share whose rows all have an outcome.
#[derive(Debug)]
pub struct Completion {
    /// The share.
    pub share: Share,
    /// The outcomes of the accepted rows that were not inserted, sorted by their position in the batch.
    pub others: Vec<(u32, Outcome)>,
    /// What its thread did, and when.
    pub track: Option<Track>,
}

impl Share {
    /// The positions of its accepted rows in the batch.
    pub fn accepted(&self) -> &[u32] {
        self.rows.accepted_at(&self.range)
    }

    /// The ids of its accepted rows.
    pub fn ids(&self) -> impl Iterator<Item = i64> {
        self.accepted()
            .iter()
            .map(|position| self.rows.id(*position))
    }
}

/// Does the work of one thread, and tells the threads that wait for its rows, even if the work panics.
pub fn complete(load: &TableLoad, share: Share) -> Completion {
    complete_with(load, share, write)
}

pub(super) fn complete_with(
    load: &TableLoad,
    share: Share,
    work: impl FnOnce(&TableLoad, &Share, &mut Option<Track>) -> Vec<(u32, Outcome)>,
) -> Completion {
    let mut track = None;
    let work = AssertUnwindSafe(|| work(load, &share, &mut track));
    let mut others = catch_unwind(work).unwrap_or_else(|_| {
        let panicked = Outcome::failed(Reason::failure("its thread panicked"));
        same_outcome(share.accepted(), &panicked)
    });
    others.sort_unstable_by_key(|(position, _)| *position);
    let failed = |(_, outcome): &(u32, Outcome)| matches!(outcome, Outcome::Failed(_));
    load.ledger.resolve(share.number, others.iter().any(failed));
    Completion {
        share,
        others,
        track,
    }
}

/// Writes the rows of a share, one at least, once the outcome of every row they refer to is known. In a dry run, it
/// compares them with what is stored. Returns the outcomes of those that were not inserted.
fn write(load: &TableLoad, share: &Share, track: &mut Option<Track>) -> Vec<(u32, Outcome)> {
    let (rows, accepted) = (&*share.rows, share.accepted());
    let track = track.insert(Track::begin(rows.id(accepted[0]), accepted.len()));
    let mut others = wait_for_parents(load, share);
    track.end(Phase::Parents);
    let free = sorted_by_id(rows, accepted, &others);
    if free.is_empty() {
        return others;
    }
    let written = match &load.target {
        Target::DryRun(_) => load.compare(rows, &free),
        Target::Database { database, .. } => {
            let guard = load.write_lock.acquire();
            track.end(Phase::Turn);
            let commit = database.writer(free.len() > 1).and_then(|writer| {
                track.end(Phase::Open);
                writer.insert(rows, &free)
            });
            // While the lock is held, or the next thread would seem to write at the same time.
            track.end(Phase::Write);
            drop(guard);
            let written = commit.and_then(Commit::sync);
            track.end(Phase::Sync);
            written
        }
    };
    let written = written.unwrap_or_else(|problem| not_written(load, rows, &free, &problem));
    if others.is_empty() {
        return written;
    }
    others.extend(written);
    others
}

/// The outcomes of rows that could not be written. A database that another process has locked can still be read: only
/// rows that would have to be written have failed.
fn not_written(
    load: &TableLoad,
    rows: &Rows,
    positions: &[u32],
    problem: &Problem,
) -> Vec<(u32, Outcome)> {
    let failed = Outcome::failed(load.unusable(problem));
    let mut outcomes = match problem {
        Problem::Locked(_) => load.compare(rows, positions).unwrap_or_default(),
        _ => Vec::new(),
    };
    outcomes.sort_unstable_by_key(|(position, _)| *position);
    let stored = |position: &u32| outcomes.binary_search_by_key(position, |(stored, _)| *stored);
    let missing = positions.iter().copied();
    let missing: Vec<_> = missing
        .filter(|position| stored(position).is_err())
        .collect();
    outcomes.extend(same_outcome(&missing, &failed));
    outcomes
}

/// Waits until the outcome of every row that these refer to is known. Returns the outcomes of rows that refer to one
/// that could not be inserted, sorted by their position in the batch.
fn wait_for_parents(load: &TableLoad, share: &Share) -> Vec<(u32, Outcome)> {
    let (rows, accepted) = (&*share.rows, share.accepted());
    let mut missing = Vec::new();
    for (column, parent) in &load.parents {
        let id = |position: &u32| rows.integer(*position, *column);
        if parent.ledger.wait(accepted.iter().map(id)) {
            continue;
        }
        let stored = parent.stored(accepted.iter().map(id).collect());
        let reason = |position: &u32| match &stored {
            Ok(stored) if stored.binary_search(&id(position)).is_ok() => None,
            Ok(_) => Some(Reason::NotInserted {
                column: load.table.columns[*column].name,
                id: id(position),
                parent: parent.table,
            }),
            Err(reason) => Some(reason.clone()),
        };
        let reasons = accepted
            .iter()
            .map(|position| (*position, reason(position)));
        missing.extend(reasons.filter_map(|(position, reason)| Some((position, reason?))));
    }
    // Stable: the reasons of a row stay in the order of its columns.
    missing.sort_by_key(|(position, _)| *position);
    let rows = missing.chunk_by(|(one, _), (next, _)| one == next);
    let outcomes = rows.map(|reasons| {
        let position = reasons[0].0;
        let reasons = reasons.iter().map(|(_, reason)| reason.clone());
        (position, Outcome::Failed(reasons.collect()))
    });
    outcomes.collect()
}

/// The positions without an outcome so far, sorted by the ids of their rows: SQLite writes them fastest in this order.
fn sorted_by_id(rows: &Rows, positions: &[u32], outcomes: &[(u32, Outcome)]) -> Vec<u32> {
    let known = |position: &u32| outcomes.binary_search_by_key(position, |(known, _)| *known);
    let free = positions.iter().filter(|position| known(position).is_err());
    let mut free: Vec<_> = free.copied().collect();
    free.sort_unstable_by_key(|position| rows.id(*position));
    free
}

fn same_outcome(positions: &[u32], outcome: &Outcome) -> Vec<(u32, Outcome)> {
    let outcomes = positions
        .iter()
        .map(|position| (*position, outcome.clone()));
    outcomes.collect()
}

//! A writer thread: it waits for the rows that its own refer to, for the share before its own, and for the write lock.
//! Then it writes its share, and waits for the disk. Only then is anything known of its rows.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use super::ledger::{Gaps, Settled};
use super::table_load::{Absent, TableLoad, Target};
use crate::database::{Commit, Problem, Written};
use crate::row::{Keys, Outcome, Reason, Rows};
use crate::schema::{Reference, Role, Table};
use crate::sync::lock;
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
    /// Set once its thread no longer writes.
    pub written: Arc<OnceLock<()>>,
    /// `written` of the share before, which goes first: where ids count up through the file, SQLite then only appends.
    pub previous: Option<Arc<OnceLock<()>>>,
}

/// A share whose rows all have an outcome.
#[derive(Debug)]
pub struct Completion {
    /// The share.
    pub share: Share,
    /// The outcomes of the accepted rows that were not inserted, sorted by their position in the batch.
    pub not_inserted: Vec<(u32, Outcome)>,
    /// The rowids of the inserted rows, where nothing else identifies them.
    pub rowids: Vec<(u32, i64)>,
    /// What its thread did, and when.
    pub track: Option<Track>,
}

impl Share {
    /// The positions of its accepted rows in the batch.
    pub fn accepted(&self) -> &[u32] {
        self.rows.accepted_at(&self.range)
    }

    /// The numbers of its accepted rows.
    pub fn row_numbers(&self) -> impl Iterator<Item = i64> {
        let accepted = self.accepted().iter();
        accepted.map(|position| self.rows.number(*position))
    }
}

/// Whether a key of a row with this outcome (its primary key or another one) is stored. If the row was skipped because
/// its primary key is taken, or because the stored row may not be updated, only the primary key is.
fn is_stored(outcome: &Outcome, is_primary: bool) -> bool {
    let is_taken =
        |reason: &Reason| matches!(reason, Reason::Taken { .. } | Reason::Referred { .. });
    match outcome {
        Outcome::Unchanged | Outcome::Updated(_) => true,
        Outcome::Skipped(reasons) => is_primary && reasons.iter().any(is_taken),
        Outcome::Failed(_) => false,
    }
}

/// Does the work of one thread, and tells the threads that wait for its rows, even if the work panics.
pub fn complete(load: &TableLoad, share: Share) -> Completion {
    complete_with(load, share, write)
}

pub(super) fn complete_with(
    load: &TableLoad,
    share: Share,
    work: impl FnOnce(&TableLoad, &Share, &mut Option<Track>) -> Written,
) -> Completion {
    let mut track = None;
    let work = AssertUnwindSafe(|| work(load, &share, &mut track));
    let Written {
        others: mut not_inserted,
        rowids,
        ..
    } = catch_unwind(work).unwrap_or_else(|_| {
        let panicked = Outcome::failed(Reason::failure("the writer thread panicked"));
        same_outcome(share.accepted(), &panicked).into()
    });
    // Also where nothing was left to be written, or after a panic: the next share waits for it.
    let _ = share.written.set(());
    not_inserted.sort_unstable_by_key(|(position, _)| *position);
    let only_primary = load.table.keys.iter().all(|key| key.role != Role::Unique);
    let is_failed = |(_, outcome): &(u32, Outcome)| matches!(outcome, Outcome::Failed(_));
    let is_missing = |(_, outcome): &(u32, Outcome)| !is_stored(outcome, only_primary);
    if let Target::DryRun(_) = load.target {
        let absent = not_inserted.iter().filter(|row| is_missing(row));
        let absent = absent.map(|(position, outcome)| {
            let absent = if is_stored(outcome, true) {
                Absent::AllButPrimaryKey
            } else {
                Absent::All
            };
            (share.rows.number(*position), absent)
        });
        lock(&load.absent).extend(absent);
    }
    let gaps = Gaps {
        failed: not_inserted.iter().any(is_failed),
        missing: not_inserted.iter().any(is_missing),
    };
    load.ledger.resolve(share.number, gaps);
    Completion {
        share,
        not_inserted,
        rowids,
        track,
    }
}

/// Writes the rows of a share, one at least, once the outcome of every row they refer to is known. In a dry run, it
/// compares them with what is stored. Returns the outcomes of those that were not inserted.
fn write(load: &TableLoad, share: &Share, track: &mut Option<Track>) -> Written {
    let (rows, accepted) = (&*share.rows, share.accepted());
    let track = track.insert(Track::begin(rows.number(accepted[0]), accepted.len()));
    let mut others = wait_for_parents(load, share);
    others.append(&mut dependents(load, rows, accepted, &others));
    others.sort_unstable_by_key(|(position, _)| *position);
    track.end(Phase::Parents);
    let free = sorted_by_key(rows, accepted, &others);
    if free.is_empty() {
        return others.into();
    }
    let written = match &load.target {
        Target::DryRun(_) => load.compare(rows, &free).map(Written::from),
        Target::Database { database, .. } => {
            if let Some(previous) = &share.previous {
                previous.wait();
            }
            let guard = load.write_lock.lock();
            track.end(Phase::Turn);
            let commit = database.writer(free.len() > 1).and_then(|writer| {
                track.end(Phase::Open);
                writer.insert(rows, &free, |others| dependents(load, rows, &free, others))
            });
            // Recorded while the lock is still held; otherwise the next thread would seem to write at the same time.
            track.end(Phase::Write);
            drop(guard);
            let _ = share.written.set(());
            let written = commit.and_then(Commit::sync);
            track.end(Phase::Sync);
            written
        }
    };
    let mut written =
        written.unwrap_or_else(|problem| not_written(load, rows, &free, &problem).into());
    if !others.is_empty() {
        others.append(&mut written.others);
        written.others = others;
    }
    written
}

/// The outcomes of the rows at these positions that refer, directly or through other such rows, to a row of the same
/// share that is not stored. `others` are the outcomes of the rows that were not inserted.
fn dependents(
    load: &TableLoad,
    rows: &Rows,
    positions: &[u32],
    others: &[(u32, Outcome)],
) -> Vec<(u32, Outcome)> {
    let own = load.table.references.iter().enumerate();
    let own: Vec<_> = own
        .filter(|(_, reference)| reference.parent == load.table.name)
        .collect();
    let mut left_out = Vec::new();
    for (position, outcome) in others {
        for (index, reference) in &own {
            if !is_stored(outcome, load.table.keys[reference.key].is_primary()) {
                left_out.push((*index, *position));
            }
        }
    }
    if left_out.is_empty() {
        return Vec::new();
    }
    // A row that replaces a stored one counts as stored, but what it refers to may be left out.
    let settled = others
        .iter()
        .filter(|(_, outcome)| !matches!(outcome, Outcome::Updated(_)));
    let mut known: HashSet<u32> = settled.map(|(position, _)| *position).collect();
    let mut referrers: HashMap<_, Vec<_>> = HashMap::new();
    for position in positions
        .iter()
        .filter(|position| !known.contains(position))
    {
        for (index, _) in &own {
            if let Some(number) = rows.parent_number(*index, *position) {
                let referrers = referrers.entry((*index, number)).or_default();
                referrers.push(*position);
            }
        }
    }
    let is_failed = |(_, outcome): &(u32, Outcome)| matches!(outcome, Outcome::Failed(_));
    let mut any_failed = others.iter().any(is_failed);
    left_out.retain(|(index, position)| referrers.contains_key(&(*index, rows.number(*position))));
    for (index, reference) in &own {
        let of_this = left_out.iter().filter(|(of, _)| of == index);
        let positions: Vec<_> = of_this.map(|(_, position)| *position).collect();
        match stored_otherwise(load, rows, reference, &positions) {
            Ok(stored) => {
                left_out.retain(|(of, position)| of != index || !stored.contains(position))
            }
            Err(_) => any_failed = true,
        }
    }
    let missing = left_out.into_iter();
    let mut missing: Vec<_> = missing
        .map(|(index, position)| (index, rows.number(position)))
        .collect();
    let mut found = Vec::new();
    while let Some((index, number)) = missing.pop() {
        for position in referrers.remove(&(index, number)).unwrap_or_default() {
            found.push((position, index));
            if known.insert(position) {
                let number = rows.number(position);
                missing.extend(own.iter().map(|(index, _)| (*index, number)));
            }
        }
    }
    found.sort_unstable();
    let reasons = found.into_iter().map(|(position, index)| {
        let reference = &load.table.references[index];
        let reason = missing_parent(load.table, reference, any_failed);
        (position, reason)
    });
    by_position(reasons.collect())
}

/// The rows among those left out whose key is stored nevertheless: a unique value, if the stored row with the same
/// primary key has it too; a primary key, if the row would have replaced a stored row, which stays.
fn stored_otherwise(
    load: &TableLoad,
    rows: &Rows,
    reference: &Reference,
    positions: &[u32],
) -> Result<HashSet<u32>, Reason> {
    let key = &load.table.keys[reference.key];
    if key.is_primary() && rows.updates.is_none() {
        return Ok(HashSet::new());
    }
    let mut keys = Keys::encoded();
    for position in positions {
        let columns = key.columns.iter();
        keys.push(columns.map(|column| rows.value(*position, *column)));
    }
    let all = (0..keys.len()).filter_map(|index| keys.get(index));
    let stored = load.stored(reference.key, all.collect())?;
    let is_stored = |index: &usize| {
        let key = keys.get(*index);
        key.is_some_and(|key| stored.binary_search(&key).is_ok())
    };
    let found = (0..keys.len()).filter(is_stored);
    Ok(found.map(|index| positions[index]).collect())
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
    outcomes.retain(|(_, outcome)| !matches!(outcome, Outcome::Updated(_)));
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
    for (index, reference) in load.table.references.iter().enumerate() {
        let parent = load.parent(index);
        let is_own = parent.table == load.table;
        let before = if is_own { share.number } else { u64::MAX };
        let number = |position: &u32| rows.parent_number(index, *position);
        let parents = accepted.iter().filter_map(number);
        if parent.ledger.wait(before, parents) == Settled::AllStored {
            continue;
        }
        let mut together = Vec::new();
        if is_own {
            together.extend(share.row_numbers());
            together.sort_unstable();
        }
        let is_primary = parent.table.keys[reference.key].is_primary();
        let would_exist = |number: Option<i64>| {
            let absent = lock(&parent.absent);
            let absent = number.and_then(|number| absent.get(&number));
            absent.is_none_or(|absent| *absent == Absent::AllButPrimaryKey && is_primary)
        };
        // A dry run stores nothing, and so cannot ask what is there.
        let is_dry = matches!(load.target, Target::DryRun(_));
        let apart = accepted.iter().filter(|position| {
            let number = number(position);
            let is_apart = number.is_none_or(|number| together.binary_search(&number).is_err());
            is_apart && !(is_dry && would_exist(number))
        });
        let key = |position: &u32| Some((*position, rows.parent_key(index, *position)?));
        let keys: Vec<_> = apart.filter_map(key).collect();
        let stored = parent.stored(reference.key, keys.iter().map(|(_, key)| *key).collect());
        for (position, key) in keys {
            let reason = match &stored {
                Ok(stored) if stored.binary_search(&key).is_ok() => continue,
                Ok(_) => {
                    let any_failed = parent.ledger.has_failures();
                    missing_parent(load.table, reference, any_failed)
                }
                Err(reason) => reason.clone(),
            };
            missing.push((position, reason));
        }
    }
    by_position(missing)
}

/// The reason for a row whose parent was not stored after all: the parent failed, or its key is taken.
fn missing_parent(
    table: &'static Table,
    reference: &'static Reference,
    any_failed: bool,
) -> Reason {
    let columns = reference.columns;
    let parent = reference.parent;
    if any_failed {
        Reason::NotInserted {
            table,
            columns,
            parent,
        }
    } else {
        Reason::Missing {
            table,
            columns,
            parent,
            made_up: false,
        }
    }
}

/// The outcomes of rows, given their reasons in the order of the columns, sorted by position. Rows that follow each other
/// share the same reasons.
fn by_position(mut reasons: Vec<(u32, Reason)>) -> Vec<(u32, Outcome)> {
    // Stable: the reasons of a row stay in their order.
    reasons.sort_by_key(|(position, _)| *position);
    let rows = reasons.chunk_by(|(one, _), (next, _)| one == next);
    let mut shared: Arc<[Reason]> = [].into();
    let outcomes = rows.map(|reasons| {
        let position = reasons[0].0;
        let reasons = reasons.iter().map(|(_, reason)| reason);
        if !shared.iter().eq(reasons.clone()) {
            shared = reasons.cloned().collect();
        }
        let reasons = Arc::clone(&shared);
        let is_missing = |reason: &Reason| matches!(reason, Reason::Missing { .. });
        let outcome = if reasons.iter().all(is_missing) {
            Outcome::Skipped(reasons)
        } else {
            Outcome::Failed(reasons)
        };
        (position, outcome)
    });
    outcomes.collect()
}

/// The positions without an outcome so far, sorted by the keys of their rows: SQLite writes them fastest in this order.
fn sorted_by_key(rows: &Rows, positions: &[u32], outcomes: &[(u32, Outcome)]) -> Vec<u32> {
    let known = |position: &u32| outcomes.binary_search_by_key(position, |(known, _)| *known);
    let free = positions.iter().filter(|position| known(position).is_err());
    let mut free: Vec<_> = free.copied().collect();
    match rows.table.primary_key() {
        Some(_) if rows.table.integer_key().is_some() && !rows.keyed_by_all_columns => {
            free.sort_unstable_by_key(|position| rows.number(*position));
        }
        Some(key) if !rows.keyed_by_all_columns => {
            let mut keys = Keys::encoded();
            for position in &free {
                let columns = key.columns.iter();
                keys.push(columns.map(|column| rows.value(*position, *column)));
            }
            let mut order: Vec<_> = (0..free.len()).collect();
            order.sort_unstable_by_key(|index| keys.get(*index));
            free = order.into_iter().map(|index| free[index]).collect();
        }
        _ => {}
    }
    free
}

fn same_outcome(positions: &[u32], outcome: &Outcome) -> Vec<(u32, Outcome)> {
    let outcomes = positions
        .iter()
        .map(|position| (*position, outcome.clone()));
    outcomes.collect()
}

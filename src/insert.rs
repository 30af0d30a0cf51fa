//! The concurrent run: one thread per accepted record, turns on each database, and orders that wait for their parents.

mod ledger;
#[cfg(all(test, loom))]
mod models;
mod slots;
mod turns;
mod writer;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, Scope};

use crate::database::Database;
use crate::outcome::{Outcome, Tally};
use crate::progress::Progress;
use crate::record::Batch;
use crate::schema::Table;
use crate::source::Reader;
use crate::sync::{Mutex, lock};
use crate::timeline::Track;
use crate::validate::{Rejection, Rows, Validator};
use ledger::Ledger;
use slots::Slots;
use turns::Turns;
use writer::{all_failed, not_inserted, rehearse, same, settle, unusable, write};

/// From how many rows or bytes on a share is full. Larger shares are not faster, only larger.
const SHARE_ROWS: usize = 24 * 1024;
const SHARE_BYTES: usize = 1024 * 1024;

/// Shares of one table that are written or waiting: one to write, one to follow without a gap.
const SHARES_IN_FLIGHT: usize = 2;

/// What a writer thread needs of a stack, in bytes: SQLite's deepest calls take a tenth of it.
const STACK: usize = 256 * 1024;

/// Where the rows of one table come from.
pub struct Feed {
    /// The records; `None` if there are none for this table.
    pub reader: Option<Reader>,
    /// The rules.
    pub validator: Validator,
    /// How many records were read.
    pub records: u64,
    /// What made reading stop before the end.
    pub error: Option<io::Error>,
}

/// Where the rows of one table go, shared by all its threads.
#[derive(Debug)]
pub struct Lane {
    /// The table.
    pub table: &'static Table,
    /// Its database.
    pub database: Database,
    /// What became of its records.
    pub tally: Mutex<Tally>,
    /// What its threads did, if that is to be known.
    pub timeline: Option<Mutex<Vec<Track>>>,
    turns: Turns,
    slots: Slots,
    ledger: Ledger,
}

impl Lane {
    /// A lane that nothing has gone through yet.
    pub fn new(database: Database, tally: Tally) -> Lane {
        Lane {
            table: database.table,
            database,
            tally: Mutex::new(tally),
            timeline: None,
            turns: Turns::default(),
            slots: Slots::default(),
            ledger: Ledger::default(),
        }
    }
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By threads, at most this many alive per database. The first so many accepted records of a table get a thread
    /// each; from there on, a thread takes a share of many records.
    Threads(usize),
    /// Not at all: only what would become of them is found out.
    DryRun,
}

/// Inserts all records of the feeds, each into the lane at its place, and returns how many threads wrote them. A
/// table's lane comes after those of the tables it refers to. Each record gets its outcome in its lane's tally.
pub fn run(feeds: &mut [Feed], lanes: &[Lane], mode: Mode, progress: &mut Progress) -> usize {
    std::thread::scope(|scope| {
        let mut run = Run {
            scope,
            lanes,
            mode,
            writers: vec![0; lanes.len()],
        };
        let mut open: Vec<usize> = (0..lanes.len()).collect();
        while !open.is_empty() {
            let waits = |table: usize| parents(lanes, table).any(|(_, p)| open.contains(&p));
            let ready: Vec<_> = open.iter().copied().filter(|t| !waits(*t)).collect();
            for table in ready {
                if !run.feed(feeds, table) {
                    open.retain(|other| *other != table);
                }
            }
            for (place, (feed, lane)) in feeds.iter().zip(lanes).enumerate() {
                if let Some(reader) = &feed.reader {
                    let written = lock(&lane.tally).stored();
                    progress.show(place, lane.table, reader, feed.records, written);
                }
            }
        }
        run.writers.iter().sum()
    })
}

/// The references of a table: the column that refers, and the place of the table it refers to.
fn parents(lanes: &[Lane], table: usize) -> impl Iterator<Item = (usize, usize)> {
    let references = lanes[table].table.references();
    references.filter_map(|(column, parent)| Some((column, place(lanes, parent)?)))
}

fn place(lanes: &[Lane], table: &Table) -> Option<usize> {
    lanes.iter().position(|lane| lane.table.name == table.name)
}

struct Run<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    lanes: &'env [Lane],
    mode: Mode,
    /// The threads spawned so far for each table.
    writers: Vec<usize>,
}

impl<'scope, 'env: 'scope> Run<'scope, 'env> {
    /// Reads, validates and hands to a thread the next record or share of a table; `false` if there is no more.
    ///
    /// By now all that the table refers to has been fed, so it is known which rows exist or are going to.
    fn feed(&mut self, feeds: &mut [Feed], table: usize) -> bool {
        let lanes = self.lanes;
        let lane = &lanes[table];
        let (earlier, rest) = feeds.split_at_mut(table);
        let Feed {
            reader: Some(reader),
            validator,
            records,
            error,
        } = &mut rest[0]
        else {
            return false;
        };
        // Whether a thread takes a record alone, and how many threads may be alive then.
        let (rows, threads) = match self.mode {
            Mode::Threads(most) if self.writers[table] < most => (1, most),
            Mode::Threads(most) => (SHARE_ROWS, most.min(SHARES_IN_FLIGHT)),
            Mode::DryRun => (SHARE_ROWS, 0),
        };
        let mut batch = Batch::new(reader.header());
        let more = fill(reader, &mut batch, rows);
        *records += batch.len() as u64;
        let exists = |parent: &'static Table, id| {
            let Some(place) = place(lanes, parent) else {
                return Ok(false);
            };
            if earlier[place].validator.accepted(id) {
                return Ok(true);
            }
            match lanes[place].database.contains(id) {
                Ok(false) if earlier[place].error.is_some() => Err(not_inserted(parent, id)),
                Ok(stored) => Ok(stored),
                Err(problem) => Err(unusable(parent, &problem)),
            }
        };
        let rows = validator.validate(batch, exists, |record, rejection| {
            let outcome = match rejection {
                Rejection::Rules(rules) => {
                    Outcome::Skipped(rules.into_iter().map(Into::into).collect())
                }
                Rejection::Unknown(reason) => Outcome::Failed(vec![reason]),
            };
            lock(&lane.tally).record(record, 0, outcome);
        });
        match self.mode {
            Mode::DryRun => settle(lane, &rows, rehearse(lanes, table, &rows)),
            Mode::Threads(_) if rows.is_empty() => {}
            Mode::Threads(_) => self.spawn(table, rows, threads),
        }
        match more {
            Ok(more) => more,
            Err(failure) => {
                *error = Some(failure);
                false
            }
        }
    }

    /// Starts the thread that writes these rows, once fewer than `most` of the table's threads are alive.
    fn spawn(&mut self, table: usize, rows: Rows, most: usize) {
        let lanes = self.lanes;
        let lane = &lanes[table];
        lane.ledger.expect(rows.iter().map(|row| row.id()));
        let slot = lane.slots.take(most);
        let rows = Arc::new(rows);
        let its_rows = Arc::clone(&rows);
        let thread = Builder::new().stack_size(STACK);
        let spawned = thread.spawn_scoped(self.scope, move || {
            let _slot = slot;
            let outcomes = catch_unwind(AssertUnwindSafe(|| write(lanes, table, &its_rows)));
            let outcomes =
                outcomes.unwrap_or_else(|_| all_failed(&its_rows, &same("its thread panicked")));
            settle(lane, &its_rows, outcomes);
        });
        match spawned {
            Ok(_) => self.writers[table] += 1,
            Err(error) => {
                let reason = same(format!("its thread could not be started: {error}"));
                settle(lane, &rows, all_failed(&rows, &reason));
            }
        }
    }
}

/// Reads records until the batch is full; `false` at the end of the file.
fn fill(reader: &mut Reader, batch: &mut Batch, rows: usize) -> io::Result<bool> {
    while batch.len() < rows && batch.bytes() < SHARE_BYTES {
        if !reader.read(batch)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;

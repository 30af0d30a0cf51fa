//! The concurrent run: one thread per accepted record, turns on each database, and orders that wait for their parents.

mod ledger;
mod slots;
mod turns;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, Scope};

use crate::database::{Database, Fate, Problem};
use crate::lock::lock;
use crate::outcome::{Outcome, Tally};
use crate::record::Batch;
use crate::schema::Table;
use crate::source::Reader;
use crate::validate::{Rejection, Row, Rows, Validator};
use ledger::{Ledger, Settled};
use slots::Slots;
use turns::Turns;

/// From how many rows or bytes on a share is full. Larger shares are not faster, only larger.
const SHARE_ROWS: usize = 16 * 1024;
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
    turns: Turns,
    slots: Slots,
    ledger: Ledger,
}

impl Lane {
    /// A lane that nothing has gone through yet.
    pub fn new(table: &'static Table, database: Database, tally: Tally) -> Lane {
        Lane {
            table,
            database,
            tally: Mutex::new(tally),
            turns: Turns::default(),
            slots: Slots::default(),
            ledger: Ledger::default(),
        }
    }
}

/// Inserts all records of the feeds, each into the lane at its place, and returns how many threads wrote them. A
/// table's lane comes after those of the tables it refers to.
///
/// The first `threads` accepted records of a table get a thread each; from there on, a thread takes a share of many
/// records. Each record gets its outcome in the lane's tally.
pub fn run(feeds: &mut [Feed], lanes: &[Lane], threads: usize) -> usize {
    std::thread::scope(|scope| {
        let mut run = Run {
            scope,
            lanes,
            threads,
            writers: vec![0; lanes.len()],
        };
        let mut open: Vec<usize> = (0..lanes.len()).collect();
        while !open.is_empty() {
            let waits = |table: usize| parents(lanes, table).any(|(_, p)| open.contains(&p));
            let ready: Vec<_> = open.iter().copied().filter(|t| !waits(*t)).collect();
            let done: Vec<_> = ready.into_iter().filter(|t| !run.feed(feeds, *t)).collect();
            open.retain(|table| !done.contains(table));
        }
        run.writers.iter().sum()
    })
}

/// The references of a table: the column that refers, and the place of the table it refers to.
fn parents(lanes: &[Lane], table: usize) -> impl Iterator<Item = (usize, usize)> {
    lanes[table]
        .table
        .references()
        .filter_map(|(column, parent)| {
            let place = lanes
                .iter()
                .position(|lane| lane.table.name == parent.name)?;
            Some((column, place))
        })
}

struct Run<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    lanes: &'env [Lane],
    threads: usize,
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
            error,
        } = &mut rest[0]
        else {
            return false;
        };
        let alone = self.writers[table] < self.threads;
        let mut batch = Batch::new(reader.header());
        let more = fill(reader, &mut batch, if alone { 1 } else { SHARE_ROWS });
        let exists = |parent: &'static Table, id| {
            let Some(place) = lanes.iter().position(|lane| lane.table.name == parent.name) else {
                return Ok(false);
            };
            if earlier[place].validator.accepted(id) {
                return Ok(true);
            }
            match lanes[place].database.contains(id) {
                Ok(false) if earlier[place].error.is_some() => Err(not_inserted(parent, id)),
                Ok(stored) => Ok(stored),
                Err(problem) => Err(reason(parent, &problem)),
            }
        };
        let rows = validator.validate(batch, exists, |record, rejection| {
            let outcome = match rejection {
                Rejection::Rules(rules) => {
                    Outcome::Skipped(rules.iter().map(ToString::to_string).collect())
                }
                Rejection::Unknown(reason) => Outcome::Failed(vec![reason]),
            };
            lock(&lane.tally).record(record, 0, outcome);
        });
        if !rows.is_empty() {
            self.spawn(table, rows, alone);
        }
        match more {
            Ok(more) => more,
            Err(failure) => {
                *error = Some(failure);
                false
            }
        }
    }

    /// Starts the thread that writes these rows.
    fn spawn(&mut self, table: usize, rows: Rows, alone: bool) {
        let lanes = self.lanes;
        let lane = &lanes[table];
        lane.ledger.expect(rows.iter().map(|row| row.id()));
        let slot = lane.slots.take(match alone {
            true => self.threads,
            false => self.threads.min(SHARES_IN_FLIGHT),
        });
        let rows = Arc::new(rows);
        let its_rows = Arc::clone(&rows);
        let thread = Builder::new().stack_size(STACK);
        let spawned = thread.spawn_scoped(self.scope, move || {
            let _slot = slot;
            let outcomes = catch_unwind(AssertUnwindSafe(|| write(lanes, table, &its_rows)));
            let outcomes =
                outcomes.unwrap_or_else(|_| all_failed(&its_rows, "its thread panicked"));
            settle(lane, &its_rows, outcomes);
        });
        match spawned {
            Ok(_) => self.writers[table] += 1,
            Err(error) => {
                let reason = format!("its thread could not be started: {error}");
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

/// Writes rows once their parents are settled and it is their turn, and returns the outcome of each.
fn write(lanes: &[Lane], table: usize, rows: &Rows) -> Vec<Outcome> {
    let lane = &lanes[table];
    let parents: Vec<_> = parents(lanes, table).collect();
    let missing = |row: Row| -> Vec<String> {
        let references = parents
            .iter()
            .filter_map(|(column, place)| Some((&lanes[*place], row.integer(*column)?)));
        references
            .filter(|(parent, id)| {
                // A row that could not be written now may have been stored before.
                parent.ledger.wait(*id) == Settled::Failed
                    && !parent.database.contains(*id).unwrap_or(false)
            })
            .map(|(parent, id)| not_inserted(parent.table, id))
            .collect()
    };
    let blocked: Vec<_> = rows.iter().map(missing).collect();
    let free = rows
        .iter()
        .zip(&blocked)
        .filter(|(_, missing)| missing.is_empty());
    let writable: Vec<_> = free.map(|(row, _)| row).collect();
    let fates = match writable.is_empty() {
        true => Ok(Vec::new()),
        false => {
            let _turn = lane.turns.take();
            lane.database.insert(&writable)
        }
    };
    let mut fates = fates
        .map(Vec::into_iter)
        .map_err(|problem| reason(lane.table, &problem));
    let outcomes = rows.iter().zip(blocked).map(|(row, missing)| {
        if !missing.is_empty() {
            return Outcome::Failed(missing);
        }
        match &mut fates {
            Ok(fates) => outcome(lane.table, row, fates.next()),
            Err(reason) => Outcome::Failed(vec![reason.clone()]),
        }
    });
    outcomes.collect()
}

fn outcome(table: &Table, row: Row, fate: Option<Fate>) -> Outcome {
    match fate {
        Some(Fate::Inserted) => Outcome::Inserted,
        Some(Fate::Unchanged) => Outcome::Unchanged,
        Some(Fate::Taken) => Outcome::Skipped(vec![format!(
            "{} {} is already taken by a different row in {}",
            table.columns[0].name,
            row.id(),
            table.database()
        )]),
        Some(Fate::Refused(why)) => {
            Outcome::Failed(vec![format!("{} refused it: {why}", table.database())])
        }
        None => Outcome::Failed(vec!["its thread lost track of it".to_string()]),
    }
}

/// Lets everybody know what became of rows.
fn settle(lane: &Lane, rows: &Rows, outcomes: Vec<Outcome>) {
    let settled = rows.iter().zip(&outcomes).map(|(row, outcome)| {
        let settled = match outcome {
            Outcome::Inserted | Outcome::Unchanged | Outcome::Skipped(_) => Settled::Exists,
            Outcome::Failed(_) => Settled::Failed,
        };
        (row.id(), settled)
    });
    lane.ledger.settle(settled);
    let mut tally = lock(&lane.tally);
    for (row, outcome) in rows.iter().zip(outcomes) {
        tally.record(row.record, row.id(), outcome);
    }
}

fn all_failed(rows: &Rows, reason: &str) -> Vec<Outcome> {
    vec![Outcome::Failed(vec![reason.to_string()]); rows.len()]
}

fn not_inserted(table: &Table, id: i64) -> String {
    format!("{} {id} could not be inserted", table.row)
}

fn reason(table: &Table, problem: &Problem) -> String {
    format!("{} {problem}", table.database())
}

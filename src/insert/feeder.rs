//! One feeder thread's work: read the records of a table, check them, and give those that follow the rules to writers.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{Builder, Scope, scope};

use super::lane::{Fed, Lane, Store};
use super::writer::{Cargo, Done, carry_out, failed, write};
use crate::csv;
use crate::row::{Batch, Reason};
use crate::rules::{Rules, whole_numbers};

/// A batch is full at this many rows or bytes. Except for the first rows of a table, it is written as one share.
pub const BATCH_ROWS: usize = 32 * 1024;
pub const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// At most so many bytes of a table's rows wait or are written, but for one batch alone; so many are read ahead.
const BYTES_IN_FLIGHT: usize = 6 * 1024 * 1024;

/// What a writer thread needs of a stack, in bytes: SQLite's deepest calls take a tenth of it.
const STACK: usize = 256 * 1024;

/// Where the rows of a table come from.
pub struct Feed {
    /// The records; `None` if there are none for this table.
    pub reader: Option<csv::Reader>,
    /// The rules that they must follow.
    pub rules: Rules,
}

/// Feeds a lane to the end of its file, and waits until its last writer is done. However it ends, the threads that wait
/// for the lane's ids are told.
pub fn feed(lane: &Lane, Feed { reader, rules }: Feed) {
    let done = Done::new();
    scope(|scope| {
        let fed = catch_unwind(AssertUnwindSafe(|| match reader {
            None => Fed::default(),
            Some(reader) => {
                let feeder = Feeder {
                    scope,
                    lane,
                    done: &done,
                    reader,
                    rules,
                    end: None,
                    started: 0,
                };
                feeder.run()
            }
        }));
        // Without the ids: the ledger may not know all of them, and would take them for rows that exist.
        let _ =
            (lane.fed).set(fed.unwrap_or_else(|_| Fed::failed("the thread that read it panicked")));
    });
}

struct Feeder<'scope, 'env, 'lane> {
    scope: &'scope Scope<'scope, 'env>,
    lane: &'lane Lane,
    done: &'env Done<'lane>,
    reader: csv::Reader,
    rules: Rules,
    /// How reading ended, once it has.
    end: Option<io::Result<()>>,
    /// How many threads it has tried to start.
    started: usize,
}

impl<'scope, 'env: 'scope, 'lane: 'env> Feeder<'scope, 'env, 'lane> {
    fn run(mut self) -> Fed {
        let mut ahead = self.read_ahead();
        for (_, parent) in &self.lane.parents {
            parent.fed.wait();
        }
        let mut cut = false;
        loop {
            let batch = match ahead.pop_front() {
                Some(batch) => batch,
                None if self.end.is_none() => self.read(self.rows_at_once()),
                None => break,
            };
            // Reading may have lasted until after the interrupt.
            cut = self.lane.interrupt.is_set() && (self.end.is_none() || batch.len() > 0);
            if cut {
                break;
            }
            self.hand_over(batch);
        }
        Fed {
            ids: self.rules.into_ids(),
            cut,
            error: self.end.and_then(Result::err),
        }
    }

    /// Reads while the ids of the tables that this one refers to are not all known.
    fn read_ahead(&mut self) -> VecDeque<Batch> {
        let mut ahead = VecDeque::new();
        let mut bytes = 0;
        while self.end.is_none()
            && bytes < BYTES_IN_FLIGHT
            && self.lane.waits_for().next().is_some()
        {
            let batch = self.read(BATCH_ROWS);
            bytes += batch.size();
            ahead.push_back(batch);
        }
        ahead
    }

    /// How many rows to read before they are handed over. Rows that get a thread each do not wait for the next ones,
    /// which may be long in coming through a pipe.
    fn rows_at_once(&self) -> usize {
        match self.started < self.lane.store.alone() {
            true => 1,
            false => BATCH_ROWS,
        }
    }

    /// Reads a batch of at most so many rows, up to the end of the file if that comes first.
    fn read(&mut self, rows: usize) -> Batch {
        let mut batch = Batch::new(self.reader.header());
        while self.end.is_none()
            && batch.len() < rows
            && batch.size() < BATCH_BYTES
            && !self.lane.interrupt.is_set()
        {
            self.end = match self.reader.read(&mut batch) {
                Ok(true) => None,
                Ok(false) => Some(Ok(())),
                Err(error) => Some(Err(error)),
            };
        }
        (self.lane.position).store(self.reader.position, Ordering::Relaxed);
        batch
    }

    /// Checks a batch, and gives its rows to threads: one each to the first threads of the table, and all others to one
    /// thread. The records that were not accepted go with the row after them, and the last ones with the last row.
    fn hand_over(&mut self, batch: Batch) {
        let lane = self.lane;
        for (column, parent) in &lane.parents {
            parent.look_up(whole_numbers(&batch, *column));
        }
        let rows = self.rules.check_batch(batch, |parent, id| {
            (lane.parent(parent)).map_or(Ok(false), |parent| parent.exists(id))
        });
        let all = rows.places();
        // The room is taken until the last thread is done with the rows.
        let room = self.lane.bytes.take(rows.size(), BYTES_IN_FLIGHT);
        let cargo = Arc::new((rows, room));
        let mut next = all.start;
        while next < all.end {
            let end = match cargo.0.accepted_at(&(next..all.end)) {
                [first, _, ..] if self.started < self.lane.store.alone() => first + 1,
                _ => all.end,
            };
            self.spawn(&cargo, next..end);
            next = end;
        }
    }

    /// Starts the thread that writes the rows at these places, if there are any, once not too many of the table's
    /// threads are alive.
    fn spawn(&mut self, cargo: &Cargo<'lane>, places: Range<u32>) {
        let (lane, done) = (self.lane, self.done);
        let rows = &cargo.0;
        let accepted = rows.accepted_at(&places);
        let share = lane
            .ledger
            .expect(accepted.iter().map(|place| rows.id(*place)));
        if accepted.is_empty() {
            return carry_out(lane, done, cargo, places, share, Vec::new);
        }
        if let Store::Write { .. } = lane.store {
            // From the first row on, a signal lets transactions end before the process does. Only the first call
            // counts.
            lane.interrupt.arm();
        }
        self.started += 1;
        let slot = lane.alive.take(1, lane.store.alone().max(1));
        let (its_cargo, its_places) = (Arc::clone(cargo), places.clone());
        let thread = Builder::new().name(format!("write {}", lane.table.name));
        let thread = thread.stack_size(STACK);
        let spawned = thread.spawn_scoped(self.scope, move || {
            let _slot = slot;
            let rows = &its_cargo.0;
            let work = || write(lane, rows, rows.accepted_at(&its_places));
            carry_out(lane, done, &its_cargo, its_places.clone(), share, work);
        });
        match spawned {
            Ok(_) => _ = lane.spawned.fetch_add(1, Ordering::Relaxed),
            Err(error) => {
                let reason = Reason::same(format!("its thread could not be started: {error}"));
                let work = || match lane.store {
                    Store::Rehearse(_) => write(lane, rows, accepted),
                    Store::Write { .. } => failed(accepted, &reason),
                };
                carry_out(lane, done, cargo, places.clone(), share, work);
            }
        }
    }
}

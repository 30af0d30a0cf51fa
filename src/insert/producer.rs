//! The reader thread of a table: it reads and checks records, hands the accepted ones to writer threads, and tallies the
//! outcomes in the order of the file.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, Scope, scope};

use super::table_load::{EndOfInput, TableLoad, Target};
use super::writer::{Completion, Share, complete};
use crate::csv::{self, Rejects};
use crate::report::Tally;
use crate::row::{Batch, Outcome, Reason, Reasons};
use crate::rules::{Rules, whole_numbers};

/// A batch is full at this many rows or bytes. Except for the first rows of a table, it is written as one share.
pub const BATCH_ROWS: usize = 32 * 1024;
pub const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Most bytes of a table's rows that are read ahead, or that wait, are written or are not tallied yet. A batch alone may
/// have more.
const BYTES_IN_FLIGHT: usize = 6 * 1024 * 1024;

/// The rows of a table, and what became of them.
pub struct Input {
    /// The records; `None` if there are none for this table.
    pub reader: Option<csv::Reader>,
    /// The rules for them.
    pub rules: Rules,
    /// The outcomes so far.
    pub tally: Tally,
    /// The file for records that are not stored, if there is to be one.
    pub rejects: Option<Rejects>,
    /// What is odd about the records, once they have been read.
    pub remarks: Vec<String>,
}

/// Loads all rows of a table, and waits for its last writer. However reading ends, the threads that wait for the ids of
/// the table learn of it, and every record handed to a writer gets an outcome.
pub fn load(load: &TableLoad, input: &mut Input) {
    let Some(reader) = input.reader.take() else {
        let _ = load.end.set(EndOfInput::default());
        return;
    };
    let (sender, completions) = channel();
    scope(|scope| {
        let mut producer = Producer {
            scope,
            load,
            reader,
            input,
            sender,
            completions,
            end: None,
            records: 0,
            started: 0,
            alive: 0,
            bytes: 0,
            tallied: 0,
            early: BTreeMap::new(),
        };
        let end = catch_unwind(AssertUnwindSafe(|| producer.produce()));
        // After a panic without ids: the ledger may not know all of them, and rows would count as stored.
        let end = end.unwrap_or_else(|_| EndOfInput::failed("the thread that read it panicked"));
        let _ = load.end.set(end);
        while producer.alive > 0 {
            producer.receive();
        }
        producer.input.remarks = producer.reader.remarks();
    });
}

struct Producer<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    load: &'env TableLoad,
    reader: csv::Reader,
    input: &'env mut Input,
    sender: Sender<Completion>,
    completions: Receiver<Completion>,
    /// How reading ended, once it has.
    end: Option<io::Result<()>>,
    /// How many records have been read.
    records: usize,
    /// How many shares with accepted rows there have been.
    started: usize,
    /// How many shares are with writer threads.
    alive: usize,
    /// How many bytes the batches take that are not tallied yet.
    bytes: usize,
    /// The number of the share that was tallied last.
    tallied: u64,
    /// Complete shares that come after one that is not complete.
    early: BTreeMap<u64, Completion>,
}

impl<'scope, 'env: 'scope> Producer<'scope, 'env> {
    fn produce(&mut self) -> EndOfInput {
        let mut ahead = self.read_ahead();
        for (_, parent) in &self.load.parents {
            parent.end.wait();
        }
        let mut cut_short = false;
        loop {
            let batch = match ahead.pop_front() {
                Some(batch) => batch,
                None if self.end.is_none() => self.read(self.rows_at_once()),
                None => break,
            };
            // The interrupt may have come while the batch was read.
            cut_short = self.load.interrupt.is_set() && (self.end.is_none() || batch.len() > 0);
            if cut_short {
                break;
            }
            self.check_and_hand_over(batch);
        }
        EndOfInput {
            ids: self.input.rules.take_ids(),
            cut_short,
            error: self.end.take().and_then(Result::err),
        }
    }

    /// Reads while the ids of the referenced tables are not all known.
    fn read_ahead(&mut self) -> VecDeque<Batch> {
        let mut ahead = VecDeque::new();
        let mut bytes = 0;
        while self.end.is_none()
            && bytes < BYTES_IN_FLIGHT
            && self.load.waits_for().next().is_some()
        {
            let batch = self.read(BATCH_ROWS);
            bytes += batch.size();
            ahead.push_back(batch);
        }
        ahead
    }

    /// How many rows to read before they are handed over. The first ones do not wait for those after them, which may
    /// take long to come through a pipe.
    fn rows_at_once(&self) -> usize {
        if self.records < self.load.single_rows() {
            1
        } else {
            BATCH_ROWS
        }
    }

    /// Reads a batch of at most this many rows.
    fn read(&mut self, rows: usize) -> Batch {
        let mut batch = Batch::new(self.reader.header());
        while self.end.is_none()
            && batch.len() < rows
            && batch.size() < BATCH_BYTES
            && !self.load.interrupt.is_set()
        {
            self.end = match self.reader.read(&mut batch) {
                Ok(true) => None,
                Ok(false) => Some(Ok(())),
                Err(error) => Some(Err(error)),
            };
        }
        self.reader.look_at(&batch);
        if let Some(bytes) = &self.reader.bytes_read {
            (self.load.position).store(bytes.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.records += batch.len();
        batch
    }

    /// Checks a batch and gives its accepted rows to threads: one each to the first threads of the table, and the rest
    /// to one thread. Records that were not accepted go with the row after them, the last ones with the last row.
    fn check_and_hand_over(&mut self, batch: Batch) {
        let load = self.load;
        let parents = load.parents.iter().map(|(column, parent)| {
            let accepted = &parent.end.wait().ids;
            let ids = whole_numbers(&batch, *column).filter(|id| !accepted.contains(*id));
            (*column, parent, parent.stored(ids.collect()))
        });
        let parents: Vec<_> = parents.collect();
        let exists = |column: usize, id: i64| {
            let mut parents = parents.iter();
            let Some((_, parent, stored)) = parents.find(|(parent, ..)| *parent == column) else {
                return Ok(false);
            };
            let end = parent.end.wait();
            match stored {
                _ if end.ids.contains(id) => Ok(true),
                Ok(stored) if stored.binary_search(&id).is_ok() => Ok(true),
                Ok(_) if end.error.is_none() => Ok(false),
                Ok(_) => Err(Reason::NotInserted {
                    column: load.table.columns[column].name,
                    id,
                    parent: parent.table,
                }),
                Err(reason) => Err(reason.clone()),
            }
        };
        let rows = self.input.rules.check_batch(batch, exists);
        let bytes = rows.size();
        while self.bytes > 0 && self.bytes + bytes > BYTES_IN_FLIGHT {
            self.receive();
        }
        self.bytes += bytes;
        let all = rows.positions();
        let rows = Arc::new(rows);
        let mut start = all.start;
        while start < all.end {
            let end = match rows.accepted_at(&(start..all.end)) {
                [first, _, ..] if self.started < load.single_rows() => first + 1,
                _ => all.end,
            };
            self.hand_over(Share {
                number: 0,
                rows: Arc::clone(&rows),
                range: start..end,
                bytes: if end == all.end { bytes } else { 0 },
            });
            start = end;
        }
    }

    /// Starts the thread that writes a share, once not too many of the table's threads are alive. Where the system
    /// allows no more threads, this one writes it.
    fn hand_over(&mut self, mut share: Share) {
        let load = self.load;
        share.number = load.ledger.register(share.ids());
        if share.accepted().is_empty() {
            load.ledger.resolve(share.number, false);
            let (others, track) = (Vec::new(), None);
            return self.tally_in_order(Completion {
                share,
                others,
                track,
            });
        }
        if let Target::Database { .. } = load.target {
            // From the first row on, transactions end before a signal ends the process.
            load.interrupt.arm();
        }
        while self.alive >= load.single_rows().max(1) {
            self.receive();
        }
        self.started += 1;
        let (sender, its_share) = (self.sender.clone(), share.clone());
        let thread = Builder::new().name(format!("write {}", load.table.name));
        let spawned = thread
            .stack_size(load.stack)
            .spawn_scoped(self.scope, move || {
                // The receiver lives until the last writer is done.
                let _ = sender.send(complete(load, its_share));
            });
        if spawned.is_ok() {
            self.alive += 1;
            load.threads.fetch_add(1, Ordering::Relaxed);
        } else {
            self.tally_in_order(complete(load, share));
        }
    }

    /// Waits until a thread has completed its share.
    fn receive(&mut self) {
        if let Ok(completion) = self.completions.recv() {
            self.alive -= 1;
            self.tally_in_order(completion);
        }
    }

    /// Tallies a share once all shares before it are complete.
    fn tally_in_order(&mut self, completion: Completion) {
        self.early.insert(completion.share.number, completion);
        while let Some(next) = self.early.remove(&(self.tallied + 1)) {
            self.tallied += 1;
            self.bytes -= next.share.bytes;
            self.tally(next);
        }
    }

    fn tally(&mut self, completion: Completion) {
        let Completion {
            share,
            others,
            track,
        } = completion;
        let Input { tally, rejects, .. } = &mut *self.input;
        let rows = &*share.rows;
        let rejected = rows.rejected_at(&share.range).iter();
        let mut not_inserted: Vec<_> = rejected.chain(&others).collect();
        not_inserted.sort_by_key(|(position, _)| *position);
        for (position, outcome) in not_inserted {
            let record = rows.record(*position);
            if let Outcome::Skipped(reasons) | Outcome::Failed(reasons) = outcome
                && let Some(rejects) = rejects
            {
                rejects.write(record, Reasons(reasons));
            }
            tally.count(record, rows.id(*position), outcome);
        }
        tally.insert(rows, share.accepted(), &others);
        if let (Some(timeline), Target::Database { .. }) = (&mut tally.timeline, &self.load.target)
        {
            timeline.extend(track);
        }
        (self.load.records).store(tally.records(), Ordering::Relaxed);
    }
}

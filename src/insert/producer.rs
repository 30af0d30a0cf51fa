//! The reader thread of a table: it reads and checks records, hands the accepted ones to writer threads, and tallies the
//! outcomes in the order of the file.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, Scope, scope};

use super::ledger::Gaps;
use super::reject_limit::RejectLimit;
use super::table_load::{EndOfInput, TableLoad, Target};
use super::writer::{Completion, Share, complete};
use crate::csv::{self, Rejects};
use crate::database::Problem;
use crate::report::{Misread, Tally};
use crate::row::{Batch, Cell, Keys, Outcome, OwnedValue, Reason, Reasons, Rows};
use crate::rules::{Existence, Found, Parents, Rules, UsedKeys};

/// A batch is full at this many rows. Except for the first rows of a table, it is written as one share.
pub const BATCH_ROWS: usize = 32 * 1024;

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
    /// How many records of all tables may be rejected.
    pub reject_limit: Arc<RejectLimit>,
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
            started_shares: 0,
            previous_written: None,
            active_threads: 0,
            bytes: 0,
            handed_over: 0,
            tallied: 0,
            reorder_buffer: BTreeMap::new(),
            undecided: false,
        };
        let end = catch_unwind(AssertUnwindSafe(|| producer.produce()));
        // After a panic without ids: the ledger may not know all of them, and rows would count as stored.
        let end = end.unwrap_or_else(|_| EndOfInput::failed("the thread that read it panicked"));
        let _ = load.end.set(end);
        while producer.active_threads > 0 {
            producer.receive();
        }
        producer.input.remarks = producer.reader.remarks();
        let (reader, tally) = (&producer.reader, &mut producer.input.tally);
        tally.seems_utf8 = reader.seems_utf8();
        if !reader.undecoded().is_empty() {
            tally.foreign = reader.undecoded().to_vec();
        }
        if producer.reader.has_padding() {
            producer.input.tally.misread.insert(Misread::Padding);
        }
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
    started_shares: usize,
    /// What is set once the share of many rows that was handed over last is written.
    previous_written: Option<Arc<OnceLock<()>>>,
    /// How many shares are with writer threads.
    active_threads: usize,
    /// How many bytes the batches take that are not tallied yet.
    bytes: usize,
    /// The number of the share that was handed over last.
    handed_over: u64,
    /// The number of the share that was tallied last.
    tallied: u64,
    /// Complete shares that come after one that is not complete.
    reorder_buffer: BTreeMap<u64, Completion>,
    /// Whether rows failed because the rows they refer to could not be looked up.
    undecided: bool,
}

impl<'scope, 'env: 'scope> Producer<'scope, 'env> {
    fn produce(&mut self) -> EndOfInput {
        if let Err(problem) = self.note_stored() {
            let (file, why) = (
                self.load.table.database(),
                self.load.reader().explain(&problem),
            );
            return EndOfInput::failed(format!("{file} {why}"));
        }
        let mut ahead = self.read_ahead();
        self.load.parents().for_each(|parent| _ = parent.end.wait());
        let mut interrupted = false;
        loop {
            // One share may wait for its turn while another is written, however large they are.
            while self.handed_over > self.tallied + 1 && self.bytes > self.load.budget.bytes {
                self.receive();
            }
            let batch = match ahead.pop_front() {
                Some(batch) => batch,
                None if self.end.is_none() => self.read(self.next_batch_rows()),
                None => break,
            };
            // The interrupt may have come while the batch was read.
            interrupted = self.load.interrupt.is_set() && (self.end.is_none() || batch.len() > 0);
            if interrupted {
                break;
            }
            match self.input.rules.check_batch(batch, &ParentLoads(self.load)) {
                Ok(rows) => self.hand_over_all(rows),
                Err(error) => return EndOfInput::failed(cannot_evaluate(&error)),
            }
        }
        let error = self.end.take().and_then(Result::err);
        if !interrupted {
            let waiting = (self.input.rules)
                .check_waiting(&ParentLoads(self.load), error.is_none() && !self.undecided);
            match waiting {
                Ok(Some(rows)) => self.hand_over_all(rows),
                Ok(None) => {}
                Err(error) => return EndOfInput::failed(cannot_evaluate(&error)),
            }
        }
        EndOfInput {
            used: self.input.rules.take_used(),
            interrupted,
            error,
            records: self.records,
            undecided: self.undecided,
        }
    }

    /// Notes the unique values of stored rows.
    fn note_stored(&mut self) -> Result<(), Problem> {
        let rules = &mut self.input.rules;
        if let Some(columns) = rules.stored_columns() {
            let reader = self.load.reader();
            reader.scan_columns(&columns, |rows| rules.note_stored(rows))?;
        }
        if let Some(greatest) = rules.greatest_stored_id() {
            let _ = self.load.greatest_stored_id.set(greatest);
        }
        Ok(())
    }

    /// Reads while the ids of the referenced tables are not all known.
    fn read_ahead(&mut self) -> VecDeque<Batch> {
        let mut ahead = VecDeque::new();
        let mut bytes = 0;
        while self.end.is_none()
            && bytes < self.load.budget.bytes
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
    fn next_batch_rows(&self) -> usize {
        if self.records < self.load.single_row_threads() {
            1
        } else {
            BATCH_ROWS
        }
    }

    /// Reads a batch of at most this many rows.
    fn read(&mut self, rows: usize) -> Batch {
        let mut batch = Batch::new(self.reader.header());
        let budget = &self.load.budget;
        // How many bytes a row takes once it is typed.
        let typed = self.load.table.columns.len() * size_of::<Cell>();
        while self.end.is_none()
            && batch.len() < rows
            && batch.size() < budget.batch
            && batch.size() + batch.len() * typed < budget.bytes
            && !self.load.interrupt.is_set()
        {
            self.end = match self.reader.read(&mut batch) {
                Ok(true) => None,
                Ok(false) => Some(Ok(())),
                Err(error) => Some(Err(error)),
            };
        }
        self.reader.inspect(&batch);
        if let Some(bytes) = &self.reader.bytes_read {
            (self.load.bytes_read).store(bytes.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.records += batch.len();
        batch
    }

    /// Gives the accepted rows of a batch to threads: one each to the first threads of the table, and the rest to one
    /// thread. Records that were not accepted go with the row after them, the last ones with the last row. Rows that
    /// waited for each other are written together.
    fn hand_over_all(&mut self, rows: Rows) {
        let load = self.load;
        let bytes = rows.size();
        self.bytes += bytes;
        let all = rows.positions();
        let mut rejected = rows.rejected_at(&all).iter();
        self.undecided |= rejected.any(|(_, outcome)| matches!(outcome, Outcome::Failed(_)));
        let rows = Arc::new(rows);
        let mut start = all.start;
        while start < all.end {
            let end = match rows.accepted_at(&(start..all.end)) {
                [first, _, ..]
                    if !rows.together && self.started_shares < load.single_row_threads() =>
                {
                    first + 1
                }
                _ => all.end,
            };
            self.hand_over(Share {
                number: 0,
                rows: Arc::clone(&rows),
                range: start..end,
                bytes: if end == all.end { bytes } else { 0 },
                written: Arc::default(),
                previous: None,
            });
            start = end;
        }
    }

    /// Starts the thread that writes a share, once not too many of the table's threads are alive. Where the system
    /// allows no more threads, this one writes it.
    fn hand_over(&mut self, mut share: Share) {
        let load = self.load;
        share.number = load.ledger.register(share.row_numbers());
        self.handed_over = share.number;
        if share.accepted().is_empty() {
            load.ledger.resolve(share.number, Gaps::default());
            let (not_inserted, rowids, track) = (Vec::new(), Vec::new(), None);
            return self.tally_in_order(Completion {
                share,
                not_inserted,
                rowids,
                track,
            });
        }
        if let Target::Database { .. } = load.target {
            // From the first row on, transactions end before a signal ends the process.
            load.interrupt.arm();
        }
        while self.active_threads >= load.max_threads() {
            self.receive();
        }
        self.started_shares += 1;
        if share.accepted().len() > 1 {
            share.previous = self.previous_written.replace(Arc::clone(&share.written));
        }
        let (sender, its_share) = (self.sender.clone(), share.clone());
        let thread = Builder::new().name(format!("write {}", load.table.name));
        let spawned = thread
            .stack_size(load.stack)
            .spawn_scoped(self.scope, move || {
                // The receiver lives until the last writer is done.
                let _ = sender.send(complete(load, its_share));
            });
        if spawned.is_ok() {
            self.active_threads += 1;
            load.threads.fetch_add(1, Ordering::Relaxed);
        } else {
            self.tally_in_order(complete(load, share));
        }
    }

    /// Waits until a thread has completed its share.
    fn receive(&mut self) {
        if let Ok(completion) = self.completions.recv() {
            self.active_threads -= 1;
            self.tally_in_order(completion);
        }
    }

    /// Tallies a share once all shares before it are complete.
    fn tally_in_order(&mut self, completion: Completion) {
        self.reorder_buffer
            .insert(completion.share.number, completion);
        while let Some(next) = self.reorder_buffer.remove(&(self.tallied + 1)) {
            self.tallied += 1;
            self.bytes -= next.share.bytes;
            self.tally(next);
        }
    }

    fn tally(&mut self, completion: Completion) {
        let Completion {
            share,
            not_inserted,
            rowids,
            track,
        } = completion;
        let Input {
            tally,
            rejects,
            reject_limit,
            ..
        } = &mut *self.input;
        let rejected_before = tally.rejected();
        let rows = &*share.rows;
        let rejected = rows.rejected_at(&share.range).iter();
        let mut others: Vec<_> = rejected.chain(&not_inserted).collect();
        others.sort_by_key(|(position, _)| *position);
        for (position, outcome) in others {
            if let Outcome::Skipped(reasons) | Outcome::Failed(reasons) = outcome
                && let Some(rejects) = rejects
            {
                let named = |columns: &[usize]| rows.named(columns, *position);
                rejects.write(rows.record(*position), Reasons(reasons, &named));
            }
            tally.count(rows, *position, outcome);
        }
        tally.insert(rows, share.accepted(), &not_inserted, &rowids);
        reject_limit.add(tally.rejected() - rejected_before);
        if let (Some(track), Target::Database { .. }) = (track, &self.load.target) {
            tally.record(track);
        }
        (self.load.records).store(tally.records(), Ordering::Relaxed);
    }
}

/// The loads of the tables that a table refers to.
struct ParentLoads<'a>(&'a TableLoad);

impl Parents for ParentLoads<'_> {
    fn find(&self, reference: usize, keys: &Keys) -> Found {
        let parent = self.0.parent(reference);
        let index = self.0.table.references[reference].key;
        // For references within the table, the rules know which rows were accepted.
        let end = (parent.table != self.0.table).then(|| parent.end.wait());
        let used = end.map_or(&[][..], |end| &end.used);
        let found = UsedKeys::find_in(used, index, keys).into_iter();
        let found = found.map(|number| number.map_or(Existence::Missing, Existence::Accepted));
        let mut found: Vec<_> = found.collect();
        let is_missing = |position: &usize| matches!(found[*position], Existence::Missing);
        let others = (0..keys.len()).filter(is_missing);
        let stored = parent.stored(index, others.filter_map(|other| keys.get(other)).collect());
        let is_one_of = |id: u64| end.is_none_or(|end| id <= end.records as u64);
        let is_complete = end.is_none_or(|end| end.error.is_none() && !end.undecided);
        for (position, existence) in found.iter_mut().enumerate() {
            if let Existence::Missing = existence
                && let Some(key) = keys.get(position)
            {
                *existence = match &stored {
                    Ok(stored) if stored.binary_search(&key).is_ok() => Existence::Stored,
                    _ if parent
                        .distance_beyond_stored_ids(index, key)
                        .is_some_and(is_one_of) =>
                    {
                        Existence::MadeUp
                    }
                    Ok(_) if is_complete => Existence::Missing,
                    Ok(_) => Existence::Unread,
                    Err(_) => Existence::Unknown,
                };
            }
        }
        Found {
            rows: found,
            unknown: stored.err(),
        }
    }

    fn kept(
        &self,
        columns: &[usize],
        keys: &[Box<[OwnedValue]>],
    ) -> Result<Vec<Option<Box<[OwnedValue]>>>, Reason> {
        let values = self.0.reader().values(columns, keys);
        values.map_err(|problem| self.0.unusable(&problem))
    }
}

fn cannot_evaluate(error: &rusqlite::Error) -> String {
    format!("its rules could not be evaluated: {error}")
}

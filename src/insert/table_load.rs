//! What the threads that load one table share, with each other and with the loads of tables that refer to it.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, OnceLock};

use super::fair_lock::FairLock;
use super::ledger::Ledger;
use crate::database::{Database, Problem, Reader};
use crate::platform::Interrupt;
use crate::row::{Key, Outcome, Reason, Rows};
use crate::rules::UsedKeys;
use crate::schema::Table;
use crate::sync::Mutex;

/// The stack of a thread that only looks up rows, in bytes: one for each table.
const DRY_RUN_STACK: usize = 2 << 20;

/// The load of one table.
#[derive(Debug)]
pub struct TableLoad {
    /// The table.
    pub table: &'static Table,
    /// Where its rows go.
    pub target: Target,
    /// How many bytes of its file have been read.
    pub bytes_read: AtomicU64,
    /// How many records have an outcome.
    pub records: AtomicU64,
    /// How many writer threads have been spawned.
    pub threads: AtomicUsize,
    /// The greatest id before the load, set before the first row is checked if SQLite assigns the ids of the rows.
    pub greatest_stored_id: OnceLock<i64>,
    /// Set once no more rows of this table will be accepted.
    pub end: OnceLock<EndOfInput>,
    /// For each reference the load of the table it refers to; `None` for this table itself.
    parents: Vec<Option<Arc<TableLoad>>>,
    /// What it may take at one time.
    pub budget: Budget,
    /// The stack of its writer threads, in bytes.
    pub(super) stack: usize,
    /// Lets one thread at a time write to the database file.
    pub(super) write_lock: Arc<FairLock>,
    /// The rows that are being written.
    pub(super) ledger: Ledger,
    /// In a dry run, the rows whose values would not all be stored, by their numbers.
    pub(super) absent: Mutex<HashMap<i64, Absent>>,
    pub(super) interrupt: Arc<Interrupt>,
}

/// What the load of one table may take at one time, so that all of them together take no more than one computer has.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// A batch is full at this many bytes with its typed rows. The next one is not read while the shares in flight take
    /// more, unless there is only one.
    pub bytes: usize,
    /// A batch is full at this many bytes of text.
    pub batch: usize,
    /// The most writer threads of all tables together.
    pub threads: usize,
    tables: usize,
}

impl Budget {
    /// The budget of each table if this many are loaded. Besides its rows, a table takes memory for its connections; and
    /// there may be twice as many rows as are counted, while they are read and while they get their outcomes.
    pub fn for_one_of(tables: usize) -> Budget {
        const ALL: usize = 42 << 20;
        const CONNECTIONS: usize = 3 << 20;
        let rows = (ALL / tables).saturating_sub(CONNECTIONS);
        let bytes = (rows / 2).clamp(3 << 18, 6 << 20);
        Budget {
            bytes,
            batch: bytes * 2 / 3,
            threads: 256,
            tables,
        }
    }
}

/// Which values of a row would not be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// All of them.
    All,
    /// All but its primary key, which another row has.
    AllButPrimaryKey,
}

/// Where the rows of a table go.
#[derive(Debug)]
pub enum Target {
    /// Into its database.
    Database {
        /// The database.
        database: Arc<Database>,
        /// How many writer threads may be alive at one time.
        threads: usize,
    },
    /// Nowhere: rows are only compared with what is stored.
    DryRun(Box<Reader>),
}

/// What is known once no more rows of a table will be accepted. Some may still be waiting to be written.
#[derive(Debug, Default)]
pub struct EndOfInput {
    /// The keys of the accepted rows, by the indexes of the table's keys. The ledger knows all of the rows.
    pub used: Vec<UsedKeys>,
    /// Whether an interrupt left records unread.
    pub interrupted: bool,
    /// Why reading stopped before the end of the file.
    pub error: Option<io::Error>,
    /// How many records were read.
    pub records: usize,
    /// Whether rows that are not among the accepted ones failed: it could not be looked up what they refer to.
    pub undecided: bool,
}

impl EndOfInput {
    /// The end of a file that could not be read, and why.
    pub fn failed(why: impl Into<String>) -> EndOfInput {
        EndOfInput {
            error: Some(io::Error::other(why.into())),
            ..EndOfInput::default()
        }
    }

    /// Whether the file was read to its end.
    pub fn is_complete(&self) -> bool {
        !self.interrupted && self.error.is_none()
    }
}

impl TableLoad {
    /// A load that has not begun. `earlier` holds the loads of the tables before this one.
    pub fn new(
        table: &'static Table,
        target: Target,
        earlier: &[Arc<TableLoad>],
        interrupt: Arc<Interrupt>,
    ) -> TableLoad {
        let parents = table.references.iter().map(|reference| {
            let load = earlier
                .iter()
                .find(|load| load.table.name == reference.parent)?;
            Some(Arc::clone(load))
        });
        let mut same_file = earlier
            .iter()
            .filter(|load| load.table.file() == table.file());
        let write_lock = same_file.next().map(|load| Arc::clone(&load.write_lock));
        let stack = match &target {
            Target::Database { database, .. } => database.stack(),
            Target::DryRun(_) => DRY_RUN_STACK,
        };
        TableLoad {
            table,
            target,
            stack,
            bytes_read: AtomicU64::new(0),
            records: AtomicU64::new(0),
            threads: AtomicUsize::new(0),
            greatest_stored_id: OnceLock::new(),
            end: OnceLock::new(),
            parents: parents.collect(),
            budget: Budget::for_one_of(1),
            write_lock: write_lock.unwrap_or_default(),
            ledger: Ledger::default(),
            absent: Mutex::default(),
            interrupt,
        }
    }

    /// The connection that looks up rows of the table.
    pub fn reader(&self) -> &Reader {
        match &self.target {
            Target::Database { database, .. } => database.reader(self.table),
            Target::DryRun(reader) => reader,
        }
    }

    /// Whether the file was read to its end and all of its records have an outcome.
    pub fn is_done(&self) -> bool {
        self.end.get().is_some_and(EndOfInput::is_complete) && self.ledger.is_resolved()
    }

    /// Whether an interrupt kept records from being read, or rows from being written.
    pub fn was_interrupted(&self) -> bool {
        self.end.get().is_some_and(|end| end.interrupted) || self.reader().gave_up_waiting()
    }

    /// The referenced tables whose accepted ids are not all known yet.
    pub fn waits_for(&self) -> impl Iterator<Item = &'static Table> {
        let unfinished = self.parents().filter(|parent| parent.end.get().is_none());
        unfinished.map(|parent| parent.table)
    }

    /// How many rows get a thread each.
    pub(super) fn single_row_threads(&self) -> usize {
        match self.target {
            Target::Database { threads, .. } => threads,
            Target::DryRun(_) => 0,
        }
    }

    /// The load of the table that one of the references, given its index, refers to.
    pub(super) fn parent(&self, reference: usize) -> &TableLoad {
        self.parents[reference].as_deref().unwrap_or(self)
    }

    /// The loads of the other tables that this one refers to, one for each reference.
    pub(super) fn parents(&self) -> impl Iterator<Item = &TableLoad> {
        self.parents.iter().flatten().map(Arc::as_ref)
    }

    /// How many writer threads may be alive.
    pub(super) fn max_threads(&self) -> usize {
        let single = self.single_row_threads();
        let part = self.budget.threads.max(single) / self.budget.tables;
        single.min(part).max(1)
    }

    /// Which of these values of one of the table's keys, given its index, are stored, and on disk, sorted.
    ///
    /// # Errors
    ///
    /// The reason for rows that refer to this table if it cannot be read.
    pub(super) fn stored<'k>(
        &self,
        key: usize,
        mut keys: Vec<Key<'k>>,
    ) -> Result<Vec<Key<'k>>, Reason> {
        keys.retain(|value| self.distance_beyond_stored_ids(key, *value).is_none());
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            return Ok(keys);
        }
        let stored = match &self.target {
            Target::Database { database, .. } => database.stored(self.table, key, &keys),
            Target::DryRun(reader) => reader.stored(key, &keys),
        };
        let stored = stored.map_err(|problem| self.unusable(&problem))?;
        let keys = keys.into_iter().zip(stored);
        Ok(keys
            .filter_map(|(key, is_stored)| is_stored.then_some(key))
            .collect())
    }

    /// How far a value of the key at `index` lies beyond the greatest id before the load, if ids are assigned during
    /// the run. No row in a file can refer to such an id, because it depends on thread timing which row gets it.
    pub(super) fn distance_beyond_stored_ids(&self, index: usize, key: Key) -> Option<u64> {
        let greatest = *self.greatest_stored_id.get()?;
        let is_id = self.table.rowid_key() == Some(self.table.keys[index].columns[0]);
        let id = key.integer().filter(|id| is_id && *id > greatest)?;
        Some(id.abs_diff(greatest))
    }

    /// What is stored, and on disk, under the ids of the rows at these positions.
    pub(super) fn compare(
        &self,
        rows: &Rows,
        positions: &[u32],
    ) -> Result<Vec<(u32, Outcome)>, Problem> {
        match &self.target {
            Target::Database { database, .. } => database.compare(rows, positions),
            Target::DryRun(reader) => reader.compare(rows, positions),
        }
    }

    /// The reason for a row's failure if its database has a problem.
    pub(super) fn unusable(&self, problem: &Problem) -> Reason {
        match problem {
            Problem::Locked(seconds) => Reason::Locked {
                table: self.table,
                seconds: *seconds,
            },
            _ => {
                let why = self.reader().explain(problem);
                Reason::failure(format!("{} {why}", self.table.database()))
            }
        }
    }
}

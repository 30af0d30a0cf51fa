//! What the threads that load one table share, with each other and with the loads of tables that refer to it.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, OnceLock};

use super::fair_lock::FairLock;
use super::ledger::Ledger;
use crate::database::{Database, Problem, Reader};
use crate::platform::Interrupt;
use crate::row::{Outcome, Reason, Rows};
use crate::rules::IdSet;
use crate::schema::Table;

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
    pub position: AtomicU64,
    /// How many records have an outcome.
    pub records: AtomicU64,
    /// How many writer threads have been spawned.
    pub threads: AtomicUsize,
    /// Set once no more rows of this table will be accepted.
    pub end: OnceLock<EndOfInput>,
    /// Each column that refers to another table, with the load of that table.
    pub(super) parents: Vec<(usize, Arc<TableLoad>)>,
    /// The stack of its writer threads, in bytes.
    pub(super) stack: usize,
    /// Lets one thread at a time write to the database.
    pub(super) write_lock: FairLock,
    /// The rows that are being written.
    pub(super) ledger: Ledger,
    pub(super) interrupt: Arc<Interrupt>,
}

/// Where the rows of a table go.
#[derive(Debug)]
pub enum Target {
    /// Into its database.
    Database {
        /// The database.
        database: Box<Database>,
        /// How many writer threads may be alive at one time.
        threads: usize,
    },
    /// Nowhere: rows are only compared with what is stored.
    DryRun(Box<Reader>),
}

/// What is known once no more rows of a table will be accepted. Some may still be waiting to be written.
#[derive(Debug, Default)]
pub struct EndOfInput {
    /// The ids of the accepted rows. The ledger knows all of them.
    pub ids: IdSet,
    /// Whether an interrupt left records unread.
    pub cut_short: bool,
    /// Why reading stopped before the end of the file.
    pub error: Option<io::Error>,
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
        !self.cut_short && self.error.is_none()
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
        let parents = table.references().filter_map(|(column, parent)| {
            let load = earlier.iter().find(|load| load.table == parent)?;
            Some((column, Arc::clone(load)))
        });
        let stack = match &target {
            Target::Database { database, .. } => database.stack(),
            Target::DryRun(_) => DRY_RUN_STACK,
        };
        TableLoad {
            table,
            target,
            stack,
            position: AtomicU64::new(0),
            records: AtomicU64::new(0),
            threads: AtomicUsize::new(0),
            end: OnceLock::new(),
            parents: parents.collect(),
            write_lock: FairLock::default(),
            ledger: Ledger::default(),
            interrupt,
        }
    }

    /// The connection that looks up rows of the table.
    pub fn reader(&self) -> &Reader {
        match &self.target {
            Target::Database { database, .. } => database.reader(),
            Target::DryRun(reader) => reader,
        }
    }

    /// Whether the file was read to its end and all of its records have an outcome.
    pub fn is_done(&self) -> bool {
        self.end.get().is_some_and(EndOfInput::is_complete) && self.ledger.is_resolved()
    }

    /// Whether an interrupt kept records from being read, or rows from being written.
    pub fn was_cut_short(&self) -> bool {
        self.end.get().is_some_and(|end| end.cut_short) || self.reader().gave_up_waiting()
    }

    /// The referenced tables whose accepted ids are not all known yet.
    pub fn waits_for(&self) -> impl Iterator<Item = &'static Table> {
        let parents = self.parents.iter().map(|(_, parent)| parent);
        let unfinished = parents.filter(|parent| parent.end.get().is_none());
        unfinished.map(|parent| parent.table)
    }

    /// How many rows get a thread each. As many threads may be alive.
    pub(super) fn single_rows(&self) -> usize {
        match self.target {
            Target::Database { threads, .. } => threads,
            Target::DryRun(_) => 0,
        }
    }

    /// Which of these ids are stored, and on disk, sorted.
    ///
    /// # Errors
    ///
    /// The reason for rows that refer to this table if it cannot be read.
    pub(super) fn stored(&self, mut ids: Vec<i64>) -> Result<Vec<i64>, Reason> {
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(ids);
        }
        let stored = match &self.target {
            Target::Database { database, .. } => database.stored(&ids),
            Target::DryRun(reader) => reader.stored(&ids),
        };
        stored.map_err(|problem| self.unusable(&problem))
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

    /// The reason of a row whose database has a problem.
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

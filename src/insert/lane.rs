//! Everything that belongs to the run of one table.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, OnceLock};

use super::ledger::Ledger;
use super::slots::Slots;
use super::turns::Turns;
use crate::csv::Rejects;
use crate::database::{Database, Problem, Reader};
use crate::platform::Interrupt;
use crate::row::{Outcome, Reason, Rows, Tally};
use crate::rules::{Frozen, Ids};
use crate::schema::Table;
use crate::sync::{Mutex, MutexGuard, lock};

/// The run of one table, shared by its feeder, its writers, and those of the tables that refer to it.
#[derive(Debug)]
pub struct Lane {
    /// The table.
    pub table: &'static Table,
    /// Where its rows are stored, or only looked up.
    pub store: Store,
    /// How many bytes of its file were read.
    pub position: AtomicU64,
    /// How many writer threads were spawned.
    pub spawned: AtomicUsize,
    /// The lanes that its rows refer to, each with the column that does.
    pub(super) parents: Vec<(usize, Arc<Lane>)>,
    /// Set once no more rows of this table will be accepted.
    pub fed: OnceLock<Fed>,
    /// Has its threads write one after another.
    pub(super) turns: Turns,
    /// Caps the threads that are alive.
    pub(super) alive: Slots,
    /// Caps the bytes of the rows that wait or are written.
    pub(super) bytes: Slots,
    /// Tells those who wait for its rows what became of these.
    pub(super) ledger: Ledger,
    pub(super) interrupt: Arc<Interrupt>,
    results: Mutex<Results>,
    /// Whether any row was stored before.
    had_rows: bool,
    /// Which of the rows that others refer to were stored before, as far as anybody asked.
    stored: Mutex<Result<Ids, Reason>>,
}

/// Where the rows of a table go.
#[derive(Debug)]
pub enum Store {
    /// Into its database.
    Write {
        /// The database.
        database: Database,
        /// How many writer threads may be alive at one time.
        threads: usize,
    },
    /// Nowhere: only what would become of them is found out.
    Rehearse(Reader),
}

/// What became of a table's records, and where those that were not stored are written.
#[derive(Debug)]
pub struct Results {
    /// What became of them.
    pub tally: Tally,
    /// Writes those that were not stored, if that was asked for.
    pub rejects: Option<Rejects>,
}

/// What is known of a table once no more of its rows will be accepted. They may still be waiting to be written.
#[derive(Debug, Default)]
pub struct Fed {
    /// The ids of its accepted rows. The ledger knows all of them.
    pub ids: Frozen,
    /// Whether an interrupt kept some records from being handed over.
    pub cut: bool,
    /// What made reading stop before the end of the file.
    pub error: Option<io::Error>,
}

impl Fed {
    /// Of a table whose file could not be read, for this reason.
    pub fn failed(why: impl Into<String>) -> Fed {
        Fed {
            error: Some(io::Error::other(why.into())),
            ..Fed::default()
        }
    }
}

impl Lane {
    /// A lane that nothing has gone through yet. `earlier` are those of the tables before this one.
    pub fn new(
        store: Store,
        results: Results,
        earlier: &[Arc<Lane>],
        interrupt: Arc<Interrupt>,
    ) -> Lane {
        let table = results.tally.table;
        let parents = table.references().filter_map(|(column, parent)| {
            let lane = earlier
                .iter()
                .find(|lane| std::ptr::eq(lane.table, parent))?;
            Some((column, Arc::clone(lane)))
        });
        // One that cannot be read is found out when somebody asks for its rows.
        let had_rows = store.reader().has_rows().unwrap_or(true);
        Lane {
            table,
            store,
            position: AtomicU64::new(0),
            spawned: AtomicUsize::new(0),
            parents: parents.collect(),
            fed: OnceLock::new(),
            turns: Turns::default(),
            alive: Slots::default(),
            bytes: Slots::default(),
            ledger: Ledger::default(),
            interrupt,
            results: Mutex::new(results),
            had_rows,
            stored: Mutex::new(Ok(Ids::default())),
        }
    }

    /// What became of the table's records so far.
    pub fn results(&self) -> MutexGuard<'_, Results> {
        lock(&self.results)
    }

    /// What the table's rows are looked up with.
    pub fn reader(&self) -> &Reader {
        self.store.reader()
    }

    /// Whether the rows that were handed over to threads so far all have an outcome.
    pub fn is_settled(&self) -> bool {
        self.ledger.is_settled()
    }

    /// The tables that this one's rows refer to and whose ids are not all known yet.
    pub fn waits_for(&self) -> impl Iterator<Item = &'static Table> {
        let parents = self.parents.iter().map(|(_, parent)| parent);
        let unfed = parents.filter(|parent| parent.fed.get().is_none());
        unfed.map(|parent| parent.table)
    }

    /// The lane of a table that this one's rows refer to.
    pub(super) fn parent(&self, table: &Table) -> Option<&Lane> {
        let mut parents = self.parents.iter();
        let (_, lane) = parents.find(|(_, parent)| std::ptr::eq(parent.table, table))?;
        Some(lane)
    }

    /// Finds out which of these rows were stored before, for [`Lane::exists`] to tell. Asking for many at once is
    /// quick. If the database cannot be read, it is not asked again.
    pub(super) fn look_up(&self, ids: impl Iterator<Item = i64>) {
        if !self.had_rows {
            return;
        }
        let accepted = &self.fed.wait().ids;
        let mut stored = lock(&self.stored);
        let Ok(known) = &mut *stored else { return };
        let mut unknown: Vec<_> = ids
            .filter(|id| !accepted.contains(*id) && !known.contains(*id))
            .collect();
        unknown.sort_unstable();
        unknown.dedup();
        match self.reader().stored(&unknown) {
            Ok(found) => found.into_iter().for_each(|id| known.insert(id, 0)),
            Err(problem) => *stored = Err(self.unusable(&problem)),
        }
    }

    /// Whether a row with this id was accepted, or was stored before and found by [`Lane::look_up`].
    ///
    /// # Errors
    ///
    /// The reason why that is not known.
    pub(super) fn exists(&self, id: i64) -> Result<bool, Reason> {
        let fed = self.fed.wait();
        if fed.ids.contains(id) {
            return Ok(true);
        }
        match &*lock(&self.stored) {
            Ok(known) if known.contains(id) => Ok(true),
            Ok(_) if fed.error.is_none() => Ok(false),
            Ok(_) => Err(Reason::not_inserted(self.table, id)),
            Err(reason) => Err(reason.clone()),
        }
    }

    /// The reason of a row whose database has a problem.
    pub(super) fn unusable(&self, problem: &Problem) -> Reason {
        let database = self.table.database();
        match problem {
            // How long this row waited is particular to it.
            Problem::Locked(_) => Reason::new(
                format!("{database} {problem}"),
                format!("{database} is locked by another process"),
            ),
            _ => Reason::same(format!("{database} {problem}")),
        }
    }

    /// Notes what became of the records at these places: those that were accepted and are not among `others`, which are
    /// in order, were inserted.
    pub(super) fn note(&self, rows: &Rows, places: &Range<u32>, others: &[(u32, Outcome)]) {
        let mut results = self.results();
        let rejected = rows.rejected_at(places).iter();
        let mut not_inserted: Vec<_> = rejected.chain(others).collect();
        not_inserted.sort_by_key(|(place, _)| *place);
        for (place, outcome) in not_inserted {
            let record = rows.record(*place);
            if let Outcome::Skipped(reasons) | Outcome::Failed(reasons) = outcome
                && let Some(rejects) = &mut results.rejects
            {
                rejects.write(record, &Reason::join(reasons));
            }
            results.tally.count(record, rows.id(*place), outcome);
        }
        let accepted = rows.accepted_at(places);
        results.tally.insert(rows, accepted, others);
    }
}

impl Store {
    /// How many rows get a thread each. As many threads may be alive, and one where there are none.
    pub(super) fn alone(&self) -> usize {
        match self {
            Store::Write { threads, .. } => *threads,
            Store::Rehearse(_) => 0,
        }
    }

    fn reader(&self) -> &Reader {
        match self {
            Store::Write { database, .. } => database.reader(),
            Store::Rehearse(reader) => reader,
        }
    }
}

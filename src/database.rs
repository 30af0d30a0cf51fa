//! One SQLite file with one table: open it, insert into it, read it back.

mod connect;
mod create;
mod inserter;
mod known;
mod read;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::schema::Table;
use crate::sync::{Mutex, lock};
use crate::validate::Row;
use connect::{Patience, Untouched, beside, connect, connect_to_read, find, path};
use create::{create_table, set_wal, verify};
use inserter::Inserter;
use known::Known;

pub use connect::Problem;
pub use create::{State, create, inspect};
pub use inserter::Fate;
pub use read::StoredRow;

/// A database that is open for the whole run.
#[derive(Debug)]
pub struct Database {
    /// The table that it holds.
    pub table: &'static Table,
    path: PathBuf,
    patience: Patience,
    /// Keeps the WAL alive between the connections of the writers, and reads.
    keeper: Mutex<Connection>,
    known: Mutex<Known>,
    /// What was assumed when it was opened to be read.
    assumed: Option<Untouched>,
}

impl Database {
    /// Opens the database of a table in a folder. `lock_timeout` is how long to wait for other processes, now and in all
    /// later calls together.
    ///
    /// # Errors
    ///
    /// If it does not exist, is no database, does not have the table just as declared, or cannot be written.
    pub fn open(
        table: &'static Table,
        folder: &Path,
        lock_timeout: Duration,
    ) -> Result<Database, Problem> {
        let path = find(table, folder)?.ok_or(Problem::Missing)?;
        let patience = Patience::new(lock_timeout);
        let keeper = connect(&path, OpenFlags::empty())?;
        if patience.retry(|| keeper.is_readonly("main"))? {
            return Err(Problem::ReadOnly);
        }
        verify(&keeper, table, &patience)?;
        Ok(Database::new(table, path, patience, keeper, None))
    }

    /// Opens the database of a table in a folder only to read it, and changes nothing.
    ///
    /// # Errors
    ///
    /// If it does not exist, is no database, does not have the table just as declared, or cannot be read.
    pub fn open_to_read(
        table: &'static Table,
        folder: &Path,
        lock_timeout: Duration,
    ) -> Result<Database, Problem> {
        let path = find(table, folder)?.ok_or(Problem::Missing)?;
        let patience = Patience::new(lock_timeout);
        let (keeper, assumed) = connect_to_read(&path)?;
        verify(&keeper, table, &patience)?;
        Ok(Database::new(table, path, patience, keeper, assumed))
    }

    /// The same, but a database or a table that is missing counts as empty.
    ///
    /// # Errors
    ///
    /// If it is no database, does not have the table just as declared, or cannot be read.
    pub fn open_to_rehearse(
        table: &'static Table,
        folder: &Path,
        lock_timeout: Duration,
    ) -> Result<Database, Problem> {
        match Database::open_to_read(table, folder, lock_timeout) {
            Err(Problem::Missing | Problem::NoTable(_)) => {
                let empty = Connection::open_in_memory()?;
                create_table(&empty, table)?;
                let patience = Patience::new(lock_timeout);
                Ok(Database::new(
                    table,
                    path(table, folder),
                    patience,
                    empty,
                    None,
                ))
            }
            opened => opened,
        }
    }

    fn new(
        table: &'static Table,
        path: PathBuf,
        patience: Patience,
        keeper: Connection,
        assumed: Option<Untouched>,
    ) -> Database {
        Database {
            table,
            path,
            patience,
            keeper: Mutex::new(keeper),
            known: Mutex::default(),
            assumed,
        }
    }

    /// Makes the database ready to be written: WAL journal, and durable what it holds already.
    ///
    /// A run that was killed between writing a commit and syncing it leaves rows that SQLite recovers and shows, but
    /// that a power cut can still take. An order that is hung on such a user would dangle after the power cut, and so
    /// nothing that is stored counts before this.
    ///
    /// # Errors
    ///
    /// If the database is locked or a disk fails.
    pub fn prepare(&self) -> Result<(), Problem> {
        let keeper = lock(&self.keeper);
        self.patience.retry(|| set_wal(&keeper))?;
        let complete = self.patience.retry(|| {
            keeper.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                let busy: i64 = row.get(0)?;
                let (log, done): (i64, i64) = (row.get(1)?, row.get(2)?);
                Ok(busy == 0 && log == done)
            })
        })?;
        if !complete {
            // Another process reads or checkpoints. What is not in the database yet is safe in the WAL once that and
            // its name are synced.
            File::open(beside(&self.path, "-wal"))?.sync_all()?;
            if let Some(folder) = self.path.parent() {
                File::open(folder)?.sync_all()?;
            }
        }
        Ok(())
    }

    /// Opens a connection to insert over. Have one at a time: others would wait by polling.
    ///
    /// # Errors
    ///
    /// If the database cannot be opened or is locked.
    pub fn writer(&self) -> Result<Writer<'_>, Problem> {
        let connection = connect(&self.path, OpenFlags::empty())?;
        let durable = "PRAGMA synchronous = FULL";
        self.patience.retry(|| connection.execute_batch(durable))?;
        Ok(Writer {
            database: self,
            connection,
        })
    }

    /// The fate that rows would have if they were inserted now.
    ///
    /// # Errors
    ///
    /// If what is stored cannot be read.
    pub fn rehearse<'r>(&self, rows: impl Iterator<Item = Row<'r>>) -> Result<Vec<Fate>, Problem> {
        let keeper = lock(&self.keeper);
        let inserter = Inserter::new(&keeper, self.table);
        let fates = rows.map(|row| Ok(inserter.compare(&row)?.unwrap_or(Fate::Inserted)));
        self.reading(&keeper, || fates.collect())
    }

    /// Whether another process may have written while this one read, in a way that makes what was read worthless.
    pub fn was_disturbed(&self) -> bool {
        (self.assumed.as_ref()).is_some_and(|untouched| !untouched.still_holds(&self.path))
    }
}

/// A connection to insert over.
#[derive(Debug)]
pub struct Writer<'a> {
    database: &'a Database,
    connection: Connection,
}

impl Writer<'_> {
    /// Inserts rows in one transaction, and returns the fate of each once the commit is on disk.
    ///
    /// # Errors
    ///
    /// Then none of the rows was inserted.
    pub fn insert<'r>(self, rows: impl Iterator<Item = Row<'r>>) -> Result<Vec<Fate>, Problem> {
        let Writer {
            database,
            connection,
        } = self;
        let begin = || connection.execute_batch("BEGIN IMMEDIATE");
        database.patience.retry(begin)?;
        // Where this returns early, closing the connection rolls back.
        let fates = Inserter::new(&connection, database.table).insert(rows)?;
        let committed = connection.execute_batch("COMMIT");
        if committed.is_err() {
            bury(&connection);
        }
        committed?;
        Ok(fates)
    }
}

/// Overwrites what a commit left in the WAL that was written but could not be synced.
///
/// This run does not see it, but should this be the last commit, and the WAL stay behind because a checkpoint fails
/// too, the next run would recover rows from it that were reported as failed. A commit that changes nothing takes its
/// place; it need not be synced to do so. Nobody can be helped where writing fails as well.
fn bury(connection: &Connection) {
    let _ = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .and_then(|version: i64| {
            connection.execute_batch(&format!(
                "PRAGMA synchronous = OFF; BEGIN IMMEDIATE; PRAGMA user_version = {version}; COMMIT"
            ))
        });
}

#[cfg(test)]
mod tests;

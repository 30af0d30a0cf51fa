//! One SQLite file with one table: open it, insert into it, read it back.

mod connect;
mod create;
mod inserter;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::lock::lock;
use crate::schema::Table;
use crate::validate::Row;
use connect::{Patience, beside, connect, connect_to_read, is_file};
use create::{create_table, set_wal, verify};
use inserter::Inserter;

pub use connect::{Problem, path};
pub use create::{State, create, inspect};
pub use inserter::Fate;

/// A database that is open for the whole run.
#[derive(Debug)]
pub struct Database {
    /// The table that it holds.
    pub table: &'static Table,
    path: PathBuf,
    patience: Patience,
    /// Keeps the WAL alive between the connections of the writers, and reads.
    keeper: Mutex<Connection>,
}

/// A stored row: for each column its value, and the value as SQLite prints it.
pub type StoredRow = Vec<(Stored, String)>;

impl Database {
    /// Opens the database of a table in a folder, and makes durable what it holds.
    ///
    /// # Errors
    ///
    /// If it does not exist, is no database, does not have the table just as declared, or cannot be written.
    /// `lock_timeout` is how long to wait for other processes, now and in all later calls together.
    pub fn open(
        table: &'static Table,
        folder: &Path,
        lock_timeout: Duration,
    ) -> Result<Database, Problem> {
        let path = path(table, folder);
        let patience = Patience::new(lock_timeout);
        if !is_file(&path)? {
            return Err(Problem::Missing);
        }
        let keeper = connect(&path, OpenFlags::empty())?;
        if patience.retry(|| keeper.is_readonly("main"))? {
            return Err(Problem::ReadOnly);
        }
        verify(&keeper, table, &patience)?;
        Ok(Database {
            table,
            path,
            patience,
            keeper: Mutex::new(keeper),
        })
    }

    /// Opens the database of a table in a folder only to read it, and changes nothing. A database or a table that is
    /// missing counts as empty.
    ///
    /// # Errors
    ///
    /// If it is no database, does not have the table just as declared, or cannot be read.
    pub fn open_to_read(
        table: &'static Table,
        folder: &Path,
        lock_timeout: Duration,
    ) -> Result<Database, Problem> {
        let path = path(table, folder);
        let keeper = match inspect(table, folder, lock_timeout)? {
            State::Ready => connect_to_read(&path)?,
            State::Uninitialized => {
                let empty = Connection::open_in_memory()?;
                create_table(&empty, table)?;
                empty
            }
        };
        Ok(Database {
            table,
            path,
            patience: Patience::new(lock_timeout),
            keeper: Mutex::new(keeper),
        })
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
            // Another process reads or checkpoints. What is not in the database yet is safe in the WAL once that is
            // synced.
            File::open(beside(&self.path, "-wal"))?.sync_all()?;
        }
        Ok(())
    }

    /// Inserts rows in one transaction over a connection of its own, and returns the fate of each once the commit is
    /// on disk. Call it from one thread at a time: others would wait by polling.
    ///
    /// # Errors
    ///
    /// Then none of the rows was inserted.
    pub fn insert(&self, rows: &[Row]) -> Result<Vec<Fate>, Problem> {
        let connection = connect(&self.path, OpenFlags::empty())?;
        for sql in ["PRAGMA synchronous = FULL", "BEGIN IMMEDIATE"] {
            self.patience.retry(|| connection.execute_batch(sql))?;
        }
        // Where this returns early, closing the connection rolls back.
        let fates = Inserter::new(&connection, self.table).insert(rows)?;
        connection.execute_batch("COMMIT")?;
        Ok(fates)
    }

    /// The fate that rows would have if they were inserted now.
    ///
    /// # Errors
    ///
    /// If what is stored cannot be read.
    pub fn rehearse(&self, rows: &[Row]) -> Result<Vec<Fate>, Problem> {
        let keeper = lock(&self.keeper);
        let inserter = Inserter::new(&keeper, self.table);
        let fates = rows
            .iter()
            .map(|row| Ok(inserter.compare(row)?.unwrap_or(Fate::Inserted)));
        self.patience.retry(|| keeper.execute_batch("BEGIN"))?;
        let fates = fates.collect();
        keeper.execute_batch("COMMIT")?;
        fates
    }

    /// Whether a row with this id is stored.
    ///
    /// # Errors
    ///
    /// If SQLite cannot tell.
    pub fn contains(&self, id: i64) -> Result<bool, Problem> {
        let keeper = lock(&self.keeper);
        let sql = format!("SELECT 1 FROM {} WHERE id = ?1", self.table.name);
        self.patience
            .retry(|| keeper.prepare_cached(&sql)?.exists([id]))
    }

    /// Calls `each` with the text in a column and the id of every row that has text there, in the order of the ids.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn texts(&self, column: &str, mut each: impl FnMut(&str, i64)) -> Result<(), Problem> {
        let keeper = lock(&self.keeper);
        let sql = format!("SELECT id, {column} FROM {} ORDER BY id", self.table.name);
        let mut statement = self.patience.retry(|| keeper.prepare(&sql))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let ValueRef::Text(bytes) = row.get_ref(1)?
                && let Ok(text) = str::from_utf8(bytes)
            {
                each(text, row.get(0)?);
            }
        }
        Ok(())
    }

    /// The row with an id as it is stored, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn read(&self, id: i64) -> Result<Option<StoredRow>, Problem> {
        let keeper = lock(&self.keeper);
        let names = self.table.columns.iter().map(|column| column.name);
        let printed: Vec<_> = names.map(|name| format!("CAST({name} AS TEXT)")).collect();
        let sql = format!(
            "SELECT {}, {} FROM {} WHERE id = ?1",
            self.table.column_names(),
            printed.join(", "),
            self.table.name
        );
        let width = self.table.columns.len();
        self.patience.retry(|| {
            let mut statement = keeper.prepare_cached(&sql)?;
            let read = statement.query_row([id], |row| {
                let cells = (0..width).map(|index| {
                    let printed = match row.get_ref(width + index)? {
                        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                        _ => String::new(),
                    };
                    Ok((row.get(index)?, printed))
                });
                cells.collect()
            });
            read.optional()
        })
    }
}

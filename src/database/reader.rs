//! Reading what a database holds.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};

use super::connect::{Untouched, connect_to_read};
use super::create::create_table;
use super::declaration::verify;
use super::lookup::{compare, look_up};
use super::patience::{Patience, Waiter};
use super::place::{cannot_open, find, path};
use super::problem::Problem;
use super::stored::StoredRow;
use crate::row::{Outcome, Rows};
use crate::schema::Table;
use crate::sync::{Mutex, lock};

/// One connection for the whole run, to look things up. Its fields are dropped in their order.
#[derive(Debug)]
pub struct Reader {
    /// The table that is read.
    pub table: &'static Table,
    /// The file, links followed.
    pub(super) path: PathBuf,
    pub(super) waiter: Waiter,
    pub(super) connection: Mutex<Connection>,
    /// The file itself. Closing it drops the locks that this process has on it, whatever they were taken through, so it
    /// is open from before the first connection until after the last.
    pub(super) file: Option<File>,
    /// What was assumed when it was opened.
    assumed: Option<Untouched>,
}

impl Reader {
    /// Opens the database of a table in a folder, and changes nothing.
    ///
    /// # Errors
    ///
    /// If it does not exist, is no database, does not have the table just as declared, or cannot be read.
    pub fn open(
        table: &'static Table,
        folder: &Path,
        patience: &Patience,
    ) -> Result<Reader, Problem> {
        let path = find(table, folder)?.ok_or(Problem::Missing)?;
        let file = File::open(&path).map_err(cannot_open)?;
        let (connection, assumed) = connect_to_read(&path, &file)?;
        let mut reader = Reader::new(table, path, patience, connection, Some(file));
        reader.assumed = assumed;
        reader.verify()?;
        Ok(reader)
    }

    /// The same, but a database or a table that is missing counts as empty.
    ///
    /// # Errors
    ///
    /// If it is no database, does not have the table just as declared, or cannot be read.
    pub fn open_or_empty(
        table: &'static Table,
        folder: &Path,
        patience: &Patience,
    ) -> Result<Reader, Problem> {
        match Reader::open(table, folder, patience) {
            Err(Problem::Missing | Problem::NoTable(_)) => {
                let empty = Connection::open_in_memory()?;
                create_table(&empty, table)?;
                let path = path(table, folder);
                Ok(Reader::new(table, path, patience, empty, None))
            }
            opened => opened,
        }
    }

    pub(super) fn new(
        table: &'static Table,
        path: PathBuf,
        patience: &Patience,
        connection: Connection,
        file: Option<File>,
    ) -> Reader {
        Reader {
            table,
            waiter: Waiter::new(path.clone(), patience.clone()),
            path,
            connection: Mutex::new(connection),
            file,
            assumed: None,
        }
    }

    pub(super) fn verify(&self) -> Result<(), Problem> {
        verify(&lock(&self.connection), self.table, &self.waiter)
    }

    /// Whether there is any row.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn has_rows(&self) -> Result<bool, Problem> {
        let connection = lock(&self.connection);
        let sql = format!("SELECT 1 FROM {}", self.table.name);
        self.waiter
            .retry(|| connection.prepare_cached(&sql)?.exists([]))
    }

    /// Which of these ids are stored, in their order. Fastest if they count up.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn stored(&self, ids: &[i64]) -> Result<Vec<i64>, Problem> {
        let mut stored = Vec::new();
        self.reading(|connection| {
            look_up(connection, self.table, "id", ids, |place, _| {
                stored.push(ids[place]);
                Ok(())
            })
        })?;
        Ok(stored)
    }

    /// What is stored already under the ids of the rows at these places: [`Outcome::Unchanged`], or
    /// [`Outcome::Skipped`] where it is another row. Places whose ids are not stored are left out. Fastest if the ids
    /// count up.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn compare(&self, rows: &Rows, places: &[u32]) -> Result<Vec<(u32, Outcome)>, Problem> {
        self.reading(|connection| compare(connection, rows, places))
    }

    /// Calls `each` with the row that has this id, and returns `false` if there is none.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn row(&self, id: i64, each: impl FnOnce(&StoredRow)) -> Result<bool, Problem> {
        let (names, table) = (self.table.column_names(), self.table.name);
        let sql = format!("SELECT {names} FROM {table} WHERE id = ?1");
        self.reading(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let read = statement.query_row([id], |row| {
                each(&StoredRow::new(row, connection));
                Ok(())
            });
            Ok(read.optional()?.is_some())
        })
    }

    /// Calls `each` with all stored rows in the order of their ids.
    ///
    /// # Errors
    ///
    /// If reading fails, and the first error of `each`.
    pub fn scan<E: From<Problem>>(
        &self,
        mut each: impl FnMut(&StoredRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let (names, table) = (self.table.column_names(), self.table.name);
        let sql = format!("SELECT {names} FROM {table} ORDER BY id");
        let mut failed = Ok(());
        self.reading(|connection| {
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while failed.is_ok()
                && let Some(row) = rows.next()?
            {
                failed = each(&StoredRow::new(row, connection));
            }
            Ok(())
        })?;
        failed
    }

    /// Calls `each` with the text in a column and the id of every row that has text there, in the order of the ids.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn texts(&self, column: &str, mut each: impl FnMut(&str, i64)) -> Result<(), Problem> {
        let sql = format!("SELECT id, {column} FROM {} ORDER BY id", self.table.name);
        self.reading(|connection| {
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if let ValueRef::Text(bytes) = row.get_ref(1)?
                    && let Ok(text) = str::from_utf8(bytes)
                {
                    each(text, row.get(0)?);
                }
            }
            Ok(())
        })
    }

    /// SQLite's own check of the table and its indexes, and of the file's list of tables and free pages. Other tables
    /// in the file are not looked at.
    ///
    /// # Errors
    ///
    /// If it finds something wrong, or if reading fails.
    pub fn check_integrity(&self) -> Result<(), Problem> {
        let connection = lock(&self.connection);
        for table in ["sqlite_schema", self.table.name] {
            let sql = format!("PRAGMA integrity_check({table})");
            let found: String = self
                .waiter
                .retry(|| connection.query_row(&sql, [], |row| row.get(0)))?;
            if found != "ok" {
                return Err(Problem::Corrupt(found));
            }
        }
        Ok(())
    }

    /// Reads from now on what is stored at this moment, whatever other processes write.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn hold_snapshot(&self) -> Result<(), Problem> {
        self.begin_to_read(&lock(&self.connection))
    }

    /// Whether another process may have written while this one read, in a way that makes what was read worthless.
    pub fn was_disturbed(&self) -> bool {
        (self.assumed.as_ref()).is_some_and(|untouched| !untouched.still_holds(&self.path))
    }

    /// Reads within one transaction. One that is open already is used, and stays open.
    fn reading<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Problem> {
        let connection = lock(&self.connection);
        if !connection.is_autocommit() {
            return Ok(read(&connection)?);
        }
        self.begin_to_read(&connection)?;
        let result = read(&connection);
        connection.execute_batch("COMMIT")?;
        Ok(result?)
    }

    /// Begins a transaction and reads in it, because before that it has no lock, and sees what is stored later.
    fn begin_to_read(&self, connection: &Connection) -> Result<(), Problem> {
        let sql = format!("BEGIN; SELECT 1 FROM {} LIMIT 1", self.table.name);
        self.waiter.retry(|| {
            let begun = connection.execute_batch(&sql);
            if begun.is_err() && !connection.is_autocommit() {
                connection.execute_batch("ROLLBACK")?;
            }
            begun
        })
    }
}

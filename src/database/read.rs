//! Reading what a database holds.

use std::sync::Arc;

use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Connection, OptionalExtension};

use super::{Database, Problem};
use crate::record::{Batch, Header};
use crate::sync::lock;
use crate::validate::Validator;

/// How many stored rows are handed over at once, and about how many bytes at most.
const RECORDS_AT_ONCE: usize = 4096;
const BYTES_AT_ONCE: usize = 1024 * 1024;

/// A stored row: for each column its value, and the value as SQLite prints it.
pub type StoredRow = Vec<(Stored, String)>;

impl Database {
    /// Whether a row with this id is stored.
    ///
    /// # Errors
    ///
    /// If SQLite cannot tell.
    pub fn contains(&self, id: i64) -> Result<bool, Problem> {
        let keeper = lock(&self.keeper);
        let mut known = lock(&self.known);
        self.patience
            .retry(|| known.contains(&keeper, self.table, id))
    }

    /// Calls `each` with the text in a column and the id of every row that has text there, in the order of the ids.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn texts(&self, column: &str, mut each: impl FnMut(&str, i64)) -> Result<(), Problem> {
        let keeper = lock(&self.keeper);
        let sql = format!("SELECT id, {column} FROM {} ORDER BY id", self.table.name);
        self.reading(&keeper, || {
            let mut statement = keeper.prepare(&sql)?;
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

    /// Tells a validator which texts that must be unique belong to stored rows: each to the one with the lowest id.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn own_texts(&self, validator: &mut Validator) -> Result<(), Problem> {
        for (index, column) in validator.unique_columns() {
            self.texts(column.name, |text, id| validator.own(index, text, id))?;
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

    /// Reads from now on what is stored at this moment, whatever other processes write.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn hold_snapshot(&self) -> Result<(), Problem> {
        self.begin_to_read(&lock(&self.keeper))
    }

    /// Reads within one transaction. One that is open already is used, and stays open.
    pub(super) fn reading<T>(
        &self,
        keeper: &Connection,
        read: impl FnOnce() -> rusqlite::Result<T>,
    ) -> Result<T, Problem> {
        if !keeper.is_autocommit() {
            return Ok(read()?);
        }
        self.begin_to_read(keeper)?;
        let result = read();
        keeper.execute_batch("COMMIT")?;
        Ok(result?)
    }

    /// Begins a transaction and reads in it, because before that it has no lock, and sees what is stored later.
    fn begin_to_read(&self, keeper: &Connection) -> Result<(), Problem> {
        let sql = format!("BEGIN; SELECT 1 FROM {} LIMIT 1", self.table.name);
        self.patience.retry(|| {
            let begun = keeper.execute_batch(&sql);
            if begun.is_err() && !keeper.is_autocommit() {
                keeper.execute_batch("ROLLBACK")?;
            }
            begun
        })
    }

    /// SQLite's own check of the file.
    ///
    /// # Errors
    ///
    /// If it finds something wrong, or if reading fails.
    pub fn check_integrity(&self) -> Result<(), Problem> {
        let keeper = lock(&self.keeper);
        let found: String = self
            .patience
            .retry(|| keeper.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)))?;
        match found.as_str() {
            "ok" => Ok(()),
            _ => Err(Problem::Corrupt(found)),
        }
    }

    /// Hands over all stored rows as records, as SQLite prints them (NULL as nothing), in the order of their ids.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn records(
        &self,
        mut each: impl FnMut(Batch) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let header = Arc::new(Header::of(self.table));
        let names = self.table.columns.iter().map(|column| column.name);
        let cells: Vec<_> = names
            .map(|name| format!("typeof({name}), CAST({name} AS TEXT)"))
            .collect();
        let sql = format!(
            "SELECT {} FROM {} ORDER BY id",
            cells.join(", "),
            self.table.name
        );
        let keeper = lock(&self.keeper);
        let mut statement = self.patience.retry(|| keeper.prepare(&sql))?;
        let mut rows = statement.query([])?;
        let mut batch = Batch::new(Arc::clone(&header));
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            text.clear();
            ends.clear();
            for column in 0..self.table.columns.len() {
                if row.get_ref(2 * column)? == ValueRef::Text(b"blob") {
                    batch.mark_blob(column);
                }
                if let ValueRef::Text(printed) = row.get_ref(2 * column + 1)? {
                    text.extend_from_slice(printed);
                }
                ends.push(text.len());
            }
            batch.push(0, &text, &ends);
            if batch.len() == RECORDS_AT_ONCE || batch.bytes() > BYTES_AT_ONCE {
                each(std::mem::replace(
                    &mut batch,
                    Batch::new(Arc::clone(&header)),
                ))?;
            }
        }
        each(batch)
    }
}

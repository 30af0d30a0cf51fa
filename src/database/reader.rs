//! Reading what a database holds.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, Params, params_from_iter};

use super::connect::{ConnectMode, ReadGuard, connect_to_read};
use super::create::{create_table, has_table};
use super::length::is_cut;
use super::location::{cannot_open, find};
use super::lock_timeout::{LockTimeout, Waiter};
use super::problem::Problem;
use super::stored::{StoredRow, StoredRows};
use super::writer::{conflict_clause, insert_statement};
use crate::row::{OwnedValue, RowId, Value};
use crate::schema::{Table, quoted};
use crate::sync::{Mutex, lock};

/// One connection for the whole run, to look things up. Everything that reads fails if the database cannot be read, or
/// if other processes keep it locked. The fields are dropped in their order.
#[derive(Debug)]
pub struct Reader {
    /// The table that is read.
    pub table: &'static Table,
    pub(super) waiter: Arc<Waiter>,
    pub(super) connection: Mutex<Connection>,
    /// The [`version`](super::lookup::version) that it saw last of which all is on disk.
    pub(super) durable: Mutex<i64>,
    /// The [conflict clause](conflict_clause) of statements that write to the table.
    pub(super) conflict: &'static str,
    /// How to make another such connection.
    mode: ConnectMode,
    /// What they need.
    guard: Arc<ReadGuard>,
    /// The file itself. Closing it drops the locks that this process has on it, whatever they were taken through, so it
    /// is open from before the first connection until after the last.
    pub(super) file: Option<Arc<File>>,
}

impl Reader {
    /// The columns of the table that foreign keys declared in its file refer to, each with the table that does. Those of
    /// a key that names no columns are those of the primary key.
    pub fn referring(&self) -> Result<Vec<(Option<String>, String)>, Problem> {
        let sql =
            "SELECT f.\"to\", s.name FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS f
                   WHERE s.type = 'table' AND f.\"table\" = ?1 COLLATE NOCASE ORDER BY s.rowid";
        self.reading(|connection| {
            let mut statement = connection.prepare(sql)?;
            let rows =
                statement.query_map([self.table.name], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
    }

    /// Opens the database of a table in a folder, and changes nothing.
    ///
    /// # Errors
    ///
    /// If it does not exist, is no database, does not have the table just as declared, or cannot be read.
    pub fn open(
        table: &'static Table,
        folder: &Path,
        lock_timeout: &LockTimeout,
    ) -> Result<Reader, Problem> {
        let path = find(table, folder)?.ok_or(Problem::Missing)?;
        let file = File::open(&path).map_err(cannot_open)?;
        let waiter = Waiter::to_read(path, lock_timeout.clone());
        let connected = connect_to_read(&waiter, &file)?;
        Reader::over(table, Some(file.into()), connected, waiter.into())
    }

    /// A reader of another table in the same file, with a connection of its own.
    ///
    /// # Errors
    ///
    /// If the table is not there just as declared, or if it cannot be read.
    pub fn of_another(&self, table: &'static Table) -> Result<Reader, Problem> {
        let connection = self.mode.connect(&self.waiter.path)?;
        let (guard, waiter) = (Arc::clone(&self.guard), Arc::clone(&self.waiter));
        Reader::with(
            table,
            self.file.clone(),
            (connection, self.mode, guard),
            waiter,
        )
    }

    /// The same, or given a reader of another table in the same file, [`of_another`](Reader::of_another). A database or
    /// a table that is missing counts as empty.
    pub fn open_or_empty(
        table: &'static Table,
        folder: &Path,
        other: Option<&Reader>,
        lock_timeout: &LockTimeout,
    ) -> Result<Reader, Problem> {
        let opened = match other {
            Some(other) => other.of_another(table),
            None => Reader::open(table, folder, lock_timeout),
        };
        match opened {
            Err(Problem::Missing | Problem::NoTable(_)) => {
                let empty = Connection::open_in_memory()?;
                create_table(&empty, table)?;
                let connected = (empty, ConnectMode::Write, ReadGuard::default());
                Reader::over(table, None, connected, Arc::default())
            }
            opened => opened,
        }
    }

    /// A reader over a file and what [`connect_to_read`] returns. Fails if the table is not there just as declared. The
    /// parameters are dropped in reverse order.
    pub(super) fn over(
        table: &'static Table,
        file: Option<Arc<File>>,
        (connection, mode, guard): (Connection, ConnectMode, ReadGuard),
        waiter: Arc<Waiter>,
    ) -> Result<Reader, Problem> {
        Reader::with(table, file, (connection, mode, guard.into()), waiter)
    }

    fn with(
        table: &'static Table,
        file: Option<Arc<File>>,
        (connection, mode, guard): (Connection, ConnectMode, Arc<ReadGuard>),
        waiter: Arc<Waiter>,
    ) -> Result<Reader, Problem> {
        if let Some(file) = &file {
            // While it is read, nobody but a checkpoint changes the length of the file.
            let transaction = connection.unchecked_transaction()?;
            let sql = "SELECT 1 FROM sqlite_schema LIMIT 1";
            let read = waiter.retry(|| transaction.execute_batch(sql));
            if !matches!(read, Err(Problem::Locked(_))) && is_cut(&waiter.path, file)? {
                let why = "it is shorter than its header says".to_string();
                return Err(Problem::Corrupt(why));
            }
            read?;
        }
        if !has_table(&connection, table, &waiter)? {
            return Err(Problem::NoTable(table.name));
        }
        let conflict = waiter.retry(|| conflict_clause(&connection, table))?;
        Ok(Reader {
            table,
            conflict,
            waiter,
            connection: Mutex::new(connection),
            durable: Mutex::default(),
            mode,
            guard,
            file,
        })
    }

    /// Makes sure that rows can be inserted. An index may need a collation or a function that only another program has.
    ///
    /// # Errors
    ///
    /// If that is so, or if the database cannot be read.
    pub fn accepts_rows(&self) -> Result<(), Problem> {
        let insert = insert_statement(self.table, self.conflict, None, 1, false);
        let connection = lock(&self.connection);
        self.waiter.retry(|| connection.prepare(&insert).map(drop))
    }

    /// Whether this reads a file of that name, and not an empty stand-in for one that is missing.
    pub fn is_of_file(&self, file: &Path) -> bool {
        self.file.is_some() && self.table.file() == file
    }

    /// The length in characters of the longest statement that declares something in the file.
    pub(super) fn longest_declaration(&self) -> Result<usize, Problem> {
        let sql = "SELECT ifnull(max(length(sql)), 0) FROM sqlite_schema";
        let read = |row: &rusqlite::Row| row.get::<_, u32>(0);
        let longest = self.reading(|connection| connection.query_row(sql, [], read))?;
        Ok(longest as usize)
    }

    /// Calls `each` with the row that this identifies, and returns `false` if there is none.
    pub fn row(&self, id: &RowId, each: impl FnMut(&StoredRow)) -> Result<bool, Problem> {
        let (names, table) = (self.table.column_list(), self.table.sql_name());
        let (condition, values): (_, Vec<_>) = match (id, self.table.primary_key()) {
            (RowId::Key(values), Some(key)) => {
                let columns = key.columns.iter().zip(key.collations);
                let equal = columns.map(|(column, collation)| {
                    let column = quoted(self.table.columns[*column].name);
                    format!("{column} = ?{}", collation.clause())
                });
                let values = values.iter().map(OwnedValue::get);
                (equal.collect::<Vec<_>>().join(" AND "), values.collect())
            }
            (RowId::Key(_), None) => return Ok(false),
            (RowId::Rowid(id), _) => {
                let values = vec![Value::Integer(*id)];
                (format!("{} = ?", self.rowid_name()), values)
            }
        };
        let sql = format!("SELECT {names} FROM {table} WHERE {condition}");
        self.select(&sql, params_from_iter(values), each)
            .map(|rows| rows > 0)
    }

    /// What SQLite's rowid is called here, or what stands for it in a table that has none.
    fn rowid_name(&self) -> &'static str {
        self.table.rowid_name().unwrap_or("0")
    }

    /// Calls `each` with all stored rows, many at a time, in the order of their keys. Stops at its first error.
    pub fn scan(
        &self,
        each: impl FnMut(&StoredRows) -> rusqlite::Result<()>,
    ) -> Result<(), Problem> {
        let all: Vec<_> = (0..self.table.columns.len()).collect();
        self.scan_columns(&all, each)
    }

    /// The same, but reads only these columns. The others appear as NULL.
    pub fn scan_columns(
        &self,
        columns: &[usize],
        mut each: impl FnMut(&StoredRows) -> rusqlite::Result<()>,
    ) -> Result<(), Problem> {
        let list = |columns: &[usize]| {
            let names = columns
                .iter()
                .map(|column| self.table.columns[*column].name);
            names.map(quoted).collect::<Vec<_>>().join(", ")
        };
        let (names, table, rowid) = (list(columns), self.table.sql_name(), self.rowid_name());
        let order = match self.table.primary_key() {
            Some(key) => list(key.columns),
            _ => rowid.to_string(),
        };
        let sql = format!("SELECT {rowid}, {names} FROM {table} ORDER BY {order}");
        self.reading(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([])?;
            let mut chunk = StoredRows::new(self.table, columns, connection);
            while let Some(row) = rows.next()? {
                chunk.push(row)?;
                if chunk.is_full() {
                    each(&chunk)?;
                    chunk.clear();
                }
            }
            each(&chunk)
        })
    }

    /// SQLite's own check of the table and its indexes, and of the file's list of tables and free pages. Other tables
    /// in the file are not looked at. What it finds wrong is [`Problem::Corrupt`].
    pub fn check_integrity(&self) -> Result<(), Problem> {
        for table in ["sqlite_schema", &self.table.sql_name()] {
            let sql = format!("PRAGMA integrity_check({table})");
            let read = |row: &rusqlite::Row| row.get::<_, String>(0);
            let found = self.reading(|connection| connection.query_row(&sql, [], read))?;
            if found != "ok" {
                return Err(Problem::Corrupt(found));
            }
        }
        Ok(())
    }

    /// Reads from now on what is stored at this moment, whatever other processes write.
    pub fn hold_snapshot(&self) -> Result<(), Problem> {
        lock(&self.connection).execute_batch("BEGIN")?;
        self.reading(|_| Ok(()))
    }

    /// A problem of the database as a sentence after its name, by its cause where the system tells that.
    pub fn explain(&self, problem: &Problem) -> String {
        match problem {
            Problem::CannotOpen(_) if !self.waiter.path.exists() => Problem::Replaced.to_string(),
            _ => problem.explain(&self.waiter.path),
        }
    }

    /// Whether an interrupt ended a wait for a lock, of this connection or of one that writes.
    pub fn gave_up_waiting(&self) -> bool {
        self.waiter.gave_up.load(Ordering::Relaxed)
    }

    /// Whether another process may have written while this one read, in a way that makes what was read worthless.
    pub fn was_disturbed(&self) -> bool {
        let path = &self.waiter.path;
        self.guard.was_disturbed(path)
    }

    /// Calls `each` with the rows that a statement selects, and returns how many these are.
    fn select(
        &self,
        sql: &str,
        parameters: impl Params,
        mut each: impl FnMut(&StoredRow),
    ) -> Result<usize, Problem> {
        self.reading(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(parameters)?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                each(&StoredRow { row, connection });
                count += 1;
            }
            Ok(count)
        })
    }

    /// Reads within one transaction. One that is open already is used, and stays open.
    pub(super) fn reading<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Problem> {
        let connection = lock(&self.connection);
        // Ends when it is dropped.
        let mut _transaction = None;
        if connection.is_autocommit() {
            _transaction = Some(connection.unchecked_transaction()?);
        }
        // Only by reading does a transaction get a lock, and see what is stored at that moment.
        let sql = format!("SELECT 1 FROM {} LIMIT 1", self.table.sql_name());
        (self.waiter).retry(|| connection.prepare_cached(&sql)?.exists([]))?;
        Ok(read(&connection)?)
    }
}

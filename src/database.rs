//! SQLite files: creating, reading and writing them. This module does not know what the rows mean.

mod cause;
mod connect;
mod create;
mod group_commit;
mod length;
mod location;
mod lock_timeout;
mod lookup;
mod problem;
mod reader;
mod statements;
mod stored;
mod wal;
mod writer;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, ffi};

use crate::platform;
use crate::schema::Table;
use crate::sync::{Mutex, lock};
use cause::require_room;
use connect::{ConnectMode, ReadGuard, connect};
use location::{beside, cannot_open, find};
use lock_timeout::{Synchronous, Waiter};
use lookup::version;
use wal::{journal_mode, keep_in_wal_mode, rewrite_log};

pub use create::{create, create_all, is_initialized};
pub use group_commit::GroupCommit;
pub use location::refuse_shared_files;
pub use lock_timeout::LockTimeout;
pub use problem::Problem;
pub use reader::Reader;
pub use statements::{encoding, statements};
pub use stored::StoredRow;
pub use writer::{Commit, Writer, Written};

/// Moves what is in the log into the file, as far as other processes that read allow it.
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// A database that is open for writing, for the whole run, and whose rows were durable when it was opened. The fields are
/// dropped in their order.
#[derive(Debug)]
pub struct Database {
    /// An idle connection, left by the last writer, for the next one to reuse.
    idle: Mutex<Option<Connection>>,
    /// The log, to sync it. It is the same file for the whole run.
    log: File,
    commits: GroupCommit,
    waiter: Arc<Waiter>,
    /// What reads its tables, one each; at least one.
    readers: Vec<Reader>,
    /// Which file it is.
    file: (u64, u64),
    stack: usize,
    /// The journal mode that it was in, if that was not WAL.
    pub previous_journal_mode: Option<String>,
}

impl Database {
    /// Opens the database of a table in a folder for [`Database::prepare`], and changes nothing yet.
    ///
    /// # Errors
    ///
    /// If it does not exist, is no database, does not have the table just as declared, or cannot be written.
    pub fn open(
        table: &'static Table,
        folder: &Path,
        lock_timeout: &LockTimeout,
    ) -> Result<Reader, Problem> {
        let path = find(table, folder)?.ok_or(Problem::Missing)?;
        let file = platform::open_to_sync(&path).map_err(cannot_open)?;
        require_room(&path)?;
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if connection.is_readonly("main")? {
            return Err(Problem::ReadOnly);
        }
        let waiter = Waiter::new(path, lock_timeout.clone());
        let connected = (connection, ConnectMode::Write, ReadGuard::default());
        Reader::over(table, Some(file.into()), connected, waiter.into())
    }

    /// The stack that a thread needs to write, in bytes.
    ///
    /// SQLite parses the whole schema of the file, and takes up to 800 bytes of stack for each level of the deepest
    /// expression there, twice that without optimizations. An expression has no more levels than characters, and at most
    /// 1,000 (<https://www.sqlite.org/limits.html#max_expr_depth>).
    pub fn stack(&self) -> usize {
        self.stack
    }

    fn stack_for(longest: usize) -> usize {
        const MIN: usize = 256 * 1024;
        const LEVELS: usize = 1_000;
        const LEVEL: usize = if cfg!(debug_assertions) { 2048 } else { 1024 };

        MIN + LEVEL * longest.min(LEVELS)
    }

    /// Moves what is in the log into the file, as far as that can be done now; closing does the rest. It has a
    /// connection of its own, so that lookups need not wait.
    pub fn checkpoint(&self) {
        if let Ok(Writer { connection, .. }) = self.writer(true) {
            self.checkpoint_over(&connection);
        }
    }

    /// The same, over this connection.
    fn checkpoint_over(&self, connection: &Connection) {
        (self.commits).checkpoint(|| match connection.execute_batch(CHECKPOINT) {
            Err(error) if is_failed_sync(&error) => Err(io::Error::other(error)),
            // What could not be moved stays in the log.
            _ => Ok(()),
        });
    }

    /// Returns once the commit with this number is on disk.
    fn sync(&self, commit: u64) -> Result<(), Problem> {
        let synced = self.commits.sync(commit, || self.log.sync_data());
        synced.map_err(Problem::NotDurable)
    }

    /// Returns once all that a reader saw at this version is on disk. Other processes may have written it, or threads of
    /// this one that wait for the disk as well.
    fn sync_version(&self, reader: &Reader, version: i64) -> Result<(), Problem> {
        if *lock(&reader.durable) < version {
            self.sync(self.commits.committed())?;
            let mut durable = lock(&reader.durable);
            *durable = version.max(*durable);
        }
        Ok(())
    }

    /// Whether all that is committed is known to be on disk.
    fn is_durable(&self) -> bool {
        let reader = &self.readers[0];
        let version = version(&lock(&reader.connection));
        version.is_ok_and(|version| version <= *lock(&reader.durable))
    }

    /// What reads a table, which is one of those of the database.
    pub fn reader(&self, table: &Table) -> &Reader {
        let mut readers = self.readers.iter();
        let reader = readers.find(|reader| reader.table == table);
        reader.unwrap_or(&self.readers[0])
    }

    /// Connects to insert rows. Have one writer at a time: others would wait by polling. With `reuse_connection`, it
    /// takes the connection of an earlier writer, if there is one, and leaves it to a later one. A new connection has to
    /// parse the schema of the whole file.
    ///
    /// # Errors
    ///
    /// If it cannot be opened, if there is another file in its place (orders there would refer to users elsewhere), or if
    /// a sync has failed.
    pub fn writer(&self, reuse_connection: bool) -> Result<Writer<'_>, Problem> {
        if let Some(failure) = self.commits.failure() {
            return Err(Problem::NotDurable(failure));
        }
        let path = &self.waiter.path;
        let kept = reuse_connection.then(|| lock(&self.idle).take()).flatten();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?,
        };
        if platform::identity(path).map_err(cannot_open)?.file != self.file {
            return Err(Problem::Replaced);
        }
        Ok(Writer {
            database: self,
            connection,
            reuse_connection,
        })
    }
}

impl Database {
    /// Prepares a database that [`Database::open`] opened for writing, given the readers of its tables (at least one):
    /// switches it to WAL mode, and makes durable what it already holds.
    ///
    /// A run that was killed between writing a commit and syncing it leaves rows that SQLite recovers and shows, but
    /// that a power cut can still take. So do programs that do not sync, and copies made a moment ago. An order that
    /// refers to such a user would dangle after the power cut, and so nothing that is stored counts before this.
    ///
    /// What had to be recovered was recovered when the database was opened. The log is written again, in case a sync of
    /// it failed before that run was killed. A checkpoint syncs only what it moves, which may be nothing, and the
    /// switch to WAL deletes the rollback journal without syncing the folder. So everything is synced here: the log,
    /// then the file, into which others may move the log meanwhile, and the names of both.
    ///
    /// # Errors
    ///
    /// If the database is locked, cannot be in WAL mode, or a disk fails.
    pub fn prepare(readers: Vec<Reader>) -> Result<Database, Problem> {
        let waiter = Arc::clone(&readers[0].waiter);
        let path = &waiter.path;
        let previous_journal_mode = waiter.retry(|| journal_mode(&lock(&readers[0].connection)))?;
        for reader in &readers {
            // Each of them holds the lock that prevents another switch.
            keep_in_wal_mode(&lock(&reader.connection), &waiter)?;
        }
        rewrite_what_a_killed_run_left(&lock(&readers[0].connection), path)?;
        waiter.retry(|| lock(&readers[0].connection).execute_batch(CHECKPOINT))?;
        for reader in &readers {
            *lock(&reader.durable) = version(&lock(&reader.connection))?;
        }
        let log = platform::open_to_sync(&beside(path, "-wal")).map_err(cannot_open)?;
        log.sync_all()?;
        if let Some(file) = &readers[0].file {
            file.sync_all()?;
        }
        if let Some(folder) = path.parent() {
            platform::sync_folder(folder)?;
        }
        let file = platform::identity(path)?.file;
        let longest = readers[0].longest_declaration().unwrap_or(usize::MAX);
        Ok(Database {
            idle: Mutex::default(),
            log,
            commits: GroupCommit::default(),
            waiter,
            readers,
            file,
            stack: Database::stack_for(longest),
            previous_journal_mode: Some(previous_journal_mode).filter(|mode| mode != "wal"),
        })
    }
}

/// Writes the log again, unless another process writes to the database now.
///
/// A run whose sync has failed does so at its end. If it was killed before, the system may take for written what is not on
/// disk: a checkpoint would sync the log without it, and damage the file if the power is cut while it copies.
fn rewrite_what_a_killed_run_left(connection: &Connection, path: &Path) -> Result<(), Problem> {
    match Transaction::new_unchecked(connection, TransactionBehavior::Immediate) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
        transaction => Ok(rewrite_log(&transaction?, path)?),
    }
}

/// Whether an error says that a sync run by SQLite failed.
fn is_failed_sync(error: &rusqlite::Error) -> bool {
    error.sqlite_extended_error_code() == Some(ffi::SQLITE_IOERR_FSYNC)
}

impl Drop for Database {
    /// What is in the log after a failed sync may not be on disk, and the system may take it for written: a checkpoint that
    /// copies it would damage the file if the power is cut meanwhile. So it is written again, for the sync of the next
    /// checkpoint, and this run does not run one.
    fn drop(&mut self) {
        if self.commits.failure().is_some() {
            for reader in &self.readers {
                let connection = lock(&reader.connection);
                let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
            }
            let connection = lock(&self.readers[0].connection);
            if let Ok(transaction) = self.waiter.begin_to_write(&connection, Synchronous::Normal) {
                let _ = rewrite_log(&transaction, &self.waiter.path);
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! One SQLite file with one table: create it, read it, and insert into it. What the rows mean is not its business.

mod cause;
mod connect;
mod create;
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

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use crate::platform;
use crate::schema::Table;
use crate::sync::{Mutex, lock};
use cause::require_room;
use connect::{Kept, Way, connect};
use location::{beside, cannot_open, find};
use lock_timeout::Waiter;
use wal::keep_in_wal_mode;

pub use create::{create, is_initialized};
pub use location::refuse_shared_files;
pub use lock_timeout::LockTimeout;
pub use problem::Problem;
pub use reader::Reader;
pub use statements::statements;
pub use stored::StoredRow;
pub use writer::{Writer, Written};

/// Moves what is in the log into the file, as far as other processes that read allow it.
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// A database that is open for writing, for the whole run, and whose stored rows are durable. The readers of its tables
/// are dropped after it.
#[derive(Debug)]
pub struct Database {
    /// The connection of the last writer that handed it on.
    kept: Mutex<Option<Connection>>,
    waiter: Arc<Waiter>,
    /// Which file it is.
    file: (u64, u64),
    stack: usize,
}

impl Database {
    /// Opens the database of a table in a folder for [`Reader::prepare`], and changes nothing yet.
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
        let connected = (connection, Way::Write, Kept::default());
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
        const LEAST: usize = 256 * 1024;
        const LEVELS: usize = 1_000;
        const LEVEL: usize = if cfg!(debug_assertions) { 2048 } else { 1024 };

        LEAST + LEVEL * longest.min(LEVELS)
    }

    /// Moves what is in the log into the file, as far as that can be done now; closing does the rest. It has a
    /// connection of its own, so that lookups need not wait.
    pub fn checkpoint(&self) {
        if let Ok(Writer { connection, .. }) = self.writer(true) {
            let _ = connection.execute_batch(CHECKPOINT);
        }
    }

    /// Connects to insert rows. Have one writer at a time: others would wait by polling. With `hands_on`, it reuses the
    /// connection of an earlier writer, if there is one, and leaves it to a later one. A new connection has to parse the
    /// schema of the whole file.
    ///
    /// # Errors
    ///
    /// If it cannot be opened, or if there is another file in its place: orders there would refer to users elsewhere.
    pub fn writer(&self, hands_on: bool) -> Result<Writer<'_>, Problem> {
        let path = &self.waiter.path;
        let kept = hands_on.then(|| lock(&self.kept).take()).flatten();
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
            hands_on,
        })
    }
}

impl Reader {
    /// Makes the database that [`Database::open`] opened ready to be written, whichever of its tables this reads: WAL
    /// journal, and durable what it holds already.
    ///
    /// A run that was killed between writing a commit and syncing it leaves rows that SQLite recovers and shows, but
    /// that a power cut can still take. So do programs that do not sync, and copies made a moment ago. An order that
    /// refers to such a user would dangle after the power cut, and so nothing that is stored counts before this.
    ///
    /// What had to be recovered was recovered when the database was opened. A checkpoint syncs only what it moves,
    /// which may be nothing, and the switch to WAL deletes the rollback journal without syncing the folder. So all is
    /// synced here: the log, if there is one, then the file, into which others may move the log meanwhile, and the
    /// names of both.
    ///
    /// # Errors
    ///
    /// If the database is locked, cannot be in WAL mode, or a disk fails.
    pub fn prepare(&self) -> Result<Database, Problem> {
        let path = &self.waiter.path;
        keep_in_wal_mode(&lock(&self.connection), &self.waiter)?;
        (self.waiter).retry(|| lock(&self.connection).execute_batch(CHECKPOINT))?;
        // SQLite has no locks on the log that closing it could drop.
        match platform::open_to_sync(&beside(path, "-wal")) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            log => log.map_err(cannot_open)?.sync_all()?,
        }
        if let Some(file) = &self.file {
            file.sync_all()?;
        }
        if let Some(folder) = path.parent() {
            platform::sync_folder(folder)?;
        }
        let file = platform::identity(path)?.file;
        Ok(Database {
            kept: Mutex::default(),
            waiter: Arc::clone(&self.waiter),
            file,
            stack: Database::stack_for(self.longest_declaration().unwrap_or(usize::MAX)),
        })
    }
}

#[cfg(test)]
mod tests;

//! One SQLite file with one table: create it, read it, and insert into it. What the rows mean is not its business.

mod connect;
mod create;
mod declaration;
mod inserter;
mod lookup;
mod patience;
mod place;
mod problem;
mod reader;
mod stored;
mod writer;

use std::path::Path;

use rusqlite::OpenFlags;

use crate::platform;
use crate::schema::Table;
use crate::sync::lock;
use connect::connect;
use create::set_wal;
use place::{beside, cannot_open, find};

pub use create::{State, create, inspect};
pub use patience::Patience;
pub use place::refuse_shared_files;
pub use problem::Problem;
pub use reader::Reader;
pub use stored::StoredRow;
pub use writer::Writer;

/// A database that can be written, but whose rows do not count yet.
#[derive(Debug)]
pub struct Unprepared(Reader);

/// A database that is open for writing, for the whole run.
#[derive(Debug)]
pub struct Database(Reader);

impl Database {
    /// Opens the database of a table in a folder to write it, and changes nothing yet.
    ///
    /// # Errors
    ///
    /// If it does not exist, is no database, does not have the table just as declared, or cannot be written.
    pub fn open(
        table: &'static Table,
        folder: &Path,
        patience: &Patience,
    ) -> Result<Unprepared, Problem> {
        let path = find(table, folder)?.ok_or(Problem::Missing)?;
        let file = platform::open_to_sync(&path).map_err(cannot_open)?;
        let connection = connect(&path, OpenFlags::empty())?;
        let reader = Reader::new(table, path, patience, connection, Some(file));
        let is_readonly = || lock(&reader.connection).is_readonly("main");
        if reader.waiter.retry(is_readonly)? {
            return Err(Problem::ReadOnly);
        }
        reader.verify()?;
        Ok(Unprepared(reader))
    }

    /// What reads it.
    pub fn reader(&self) -> &Reader {
        &self.0
    }

    /// Moves what is in the log into the file, as far as that can be done now; closing does the rest. It has a connection
    /// of its own, so that lookups need not wait.
    pub fn checkpoint(&self) {
        if let Ok(connection) = connect(&self.0.path, OpenFlags::empty()) {
            let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
    }

    /// Opens a connection to insert over. Have one at a time: others would wait by polling.
    ///
    /// # Errors
    ///
    /// If the database cannot be opened or is locked.
    pub fn writer(&self) -> Result<Writer<'_>, Problem> {
        Writer::open(&self.0)
    }
}

impl Unprepared {
    /// Makes the database ready to be written: WAL journal, and durable what it holds already.
    ///
    /// A run that was killed between writing a commit and syncing it leaves rows that SQLite recovers and shows, but
    /// that a power cut can still take. So do programs that do not sync, and copies made a moment ago. An order that
    /// refers to such a user would dangle after the power cut, and so nothing that is stored counts before this.
    ///
    /// What had to be recovered was recovered when the database was opened. A checkpoint syncs only what it moves,
    /// which may be nothing, and the switch to WAL deletes the rollback journal without syncing the folder. So all is
    /// synced here: the file, the log that is left where another process reads, and the names of both.
    ///
    /// # Errors
    ///
    /// If the database is locked or a disk fails.
    pub fn prepare(self) -> Result<Database, Problem> {
        let reader = self.0;
        let connection = lock(&reader.connection);
        reader.waiter.retry(|| set_wal(&connection))?;
        let checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
        reader
            .waiter
            .retry(|| connection.query_row(checkpoint, [], |_| Ok(())))?;
        drop(connection);
        if let Some(file) = &reader.file {
            file.sync_all()?;
        }
        sync_if_there(&beside(&reader.path, "-wal"))?;
        if let Some(folder) = reader.path.parent() {
            platform::sync_folder(folder)?;
        }
        Ok(Database(reader))
    }
}

/// Syncs a file that SQLite has no locks on.
fn sync_if_there(path: &Path) -> Result<(), Problem> {
    match platform::open_to_sync(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        file => Ok(file.map_err(cannot_open)?.sync_all()?),
    }
}

#[cfg(test)]
mod tests;

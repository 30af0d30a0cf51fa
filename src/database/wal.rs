//! WAL mode. Only with a write-ahead log is a commit durable when it returns, and never blocked by readers.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use rusqlite::ffi::{self, SQLITE_BUSY};
use rusqlite::{Connection, Transaction};

use super::location::beside;
use super::lock_timeout::Waiter;
use super::problem::Problem;

/// Switches a database to WAL mode, in which it stays until this connection is closed.
///
/// The switch itself releases all locks, and another program may switch back just then. From when a connection first
/// reads with a log until it is closed, it holds a lock that prevents that.
///
/// # Errors
///
/// If the database is locked, or if SQLite cannot use WAL mode there, which it answers without an error of its own.
pub fn keep_in_wal_mode(connection: &Connection, waiter: &Waiter) -> Result<(), Problem> {
    let switched = waiter.retry(|| {
        let mut switch = connection.prepare("PRAGMA journal_mode = WAL")?;
        let mut answers = switch.query([])?;
        // To the end: it commits only after its answer.
        while answers.next()?.is_some() {}
        if !is_wal(connection)? {
            return Ok(false);
        }
        connection.execute_batch("SELECT 1 FROM sqlite_schema LIMIT 1")?;
        if is_wal(connection)? {
            Ok(true)
        } else {
            Err(rusqlite::Error::SqliteFailure(
                ffi::Error::new(SQLITE_BUSY),
                None,
            ))
        }
    })?;
    if switched {
        Ok(())
    } else {
        Err(Problem::NoWal)
    }
}

/// An error if a connection that has read in its transaction does not use a log.
pub fn require_wal_mode(connection: &Connection) -> Result<(), Problem> {
    if is_wal(connection)? {
        Ok(())
    } else {
        Err(Problem::NoWal)
    }
}

/// Writes the log of the database with this path again, as it is, so that the system writes all of it to the disk with the
/// next sync. Nobody else writes to the log during the transaction, and SQLite has no locks on it that closing it could
/// drop.
///
/// # Errors
///
/// If the log cannot be read or written.
pub fn rewrite_log(_: &Transaction, path: &Path) -> io::Result<()> {
    let path = beside(path, "-wal");
    let mut log = File::options().read(true).write(true).open(path)?;
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let start = log.stream_position()?;
        let length = log.read(&mut bytes)?;
        if length == 0 {
            return Ok(());
        }
        log.seek(SeekFrom::Start(start))?;
        log.write_all(&bytes[..length])?;
    }
}

/// Whether the connection uses a log, as far as it knows: another program may have changed the mode since it read.
fn is_wal(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(journal_mode(connection)? == "wal")
}

/// The journal mode of a database.
pub fn journal_mode(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))
}

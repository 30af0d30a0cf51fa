//! The statements that declare what a database holds.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::connect::connect_to_read;
use super::location::cannot_open;
use super::lock_timeout::{LockTimeout, Waiter};
use super::problem::Problem;
use crate::platform;

/// The statements that declare the tables, indexes, views and triggers of the database at a path, in the order in which
/// they were made. Changes nothing.
///
/// # Errors
///
/// If it cannot be read.
pub fn statements(path: &Path, lock_timeout: &LockTimeout) -> Result<Vec<String>, Problem> {
    let path = path.canonicalize().map_err(cannot_open)?;
    let file = File::open(&path).map_err(cannot_open)?;
    let waiter = Waiter::to_read(platform::openable(path), lock_timeout.clone());
    let (connection, _, guard) = connect_to_read(&waiter, &file)?;
    let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid";
    let statements = waiter.retry(|| {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    })?;
    if guard.was_disturbed(&waiter.path) {
        return Err(Problem::Disturbed);
    }
    // The connection first: closing the file drops its locks.
    drop(connection);
    drop(file);
    Ok(statements)
}

/// How the database at a path encodes texts, by SQLite's name for it; UTF-8 if there is none, or if it cannot be read. Call
/// it before any connection to it is opened: closing the file drops this process's locks on it.
pub fn encoding(path: &Path) -> &'static str {
    /// Where the header says it, as a number of four bytes (<https://www.sqlite.org/fileformat2.html#enc>).
    const OFFSET: usize = 56;

    let mut header = [0; OFFSET + 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    match (read, header[OFFSET + 3]) {
        (Ok(()), 2) => "UTF-16le",
        (Ok(()), 3) => "UTF-16be",
        _ => "UTF-8",
    }
}

//! Creating a database.

use std::fs::File;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::connect::{connect, connect_to_read};
use super::declaration::{compare, declaration};
use super::patience::{Patience, Waiter};
use super::place::{cannot_open, find, is_too_long, path};
use super::problem::Problem;
use crate::schema::Table;

/// The page size of a new database, in bytes. Fewer and larger pages make a large load faster than SQLite's 4096.
const PAGE_SIZE: u32 = 8192;

/// What `init` finds.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// No file, or no table in it.
    Uninitialized,
    /// The table is there.
    Ready,
}

/// Looks at the database of a table in a folder without changing anything.
///
/// # Errors
///
/// If there is something other than a SQLite database, if its table is not as declared, if it cannot be read, or if its
/// path is too long for it to be created.
pub fn inspect(
    table: &'static Table,
    folder: &Path,
    patience: &Patience,
) -> Result<State, Problem> {
    let Some(path) = find(table, folder)? else {
        return match is_too_long(&path(table, folder)) {
            true => Err(Problem::PathTooLong),
            false => Ok(State::Uninitialized),
        };
    };
    // Dropped in the opposite order: the file last.
    let file = File::open(&path).map_err(cannot_open)?;
    let (connection, _) = connect_to_read(&path, &file)?;
    let waiter = Waiter::new(path, patience.clone());
    match waiter.retry(|| declaration(&connection, table))? {
        Some(found) => compare(table, found).map(|()| State::Ready),
        None => Ok(State::Uninitialized),
    }
}

/// Creates the database of a table in a folder, or adds the table to the database that is there. Returns `false` if
/// another process has just done so.
///
/// # Errors
///
/// If the file cannot be created or written, or if its table is not as declared.
pub fn create(table: &'static Table, folder: &Path, patience: &Patience) -> Result<bool, Problem> {
    let path = find(table, folder)?.unwrap_or_else(|| path(table, folder));
    let connection = connect(&path, OpenFlags::SQLITE_OPEN_CREATE)?;
    let waiter = Waiter::new(path, patience.clone());
    // EXTRA also syncs the folder, so that a power cut cannot bring back the rollback journal that these first
    // commits are made with, and undo them.
    let settings = format!("PRAGMA synchronous = EXTRA; PRAGMA page_size = {PAGE_SIZE}");
    waiter.retry(|| connection.execute_batch(&settings))?;
    waiter.retry(|| set_wal(&connection))?;
    waiter.begin_to_write(&connection)?;
    let found = declaration(&connection, table)?;
    let is_new = found.is_none();
    match found {
        Some(found) => compare(table, found)?,
        None => create_table(&connection, table)?,
    }
    connection.execute_batch("COMMIT")?;
    Ok(is_new)
}

/// Creates the table, as declared.
///
/// # Errors
///
/// If it is there, or if the database cannot be written.
pub fn create_table(connection: &Connection, table: &Table) -> rusqlite::Result<()> {
    let (name, declaration) = (table.name, table.declaration());
    connection.execute_batch(&format!("CREATE TABLE {name} ({declaration})"))
}

/// Puts a database into WAL mode, where it stays.
///
/// # Errors
///
/// If it is locked, or cannot be written.
pub fn set_wal(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |row| {
        row.get(0).map(|_: String| ())
    })
}

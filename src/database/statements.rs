//! The statements that declare what a database holds.

use std::fs::File;
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
    let (connection, _, kept) = connect_to_read(&waiter, &file)?;
    let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid";
    let statements = waiter.retry(|| {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    })?;
    if kept.was_disturbed(&waiter.path) {
        return Err(Problem::Disturbed);
    }
    // The connection first: closing the file drops its locks.
    drop(connection);
    drop(file);
    Ok(statements)
}

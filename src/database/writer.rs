//! Inserting rows in one durable transaction.

use std::collections::HashSet;

use rusqlite::{Connection, OpenFlags};

use super::connect::connect;
use super::inserter::Inserter;
use super::lookup::compare;
use super::problem::Problem;
use super::reader::Reader;
use crate::row::{Outcome, Rows};

/// A connection to insert over. Have one at a time for each database: others would wait by polling.
#[derive(Debug)]
pub struct Writer<'a> {
    reader: &'a Reader,
    connection: Connection,
}

impl<'a> Writer<'a> {
    /// Opens another connection to the database of a reader.
    ///
    /// # Errors
    ///
    /// If the database cannot be opened or is locked.
    pub(super) fn open(reader: &'a Reader) -> Result<Writer<'a>, Problem> {
        let connection = connect(&reader.path, OpenFlags::empty())?;
        let durable = "PRAGMA synchronous = FULL";
        (reader.waiter).retry(|| connection.execute_batch(durable))?;
        Ok(Writer { reader, connection })
    }

    /// Inserts the rows at these places in one transaction, and returns once the commit is on disk. The places are
    /// sorted by the ids of their rows, which are all different. Returns what became of the rows that were not
    /// inserted, in any order.
    ///
    /// # Errors
    ///
    /// Then none of the rows was inserted.
    pub fn insert(self, rows: &Rows, places: &[u32]) -> Result<Vec<(u32, Outcome)>, Problem> {
        // Where this returns early, closing the connection rolls back.
        let Writer { reader, connection } = &self;
        reader.waiter.begin_to_write(connection)?;
        let others = match Inserter::new(connection, rows).insert(places)? {
            Some(refused) => refused,
            None => {
                connection.execute_batch("ROLLBACK")?;
                reader.waiter.begin_to_write(connection)?;
                insert_new(connection, rows, places)?
            }
        };
        let committed = connection.execute_batch("COMMIT");
        if committed.is_err() {
            bury(connection);
        }
        committed?;
        Ok(others)
    }
}

/// Inserts those of the rows at these places that are not stored already, and returns the others.
fn insert_new(
    connection: &Connection,
    rows: &Rows,
    places: &[u32],
) -> rusqlite::Result<Vec<(u32, Outcome)>> {
    let mut others = compare(connection, rows, places)?;
    let stored: HashSet<_> = others.iter().map(|(place, _)| *place).collect();
    let is_new = |place: &u32| !stored.contains(place);
    let new: Vec<_> = places.iter().copied().filter(is_new).collect();
    let refused = Inserter::new(connection, rows).insert(&new)?;
    // Only two rows with one id can still be in each other's way.
    others.extend(refused.ok_or(rusqlite::Error::StatementChangedRows(0))?);
    Ok(others)
}

/// Overwrites what a commit left in the WAL that was written but could not be synced.
///
/// This run does not see it, but should this be the last commit, and the WAL stay behind because a checkpoint fails
/// too, the next run would recover rows from it that were reported as failed. A commit that changes nothing takes its
/// place; it need not be synced to do so. Nobody can be helped where writing fails as well.
fn bury(connection: &Connection) {
    let _ = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .and_then(|version: i64| {
            connection.execute_batch(&format!(
                "PRAGMA synchronous = OFF; BEGIN IMMEDIATE; PRAGMA user_version = {version}; COMMIT"
            ))
        });
}

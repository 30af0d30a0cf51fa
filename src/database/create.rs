//! Creating a database, and comparing the one that is there with the schema.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::connect::{Patience, Problem, connect, connect_to_read, find, path};
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
/// If there is something else than a SQLite database, if its table is not as declared, or if it cannot be read.
pub fn inspect(
    table: &'static Table,
    folder: &Path,
    lock_timeout: Duration,
) -> Result<State, Problem> {
    let Some(path) = find(table, folder)? else {
        return Ok(State::Uninitialized);
    };
    let patience = Patience::new(lock_timeout);
    let (connection, _) = connect_to_read(&path)?;
    match patience.retry(|| declaration(&connection, table))? {
        Some(found) => compare(table, found).map(|()| State::Ready),
        None => Ok(State::Uninitialized),
    }
}

/// Creates the database of a table in a folder, or adds the table to the database that is there.
///
/// # Errors
///
/// If the file cannot be created or written, or if its table is not as declared.
pub fn create(table: &'static Table, folder: &Path, lock_timeout: Duration) -> Result<(), Problem> {
    let path = path(table, folder);
    let patience = Patience::new(lock_timeout);
    let connection = connect(&path, OpenFlags::SQLITE_OPEN_CREATE)?;
    // EXTRA also syncs the folder, so that a power cut cannot bring back the rollback journal that these first
    // commits are made with, and undo them.
    let settings = format!("PRAGMA synchronous = EXTRA; PRAGMA page_size = {PAGE_SIZE}");
    patience.retry(|| connection.execute_batch(&settings))?;
    patience.retry(|| set_wal(&connection))?;
    patience.retry(|| connection.execute_batch("BEGIN IMMEDIATE"))?;
    match declaration(&connection, table)? {
        Some(found) => compare(table, found)?,
        None => create_table(&connection, table)?,
    }
    connection.execute_batch("COMMIT")?;
    Ok(())
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

/// How a table is declared in a database, in the words of [`Table::declaration`], with what else makes it another
/// table; `None` if it is not there.
fn declaration(connection: &Connection, table: &Table) -> rusqlite::Result<Option<String>> {
    // An index may not have the name of a table either.
    let sql = "SELECT type FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type <> 'trigger'";
    let Some(kind) = strings(connection, sql, table)?.pop() else {
        return Ok(None);
    };
    if kind != "table" {
        let article = if kind == "index" { "an" } else { "a" };
        return Ok(Some(format!("{article} {kind}")));
    }
    let sql = "SELECT name || ' ' || type || iif(pk, ' PRIMARY KEY', '') || iif(\"notnull\", ' NOT NULL', '')
               FROM pragma_table_xinfo(?1)";
    let mut declared = format!("({})", strings(connection, sql, table)?.join(", "));
    // The first column must be another name of the rowid, and what is inserted must stay as it is.
    let sql = "SELECT ' WITHOUT ROWID' FROM pragma_table_list(?1) WHERE schema = 'main' AND wr
               UNION ALL SELECT ' with an index for the primary key' FROM pragma_index_list(?1) WHERE origin = 'pk'
               UNION ALL SELECT ' with a trigger ' || name FROM sqlite_schema
               WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE";
    declared += &strings(connection, sql, table)?.concat();
    Ok(Some(declared))
}

fn strings(connection: &Connection, sql: &str, table: &Table) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let strings = statement.query_map([table.name], |row| row.get(0))?;
    strings.collect()
}

/// Whether the table is there as it should be.
///
/// # Errors
///
/// If it is not, or is another one.
pub fn verify(
    connection: &Connection,
    table: &'static Table,
    patience: &Patience,
) -> Result<(), Problem> {
    match patience.retry(|| declaration(connection, table))? {
        Some(found) => compare(table, found),
        None => Err(Problem::NoTable(table.name)),
    }
}

/// Compares how a table is declared with how it should be. SQLite's names are case-insensitive.
fn compare(table: &'static Table, found: String) -> Result<(), Problem> {
    let expected = table.declaration();
    match found.eq_ignore_ascii_case(&format!("({expected})")) {
        true => Ok(()),
        false => Err(Problem::OtherTable {
            table: table.name,
            expected,
            found,
        }),
    }
}

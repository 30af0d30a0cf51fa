//! Creating a database, and looking whether it is there.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::cause::require_room;
use super::connect::connect;
use super::location::{find, is_too_long, path};
use super::lock_timeout::{LockTimeout, Synchronous, Waiter};
use super::problem::Problem;
use super::reader::Reader;
use super::wal::keep_in_wal_mode;
use crate::platform;
use crate::schema::Table;

/// The page size of a new database, in bytes. A large load is faster with fewer and larger pages than SQLite's 4096,
/// most of all where ids are in no order.
const PAGE_SIZE: u32 = 16 * 1024;

/// Whether the table is there in its database in a folder; the errors of [`Reader::open`], and one if the path is too
/// long for the database to be created. Changes nothing.
pub fn is_initialized(
    table: &'static Table,
    folder: &Path,
    lock_timeout: &LockTimeout,
) -> Result<bool, Problem> {
    match Reader::open(table, folder, lock_timeout) {
        Ok(_) => Ok(true),
        Err(Problem::Missing) if is_too_long(&path(table, folder)) => Err(Problem::PathTooLong),
        Err(Problem::Missing | Problem::NoTable(_)) => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// Creates the database of a table in a folder, or adds the table to the database that is there. Returns `false` if
/// another process has just done so.
///
/// The first commit, which switches to WAL, is made with a rollback journal. Without a sync of the folder, a power cut
/// may bring that back and undo the switch, or take the new names.
///
/// # Errors
///
/// If the file cannot be created or written, or if its table is not as declared.
pub fn create(
    table: &'static Table,
    folder: &Path,
    lock_timeout: &LockTimeout,
) -> Result<bool, Problem> {
    let found = find(table, folder)?;
    let is_missing = found.is_none();
    let path = found.unwrap_or_else(|| path(table, folder));
    let created = create_at(table, path.clone(), lock_timeout);
    if let Err(problem) = &created
        && is_missing
        && problem.is_for_want_of_locks(&path)
    {
        // SQLite has created it, and cannot do anything with it.
        let _ = std::fs::remove_file(&path);
    }
    created
}

fn create_at(
    table: &'static Table,
    path: PathBuf,
    lock_timeout: &LockTimeout,
) -> Result<bool, Problem> {
    require_room(&path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = connect(&path, flags)?;
    let waiter = Waiter::new(path, lock_timeout.clone());
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    keep_in_wal_mode(&connection, &waiter)?;
    let transaction = waiter.begin_to_write(&connection, Synchronous::Full)?;
    let is_new = !has_table(&connection, table, &waiter)?;
    if is_new {
        create_table(&connection, table)?;
    }
    transaction.commit()?;
    if let Some(folder) = waiter.path.parent() {
        platform::sync_folder(folder)?;
    }
    Ok(is_new)
}

/// Creates the table, as declared; an error if it is there, or if the database cannot be written.
pub fn create_table(connection: &Connection, table: &Table) -> rusqlite::Result<()> {
    let (name, declaration) = (table.name, table.declaration());
    connection.execute_batch(&format!("CREATE TABLE {name} ({declaration})"))
}

/// Whether a database has the table, whatever other tables it has; an error if it has another one, or something else,
/// of the same name.
pub fn has_table(
    connection: &Connection,
    table: &'static Table,
    waiter: &Waiter,
) -> Result<bool, Problem> {
    // In the words of `Table::declaration`, and what else makes it another table: the first column must be another name
    // of the rowid, and what is inserted must stay as it is.
    let sql = r#"
        SELECT CASE type
            WHEN 'table' THEN (
                SELECT '(' || group_concat(
                    name || ' ' || type || iif(pk, ' PRIMARY KEY', '') || iif("notnull", ' NOT NULL', ''), ', '
                ) || ')' FROM pragma_table_xinfo(?1)
            ) || (
                SELECT ifnull(group_concat(what, ''), '') FROM (
                    SELECT ' WITHOUT ROWID' AS what FROM pragma_table_list(?1) WHERE schema = 'main' AND wr
                    UNION ALL
                    SELECT ' with an index for the primary key' FROM pragma_index_list(?1) WHERE origin = 'pk'
                    UNION ALL
                    SELECT ' with a trigger ' || name FROM sqlite_schema
                    WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE
                )
            )
            WHEN 'index' THEN 'an index'
            ELSE 'a ' || type
        END
        FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type <> 'trigger'"#;
    let read = |row: &rusqlite::Row| row.get::<_, String>(0);
    match waiter.retry(|| connection.query_row(sql, [table.name], read).optional())? {
        None => Ok(false),
        // SQLite's names are case-insensitive.
        Some(found) if found.eq_ignore_ascii_case(&format!("({})", table.declaration())) => {
            Ok(true)
        }
        Some(found) => Err(Problem::OtherTable { table, found }),
    }
}

//! Creates databases, and checks whether they exist.

use std::collections::HashMap;
use std::ffi::CStr;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::cause::require_room;
use super::connect::connect;
use super::location::{find, is_too_long, path};
use super::lock_timeout::{LockTimeout, Synchronous, Waiter};
use super::problem::Problem;
use super::reader::Reader;
use super::wal::{journal_mode, keep_in_wal_mode};
use crate::platform;
use crate::schema::{Column, Table, quoted};

/// The page size of a new database, in bytes. A large load is faster with fewer and larger pages than SQLite's 4096,
/// most of all where ids are in no order.
const PAGE_SIZE: u32 = 16 * 1024;

/// Whether the database of a table in a folder has the table. Returns the errors of [`Reader::open`], and one if the
/// path is too long for the database to be created. Changes nothing.
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
        && problem.is_caused_by_missing_locks(&path)
    {
        // SQLite has created the file, but cannot use it.
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

/// What was done to a database that tables share.
#[derive(Debug, Default)]
pub struct Created {
    /// For each table whether it was missing.
    pub tables: Vec<bool>,
    /// The journal mode that the file was in, if it was there and that was not WAL.
    pub previous_journal_mode: Option<String>,
}

/// Runs the statements that create whatever is missing from the database that these tables share, in one transaction.
///
/// # Errors
///
/// If the file cannot be created or written, or if a table is not as it should be.
pub fn create_all(
    tables: &[&'static Table],
    folder: &Path,
    statements: &[String],
    lock_timeout: &LockTimeout,
) -> Result<Created, Problem> {
    let Some(first) = tables.first() else {
        return Ok(Created::default());
    };
    let found = find(first, folder)?;
    let is_new = found.is_none();
    let path = found.unwrap_or_else(|| path(first, folder));
    require_room(&path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = connect(&path, flags)?;
    let waiter = Waiter::new(path, lock_timeout.clone());
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    let mode = waiter.retry(|| journal_mode(&connection))?;
    keep_in_wal_mode(&connection, &waiter)?;
    let transaction = waiter.begin_to_write(&connection, Synchronous::Full)?;
    let mut missing = Vec::new();
    for table in tables {
        missing.push(!has_table(&connection, table, &waiter)?);
    }
    for statement in statements {
        match transaction.execute_batch(statement) {
            Err(error) if already_exists(&error) => {}
            made => made?,
        }
    }
    transaction.commit()?;
    if let Some(folder) = waiter.path.parent() {
        platform::sync_folder(folder)?;
    }
    Ok(Created {
        tables: missing,
        previous_journal_mode: Some(mode).filter(|mode| !is_new && mode != "wal"),
    })
}

/// Whether an error says that there is something of the same name: SQLite has no code for that.
fn already_exists(error: &rusqlite::Error) -> bool {
    error.to_string().contains("already exists")
}

/// Creates the table, as declared; an error if it is there, or if the database cannot be written.
pub fn create_table(connection: &Connection, table: &Table) -> rusqlite::Result<()> {
    let (name, declaration) = (table.sql_name(), table.declaration());
    connection.execute_batch(&format!("CREATE TABLE {name} ({declaration})"))
}

/// Whether a database has the table, whatever other tables it has; an error if it has another one, or something else,
/// of the same name.
pub fn has_table(
    connection: &Connection,
    table: &'static Table,
    waiter: &Waiter,
) -> Result<bool, Problem> {
    let sql = "SELECT type FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type <> 'trigger'";
    let read = |row: &rusqlite::Row| row.get::<_, String>(0);
    let found = match waiter.retry(|| connection.query_row(sql, [table.name], read).optional())? {
        None => return Ok(false),
        Some(found) if found == "table" && table.file.is_some() => {
            return has_columns(connection, table, waiter);
        }
        Some(found) if found == "table" => waiter.retry(|| declaration(connection, table))?,
        Some(found) if found == "index" => "an index".to_string(),
        Some(found) => format!("a {found}"),
    };
    // SQLite's names are case-insensitive, and may be in quotes.
    let bare = |declaration: &str| declaration.replace('"', "").to_ascii_lowercase();
    if bare(&found) == bare(&format!("({})", table.declaration())) {
        Ok(true)
    } else {
        Err(Problem::OtherTable { table, found })
    }
}

/// Whether a table of a shared file has all its columns; an error if it has not.
fn has_columns(
    connection: &Connection,
    table: &'static Table,
    waiter: &Waiter,
) -> Result<bool, Problem> {
    let names: Vec<String> = waiter.retry(|| {
        let mut statement =
            connection.prepare("SELECT name FROM pragma_table_xinfo(?1) ORDER BY cid")?;
        let names = statement.query_map([table.name], |row| row.get(0))?;
        names.collect()
    })?;
    let has_column = |column: &Column| {
        names
            .iter()
            .any(|name| name.eq_ignore_ascii_case(column.name))
    };
    if table.columns.iter().all(has_column) {
        return Ok(true);
    }
    let found = format!("({})", names.join(", "));
    Err(Problem::OtherTable { table, found })
}

/// How a table of this name is declared in a database, in the words of [`Table::declaration`], followed by anything
/// else that makes it a different table: a rowid must be an alias of the primary key, and what is inserted must stay as
/// it is.
fn declaration(connection: &Connection, table: &Table) -> rusqlite::Result<String> {
    let name = table.name;
    let sql = r#"
        SELECT xinfo.name, xinfo.type, "notnull", pk FROM pragma_table_xinfo(?1) AS xinfo ORDER BY cid"#;
    let mut statement = connection.prepare(sql)?;
    let columns = statement.query_map([name], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?))
    })?;
    let columns: Vec<(String, String, bool, _)> = columns.collect::<rusqlite::Result<_>>()?;
    let sql = "SELECT xinfo.name, xinfo.coll FROM pragma_index_list(?1) AS list, pragma_index_xinfo(list.name) AS xinfo
               WHERE origin = 'pk' AND key ORDER BY seqno";
    let mut statement = connection.prepare(sql)?;
    let key = statement.query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut key: Vec<(Option<String>, String)> = key.collect::<rusqlite::Result<_>>()?;
    let has_index = table.rowid_key().is_some() && key.len() == 1;
    if has_index {
        key.clear();
    }
    let mut parts = Vec::new();
    let mut collations = HashMap::new();
    for (column, declared, not_null, pk) in &columns {
        let (_, collation, ..) = connection.column_metadata(Some("main"), name, column.as_str())?;
        let collation = collation.map_or("BINARY".into(), CStr::to_string_lossy);
        let space = if declared.is_empty() { "" } else { " " };
        let collate = collate(&collation, "BINARY");
        let primary = if *pk > 0 && key.is_empty() {
            " PRIMARY KEY"
        } else {
            ""
        };
        let not_null = if *not_null { " NOT NULL" } else { "" };
        parts.push(format!(
            "{}{space}{declared}{collate}{primary}{not_null}",
            readable(column)
        ));
        collations.insert(column.as_str(), collation.into_owned());
    }
    if !key.is_empty() {
        let columns = key.iter().map(|(column, collation)| {
            let column = column.as_deref().unwrap_or_default();
            let usual = collations.get(column).map_or("BINARY", String::as_str);
            format!("{}{}", quoted(column), collate(collation, usual))
        });
        parts.push(format!(
            "PRIMARY KEY ({})",
            columns.collect::<Vec<_>>().join(", ")
        ));
    }
    let sql = "
        SELECT ' WITHOUT ROWID' FROM pragma_table_list(?1) WHERE schema = 'main' AND wr
        UNION ALL
        SELECT ' with a trigger ' || name FROM sqlite_schema
        WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE";
    let mut statement = connection.prepare(sql)?;
    let more = statement.query_map([name], |row| row.get::<_, String>(0))?;
    let more = more.collect::<rusqlite::Result<Vec<_>>>()?.concat();
    let index = if has_index {
        " with an index for the primary key"
    } else {
        ""
    };
    Ok(format!("({}){index}{more}", parts.join(", ")))
}

/// A clause for a collation that is not the usual one.
fn collate(collation: &str, usual: &str) -> String {
    if collation.eq_ignore_ascii_case(usual) {
        String::new()
    } else {
        format!(" COLLATE {collation}")
    }
}

/// A name as people declare it, in quotes only if it needs them.
fn readable(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.chars().all(is_plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        name.to_string()
    } else {
        quoted(name)
    }
}

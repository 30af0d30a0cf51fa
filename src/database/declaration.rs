//! How the table in a database is declared, and how it should be.

use rusqlite::Connection;

use super::inserter::insert_statement;
use super::patience::Waiter;
use super::problem::Problem;
use crate::schema::Table;

/// How a table is declared in a database, in the words of [`Table::declaration`], with what else makes it another
/// table; `None` if it is not there. Other tables of the database do not matter.
pub fn declaration(connection: &Connection, table: &Table) -> rusqlite::Result<Option<String>> {
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

/// Makes sure that the table is there as it should be, and that rows could be inserted.
///
/// # Errors
///
/// If it is not there, if it is another one, or if SQLite cannot insert into it: it has an index with a collation that
/// only another program knows, say.
pub fn verify(
    connection: &Connection,
    table: &'static Table,
    waiter: &Waiter,
) -> Result<(), Problem> {
    match waiter.retry(|| declaration(connection, table))? {
        Some(found) => compare(table, found)?,
        None => return Err(Problem::NoTable(table.name)),
    }
    waiter.retry(|| {
        connection
            .prepare(&insert_statement(table, table.columns, 1))
            .map(drop)
    })
}

/// Compares how a table is declared with how it should be. SQLite's names are case-insensitive.
///
/// # Errors
///
/// If they differ.
pub fn compare(table: &'static Table, found: String) -> Result<(), Problem> {
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

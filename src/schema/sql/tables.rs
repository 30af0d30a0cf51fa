//! Reads the tables out of the database in memory.

use rusqlite::Connection;

use super::definition::items;
use super::refusals::{Layout, Refusals};
use super::token::{Kind, Tokens, one_line};
use super::{declared, expression, keys, leak_text};
use crate::schema::{Check, Collation, Column, Key};

/// A table as SQLite knows it. Its columns have no rules yet.
pub struct Declared {
    /// Its name.
    pub name: &'static str,
    /// Its columns.
    pub columns: Vec<Column>,
    /// The primary key first, then the others in the order of their declaration.
    pub keys: Vec<Key>,
    /// Its references, as they are declared.
    pub references: Vec<DeclaredReference>,
    /// Its CHECKs, each with the column in whose definition it stands.
    pub checks: Vec<(Option<usize>, Check)>,
    /// Whether SQLite assigns its primary key.
    pub assigns_ids: bool,
    /// Whether it will have SQLite's rowid.
    pub has_rowid: bool,
}

/// A reference that may go to anything.
pub struct DeclaredReference {
    /// The indexes of the columns.
    pub columns: Vec<usize>,
    /// The parent as the reference spells it.
    pub parent: String,
    /// The names of the parent's columns; `None` for its primary key.
    pub to: Option<Vec<String>>,
}

/// Reads the tables in the order of their declaration.
pub fn read(
    connection: &Connection,
    refusals: &mut Refusals,
) -> Result<Vec<Declared>, rusqlite::Error> {
    let mut tables = connection.prepare(
        "SELECT name, sql FROM sqlite_schema
         WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
    )?;
    let tables = tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let tables: Vec<(String, String)> = tables.collect::<Result<_, _>>()?;
    let read = tables
        .into_iter()
        .map(|(name, sql)| table(connection, leak_text(name), &sql, refusals));
    read.collect()
}

fn table(
    connection: &Connection,
    name: &'static str,
    sql: &str,
    refusals: &mut Refusals,
) -> Result<Declared, rusqlite::Error> {
    let (mut columns, primary) = columns(connection, name, refusals)?;
    let id = primary.first().copied();
    let (keys, assigns_ids) = keys::read(connection, name, &columns, primary, refusals)?;
    if let Some(id) = id.filter(|_| assigns_ids) {
        // SQLite assigns an id whatever the default is.
        columns[id].default = None;
    }
    Ok(Declared {
        name,
        keys,
        references: references(connection, name, &columns, refusals)?,
        checks: checks(connection, name, sql, &columns, refusals)?,
        columns,
        assigns_ids,
        has_rowid: refusals.layout() == Layout::OwnFiles || has_rowid(connection, name)?,
    })
}

/// Whether a table takes only values of the declared types.
fn is_strict(connection: &Connection, table: &str) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT strict FROM pragma_table_list(?1) WHERE schema = 'main'";
    connection.query_row(sql, [table], |row| row.get(0))
}

/// Whether a table has SQLite's rowid.
fn has_rowid(connection: &Connection, table: &str) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT NOT wr FROM pragma_table_list(?1) WHERE schema = 'main'";
    connection.query_row(sql, [table], |row| row.get(0))
}

/// The columns of a table, and which of them are in its primary key.
fn columns(
    connection: &Connection,
    table: &str,
    refusals: &mut Refusals,
) -> Result<(Vec<Column>, Vec<usize>), rusqlite::Error> {
    let mut info = connection.prepare_cached(
        "SELECT name, type, \"notnull\", dflt_value, pk > 0, hidden > 0
         FROM pragma_table_xinfo(?1) ORDER BY cid",
    )?;
    let is_strict = is_strict(connection, table)?;
    let (mut columns, mut primary) = (Vec::new(), Vec::new());
    let mut rows = info.query([table])?;
    while let Some(row) = rows.next()? {
        let (name, declared): (String, String) = (row.get(0)?, row.get(1)?);
        let (not_null, is_in_key): (bool, bool) = (row.get(2)?, row.get(4)?);
        let default: Option<String> = row.get(3)?;
        let is_generated = row.get(5)?;
        if is_generated {
            let sentence = format!(
                "{table}.{name} is a generated column: leave it out, or declare it as a plain column"
            );
            refusals.leave_to_sqlite(table, sentence);
        }
        if is_in_key {
            primary.push(columns.len());
        }
        let (_, collation, ..) = connection.column_metadata(Some("main"), table, name.as_str())?;
        let collation = collation.and_then(|name| Collation::named(name.to_str().ok()?));
        let declared = declared::one_line(&declared);
        let (kind, declared) = match refusals.layout() {
            Layout::OwnFiles => {
                let stored = declared::stored(connection, &declared);
                (declared::kind(&declared), stored)
            }
            // Where types are strict, this one stands for any value as it is.
            Layout::OneFile if is_strict && declared.eq_ignore_ascii_case("ANY") => {
                (crate::schema::Kind::Text, String::new())
            }
            Layout::OneFile => (
                declared::kind_as_declared(&declared),
                declared::declarable(connection, &declared),
            ),
        };
        columns.push(Column {
            name: leak_text(name),
            kind,
            declared: leak_text(declared),
            generated: is_generated,
            collation: collation.unwrap_or(Collation::Binary),
            required: not_null || is_in_key,
            default: default.map(|sql| leak_text(default_value(&sql))),
            rules: &[],
        });
    }
    Ok((columns, primary))
}

/// A default as an expression: SQLite takes a name for a text there.
fn default_value(sql: &str) -> String {
    let keywords = [
        "NULL",
        "TRUE",
        "FALSE",
        "CURRENT_DATE",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
    ];
    let tokens: Vec<_> = Tokens::new(sql).collect();
    match &tokens[..] {
        [only] if matches!(only.kind, Kind::Word | Kind::Name) && !only.is_one_of(&keywords) => {
            format!("'{}'", only.unquoted().replace('\'', "''"))
        }
        _ => one_line(&tokens),
    }
}

/// The references of a table.
fn references(
    connection: &Connection,
    table: &str,
    columns: &[Column],
    refusals: &mut Refusals,
) -> Result<Vec<DeclaredReference>, rusqlite::Error> {
    // SQLite lists the last one first.
    let mut list = connection.prepare_cached(
        "SELECT seq = 0, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq",
    )?;
    let mut references: Vec<DeclaredReference> = Vec::new();
    let mut rows = list.query([table])?;
    while let Some(row) = rows.next()? {
        let (is_first, from): (bool, String) = (row.get(0)?, row.get(2)?);
        let to: Option<String> = row.get(3)?;
        if is_first {
            references.push(DeclaredReference {
                columns: Vec::new(),
                parent: row.get(1)?,
                to: to.is_some().then(Vec::new),
            });
        }
        if let (Some(reference), Some(column)) = (references.last_mut(), find(columns, &from)) {
            if columns[column].generated {
                let name = columns[column].name;
                refusals.refuse(
                    table,
                    format!("{table}.{name} is a generated column that refers to other rows: that cannot be checked"),
                );
            }
            reference.columns.push(column);
            reference
                .to
                .iter_mut()
                .for_each(|all| all.extend(to.clone()));
        }
    }
    Ok(references)
}

/// The CHECK constraints of a table, from its statement, each with the column in whose definition it stands.
fn checks(
    connection: &Connection,
    table: &str,
    sql: &str,
    columns: &[Column],
    refusals: &mut Refusals,
) -> Result<Vec<(Option<usize>, Check)>, rusqlite::Error> {
    let tokens: Vec<_> = Tokens::new(sql).collect();
    let mut checks = Vec::new();
    for item in items(&tokens) {
        let column = item.column.as_ref().and_then(|name| find(columns, name));
        for check in item.checks() {
            let uses_generated = columns.iter().filter(|column| column.generated);
            let uses_generated = { uses_generated }.any(|column| check.names(column.name));
            if let Some(problem) = expression::problem(connection, table, &check.sql)? {
                let sentence = format!("CHECK ({}) of {table} {problem}", check.sql);
                if refusals.leave_to_sqlite(table, sentence) {
                    continue;
                }
            }
            if uses_generated {
                continue;
            }
            let check = Check {
                name: check.name.map(leak_text),
                sql: leak_text(check.sql),
            };
            checks.push((column, check));
        }
    }
    Ok(checks)
}

fn find(columns: &[Column], name: &str) -> Option<usize> {
    columns
        .iter()
        .position(|column| column.name.eq_ignore_ascii_case(name))
}

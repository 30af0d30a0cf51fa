//! What a database holds, read by SQLite without the program.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value;

use super::text;

/// The rows of a table in the order of their ids, as the sqlite3 shell prints them.
pub fn rows(database: &Path, table: &str) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open(database)?;
    print(&connection, &format!("SELECT * FROM {table} ORDER BY id"))
}

/// The answer to a query as the sqlite3 shell prints it, a row per line.
pub fn print(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells = (0..columns).map(|column| row.get_ref(column).map(cell));
        Ok(cells.collect::<Result<Vec<_>, _>>()?.join("|"))
    });
    rows?.collect()
}

fn cell(value: ValueRef) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => text(bytes),
    }
}

/// A row of a report, printed likewise.
pub fn row(reported: &Value) -> String {
    let cells = reported
        .as_object()
        .unwrap()
        .values()
        .map(|value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Number(number) if number.is_f64() => format!("{:?}", number.as_f64().unwrap()),
            other => other.to_string(),
        });
    cells.collect::<Vec<_>>().join("|")
}

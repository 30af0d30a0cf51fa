//! Stored rows, and how values get in and out of SQLite.

use std::borrow::Cow;

use rusqlite::Connection;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::problem::Problem;
use crate::row::Value;

/// A row as it is stored.
#[derive(Debug)]
pub struct StoredRow<'a> {
    row: &'a rusqlite::Row<'a>,
    connection: &'a Connection,
}

impl<'a> StoredRow<'a> {
    /// The row that a statement selects: all columns of the table in their order.
    pub(super) fn new(row: &'a rusqlite::Row<'a>, connection: &'a Connection) -> StoredRow<'a> {
        StoredRow { row, connection }
    }

    /// The value in the column with this index.
    ///
    /// # Panics
    ///
    /// If the table has no such column.
    pub fn value(&self, column: usize) -> Value<'_> {
        self.row.get_ref_unwrap(column).into()
    }

    /// The same as SQLite prints it; NULL as nothing.
    ///
    /// # Errors
    ///
    /// If SQLite cannot print it.
    ///
    /// # Panics
    ///
    /// If the table has no such column.
    pub fn printed(&self, column: usize) -> Result<Cow<'_, str>, Problem> {
        match self.value(column) {
            Value::Null => Ok(Cow::Borrowed("")),
            Value::Text(bytes) => Ok(String::from_utf8_lossy(bytes)),
            value => {
                let sql = "SELECT CAST(?1 AS TEXT)";
                let mut statement = self.connection.prepare_cached(sql)?;
                let printed = statement.query_row([value], |row| {
                    let bytes = row.get_ref(0)?.as_bytes()?;
                    Ok(String::from_utf8_lossy(bytes).into_owned())
                });
                Ok(Cow::Owned(printed?))
            }
        }
    }
}

impl<'a> From<Value<'a>> for ValueRef<'a> {
    fn from(value: Value<'a>) -> ValueRef<'a> {
        match value {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(number),
            Value::Real(number) => ValueRef::Real(number),
            Value::Text(bytes) => ValueRef::Text(bytes),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }
}

impl<'a> From<ValueRef<'a>> for Value<'a> {
    fn from(value: ValueRef<'a>) -> Value<'a> {
        match value {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Integer(number),
            ValueRef::Real(number) => Value::Real(number),
            ValueRef::Text(bytes) => Value::Text(bytes),
            ValueRef::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::from(*self)))
    }
}

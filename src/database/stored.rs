//! Stored rows, and how values get in and out of SQLite.

use std::borrow::Cow;

use rusqlite::Connection;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::problem::Problem;
use crate::row::Value;

/// A row as it is stored, with the columns that were selected. What asks for another column panics.
#[derive(Debug)]
pub struct StoredRow<'a> {
    pub(super) row: &'a rusqlite::Row<'a>,
    pub(super) connection: &'a Connection,
}

impl StoredRow<'_> {
    /// The value in the column with this index.
    pub fn value(&self, column: usize) -> Value<'_> {
        self.row.get_ref_unwrap(column).into()
    }

    /// The whole number in the column with this index; 0 if it holds something else.
    pub fn integer(&self, column: usize) -> i64 {
        match self.value(column) {
            Value::Integer(number) => number,
            _ => 0,
        }
    }

    /// The value as SQLite prints it, and nothing for NULL. Fails if SQLite cannot print it.
    pub fn printed(&self, column: usize) -> Result<Cow<'_, str>, Problem> {
        match self.value(column) {
            Value::Null => Ok(Cow::Borrowed("")),
            Value::Text(bytes) => Ok(String::from_utf8_lossy(bytes)),
            value => {
                // The digits that SQLite chooses for a number are not those of Rust.
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
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(number),
            Value::Real(number) => ValueRef::Real(number),
            Value::Text(bytes) => ValueRef::Text(bytes),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

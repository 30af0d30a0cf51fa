//! Stored rows, and how values get in and out of SQLite.

use std::borrow::Cow;

use rusqlite::Connection;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::problem::Problem;
use crate::row::{OwnedValue, Reason, RowSource, RowView, Value};
use crate::schema::Table;

/// A row as it is stored, with the columns that were selected. Asking for any other column panics.
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
            value => Ok(Cow::Owned(print(self.connection, value)?)),
        }
    }
}

/// A value as SQLite prints it, bytes as hexadecimal digits.
fn print(connection: &Connection, value: Value) -> rusqlite::Result<String> {
    // The digits that SQLite chooses for a number are not those of Rust.
    let sql = match value {
        Value::Blob(_) => "SELECT hex(?1)",
        _ => "SELECT CAST(?1 AS TEXT)",
    };
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([value], |row| {
        let bytes = row.get_ref(0)?.as_bytes()?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    })
}

/// Many rows as they are stored, to be checked.
#[derive(Debug)]
pub struct StoredRows<'a> {
    connection: &'a Connection,
    width: usize,
    /// The columns that were read.
    columns: &'a [usize],
    rowids: Vec<i64>,
    values: Vec<Stored>,
    /// The bytes of texts and blobs.
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Stored {
    Null,
    Integer(i64),
    Real(f64),
    /// The start and the end of its bytes.
    Text(usize, usize),
    Blob(usize, usize),
}

impl<'a> StoredRows<'a> {
    pub(super) fn new(
        table: &Table,
        columns: &'a [usize],
        connection: &'a Connection,
    ) -> StoredRows<'a> {
        StoredRows {
            connection,
            width: table.columns.len(),
            columns,
            rowids: Vec::new(),
            values: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Appends a row, whose first column is the rowid.
    pub(super) fn push(&mut self, row: &rusqlite::Row) -> rusqlite::Result<()> {
        self.rowids.push(row.get(0)?);
        let first = self.values.len();
        self.values.resize(first + self.width, Stored::Null);
        for (index, column) in self.columns.iter().enumerate() {
            let start = self.bytes.len();
            self.values[first + column] = match row.get_ref(1 + index)?.into() {
                Value::Null => Stored::Null,
                Value::Integer(number) => Stored::Integer(number),
                Value::Real(number) => Stored::Real(number),
                Value::Text(bytes) => {
                    self.bytes.extend_from_slice(bytes);
                    Stored::Text(start, self.bytes.len())
                }
                Value::Blob(bytes) => {
                    self.bytes.extend_from_slice(bytes);
                    Stored::Blob(start, self.bytes.len())
                }
            };
        }
        Ok(())
    }

    /// Whether it is time to check them.
    pub(super) fn is_full(&self) -> bool {
        let bytes = self.bytes.len() + size_of_val(self.values.as_slice());
        self.rowids.len() >= 4096 || bytes >= 1 << 20
    }

    pub(super) fn clear(&mut self) {
        self.rowids.clear();
        self.values.clear();
        self.bytes.clear();
    }
}

impl<'c> RowSource for StoredRows<'c> {
    type Row<'a>
        = StoredAt<'a>
    where
        'c: 'a;

    fn len(&self) -> usize {
        self.rowids.len()
    }

    fn row(&self, position: usize) -> StoredAt<'_> {
        StoredAt {
            rows: self,
            position,
        }
    }

    fn line(&self, position: usize) -> u64 {
        self.rowids[position] as u64
    }

    fn is_text(&self) -> bool {
        false
    }
}

/// One of many stored rows.
#[derive(Debug, Clone, Copy)]
pub struct StoredAt<'a> {
    rows: &'a StoredRows<'a>,
    position: usize,
}

impl<'a> RowView<'a> for StoredAt<'a> {
    fn defect(self) -> Option<Reason> {
        None
    }

    fn value(self, column: usize) -> Value<'a> {
        let bytes = &self.rows.bytes;
        match self.rows.values[self.position * self.rows.width + column] {
            Stored::Null => Value::Null,
            Stored::Integer(number) => Value::Integer(number),
            Stored::Real(number) => Value::Real(number),
            Stored::Text(start, end) => Value::Text(&bytes[start..end]),
            Stored::Blob(start, end) => Value::Blob(&bytes[start..end]),
        }
    }

    fn text(self, column: usize) -> Cow<'a, str> {
        match self.value(column) {
            Value::Null => Cow::Borrowed(""),
            Value::Text(bytes) => String::from_utf8_lossy(bytes),
            value => print(self.rows.connection, value)
                .unwrap_or_default()
                .into(),
        }
    }

    fn quoted(self, column: usize, is_number: bool) -> String {
        let text = self.text(column);
        match self.value(column) {
            Value::Text(_) | Value::Null if !is_number => format!("{text:?}"),
            _ => text.into_owned(),
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

impl<'a> From<Value<'a>> for ToSqlOutput<'a> {
    fn from(value: Value<'a>) -> ToSqlOutput<'a> {
        ToSqlOutput::Borrowed(match value {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(number),
            Value::Real(number) => ValueRef::Real(number),
            Value::Text(bytes) => ValueRef::Text(bytes),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        })
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self).into())
    }
}

impl ToSql for OwnedValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.get().into())
    }
}

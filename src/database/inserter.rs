//! Inserting rows over one connection, inside a transaction of the caller's.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Statement};

use crate::schema::{Column, Table};
use crate::validate::{Row, Value};

/// How many rows one `INSERT` takes: from about 25 on, a statement costs little beside its rows.
const ROWS_PER_STATEMENT: usize = 50;

/// What became of a row that was to be inserted.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It was inserted.
    Inserted,
    /// It was there already, with the very same values.
    Unchanged,
    /// Its id belongs to another row.
    Taken,
    /// SQLite does not take it: it is too large, or breaks a constraint of the database's own.
    Refused(String),
}

/// Inserts rows into one table.
pub struct Inserter<'a> {
    connection: &'a Connection,
    table: &'static Table,
    /// The greatest id that is stored, while rows may be appended to it.
    last: Option<i64>,
}

/// The statements that insert a full group.
struct Many<'a> {
    named: Statement<'a>,
    appended: Statement<'a>,
}

impl<'a> Inserter<'a> {
    /// An inserter over a connection that has the database locked for writing.
    pub fn new(connection: &'a Connection, table: &'static Table) -> Inserter<'a> {
        Inserter {
            connection,
            table,
            last: None,
        }
    }

    /// Inserts rows and returns the fate of each.
    ///
    /// # Errors
    ///
    /// If SQLite fails. Some of the rows may be inserted then: roll back.
    pub fn insert<'r>(
        mut self,
        mut rows: impl Iterator<Item = Row<'r>>,
    ) -> rusqlite::Result<Vec<Fate>> {
        let mut fates = Vec::with_capacity(rows.size_hint().1.unwrap_or(0));
        let mut one = self.prepare(self.table.columns, 1, " ON CONFLICT (id) DO NOTHING")?;
        let mut many = None;
        let mut group = Vec::with_capacity(ROWS_PER_STATEMENT);
        loop {
            group.clear();
            group.extend(rows.by_ref().take(ROWS_PER_STATEMENT));
            if group.is_empty() {
                return Ok(fates);
            }
            if group.len() == ROWS_PER_STATEMENT && self.insert_group(&mut many, &group)? {
                fates.extend(group.iter().map(|_| Fate::Inserted));
            } else {
                for row in &group {
                    fates.push(self.insert_one(&mut one, row)?);
                }
            }
        }
    }

    /// Inserts a full group, or none of it and returns `false` if an id is taken.
    fn insert_group(
        &mut self,
        many: &mut Option<Many<'a>>,
        rows: &[Row],
    ) -> rusqlite::Result<bool> {
        let many = match many {
            Some(many) => many,
            empty => {
                self.last = self.greatest_id()?;
                empty.insert(Many {
                    named: self.prepare(self.table.columns, ROWS_PER_STATEMENT, "")?,
                    appended: self.prepare(&self.table.columns[1..], ROWS_PER_STATEMENT, "")?,
                })
            }
        };
        if self.append(&mut many.appended, rows)? {
            return Ok(true);
        }
        let inserted = execute(&mut many.named, rows, 0)?;
        if inserted {
            self.saw(rows);
        }
        Ok(inserted)
    }

    /// The greatest id that is stored, or `None` if SQLite may not count on from it: where the table has `AUTOINCREMENT`,
    /// it counts on from the greatest id that ever was, and fails if that was the last one.
    fn greatest_id(&self) -> rusqlite::Result<Option<i64>> {
        let table = self.table.name;
        let sql = format!(
            "SELECT (SELECT ifnull(max(id), 0) FROM {table})
             WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table'
                               AND name = '{table}' COLLATE NOCASE AND sql LIKE '%AUTOINCREMENT%')"
        );
        let greatest = self.connection.query_row(&sql, [], |row| row.get(0));
        greatest.optional()
    }

    /// Prepares an `INSERT` of this many rows. `ABORT` overrules what a constraint of the database itself may say, such
    /// as to replace stored rows.
    fn prepare(
        &self,
        columns: &[Column],
        rows: usize,
        conflict: &str,
    ) -> rusqlite::Result<Statement<'a>> {
        let names: Vec<_> = columns.iter().map(|column| column.name).collect();
        let row = format!("({})", vec!["?"; names.len()].join(", "));
        self.connection.prepare(&format!(
            "INSERT OR ABORT INTO {} ({}) VALUES {}{conflict}",
            self.table.name,
            names.join(", "),
            vec![row; rows].join(", ")
        ))
    }

    /// Inserts rows that count on from the greatest id without naming their ids: SQLite then appends them without a
    /// search. `false` if they do not count on; none is inserted then.
    fn append(&mut self, statement: &mut Statement, rows: &[Row]) -> rusqlite::Result<bool> {
        let Some(last) = self.last else {
            return Ok(false);
        };
        let mut ids = (1..).map(|count| last.checked_add(count));
        if !rows.iter().all(|row| ids.next() == Some(Some(row.id()))) {
            return Ok(false);
        }
        let appended = execute(statement, rows, 1)?;
        if appended {
            self.saw(rows);
        }
        Ok(appended)
    }

    /// Inserts one row, or finds out what is there instead.
    fn insert_one(&mut self, statement: &mut Statement, row: &Row) -> rusqlite::Result<Fate> {
        let row_alone = std::slice::from_ref(row);
        match bind(statement, row_alone, 0).and_then(|()| statement.raw_execute()) {
            Ok(0) => {
                let refused = || Fate::Refused("another constraint".to_string());
                Ok(self.compare(row)?.unwrap_or_else(refused))
            }
            Ok(_) => {
                self.saw(row_alone);
                Ok(Fate::Inserted)
            }
            Err(error) if is_refusal(&error) => Ok(Fate::Refused(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// Notes the ids that are stored now.
    fn saw(&mut self, rows: &[Row]) {
        self.last = (self.last).map(|last| rows.iter().map(Row::id).fold(last, i64::max));
    }

    /// Compares a row with the one that is stored under its id; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn compare(&self, row: &Row) -> rusqlite::Result<Option<Fate>> {
        let (names, table) = (self.table.column_names(), self.table.name);
        let sql = format!("SELECT {names} FROM {table} WHERE id = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let fate = statement.query_row([row.id()], |stored| {
            for (index, value) in row.values().enumerate() {
                if stored.get_ref(index)? != ValueRef::from(value) {
                    return Ok(Fate::Taken);
                }
            }
            Ok(Fate::Unchanged)
        });
        fate.optional()
    }
}

/// Binds rows, from the column with the index `from` on, and executes. `false`, and nothing done, if SQLite does
/// not take one of them.
fn execute(statement: &mut Statement, rows: &[Row], from: usize) -> rusqlite::Result<bool> {
    match bind(statement, rows, from).and_then(|()| statement.raw_execute()) {
        Ok(_) => Ok(true),
        Err(error) if is_refusal(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn bind(statement: &mut Statement, rows: &[Row], from: usize) -> rusqlite::Result<()> {
    let values = rows.iter().flat_map(|row| row.values().skip(from));
    for (index, value) in values.enumerate() {
        statement.raw_bind_parameter(index + 1, value)?;
    }
    Ok(())
}

/// Whether an error is about the row, and others may still be inserted.
fn is_refusal(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig)
    )
}

impl<'a> From<Value<'a>> for ValueRef<'a> {
    fn from(value: Value<'a>) -> ValueRef<'a> {
        match value {
            Value::Integer(number) => ValueRef::Integer(number),
            Value::Real(number) => ValueRef::Real(number),
            Value::Text(bytes) => ValueRef::Text(bytes),
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::from(*self)))
    }
}

//! Real databases in temporary folders.

mod durable;
mod files;
mod foreign;
mod group_commit;
mod insert;
mod locks;
mod read;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use super::location::path;
use super::lookup::changed_meanwhile;
use super::*;
use crate::row::{
    Batch, Cell, Header, KeptValues, Key, Outcome, OwnedValue, Reason, RowId, RowSource, RowView,
    Rows, Value,
};
use crate::schema::{Kind, TABLES};
use Outcome::{Failed, Skipped, Unchanged};

/// A `LockTimeout` that does not wait.
fn none() -> LockTimeout {
    LockTimeout::default()
}

/// A database of users (0), products (1) or orders (2) in a folder of its own.
struct Fixture {
    database: Database,
    folder: TempDir,
}

impl Fixture {
    /// One with an empty table.
    fn new(table: usize) -> Fixture {
        let folder = TempDir::new().unwrap();
        create(TABLES[table], folder.path(), &none()).unwrap();
        Fixture::open(table, folder)
    }

    /// One that SQL made.
    fn made_by(table: usize, sql: &str) -> Fixture {
        Fixture::open(table, made_by(table, sql))
    }

    fn open(table: usize, folder: TempDir) -> Fixture {
        let database = Database::open(TABLES[table], folder.path(), &none()).unwrap();
        let database = Database::prepare(vec![database]).unwrap();
        Fixture { database, folder }
    }

    fn reader(&self) -> &Reader {
        self.database.reader(TABLES[0])
    }

    fn path(&self) -> std::path::PathBuf {
        path(self.reader().table, self.folder.path())
    }

    /// A connection as another program would have it.
    fn other(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    fn rows(&self, lines: &str) -> Rows {
        rows(self.reader().table, lines)
    }

    /// Inserts these rows, and returns the outcome of each, in their order.
    fn insert(&self, lines: &str) -> Vec<Outcome> {
        self.write(&self.rows(lines))
    }

    fn write(&self, rows: &Rows) -> Vec<Outcome> {
        let writer = self.database.writer(false).unwrap();
        let commit = writer.insert(rows, &sorted(rows), no_dependents).unwrap();
        each(rows, commit.sync().unwrap().others)
    }

    /// The row with an id as SQLite prints it, its columns joined by `|`; nothing if there is none.
    fn read(&self, id: i64) -> String {
        let mut printed = Vec::new();
        let width = self.reader().table.columns.len();
        let read = self.reader().row(&RowId::Rowid(id), |row| {
            printed.extend((0..width).map(|column| row.printed(column).unwrap().into_owned()));
        });
        read.unwrap();
        printed.join("|")
    }

    /// All ids that are stored.
    fn ids(&self) -> Vec<i64> {
        let mut ids = Vec::new();
        let scanned = self.reader().scan(|rows| {
            for position in 0..rows.len() {
                if let Value::Integer(id) = rows.row(position).value(0) {
                    ids.push(id);
                }
            }
            Ok(())
        });
        scanned.unwrap();
        ids
    }
}

/// A folder with a database that SQL made.
fn made_by(table: usize, sql: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let path = path(TABLES[table], folder.path());
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
    folder
}

/// The rows of lines whose cells are separated by commas.
fn rows(table: &'static Table, lines: &str) -> Rows {
    let mut batch = Batch::new(Arc::new(Header::of(table)));
    let mut typed = Vec::new();
    for (number, line) in lines.lines().enumerate() {
        batch.push_fields(number as u64 + 2, line.split(','));
        typed.push(line);
    }
    let mut rows = Rows::new(table, batch);
    for (position, line) in typed.into_iter().enumerate() {
        let cells = table.columns.iter().zip(line.split(','));
        rows.accept(
            position,
            cells.map(|(column, cell)| match column.kind {
                Kind::Integer => Value::Integer(cell.parse().unwrap()),
                Kind::Real => Value::Real(cell.parse().unwrap()),
                _ => Value::Text(cell.as_bytes()),
            }),
        );
    }
    rows
}

/// The positions of all rows, sorted by id.
fn sorted(rows: &Rows) -> Vec<u32> {
    let mut positions = rows.accepted.clone();
    positions.sort_by_key(|position| rows.number(*position));
    positions
}

/// Stands for a row that was inserted among the outcomes of those that were not.
fn inserted() -> Outcome {
    Skipped([].into())
}

/// The outcome of each row, given the outcomes of those that were not inserted.
fn each(rows: &Rows, others: Vec<(u32, Outcome)>) -> Vec<Outcome> {
    let mut outcomes = vec![inserted(); rows.accepted.len()];
    for (position, outcome) in others {
        outcomes[position as usize] = outcome;
    }
    outcomes
}

/// Users with these ids, named after them.
fn users(ids: impl IntoIterator<Item = i64>) -> String {
    let mut lines = String::new();
    for id in ids {
        writeln!(lines, "{id},user {id},{id}@b.co").unwrap();
    }
    lines
}

/// The outcome of a user whose id belongs to another one, which differs in these columns.
fn taken(differing: &[&'static str]) -> Outcome {
    taken_in(0, differing)
}

/// The outcome of a row of a table whose id belongs to another one, which differs in these columns.
fn taken_in(table: usize, differing: &[&'static str]) -> Outcome {
    Outcome::skipped(Reason::Taken {
        table: TABLES[table],
        differing: differing.into(),
    })
}

/// Which of these ids are stored.
fn stored(reader: &Reader, ids: &[i64]) -> Vec<i64> {
    let keys: Vec<_> = ids.iter().copied().map(Key::Integer).collect();
    let stored = reader.stored(0, &keys).unwrap().into_iter();
    let stored = ids.iter().zip(stored).filter(|(_, is_stored)| *is_stored);
    stored.map(|(id, _)| *id).collect()
}

/// No row depends on another one of the same transaction.
fn no_dependents(_: &[(u32, Outcome)]) -> Vec<(u32, Outcome)> {
    Vec::new()
}

//! What the three databases hold after a crash.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use crate::kit::stored::print;
use crate::kit::{Folder, TABLES};

/// The rows of the seed that keep the rules, per table.
pub const SEED: [usize; 3] = [9, 9, 7];

/// The rows of a table by their ids, printed.
pub type Rows = BTreeMap<i64, String>;

/// The rows of all tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored(pub [Rows; 3]);

impl Stored {
    /// Reads a copy of a folder, so that what a crash left there is still there for the next run.
    ///
    /// Panics if a database is damaged or if an order dangles.
    pub fn read(folder: &Folder) -> Stored {
        let copy = folder.copy();
        let read = |table: &str| {
            sound_rows(&copy.database(table), table)
                .unwrap_or_else(|error| panic!("{table}.db: {error}"))
        };
        let stored = Stored(TABLES.map(read));
        let dangling = dangling(&stored.0[0], &stored.0[1], &stored.0[2]);
        assert_eq!(dangling, None, "an order dangles: {stored:?}");
        stored
    }

    /// How many rows each table has.
    pub fn counts(&self) -> [usize; 3] {
        self.0.each_ref().map(BTreeMap::len)
    }
}

/// The rows of a table if its database is sound; else what is wrong.
pub fn sound_rows(database: &Path, table: &str) -> Result<Rows, String> {
    let read = || -> rusqlite::Result<_> {
        let connection = Connection::open(database)?;
        let problems = print(&connection, "PRAGMA integrity_check")?;
        let rows = print(&connection, &format!("SELECT * FROM {table}"))?;
        Ok((problems, rows))
    };
    match read() {
        Err(error) => Err(error.to_string()),
        Ok((problems, _)) if problems != ["ok"] => Err(problems.join("; ")),
        Ok((_, rows)) => Ok(rows.into_iter().map(|row| (number(&row, 0), row)).collect()),
    }
}

/// A cell of a printed row that is a number.
fn number(row: &str, cell: usize) -> i64 {
    row.split('|').nth(cell).unwrap().parse().unwrap()
}

/// The first order whose user or product is not there.
pub fn dangling<'a>(users: &Rows, products: &Rows, orders: &'a Rows) -> Option<&'a String> {
    let mut orders = orders.values();
    orders.find(|order| {
        !users.contains_key(&number(order, 1)) || !products.contains_key(&number(order, 2))
    })
}

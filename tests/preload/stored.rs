//! What the three databases hold, read by SQLite without the program.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value, json};

use super::copy;

/// The tables, each after those it refers to.
pub const TABLES: [&str; 3] = ["users", "products", "orders"];

/// The rows of the seed that keep the rules, per table.
pub const SEED: [usize; 3] = [9, 9, 7];

/// The rows of a table by their ids, each as the report shows it.
pub type Rows = BTreeMap<i64, Value>;

/// The rows of all tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored(pub [Rows; 3]);

impl Stored {
    /// Reads a copy of a folder, so that what a crash left there is still there for the next run.
    ///
    /// Panics if a database is damaged or if an order dangles.
    pub fn read(folder: &Path) -> Stored {
        let copy = copy(folder);
        let read = |table: &str| {
            rows(copy.path(), table).unwrap_or_else(|error| panic!("{table}.db: {error}"))
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

/// The rows of one table, and whether its database is sound.
pub fn rows(folder: &Path, table: &str) -> rusqlite::Result<Rows> {
    let connection = Connection::open(folder.join(format!("{table}.db")))?;
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    assert_eq!(sound, "ok", "{table}.db");
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
    let names: Vec<_> = statement.column_names().map(|n| n.to_string()).collect();
    let rows = statement.query_map([], |row| {
        let mut object = Map::new();
        for (index, name) in names.iter().enumerate() {
            object.insert(name.clone(), value(row.get_ref(index)?));
        }
        Ok((row.get(0)?, Value::Object(object)))
    })?;
    rows.collect()
}

fn value(value: ValueRef) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => json!(number),
        ValueRef::Real(number) => json!(number),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => json!(String::from_utf8_lossy(bytes)),
    }
}

/// The first order whose user or product is not there.
pub fn dangling<'a>(users: &Rows, products: &Rows, orders: &'a Rows) -> Option<&'a Value> {
    let has = |rows: &Rows, id: &Value| id.as_i64().is_some_and(|id| rows.contains_key(&id));
    orders
        .values()
        .find(|order| !has(users, &order["user_id"]) || !has(products, &order["product_id"]))
}

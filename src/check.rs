//! Tests stored rows against the rules of the schema.

use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread::Builder;

use crate::database::{Problem, Reader};
use crate::report::{self, Checked, Listing, Violating};
use crate::row::{Keys, Reasons, RowSource, RowView};
use crate::rules::{AllKeys, Existence, Found, Parents, Rules, UsedKeys};
use crate::schema::Table;
use crate::sync;

/// The check of one table.
#[derive(Debug)]
pub struct TableCheck {
    /// The table's database.
    pub reader: Reader,
    /// How many of its rows were checked.
    pub rows: AtomicU64,
    /// The keys of all its rows, once they are known.
    keys: OnceLock<Vec<UsedKeys>>,
}

impl TableCheck {
    /// A table of which nothing is known yet.
    pub fn new(reader: Reader) -> TableCheck {
        TableCheck {
            reader,
            rows: AtomicU64::new(0),
            keys: OnceLock::new(),
        }
    }

    /// Whether the keys of all rows are known.
    pub fn is_read(&self) -> bool {
        self.keys.get().is_some()
    }
}

/// Checks the stored rows of all tables at the same time, and lists rows of each that break rules. A table comes after
/// those it refers to. Calls `watch` now and then.
///
/// # Errors
///
/// For each table, if its database is damaged or cannot be read.
pub fn check(
    tables: &[TableCheck],
    unique: bool,
    listing: Listing,
    watch: impl FnMut(),
) -> Vec<Result<Checked, Problem>> {
    std::thread::scope(|scope| {
        let (running, done) = channel::<()>();
        let mut threads = Vec::new();
        // An order is written after its user and product. Snapshots in the opposite order never show an order that
        // another process has just written without the rows it refers to.
        for table in tables.iter().rev() {
            let held = table.reader.hold_snapshot();
            // If no thread can be started, both are dropped with the closure.
            let ending = (running.clone(), NotifyOnDrop(table));
            let check = move || {
                let _ending = ending;
                held.and_then(|()| check_table(table, tables, unique, listing))
            };
            threads.push(Builder::new().spawn_scoped(scope, check));
        }
        drop(running);
        sync::watch(&done, watch);
        let results = threads.into_iter().rev().map(|thread| match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(error) => Err(Problem::from(error)),
        });
        results.collect()
    })
}

/// Releases the threads that wait for the keys of a table, however its check ends.
struct NotifyOnDrop<'a>(&'a TableCheck);

impl Drop for NotifyOnDrop<'_> {
    fn drop(&mut self) {
        let _ = self.0.keys.set(Vec::new());
    }
}

fn check_table(
    table: &TableCheck,
    tables: &[TableCheck],
    unique: bool,
    listing: Listing,
) -> Result<Checked, Problem> {
    let this = table.reader.table;
    let mut checked = Checked {
        table: this,
        rows: 0,
        violations: 0,
        violating_rows: Vec::new(),
    };
    let parents = this.references.iter().filter_map(|reference| {
        let mut tables = tables.iter();
        tables.find(|table| table.reader.table.name == reference.parent)
    });
    let parents: Vec<_> = parents.collect();
    let kinds = parents.iter().map(|parent| parent.reader.table);
    let mut rules = Rules::new(this, kinds.collect(), unique, None)?;
    table.reader.check_integrity()?;
    if let Some(columns) = rules.stored_columns() {
        let reader = &table.reader;
        reader.scan_columns(&columns, |rows| rules.note_stored(rows))?;
    }
    let is_wanted = |key| {
        let mut references = tables
            .iter()
            .flat_map(|table| table.reader.table.references);
        references.any(|reference| reference.parent == this.name && reference.key == key)
    };
    let mut keys = Some(AllKeys::new(this, is_wanted));
    if this.refers_to_itself()
        && let Some(mut all) = keys.take()
    {
        table.reader.scan(|rows| {
            all.add(rows);
            Ok(())
        })?;
        let _ = table.keys.set(all.into_used());
    }
    let parents = CheckedParents {
        table: this,
        parents,
    };
    table.reader.scan(|rows| {
        rules.check_stored(rows, &parents, |position, reasons| {
            checked.violations += 1;
            if checked.violating_rows.len() < listing.records {
                let key = key(this, rows, position);
                let named = |columns: &[usize]| rows.row(position).named(this, columns, |_| None);
                let reasons = Reasons(reasons, &named);
                checked
                    .violating_rows
                    .push(Violating::new(key, reasons, listing));
            }
        })?;
        checked.rows += rows.len() as u64;
        table.rows.store(checked.rows, Ordering::Relaxed);
        if let Some(keys) = &mut keys {
            keys.add(rows);
        }
        Ok(())
    })?;
    if let Some(keys) = keys {
        let _ = table.keys.set(keys.into_used());
    }
    Ok(checked)
}

/// What identifies a stored row: the columns of its primary key, or its rowid.
fn key(
    table: &Table,
    rows: &impl RowSource,
    position: usize,
) -> Vec<(&'static str, serde_json::Value)> {
    match table.primary_key() {
        None => vec![("rowid", (rows.line(position) as i64).into())],
        Some(key) => {
            let row = rows.row(position);
            let columns = key.columns.iter();
            let value = |column: &usize| {
                let name = table.columns[*column].name;
                (name, report::to_json(row.value(*column)))
            };
            columns.map(value).collect()
        }
    }
}

/// The tables that a table refers to, one for each reference.
struct CheckedParents<'a> {
    table: &'static Table,
    parents: Vec<&'a TableCheck>,
}

impl Parents for CheckedParents<'_> {
    fn find(&self, reference: usize, keys: &Keys) -> Found {
        let all = self.parents[reference].keys.wait();
        let index = self.table.references[reference].key;
        let found = UsedKeys::find_in(all, index, keys).into_iter();
        let rows = found.map(|number| number.map_or(Existence::Missing, |_| Existence::Stored));
        Found {
            rows: rows.collect(),
            unknown: None,
        }
    }
}

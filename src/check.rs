//! Tests stored rows against the rules of the schema.

use std::borrow::Cow;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread::Builder;

use crate::database::{Problem, Reader, StoredRow};
use crate::report::{Checked, Listing, Violating};
use crate::row::{Outcome, Value};
use crate::rules::{Given, IdSet, Rules, UsedIds};
use crate::sync;

/// The check of one table.
#[derive(Debug)]
pub struct TableCheck {
    /// The table's database.
    pub reader: Reader,
    /// How many of its rows were checked.
    pub rows: AtomicU64,
    /// The ids of all its rows, once they are known.
    ids: OnceLock<IdSet>,
}

impl TableCheck {
    /// A table of which nothing is known yet.
    pub fn new(reader: Reader) -> TableCheck {
        TableCheck {
            reader,
            rows: AtomicU64::new(0),
            ids: OnceLock::new(),
        }
    }

    /// Whether the ids of all rows are known.
    pub fn is_read(&self) -> bool {
        self.ids.get().is_some()
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
        for (index, table) in tables.iter().enumerate().rev() {
            let held = table.reader.hold_snapshot();
            // If no thread can be started, both are dropped with the closure.
            let ending = (running.clone(), NotifyOnDrop(table));
            let check = move || {
                let _ending = ending;
                held.and_then(|()| check_table(table, &tables[..index], unique, listing))
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

/// Releases the threads that wait for the ids of a table, however its check ends.
struct NotifyOnDrop<'a>(&'a TableCheck);

impl Drop for NotifyOnDrop<'_> {
    fn drop(&mut self) {
        let _ = self.0.ids.set(IdSet::default());
    }
}

fn check_table(
    table: &TableCheck,
    earlier: &[TableCheck],
    unique: bool,
    listing: Listing,
) -> Result<Checked, Problem> {
    let mut checked = Checked {
        table: table.reader.table,
        rows: 0,
        violations: 0,
        violating_rows: Vec::new(),
    };
    let mut rules = Rules::new(table.reader.table, unique);
    let mut ids = UsedIds::default();
    table.reader.check_integrity()?;
    for index in rules.unique_columns() {
        let column = &table.reader.table.columns[index];
        let own = |text: &str, id| rules.own(index, text.as_bytes(), id);
        table.reader.texts(column.name, own)?;
    }
    let parents = table.reader.table.references().map(|(column, parent)| {
        let mut earlier = earlier.iter();
        let parent = earlier.find(|table| table.reader.table == parent);
        (column, parent)
    });
    let parents: Vec<_> = parents.collect();
    let exists = |column, id| {
        let parent = parents.iter().find(|(parent, _)| *parent == column);
        let parent = parent.and_then(|(_, parent)| *parent);
        Ok(parent.is_some_and(|table| table.ids.wait().contains(id)))
    };
    table.reader.scan(|row| {
        checked.rows += 1;
        table.rows.store(checked.rows, Ordering::Relaxed);
        let id = row.integer(0);
        if let Err(Outcome::Skipped(reasons)) =
            rules.check(checked.rows, row, false, exists, |_| {})
        {
            checked.violations += 1;
            if checked.violating_rows.len() < listing.records {
                let violating = Violating::new(id, &reasons, listing);
                checked.violating_rows.push(violating);
            }
        }
        ids.insert(id, 0);
    })?;
    let _ = table.ids.set(ids.into_set());
    Ok(checked)
}

impl Given for StoredRow<'_> {
    fn value(&self, column: usize) -> Value<'_> {
        StoredRow::value(self, column)
    }

    fn text(&self, column: usize) -> Cow<'_, str> {
        self.printed(column).unwrap_or_default()
    }
}

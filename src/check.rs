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
use crate::rules::{Frozen, Given, Ids, Rules};
use crate::sync;

/// The check of one table.
#[derive(Debug)]
pub struct Lane {
    /// The table's database.
    pub reader: Reader,
    /// How many of its rows were checked.
    pub rows: AtomicU64,
    /// The ids of all its rows, once they are known.
    ids: OnceLock<Frozen>,
}

impl Lane {
    /// A table of which nothing is known yet.
    pub fn new(reader: Reader) -> Lane {
        Lane {
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

/// Checks all stored rows of all tables side by side, and lists violating rows of each. A table's lane comes after those of the tables it refers to. Calls `watch` now and then.
///
/// # Errors
///
/// For each table, if its database is damaged or cannot be read.
pub fn check(
    lanes: &[Lane],
    unique: bool,
    listing: Listing,
    watch: impl FnMut(),
) -> Vec<Result<Checked, Problem>> {
    std::thread::scope(|scope| {
        let (running, done) = channel::<()>();
        let mut threads = Vec::new();
        // An order is written after its user and product. Seen in the opposite order, no order that another process
        // writes meanwhile can look as if it dangled.
        for (place, lane) in lanes.iter().enumerate().rev() {
            let held = lane.reader.hold_snapshot();
            // Where no thread can be had, both are dropped with the closure.
            let ending = (running.clone(), Told(lane));
            let check = move || {
                let _ending = ending;
                held.and_then(|()| check_table(lane, &lanes[..place], unique, listing))
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

/// However the check of a table ends, the threads that wait for its ids are told.
struct Told<'a>(&'a Lane);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        let _ = self.0.ids.set(Frozen::default());
    }
}

fn check_table(
    lane: &Lane,
    earlier: &[Lane],
    unique: bool,
    listing: Listing,
) -> Result<Checked, Problem> {
    let mut checked = Checked {
        table: lane.reader.table,
        rows: 0,
        violations: 0,
        violating_rows: Vec::new(),
    };
    let mut rules = Rules::new(lane.reader.table, unique);
    let mut ids = Ids::default();
    lane.reader.check_integrity()?;
    for index in rules.unique_columns() {
        let column = &lane.reader.table.columns[index];
        let own = |text: &str, id| rules.own(index, text.as_bytes(), id);
        lane.reader.texts(column.name, own)?;
    }
    let parents = lane.reader.table.references().map(|(column, parent)| {
        let mut earlier = earlier.iter();
        let parent = earlier.find(|lane| lane.reader.table == parent);
        (column, parent)
    });
    let parents: Vec<_> = parents.collect();
    let exists = |column, id| {
        let parent = parents.iter().find(|(parent, _)| *parent == column);
        let parent = parent.and_then(|(_, parent)| *parent);
        Ok(parent.is_some_and(|lane| lane.ids.wait().contains(id)))
    };
    lane.reader.scan(|row| {
        checked.rows += 1;
        lane.rows.store(checked.rows, Ordering::Relaxed);
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
    let _ = lane.ids.set(ids.freeze());
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

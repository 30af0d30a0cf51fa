//! What became of the records of one table: counts of everything, and the first few of each outcome.

use std::collections::BTreeMap;

use crate::record::Record;

/// What became of one record.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Its row was inserted, and the commit is on disk.
    Inserted,
    /// Its row was there already, with the very same values.
    Unchanged,
    /// It breaks rules; these.
    Skipped(Vec<String>),
    /// It could not be inserted; for these reasons.
    Failed(Vec<String>),
}

/// A record that was not stored, as given, with the reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    /// The line of the file where it starts.
    pub line: u64,
    /// Its fields in the order of the file.
    pub fields: Vec<Vec<u8>>,
    /// Why it was not stored.
    pub reasons: Vec<String>,
}

/// What became of the records of one table.
#[derive(Debug)]
pub struct Tally {
    /// Rows inserted.
    pub inserted: u64,
    /// Rows that were stored already, the same.
    pub unchanged: u64,
    /// Records that break rules.
    pub skipped: u64,
    /// Records that could not be inserted.
    pub failed: u64,
    /// The ids of the first rows that were inserted or unchanged.
    pub rows: First<i64>,
    /// The first records that were skipped.
    pub skipped_rows: First<Rejected>,
    /// The first records that failed.
    pub failed_rows: First<Rejected>,
}

impl Tally {
    /// Nothing yet; of each outcome, at most `limit` records are to be listed.
    pub fn new(limit: usize) -> Tally {
        Tally {
            inserted: 0,
            unchanged: 0,
            skipped: 0,
            failed: 0,
            rows: First::new(limit),
            skipped_rows: First::new(limit),
            failed_rows: First::new(limit),
        }
    }

    /// Takes down what became of a record; `id` is that of its row.
    pub fn record(&mut self, record: Record, id: i64, outcome: Outcome) {
        let line = record.line;
        let rejected = |reasons| Rejected {
            line,
            fields: record.fields().map(<[u8]>::to_vec).collect(),
            reasons,
        };
        match outcome {
            Outcome::Inserted => {
                self.inserted += 1;
                self.rows.offer(line, || id);
            }
            Outcome::Unchanged => {
                self.unchanged += 1;
                self.rows.offer(line, || id);
            }
            Outcome::Skipped(reasons) => {
                self.skipped += 1;
                self.skipped_rows.offer(line, || rejected(reasons));
            }
            Outcome::Failed(reasons) => {
                self.failed += 1;
                self.failed_rows.offer(line, || rejected(reasons));
            }
        }
    }
}

/// The first few of what comes in any order: those with the lowest lines.
#[derive(Debug)]
pub struct First<T> {
    limit: usize,
    items: BTreeMap<u64, T>,
}

impl<T> First<T> {
    fn new(limit: usize) -> First<T> {
        let items = BTreeMap::new();
        First { limit, items }
    }

    /// Takes the item of a line if it is among the first.
    fn offer(&mut self, line: u64, item: impl FnOnce() -> T) {
        let last = self.items.last_key_value().map(|(line, _)| *line);
        if self.items.len() < self.limit || last > Some(line) {
            self.items.insert(line, item());
            if self.items.len() > self.limit {
                self.items.pop_last();
            }
        }
    }

    /// The items in the order of their lines.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.values()
    }
}

//! What became of the records of one table: counts of everything, and the first few of each outcome.

mod rejects;

use std::collections::BTreeMap;
use std::io;

use crate::record::Record;
use crate::validate::Violation;

pub use rejects::Rejects;

/// What became of one record.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Its row was inserted, and the commit is on disk.
    Inserted,
    /// Its row was there already, with the very same values.
    Unchanged,
    /// It breaks rules; these.
    Skipped(Vec<Reason>),
    /// It could not be inserted; for these reasons.
    Failed(Vec<Reason>),
}

/// Why a record was not stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The reason in the words of the contract.
    pub text: String,
    /// The same without what is particular to one row, to count rows by.
    pub kind: String,
}

impl Reason {
    /// A reason.
    pub fn new(text: impl Into<String>, kind: impl Into<String>) -> Reason {
        let (text, kind) = (text.into(), kind.into());
        Reason { text, kind }
    }

    /// The reasons joined as one text.
    pub fn join(reasons: &[Reason]) -> String {
        let texts: Vec<_> = reasons.iter().map(|reason| reason.text.as_str()).collect();
        texts.join("; ")
    }
}

impl From<Violation> for Reason {
    fn from(violation: Violation) -> Reason {
        Reason::new(violation.to_string(), violation.kind())
    }
}

/// A record that was not stored, as given, with the reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    /// The line of the file where it starts.
    pub line: u64,
    /// Its fields in the order of the file.
    pub fields: Vec<Vec<u8>>,
    /// Why it was not stored.
    pub reasons: Vec<Reason>,
}

/// What became of the records of one table.
#[derive(Debug)]
pub struct Tally {
    /// Rows inserted.
    pub inserted: u64,
    /// Rows that were stored already, the same.
    pub unchanged: u64,
    /// Records that break rules.
    pub skipped: Rejections,
    /// Records that could not be inserted.
    pub failed: Rejections,
    /// The ids of the first rows that were inserted or unchanged.
    pub rows: First<i64>,
    /// Where skipped and failed records are written, if that was asked for.
    pub rejects: Option<Rejects>,
    /// What made writing the rejects stop.
    pub rejects_error: Option<io::Error>,
}

/// Records that were not stored.
#[derive(Debug)]
pub struct Rejections {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub rows: First<Rejected>,
    /// How many there are for each kind of reason.
    pub kinds: BTreeMap<String, u64>,
}

impl Tally {
    /// Nothing yet; of each outcome, at most `limit` records are to be listed.
    pub fn new(limit: usize) -> Tally {
        Tally {
            inserted: 0,
            unchanged: 0,
            skipped: Rejections::new(limit),
            failed: Rejections::new(limit),
            rows: First::new(limit),
            rejects: None,
            rejects_error: None,
        }
    }

    /// How many rows of the batch are stored now.
    pub fn stored(&self) -> u64 {
        self.inserted + self.unchanged
    }

    /// Takes down what became of a record; `id` is that of its row.
    pub fn record(&mut self, record: Record, id: i64, outcome: Outcome) {
        let (rejections, reasons) = match outcome {
            Outcome::Inserted => {
                self.inserted += 1;
                return self.rows.offer(record.line, || id);
            }
            Outcome::Unchanged => {
                self.unchanged += 1;
                return self.rows.offer(record.line, || id);
            }
            Outcome::Skipped(reasons) => (&mut self.skipped, reasons),
            Outcome::Failed(reasons) => (&mut self.failed, reasons),
        };
        if let Some(rejects) = &mut self.rejects
            && let Err(error) = rejects.write(record, &Reason::join(&reasons))
        {
            self.rejects = None;
            self.rejects_error = Some(error);
        }
        rejections.add(record, reasons);
    }
}

impl Rejections {
    fn new(limit: usize) -> Rejections {
        Rejections {
            count: 0,
            rows: First::new(limit),
            kinds: BTreeMap::new(),
        }
    }

    fn add(&mut self, record: Record, reasons: Vec<Reason>) {
        self.count += 1;
        for Reason { kind, .. } in &reasons {
            match self.kinds.get_mut(kind) {
                Some(count) => *count += 1,
                None => _ = self.kinds.insert(kind.clone(), 1),
            }
        }
        self.rows.offer(record.line, || Rejected {
            line: record.line,
            fields: record.fields().map(<[u8]>::to_vec).collect(),
            reasons,
        });
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

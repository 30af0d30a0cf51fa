//! What became of the records of one table: counts of everything, the first few of each outcome, and where more is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Defect, Header, Outcome, Reason, Record, Rows};
use crate::schema::Table;
use crate::timeline::Track;

/// Most fields of a record that a table shows. Nobody reads a wider table, and drawing one takes long.
pub const MOST_FIELDS: usize = 50;

/// What became of the records of one table, counted in the order of the file.
#[derive(Debug)]
pub struct Tally {
    /// The table.
    pub table: &'static Table,
    /// The columns of its file; `None` if there is no file.
    pub header: Option<Arc<Header>>,
    /// Rows inserted.
    pub inserted: u64,
    /// Rows that were stored before, with the same values.
    pub unchanged: u64,
    /// Records that break rules.
    pub skipped: Rejections,
    /// Records that could not be inserted.
    pub failed: Rejections,
    /// The ids of the first inserted rows.
    pub inserted_ids: Vec<i64>,
    /// The ids of the first rows that were stored before.
    pub unchanged_ids: Vec<i64>,
    /// The file that the records are in that were not stored, if there is one.
    pub rejects: Option<PathBuf>,
    /// What its writer threads did, if it was asked for.
    pub timeline: Option<Vec<Track>>,
    limit: usize,
    shown: Option<usize>,
}

/// Records that were not stored.
#[derive(Debug, Default)]
pub struct Rejections {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub rows: Vec<Rejected>,
    /// How many there are for each kind of reason. A record that breaks several rules counts for each.
    pub kinds: BTreeMap<String, u64>,
}

/// A record that was not stored, as given, with the reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The line of the file where it starts.
    pub line: u64,
    /// Its first fields in the order of the file; the whole line if it could not be split into fields.
    pub fields: Vec<Excerpt>,
    /// How many more fields it has.
    pub more_fields: usize,
    /// Why it could not be split into fields, if that is so.
    pub defect: Option<Defect>,
    /// Why it was not stored.
    pub reasons: Vec<Excerpt>,
}

/// The beginning of a text that may be too long to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The text, or its beginning. What is not UTF-8 became U+FFFD.
    pub text: String,
    /// How many bytes the whole text has, if this is only its beginning.
    pub cut: Option<usize>,
}

impl Tally {
    /// Nothing yet. At most `limit` records of each outcome are listed. Of the cells and reasons of those, `shown` is
    /// the most characters to keep, and a record then keeps its first [`MOST_FIELDS`]; `None` keeps everything.
    pub fn new(
        table: &'static Table,
        header: Option<Arc<Header>>,
        limit: usize,
        shown: Option<usize>,
    ) -> Tally {
        Tally {
            table,
            header,
            inserted: 0,
            unchanged: 0,
            skipped: Rejections::default(),
            failed: Rejections::default(),
            inserted_ids: Vec::new(),
            unchanged_ids: Vec::new(),
            rejects: None,
            timeline: None,
            limit,
            shown,
        }
    }

    /// The names of the fields of its file.
    pub fn names(&self) -> &[String] {
        (self.header.as_ref()).map_or(&[], |header| &header.names)
    }

    /// How many records have an outcome.
    pub fn records(&self) -> u64 {
        self.inserted + self.unchanged + self.rejected()
    }

    /// How many records were skipped or failed.
    pub fn rejected(&self) -> u64 {
        self.skipped.count + self.failed.count
    }

    /// Whether a record was rejected because a cell is not UTF-8.
    pub fn has_invalid_utf8(&self) -> bool {
        let mut kinds = self.skipped.kinds.keys();
        kinds.any(|kind| kind.ends_with("is not valid UTF-8"))
    }

    /// Counts the rows at these places as inserted, except those at the places in `others`. Both are in ascending
    /// order.
    pub fn insert(&mut self, rows: &Rows, places: &[u32], others: &[(u32, Outcome)]) {
        self.inserted += (places.len() - others.len()) as u64;
        let mut others = others.iter().map(|(place, _)| place).peekable();
        let inserted = places
            .iter()
            .filter(|place| others.next_if_eq(place).is_none());
        let room = self.limit - self.inserted_ids.len();
        self.inserted_ids
            .extend(inserted.take(room).map(|place| rows.id(*place)));
    }

    /// Counts a record that was not inserted, given the id of its row if it has one.
    pub fn count(&mut self, record: Record, id: i64, outcome: &Outcome) {
        let (limit, shown) = (self.limit, self.shown);
        match outcome {
            Outcome::Unchanged => {
                self.unchanged += 1;
                if self.unchanged_ids.len() < limit {
                    self.unchanged_ids.push(id);
                }
            }
            Outcome::Skipped(reasons) => self.skipped.add(record, reasons, limit, shown),
            Outcome::Failed(reasons) => self.failed.add(record, reasons, limit, shown),
        }
    }
}

impl Rejections {
    fn add(&mut self, record: Record, reasons: &[Reason], limit: usize, shown: Option<usize>) {
        self.count += 1;
        for Reason { kind, .. } in reasons {
            match self.kinds.get_mut(kind) {
                Some(count) => *count += 1,
                None => _ = self.kinds.insert(kind.clone(), 1),
            }
        }
        if self.rows.len() < limit {
            let mut fields = record.fields();
            let kept = fields
                .by_ref()
                .take(shown.map_or(usize::MAX, |_| MOST_FIELDS));
            self.rows.push(Rejected {
                line: record.line,
                fields: kept.map(|field| Excerpt::new(field, shown)).collect(),
                more_fields: fields.count(),
                defect: record.defect,
                reasons: Excerpt::of_reasons(reasons, shown),
            });
        }
    }

    /// The kinds of reasons with the rows of each, the most frequent first.
    pub fn by_reason(&self) -> Vec<(&str, u64)> {
        let mut kinds: Vec<_> = (self.kinds.iter())
            .map(|(kind, count)| (kind.as_str(), *count))
            .collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        kinds
    }
}

impl Excerpt {
    /// At most so many characters of a text; all of it for `None`.
    pub fn new(text: &[u8], shown: Option<usize>) -> Excerpt {
        // A character has at most four bytes; with three more, none that is shown is cut in two.
        let enough = shown.map_or(text.len(), |shown| {
            shown.saturating_mul(4).saturating_add(3)
        });
        let start = &text[..text.len().min(enough)];
        let mut kept = String::from_utf8_lossy(start).into_owned();
        let end = shown.and_then(|shown| kept.char_indices().nth(shown));
        if let Some((end, _)) = end {
            kept.truncate(end);
            kept.shrink_to_fit();
        }
        Excerpt {
            cut: end.map(|_| text.len()),
            text: kept,
        }
    }

    /// At most so many characters of each reason.
    pub fn of_reasons(reasons: &[Reason], shown: Option<usize>) -> Vec<Excerpt> {
        let texts = reasons.iter().map(|reason| reason.text.as_bytes());
        texts.map(|text| Excerpt::new(text, shown)).collect()
    }
}

#[cfg(test)]
mod tests;

//! The outcomes of the records of one table: complete counts, and the first few records of each outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::misread::Misread;
use super::shorten::{shorten, shorten_bytes};
use super::trace::TableTrace;
use crate::encoding;
use crate::row::{Defect, Header, Outcome, Reason, Reasons, Record, RowId, Rows};
use crate::schema::Table;
use crate::timeline::Track;

/// The maximum number of fields of a record that a table shows. A wider table is unreadable and slow to draw.
pub const MAX_FIELDS: usize = 50;

/// The maximum number of characters of a cell or a reason that a table shows.
pub const MAX_CHARACTERS: usize = 1_000;

/// How much of the records of each outcome a report lists.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// The most records.
    pub records: usize,
    /// The most fields of a record.
    pub fields: usize,
    /// The most characters of a field or a reason.
    pub characters: usize,
    /// Whether the columns of a file that its table does not have are listed as well.
    pub extra_columns: bool,
}

impl Listing {
    /// This many records, as far as people can read them in a table.
    pub fn readable(records: usize) -> Listing {
        Listing {
            records,
            fields: MAX_FIELDS,
            characters: MAX_CHARACTERS,
            extra_columns: false,
        }
    }

    /// Whether a field is listed.
    fn lists(&self, header: &Header, field: usize) -> bool {
        self.extra_columns || !header.is_extra(field)
    }

    /// This many records, complete.
    pub fn complete(records: usize) -> Listing {
        Listing {
            records,
            fields: usize::MAX,
            characters: usize::MAX,
            extra_columns: true,
        }
    }
}

/// The outcomes of the records of one table, counted in the order of the file.
#[derive(Debug)]
pub struct Tally {
    /// The table.
    pub table: &'static Table,
    /// The columns of its file; `None` if there is no file.
    pub header: Option<Arc<Header>>,
    /// Rows inserted.
    pub inserted: u64,
    /// Rows that replaced the values of stored ones.
    pub updated: u64,
    /// Rows that were stored before, with the same values.
    pub unchanged: u64,
    /// Records that break rules.
    pub skipped: Rejections,
    /// Records that could not be inserted.
    pub failed: Rejections,
    /// The first inserted rows.
    pub inserted_ids: Vec<RowId>,
    /// The first rows that replaced stored values.
    pub updated_ids: Vec<RowId>,
    /// The first rows that were stored before.
    pub unchanged_ids: Vec<RowId>,
    /// Records with a cell that is not valid UTF-8.
    pub not_utf8: u64,
    /// The first of these cells, a line each; or, if the file was decoded, its first bytes as they are.
    pub foreign: Vec<u8>,
    /// Whether the file was decoded, although it seems to be in UTF-8.
    pub seems_utf8: bool,
    /// Whether a record has characters beyond ASCII and is valid UTF-8 as a whole.
    pub has_utf8: bool,
    /// How cells that were refused may be meant.
    pub misread: BTreeSet<Misread>,
    /// The file that holds the records that were not stored, if there is one.
    pub rejects: Option<PathBuf>,
    /// What its writer threads did, if it was asked for.
    pub timeline: Option<Vec<Track>>,
    /// The trace that this goes to as well, if there is one.
    pub trace: Option<TableTrace>,
    listing: Listing,
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
    /// The first of its fields that are listed, in the order of the file; the whole line if it could not be split into
    /// fields.
    pub fields: Vec<String>,
    /// How many more of such fields it has.
    pub more_fields: usize,
    /// Why it could not be split into fields, if that is so.
    pub defect: Option<Defect>,
    /// Why it was not stored.
    pub reasons: Vec<String>,
}

impl Tally {
    /// Nothing yet, of a file with this header, if there is a file.
    pub fn new(table: &'static Table, header: Option<Arc<Header>>, listing: Listing) -> Tally {
        Tally {
            table,
            header,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            skipped: Rejections::default(),
            failed: Rejections::default(),
            inserted_ids: Vec::new(),
            updated_ids: Vec::new(),
            unchanged_ids: Vec::new(),
            not_utf8: 0,
            foreign: Vec::new(),
            seems_utf8: false,
            has_utf8: false,
            misread: BTreeSet::new(),
            rejects: None,
            timeline: None,
            trace: None,
            listing,
        }
    }

    /// Records what a writer thread did, if that was asked for.
    pub fn record(&mut self, track: Track) {
        if let Some(trace) = &self.trace {
            trace.add(&track);
        }
        if let Some(timeline) = &mut self.timeline {
            timeline.push(track);
        }
    }

    /// The names of the fields that are listed.
    pub fn names(&self) -> Vec<&str> {
        let header = self.header.iter();
        let names = header.flat_map(|header| {
            let names = header.names.iter().enumerate();
            names.filter(|(index, _)| self.listing.lists(header, *index))
        });
        names.map(|(_, name)| name.as_str()).collect()
    }

    /// How many records have an outcome.
    pub fn records(&self) -> u64 {
        self.inserted + self.updated + self.unchanged + self.rejected()
    }

    /// How many records were skipped or failed.
    pub fn rejected(&self) -> u64 {
        self.skipped.count + self.failed.count
    }

    /// Counts the rows at these positions as inserted, except those in `others`, given the rowids of the inserted ones
    /// that nothing else identifies. All are sorted by position.
    pub fn insert(
        &mut self,
        rows: &Rows,
        positions: &[u32],
        others: &[(u32, Outcome)],
        rowids: &[(u32, i64)],
    ) {
        // Once one is known, and in files of plain ASCII, this costs next to nothing.
        self.has_utf8 = self.has_utf8
            || !rows.batch.text().is_ascii()
                && positions
                    .iter()
                    .any(|position| is_utf8(rows.record(*position)));
        self.inserted += (positions.len() - others.len()) as u64;
        let mut others = others.iter().map(|(position, _)| position).peekable();
        let inserted = positions
            .iter()
            .filter(|position| others.next_if_eq(position).is_none());
        let room = self.listing.records - self.inserted_ids.len();
        self.inserted_ids.extend(
            inserted
                .filter_map(|position| rows.row_id(*position, rowids))
                .take(room),
        );
    }

    /// Counts the record at this position as one that was not inserted.
    pub fn count(&mut self, rows: &Rows, position: u32, outcome: &Outcome) {
        let named = |columns: &[usize]| rows.named(columns, position);
        let (count, ids) = match outcome {
            Outcome::Updated(_) => (&mut self.updated, &mut self.updated_ids),
            Outcome::Unchanged => (&mut self.unchanged, &mut self.unchanged_ids),
            Outcome::Skipped(reasons) => {
                return self.count_skipped(rows.record(position), Reasons(reasons, &named));
            }
            Outcome::Failed(reasons) => {
                return self.count_failed(rows.record(position), Reasons(reasons, &named));
            }
        };
        *count += 1;
        if ids.len() < self.listing.records {
            ids.extend(rows.row_id(position, &[]));
        }
    }

    fn count_skipped(&mut self, record: Record, reasons: Reasons) {
        self.has_utf8 = self.has_utf8 || is_utf8(record);
        let not_utf8 = |reason: &Reason| matches!(reason, Reason::NotValid(..));
        if reasons.0.iter().any(not_utf8) {
            self.not_utf8 += 1;
            self.add_foreign(record);
        }
        if let Some(header) = &self.header {
            let misread = reasons.0.iter();
            let misread = misread.filter_map(|it| Misread::of(it, &header.notation));
            self.misread.extend(misread);
        }
        self.skipped.add(record, reasons, self.listing);
    }

    fn count_failed(&mut self, record: Record, reasons: Reasons) {
        self.has_utf8 = self.has_utf8 || is_utf8(record);
        self.failed.add(record, reasons, self.listing);
    }
}

impl Tally {
    /// Whether its file has text beyond ASCII that naming another encoding would spoil.
    pub fn has_plain_text(&self) -> bool {
        let header = self.header.as_ref();
        let is_marked = header.is_some_and(|header| header.has_mark());
        self.has_utf8 && !is_marked
    }

    /// Keeps the cells of a record that are not UTF-8, as far as it takes to guess what they are.
    fn add_foreign(&mut self, record: Record) {
        for field in record.fields() {
            if self.foreign.len() >= encoding::SAMPLE {
                return;
            }
            if str::from_utf8(field).is_err() {
                let length = field.len().min(encoding::SAMPLE);
                self.foreign.extend_from_slice(&field[..length]);
                self.foreign.push(b'\n');
            }
        }
    }
}

/// Whether a record has other characters than ASCII, and is valid UTF-8.
fn is_utf8(record: Record) -> bool {
    let mut has_others = false;
    let is_valid = record.fields().all(|field| {
        has_others |= !field.is_ascii();
        str::from_utf8(field).is_ok()
    });
    has_others && is_valid
}

impl Rejections {
    fn add(&mut self, record: Record, reasons: Reasons, listing: Listing) {
        self.count += 1;
        for reason in reasons.0 {
            *self.kinds.entry(reason.kind()).or_default() += 1;
        }
        if self.rows.len() < listing.records {
            let fields = record.fields().enumerate().filter(|(index, _)| {
                record.defect.is_some() || listing.lists(record.header, *index)
            });
            let mut fields = fields.map(|(_, field)| field);
            let kept = fields.by_ref().take(listing.fields);
            let characters = listing.characters;
            self.rows.push(Rejected {
                line: record.line,
                fields: kept.map(|field| shorten_bytes(field, characters)).collect(),
                more_fields: fields.count(),
                defect: record.defect,
                reasons: reasons
                    .each()
                    .map(|reason| shorten(reason, characters))
                    .collect(),
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

#[cfg(test)]
mod tests;

//! Records as they were given: bytes, before anything is known about them.

use std::ops::Range;
use std::sync::Arc;

use crate::schema::Table;

/// The column that a rejects file adds, and that is ignored when such a file is read.
pub const REASON: &str = "reason";

/// How the fields of a file's records map to the columns of its table.
#[derive(Debug)]
pub struct Header {
    /// The names of the fields in the order of the file, without the `reason` column.
    pub names: Vec<&'static str>,
    /// For each column of the table, the index of its field.
    pub columns: Vec<usize>,
    /// Where the `reason` column stands, if there is one.
    pub reason: Option<usize>,
}

impl Header {
    /// The header of records that have exactly the table's columns, in their order.
    pub fn of(table: &Table) -> Header {
        Header {
            names: table.columns.iter().map(|column| column.name).collect(),
            columns: (0..table.columns.len()).collect(),
            reason: None,
        }
    }

    /// How many fields a record must have, the `reason` column included.
    pub fn width(&self) -> usize {
        self.names.len() + usize::from(self.reason.is_some())
    }

    /// The field of a record that holds its reason, if it has one. In a record that is too long, the last field of a
    /// trailing `reason` column is the reason, as a rejects file has it.
    fn reason_in(&self, fields: usize) -> Option<usize> {
        self.reason
            .filter(|index| *index < fields)
            .map(|index| match index + 1 == self.width() {
                true => fields - 1,
                false => index,
            })
    }
}

/// Records kept in one buffer, their fields one after another.
#[derive(Debug)]
pub struct Batch {
    header: Arc<Header>,
    text: Vec<u8>,
    /// Where each field ends, counted from the start of its record.
    ends: Vec<usize>,
    starts: Vec<Start>,
    /// The cells that are not text, by record and column; only stored rows have any.
    blobs: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, Copy)]
struct Start {
    line: u64,
    found: usize,
    text: usize,
    ends: usize,
}

/// One record of a file, as given.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The columns of the file that the record comes from.
    pub header: &'a Header,
    /// The line of the file where the record starts; the first line is 1.
    pub line: u64,
    /// How many fields the file has for this record, the `reason` column included.
    pub found: usize,
    text: &'a [u8],
    ends: &'a [usize],
    index: usize,
    blobs: &'a [(usize, usize)],
}

impl Batch {
    /// An empty batch.
    pub fn new(header: Arc<Header>) -> Batch {
        Batch {
            header,
            text: Vec::new(),
            ends: Vec::new(),
            starts: Vec::new(),
            blobs: Vec::new(),
        }
    }

    /// Appends a record: its line, the bytes of its fields one after another, and where each of them ends.
    pub fn push(&mut self, line: u64, text: &[u8], ends: &[usize]) {
        self.starts.push(Start {
            line,
            found: ends.len(),
            text: self.text.len(),
            ends: self.ends.len(),
        });
        let Some(reason) = self.header.reason_in(ends.len()) else {
            self.text.extend_from_slice(text);
            self.ends.extend_from_slice(ends);
            return;
        };
        let left_out = field_range(ends, reason);
        self.text.extend_from_slice(&text[..left_out.start]);
        self.text.extend_from_slice(&text[left_out.end..]);
        self.ends.extend_from_slice(&ends[..reason]);
        let after = ends[reason + 1..].iter().map(|end| end - left_out.len());
        self.ends.extend(after);
    }

    /// Marks a cell of the next record as one that is not text, whatever its bytes look like.
    pub fn mark_blob(&mut self, column: usize) {
        self.blobs.push((self.starts.len(), column));
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// How many bytes the fields of all records have.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The record at this place, counted from 0.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    pub fn record(&self, index: usize) -> Record<'_> {
        let start = self.starts[index];
        let (text, ends) = match self.starts.get(index + 1) {
            Some(next) => (next.text, next.ends),
            None => (self.text.len(), self.ends.len()),
        };
        Record {
            header: &self.header,
            line: start.line,
            found: start.found,
            text: &self.text[start.text..text],
            ends: &self.ends[start.ends..ends],
            index,
            blobs: &self.blobs,
        }
    }
}

impl<'a> Record<'a> {
    /// The fields in the order of the file, without the `reason`.
    pub fn fields(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (text, ends) = (self.text, self.ends);
        (0..ends.len()).map(move |index| &text[field_range(ends, index)])
    }

    /// The field of the table's column with this index; empty where a short record lacks it.
    pub fn cell(&self, column: usize) -> &'a [u8] {
        &self.text[self.cell_range(column)]
    }

    /// All fields one after another, if they are UTF-8 without NUL and every cell is text. It is quicker to look at
    /// them all at once than one by one.
    pub fn text(&self) -> Option<&'a str> {
        let text = str::from_utf8(self.text).ok()?;
        (self.blobs.is_empty() && !self.text.contains(&0)).then_some(text)
    }

    /// The field of a column within [`Record::text`]; `None` if it begins or ends within a character.
    pub fn cell_of(&self, text: &'a str, column: usize) -> Option<&'a str> {
        text.get(self.cell_range(column))
    }

    fn cell_range(&self, column: usize) -> Range<usize> {
        let index = self.header.columns[column];
        match index < self.ends.len() {
            true => field_range(self.ends, index),
            false => 0..0,
        }
    }

    /// Whether the cell of the table's column with this index is not text.
    pub fn is_blob(&self, column: usize) -> bool {
        self.blobs.binary_search(&(self.index, column)).is_ok()
    }
}

fn field_range(ends: &[usize], index: usize) -> Range<usize> {
    let start = match index {
        0 => 0,
        _ => ends[index - 1],
    };
    start..ends[index]
}

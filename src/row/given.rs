//! Records as given: bytes, before anything is known about them.

use std::ops::Range;
use std::sync::Arc;

use crate::schema::Table;

/// The column that a rejects file adds, unless a column of the table has that name, and that is ignored when such a file
/// is read.
pub const REASON: &str = "reason";

/// The key of the JSON report under which the surplus fields of a record stand. No field has that name.
pub const EXTRA: &str = "_extra";

/// The key of the JSON report under which a line stands that could not be split into fields. No field has that name.
pub const LINE: &str = "_line";

/// How the cells of a file are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notation {
    /// Whether white space around a cell is not part of it.
    pub trim: bool,
    /// What separates the decimals of a number: `.` or `,`.
    pub decimal: char,
    /// Whether a backslash escapes the character after it, as in the text exports of MySQL and PostgreSQL.
    pub backslash_escapes: bool,
    /// The texts that stand for NULL. If there are none, an empty cell does.
    pub null: Vec<String>,
    /// The name of the encoding that the file had.
    pub encoding: &'static str,
}

impl Default for Notation {
    fn default() -> Notation {
        Notation {
            trim: false,
            decimal: '.',
            backslash_escapes: false,
            null: Vec::new(),
            encoding: "UTF-8",
        }
    }
}

impl Notation {
    /// Whether the file has a way to write NULL other than an empty cell, which then is an empty text.
    pub fn has_null(&self) -> bool {
        self.backslash_escapes || !self.null.is_empty()
    }

    /// A field without the white space around it, if that is not part of the cell.
    #[inline]
    fn trimmed<'a>(&self, field: &'a [u8]) -> &'a [u8] {
        if self.trim { trim(field) } else { field }
    }

    /// Whether a cell stands for NULL, given whether its column is one of text. An empty cell does, unless the file has
    /// another way to write NULL: then it is an empty text, and NULL only in a column that holds no text.
    #[inline]
    pub fn is_null(&self, cell: &[u8], is_text: bool) -> bool {
        cell.is_empty() && !(is_text && self.has_null())
            || (self.null.iter()).any(|null| null.as_bytes() == cell)
    }
}

/// How the fields of a file's records map to the columns of its table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// What precedes the names without being part of them: a byte order mark. Rejects begin with it, too.
    pub preamble: Vec<u8>,
    /// The names of the fields in the order of the file, without the `reason` column: those of the table's columns as
    /// the schema spells them, others as given.
    pub names: Vec<String>,
    /// The same names, byte for byte as the file has them.
    pub given: Vec<Vec<u8>>,
    /// For each column of the table, the index of its field among all fields of the file.
    pub columns: Vec<usize>,
    /// Where the `reason` column stands among all fields of the file, if there is one.
    pub reason: Option<usize>,
    /// How many unnamed columns at the end a record may lack. With `Some`, a record may also have empty fields beyond
    /// the header. `None` if a record must have exactly the fields of the header.
    pub spare: Option<usize>,
    /// How the cells are written.
    pub notation: Notation,
}

/// Records kept in one buffer.
#[derive(Debug)]
pub struct Batch {
    header: Arc<Header>,
    /// The fields. Each starts one byte after the end of the one before.
    text: Vec<u8>,
    /// Where each field ends in `text`.
    ends: Vec<u32>,
    /// The indexes of the fields that are NULL as they are written, in ascending order.
    nulls: Vec<u32>,
    records: Vec<Start>,
}

#[derive(Debug, Clone, Copy)]
struct Start {
    line: u64,
    /// The index of its first field.
    field: u32,
    defect: Option<Defect>,
}

/// Why the text of a record could not be split into fields. Its line is the only field then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// A quoted field goes on after its closing quote.
    #[error("text after a closing quote")]
    TextAfterQuote,
    /// A quoted field has no closing quote.
    #[error("quote is not closed")]
    UnclosedQuote,
    /// There are more fields than memory is spent on.
    #[error("in a record of more than a million fields")]
    TooManyFields,
}

/// One record of a file, as given.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The columns of the file that the record comes from.
    pub header: &'a Header,
    /// The line of the file where the record starts; the first line is 1.
    pub line: u64,
    /// Why it has no fields, if it has none.
    pub defect: Option<Defect>,
    text: &'a [u8],
    /// Where its first field starts in the text, and where each field ends.
    start: u32,
    ends: &'a [u32],
    /// The index of its first field, and of those fields of all records that are NULL as they are written.
    first: u32,
    nulls: &'a [u32],
}

impl Header {
    /// Whether the file has the table's column with this index.
    pub fn has(&self, column: usize) -> bool {
        self.columns[column] != usize::MAX
    }

    /// Whether the file has all columns of the table that a file can have.
    pub fn is_complete(&self, table: &Table) -> bool {
        let mut columns = table.columns.iter().enumerate();
        columns.all(|(index, column)| column.generated || self.has(index))
    }

    /// Whether the file begins with the byte order mark of UTF-8, which counts more than any option.
    pub fn has_mark(&self) -> bool {
        self.notation.encoding == Notation::default().encoding
            && self.preamble.starts_with("\u{feff}".as_bytes())
    }

    /// Whether the table has a primary key, and the file all of its columns.
    pub fn has_key(&self, table: &Table) -> bool {
        (table.primary_key()).is_some_and(|key| key.columns.iter().all(|column| self.has(*column)))
    }

    /// How to fix rows that were stored wrongly, by loading the file again with the right options.
    pub fn put_right(&self, table: &Table) -> &'static str {
        let key = table.primary_key().map_or(&[][..], |key| key.columns);
        let is_number = |column: &usize| table.columns[*column].kind.is_number();
        if !self.has_key(table) {
            "first delete the rows that are already stored, or they will be stored twice"
        } else if key.iter().all(is_number) {
            "--update replaces rows that are stored already"
        } else {
            "--update replaces rows that are stored already, if their keys stay the same"
        }
    }

    /// How many fields there are, without the `reason`.
    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// Whether a field, counted without the `reason`, is in a column that the table does not have.
    pub fn is_extra(&self, field: usize) -> bool {
        let before = self.reason.is_some_and(|reason| reason <= field);
        let index = field + usize::from(before);
        field < self.width() && !self.columns.contains(&index)
    }

    /// How many fields there are, the `reason` included.
    pub fn full_width(&self) -> usize {
        self.width() + usize::from(self.reason.is_some())
    }

    /// How many fields a record must have, without the `reason`.
    pub fn expected(&self) -> usize {
        self.width() - self.spare.unwrap_or(0)
    }

    /// The field that holds the reason in a record with this many fields, if it has one. Where `reason` is the last
    /// column, it is the last field of any record: rejects are as wide as they were given, plus the reason.
    fn reason_in(&self, fields: usize) -> Option<usize> {
        let index = self.reason?;
        if index == self.width() {
            fields.checked_sub(1)
        } else {
            Some(index).filter(|index| *index < fields)
        }
    }
}

impl Batch {
    /// An empty batch.
    pub fn new(header: Arc<Header>) -> Batch {
        Batch {
            header,
            text: Vec::new(),
            ends: Vec::new(),
            nulls: Vec::new(),
            records: Vec::new(),
        }
    }

    /// Appends a record, given its line and an upper bound of its size in bytes. `copy` appends the fields to the text,
    /// with one byte between them, the end of each field to `ends`, and the indexes of fields that are written as NULL
    /// to `nulls`.
    pub fn push(
        &mut self,
        line: u64,
        bytes: usize,
        copy: impl FnOnce(&mut Vec<u8>, &mut Vec<u32>, &mut Vec<u32>),
    ) {
        self.add(line, bytes, None, copy);
    }

    /// Appends a record that could not be split into fields: its line, and that line's text.
    pub fn push_defect(&mut self, line: u64, text: &[u8], defect: Defect) {
        self.add(line, text.len(), Some(defect), |all, ends, _| {
            all.extend_from_slice(text);
            ends.push(offset(all.len()));
        });
    }

    /// Appends a copy of a record of the same header.
    pub fn copy(&mut self, record: Record) {
        let first = record.start as usize;
        let last = record.ends.last().map_or(first, |end| *end as usize);
        let base = offset(self.ends.len());
        self.add(
            record.line,
            last - first,
            record.defect,
            |all, ends, nulls| {
                let written = (0..record.ends.len()).filter(|index| record.is_written_null(*index));
                nulls.extend(written.map(|index| base + offset(index)));
                let start = all.len();
                all.extend_from_slice(&record.text[first..last]);
                ends.extend(
                    record
                        .ends
                        .iter()
                        .map(|end| offset(start + *end as usize - first)),
                );
            },
        );
    }

    fn add(
        &mut self,
        line: u64,
        bytes: usize,
        defect: Option<Defect>,
        copy: impl FnOnce(&mut Vec<u8>, &mut Vec<u32>, &mut Vec<u32>),
    ) {
        self.records.push(Start {
            line,
            field: offset(self.ends.len()),
            defect,
        });
        // In one step: a giant record fills the buffer, which would double in size for a single byte more.
        self.text.reserve(bytes + 1);
        copy(&mut self.text, &mut self.ends, &mut self.nulls);
        // A line feed follows it: the text of all is UTF-8 only if that of each is.
        self.text.push(b'\n');
    }

    /// The columns of the file that the records come from.
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// How much memory the records take, in bytes.
    pub fn size(&self) -> usize {
        self.text.len()
            + size_of_val(self.ends.as_slice())
            + size_of_val(self.nulls.as_slice())
            + size_of_val(self.records.as_slice())
    }

    /// The text of all records.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where each field of all records ends in the text. The next one starts a byte later, after a line feed if it is
    /// the first of its record.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The cells of all records in the table's column with this index, `None` where a cell stands for NULL, given whether
    /// the column is one of text.
    pub fn values(&self, column: usize, is_text: bool) -> impl Iterator<Item = Option<&[u8]>> {
        let (notation, column) = (&self.header.notation, self.header.columns[column]);
        (0..self.records.len()).map(move |position| {
            let fields = self.fields(position);
            let index = fields.start.saturating_add(column);
            let cell = if index < fields.end {
                notation.trimmed(self.field(index))
            } else {
                &[]
            };
            let is_null = notation.is_null(cell, is_text)
                || !self.nulls.is_empty() && self.nulls.binary_search(&offset(index)).is_ok();
            (!is_null).then_some(cell)
        })
    }

    /// Whether the record at this position has been split, into as many fields as the header allows.
    pub fn is_whole(&self, position: usize) -> bool {
        let has_all = || self.fields(position).len() == self.header.full_width();
        self.records[position].defect.is_none()
            && (has_all() || self.record(position).fits_header())
    }

    /// Which of the batch's fields are those of the record at this position.
    fn fields(&self, position: usize) -> Range<usize> {
        let end = match self.records.get(position + 1) {
            Some(next) => next.field as usize,
            None => self.ends.len(),
        };
        self.records[position].field as usize..end
    }

    /// The batch's field with this index.
    #[inline]
    fn field(&self, index: usize) -> &[u8] {
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1] + 1,
        };
        &self.text[start as usize..self.ends[index] as usize]
    }

    /// The line where the record at this position starts.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    pub fn line(&self, position: usize) -> u64 {
        self.records[position].line
    }

    /// The record at this position, counted from 0.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    #[inline]
    pub fn record(&self, index: usize) -> Record<'_> {
        let start = self.records[index];
        let fields = self.fields(index);
        Record {
            header: &self.header,
            line: start.line,
            defect: start.defect,
            text: &self.text,
            start: (fields.start.checked_sub(1)).map_or(0, |before| self.ends[before] + 1),
            ends: &self.ends[fields],
            first: start.field,
            nulls: &self.nulls,
        }
    }
}

impl<'a> Record<'a> {
    /// How many fields the file has for this record, without the `reason`.
    pub fn found(&self) -> usize {
        self.ends.len() - usize::from(self.reason().is_some())
    }

    /// Whether there are as many fields as the header allows.
    pub fn fits_header(&self) -> bool {
        let (width, found) = (self.header.width(), self.found());
        if self.header.spare.is_none() {
            return found == width;
        }
        let mut surplus = self.fields().skip(width);
        found >= self.header.expected()
            && surplus.all(|field| self.header.notation.trimmed(field).is_empty())
    }

    /// The fields in the order of the file, without the `reason`.
    pub fn fields(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let record = *self;
        self.indexes().map(move |index| record.field(index))
    }

    /// The same, with whether each field is NULL as it is written.
    pub fn fields_and_nulls(&self) -> impl Iterator<Item = (&'a [u8], bool)> + use<'a> {
        let record = *self;
        self.indexes()
            .map(move |index| (record.field(index), record.is_written_null(index)))
    }

    fn indexes(&self) -> impl Iterator<Item = usize> + use<> {
        let reason = self.reason();
        (0..self.ends.len()).filter(move |index| Some(*index) != reason)
    }

    /// The field that holds the reason.
    fn reason(&self) -> Option<usize> {
        if self.defect.is_some() {
            return None;
        }
        self.header.reason_in(self.ends.len())
    }

    /// The cell of the table's column with this index; empty where a short record lacks it.
    #[inline]
    pub fn cell(&self, column: usize) -> &'a [u8] {
        let index = self.header.columns[column];
        if index >= self.ends.len() {
            &[]
        } else {
            self.header.notation.trimmed(self.field(index))
        }
    }

    /// The same, or `None` if the cell stands for NULL, given whether the column is one of text.
    #[inline]
    pub fn value(&self, column: usize, is_text: bool) -> Option<&'a [u8]> {
        let cell = self.cell(column);
        let is_null = self.header.notation.is_null(cell, is_text)
            || !self.nulls.is_empty() && self.is_written_null(self.header.columns[column]);
        (!is_null).then_some(cell)
    }

    /// Whether a field is NULL as it is written, given its index among all of the record.
    fn is_written_null(&self, index: usize) -> bool {
        let field = self.first.saturating_add(offset(index));
        self.nulls.binary_search(&field).is_ok()
    }

    #[inline]
    fn field(&self, index: usize) -> &'a [u8] {
        let start = match index {
            0 => self.start,
            _ => self.ends[index - 1] + 1,
        };
        &self.text[start as usize..self.ends[index] as usize]
    }
}

/// A cell without the white space around it. One that is not UTF-8 stays as it is: it is not accepted anyway.
fn trim(cell: &[u8]) -> &[u8] {
    // Most cells have no white space there, which is quickly seen.
    if let (Some(b'!'..=b'~'), Some(b'!'..=b'~')) = (cell.first(), cell.last()) {
        return cell;
    }
    str::from_utf8(cell).map_or(cell, |text| text.trim().as_bytes())
}

/// An offset in a record or a batch. The reader takes no record of much more than 1 GiB, and adds none to a full batch,
/// so neither comes near 4 GiB.
pub fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
impl Header {
    /// The header of a file that has exactly the table's columns, in their order.
    pub fn of(table: &Table) -> Header {
        let names: Vec<_> = (table.columns.iter())
            .map(|column| column.name.to_string())
            .collect();
        Header {
            given: names.iter().map(|name| name.clone().into_bytes()).collect(),
            columns: (0..names.len()).collect(),
            names,
            ..Header::default()
        }
    }
}

#[cfg(test)]
impl Batch {
    /// All records in the order of the file.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        (0..self.len()).map(|index| self.record(index))
    }

    /// Appends a record with these fields.
    pub fn push_fields<F: AsRef<[u8]>>(&mut self, line: u64, fields: impl IntoIterator<Item = F>) {
        self.push(line, 0, |text, ends, _| {
            for (index, field) in fields.into_iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                text.extend_from_slice(field.as_ref());
                ends.push(offset(text.len()));
            }
        });
    }
}

//! Reads a CSV file record by record.
//!
//! The reader is strict about quotes. A field that starts with one must be closed, and must end there. If not, only the
//! line where its record starts is lost, and reading goes on with the next line, so that a stray quote never swallows
//! rows.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use memchr::memchr2_iter;

use super::buffer::Buffer;
use super::remarks::Remarks;
use super::split::{Split, Splitter, fields, line_length};
use super::{Dialect, Problem, header, sniff};
use crate::row::{Batch, Defect, Header, offset};
use crate::schema::Table;

/// How much is read at once and how large things may be, in bytes unless it says otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How much of a file is read at once, as long as no record is larger.
    pub buffer: usize,
    /// The longest text between two quotes.
    pub quoted: usize,
    /// A record of this size is taken to have no end, as in a file that is not CSV at all. SQLite takes no row of more
    /// than 1,000,000,000 bytes (<https://www.sqlite.org/limits.html>).
    pub record: usize,
    /// The most fields of a record: memory must be enough for where each of them ends.
    pub fields: usize,
}

impl Limits {
    /// Those of every file.
    pub const USUAL: Limits = Limits {
        buffer: 128 * 1024,
        quoted: 64 << 20,
        record: 1 << 30,
        fields: 1_000_000,
    };
}

/// The byte order mark of UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads the records of one CSV file.
pub struct Reader {
    /// How many bytes the file has, if that is known.
    pub size: Option<u64>,
    /// How many bytes have been consumed.
    pub position: u64,
    table: &'static Table,
    dialect: Dialect,
    buffer: Buffer,
    splitter: Splitter,
    header: Arc<Header>,
    remarks: Remarks,
    limits: Limits,
    /// The line of the next byte, and whether the byte before it was a carriage return: a line feed then ends no other.
    line: u64,
    after_cr: bool,
}

impl Reader {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// If there is none, if it does not have the table's columns (see [`Dialect`]; a column `reason` beside them is
    /// ignored), or if reading fails.
    pub fn new(
        table: &'static Table,
        input: Box<dyn Read + Send>,
        dialect: &Dialect,
    ) -> Result<Reader, Problem> {
        Reader::with(table, input, dialect, Limits::USUAL)
    }

    /// The same, with the given limits.
    pub(super) fn with(
        table: &'static Table,
        input: Box<dyn Read + Send>,
        dialect: &Dialect,
        limits: Limits,
    ) -> Result<Reader, Problem> {
        let mut reader = Reader {
            size: None,
            position: 0,
            table,
            dialect: dialect.clone(),
            // Most quotes that are not closed are given up at that size.
            buffer: Buffer::new(input, limits.buffer, limits.quoted + limits.buffer),
            splitter: Splitter::new(dialect, limits),
            header: Arc::new(Header::default()),
            remarks: Remarks::default(),
            limits,
            line: 1,
            after_cr: false,
        };
        let preamble = reader.look_at_start()?;
        let Some((length, defect)) = reader.find()? else {
            let expected = table.column_names();
            return Err(Problem::Empty { expected });
        };
        let text = &reader.buffer.bytes()[..length];
        let parsed = match defect {
            None => {
                let (mut names, mut ends) = (Vec::new(), Vec::new());
                reader.splitter.copy(text, &mut names, &mut ends, |_| {});
                let fields = fields(&ends).map(|field| &names[field]);
                header::parse(table, dialect, &names, fields)
            }
            Some(defect) => {
                let line = reader.line;
                let other = header::other_delimiter(table, dialect, text);
                Err(other.unwrap_or(Problem::Quotes { line, defect }))
            }
        };
        reader.header = Arc::new(Header {
            preamble,
            ..parsed?
        });
        reader.consume(length, reader.line_ends(length));
        Ok(reader)
    }

    /// The columns of the file.
    pub fn header(&self) -> Arc<Header> {
        Arc::clone(&self.header)
    }

    /// How the file is written.
    pub fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// What is odd about the records read so far, a sentence each to stand after the name of the file.
    pub fn remarks(&self) -> Vec<String> {
        self.remarks.sentences()
    }

    /// Appends the next record to a batch of this reader's header; `false` if there is none.
    ///
    /// # Errors
    ///
    /// If reading fails, or if a record has no end. Otherwise, whatever the bytes are, they are a record.
    pub fn read(&mut self, batch: &mut Batch) -> io::Result<bool> {
        let Some((length, defect)) = self.find()? else {
            return Ok(false);
        };
        let text = &self.buffer.bytes()[..length];
        match defect {
            None => batch.push(self.line, length, |all, ends, nulls| {
                let first = ends.len();
                self.splitter
                    .copy(text, all, ends, |field| nulls.push(offset(first + field)));
            }),
            Some(defect) => {
                batch.push_defect(self.line, text, defect);
                self.remarks.escaped_quotes |= !self.dialect.notation.backslash_escapes
                    && text.windows(2).any(|bytes| bytes == b"\\\"");
            }
        }
        let line_ends = self.line_ends(length);
        if line_ends > 0 && self.has_rows_in_quotes(length) {
            let last = self.line + line_ends;
            self.remarks.add_rows_in_quotes(self.line, last);
        }
        self.remarks.padded_quotes = self.splitter.has_padded_quotes();
        self.consume(length, line_ends);
        Ok(true)
    }

    /// Whether each line of a record would be a row by itself if its quotes meant nothing.
    fn has_rows_in_quotes(&self, length: usize) -> bool {
        let delimiter = self.dialect.separator();
        let text = &self.buffer.bytes()[..length];
        let lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
        let mut rows = lines.filter(|line| !line.is_empty()).map(|line| {
            let fields: Vec<_> = line.split(|byte| *byte == delimiter).collect();
            sniff::is_row(self.table, &self.header, &fields)
        });
        self.header.width() > 1 && rows.all(|is_row| is_row)
    }

    /// Finds the next record, the header included: how many bytes it has without its line end, and its defect. Those
    /// without any text are passed over, as blank lines are.
    fn find(&mut self) -> io::Result<Option<(usize, Option<Defect>)>> {
        while self.skip_line_ends()? {
            let (length, defect) = self.find_record()?;
            let text = &self.buffer.bytes()[..length];
            if defect.is_some() || !self.splitter.is_blank(text) {
                return Ok(Some((length, defect)));
            }
            self.consume(length, self.line_ends(length));
        }
        Ok(None)
    }

    fn find_record(&mut self) -> io::Result<(usize, Option<Defect>)> {
        self.splitter.start(self.position);
        loop {
            let (bytes, ended) = (self.buffer.bytes(), self.buffer.has_ended());
            match self.splitter.split(bytes, self.position, ended) {
                Split::Record(length) => return Ok((length, None)),
                Split::Defect(defect) => return Ok((self.find_line()?, Some(defect))),
                Split::More => _ = self.buffer.fill()?,
                Split::Endless => return Err(self.endless()),
            }
        }
    }

    /// Finds the line where a record with a defect starts.
    fn find_line(&mut self) -> io::Result<usize> {
        let mut seen = 0;
        loop {
            let bytes = self.buffer.bytes();
            let length = line_length(&bytes[seen..]).map(|length| seen + length);
            seen = bytes.len();
            if let Some(length) = length.or(self.buffer.has_ended().then_some(seen)) {
                return Ok(length);
            }
            if seen >= self.limits.record {
                return Err(self.endless());
            }
            self.buffer.fill()?;
        }
    }

    fn endless(&self) -> io::Error {
        let (line, record) = (self.line, self.limits.record);
        io::Error::other(format!(
            "the record on line {line} has no end within {record} bytes"
        ))
    }

    /// How many lines end within the record that was found.
    fn line_ends(&self, length: usize) -> u64 {
        if self.splitter.has_line_ends() {
            count_line_ends(&self.buffer.bytes()[..length])
        } else {
            0
        }
    }

    /// Consumes the record that was found.
    fn consume(&mut self, length: usize, line_ends: u64) {
        self.line += line_ends;
        self.after_cr = false;
        self.buffer.consume(length);
        self.position += length as u64;
    }

    /// Skips what is left of the line end before, blank lines, and byte order marks, which stand where files were joined;
    /// `false` if the file ends there.
    fn skip_line_ends(&mut self) -> io::Result<bool> {
        loop {
            let length = match self.buffer.bytes() {
                [b'\n', ..] if self.after_cr => {
                    self.after_cr = false;
                    1
                }
                [end @ (b'\n' | b'\r'), ..] => {
                    self.after_cr = *end == b'\r';
                    self.line += 1;
                    1
                }
                [0xef, 0xbb, 0xbf, ..] => {
                    self.after_cr = false;
                    BYTE_ORDER_MARK.len()
                }
                [] | [0xef] | [0xef, 0xbb] => {
                    if self.buffer.fill()? {
                        continue;
                    }
                    return Ok(!self.buffer.bytes().is_empty());
                }
                _ => return Ok(true),
            };
            self.buffer.consume(length);
            self.position += length as u64;
        }
    }

    /// Looks at the first bytes of the file, and returns those that its rejects are to begin with too.
    fn look_at_start(&mut self) -> Result<Vec<u8>, Problem> {
        while self.buffer.bytes().len() < 4 && self.buffer.fill()? {}
        let start = self.buffer.bytes();
        if header::is_utf16(start) {
            return Err(Problem::Utf16);
        }
        if start.starts_with(BYTE_ORDER_MARK) {
            return Ok(BYTE_ORDER_MARK.to_vec());
        }
        Ok(Vec::new())
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Reader")
            .field("header", &self.header)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// Counts the lines that end in these bytes: `\n`, `\r\n` and `\r` each end one.
fn count_line_ends(bytes: &[u8]) -> u64 {
    let ends = memchr2_iter(b'\n', b'\r', bytes);
    let second_of_pair = |at: &usize| bytes[*at] == b'\n' && *at > 0 && bytes[at - 1] == b'\r';
    ends.filter(|at| !second_of_pair(at)).count() as u64
}

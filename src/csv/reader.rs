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
use super::split::{Split, Splitter, fields, line_length};
use super::{Dialect, Problem, header};
use crate::row::{Batch, Defect, Header};
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

/// Reads the records of one CSV file.
pub struct Reader {
    /// How many bytes the file has, if that is known.
    pub size: Option<u64>,
    /// How many bytes have been consumed.
    pub position: u64,
    buffer: Buffer,
    splitter: Splitter,
    header: Arc<Header>,
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
        table: &Table,
        input: Box<dyn Read + Send>,
        dialect: &Dialect,
    ) -> Result<Reader, Problem> {
        Reader::with(table, input, dialect, Limits::USUAL)
    }

    /// The same, with the given limits.
    pub(super) fn with(
        table: &Table,
        input: Box<dyn Read + Send>,
        dialect: &Dialect,
        limits: Limits,
    ) -> Result<Reader, Problem> {
        let mut reader = Reader {
            size: None,
            position: 0,
            // Most quotes that are not closed are given up at that size.
            buffer: Buffer::new(input, limits.buffer, limits.quoted + limits.buffer),
            splitter: Splitter::new(dialect.delimiter, limits),
            header: Arc::new(Header::default()),
            limits,
            line: 1,
            after_cr: false,
        };
        reader.skip_byte_order_mark()?;
        let Some((length, defect)) = reader.find()? else {
            let expected = table.column_names();
            return Err(Problem::Empty { expected });
        };
        let text = &reader.buffer.bytes()[..length];
        let parsed = match defect {
            None => {
                let (mut names, mut ends) = (Vec::new(), Vec::new());
                reader.splitter.copy(text, &mut names, &mut ends);
                let fields = fields(&ends).map(|field| &names[field]);
                header::parse(table, dialect, &names, fields)
            }
            Some(defect) => {
                let line = reader.line;
                let other = header::other_delimiter(table, dialect, text);
                Err(other.unwrap_or(Problem::Quotes { line, defect }))
            }
        };
        reader.header = Arc::new(parsed?);
        reader.consume(length);
        Ok(reader)
    }

    /// The columns of the file.
    pub fn header(&self) -> Arc<Header> {
        Arc::clone(&self.header)
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
            None => batch.push(self.line, length, |all, ends| {
                self.splitter.copy(text, all, ends);
            }),
            Some(defect) => batch.push_defect(self.line, text, defect),
        }
        self.consume(length);
        Ok(true)
    }

    /// Finds the next record, the header included: how many bytes it has without its line end, and its defect.
    fn find(&mut self) -> io::Result<Option<(usize, Option<Defect>)>> {
        if !self.skip_line_ends()? {
            return Ok(None);
        }
        self.splitter.start(self.position);
        loop {
            let (bytes, ended) = (self.buffer.bytes(), self.buffer.has_ended());
            match self.splitter.split(bytes, self.position, ended) {
                Split::Record(length) => return Ok(Some((length, None))),
                Split::Defect(defect) => return Ok(Some((self.find_line()?, Some(defect)))),
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

    /// Consumes the record that was found.
    fn consume(&mut self, length: usize) {
        if self.splitter.has_quotes() {
            self.line += count_line_ends(&self.buffer.bytes()[..length]);
        }
        self.after_cr = false;
        self.buffer.consume(length);
        self.position += length as u64;
    }

    /// Skips what is left of the line end before, and blank lines; `false` if the file ends there.
    fn skip_line_ends(&mut self) -> io::Result<bool> {
        loop {
            match self.buffer.bytes().first() {
                Some(b'\n') if self.after_cr => self.after_cr = false,
                Some(end @ (b'\n' | b'\r')) => {
                    self.after_cr = *end == b'\r';
                    self.line += 1;
                }
                Some(_) => return Ok(true),
                None => {
                    if self.buffer.fill()? {
                        continue;
                    } else {
                        return Ok(false);
                    }
                }
            }
            self.buffer.consume(1);
            self.position += 1;
        }
    }

    /// Skips the UTF-8 byte order mark at the start of the file.
    fn skip_byte_order_mark(&mut self) -> Result<(), Problem> {
        while self.buffer.bytes().len() < 4 && self.buffer.fill()? {}
        let start = self.buffer.bytes();
        if header::is_utf16(start) {
            return Err(Problem::Utf16);
        }
        if start.starts_with("\u{feff}".as_bytes()) {
            self.consume("\u{feff}".len());
        }
        Ok(())
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

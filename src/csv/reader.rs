//! Reads a CSV file record by record.
//!
//! The reader is strict about quotes. A field that starts with one must be closed, and must end there. If not, only the
//! line where its record starts is lost, and reading goes on with the next line, so that a stray quote never swallows
//! rows.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{ISO_2022_JP, UTF_8};
use memchr::memchr2_iter;

use super::buffer::Buffer;
use super::decode::{decode, is_iso_2022_jp, seems_utf8};
use super::inspector::Inspector;
use super::split::{Splitter, Unsplit, fields, line_length};
use super::{Dialect, Problem, header, is_delimiter, sniff};
use crate::encoding;
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
    /// The maximum number of fields in a record: where each of them ends is kept in memory.
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
    /// How many bytes of the file have been read, if they are counted.
    pub bytes_read: Option<Arc<AtomicU64>>,
    table: &'static Table,
    dialect: Dialect,
    /// Whether the delimiter was given, and not taken from the file.
    has_given_delimiter: bool,
    /// The first bytes, as they are, of a file that was decoded because an encoding was given.
    undecoded: Vec<u8>,
    buffer: Buffer,
    splitter: Splitter,
    header: Arc<Header>,
    inspector: Inspector,
    limits: Limits,
    /// How many bytes of text have been consumed.
    position: u64,
    /// The line of the next byte, and whether the byte before it was a carriage return, in which case a line feed does
    /// not end another line.
    line: u64,
    after_cr: bool,
}

impl Reader {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// If there is none, if it does not have the table's columns (see [`Dialect`]; a column `reason` beside them is
    /// ignored), if the file is no CSV or in another encoding, or if reading fails.
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
        let decoded = decode(input, dialect.encoding)?;
        let mut dialect = dialect.clone();
        dialect.notation.encoding = decoded.encoding;
        let mut reader = Reader {
            size: None,
            bytes_read: None,
            table,
            // Most unclosed quotes are given up on at that size.
            buffer: Buffer::new(decoded.input, limits.buffer, limits.quoted + limits.buffer),
            splitter: Splitter::new(&dialect, limits),
            has_given_delimiter: dialect.delimiter.is_some(),
            undecoded: decoded.start,
            inspector: Inspector::new(table, &dialect, Arc::default()),
            dialect,
            header: Arc::default(),
            limits,
            position: 0,
            line: 1,
            after_cr: false,
        };
        let mut preamble = Vec::new();
        // Programs that do not usually write UTF-8 may not recognize it without a mark.
        if decoded.has_mark || decoded.encoding != UTF_8.name() {
            preamble.extend_from_slice(BYTE_ORDER_MARK);
        }
        preamble.extend(reader.take_separator_line()?.unwrap_or_default());
        while reader.line <= reader.dialect.skip_lines && reader.skip_line()? {}
        reader.header = Arc::new(Header {
            preamble,
            ..reader.read_header()?
        });
        reader.inspector = Inspector::new(table, &reader.dialect, reader.header());
        reader.inspector.remarks.not_utf8 = decoded.seems_utf8.then_some(decoded.encoding);
        Ok(reader)
    }

    /// Consumes the first line if it is like `sep=;`, as spreadsheets write it, and uses the delimiter that it names,
    /// unless one was given. Returns the line if the delimiter was taken from it.
    fn take_separator_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        const LONGEST: usize = "\"sep=;\"\r".len();

        if !self.skip_byte_order_marks()? {
            return Ok(None);
        }
        let mut seen = 0;
        let line = loop {
            let bytes = self.buffer.bytes();
            let length = line_length(bytes);
            if let Some(length) = length.filter(|length| *length < LONGEST) {
                break &bytes[..length];
            }
            if bytes.len() > LONGEST || length.is_some() || !is_start_of_separator_line(bytes) {
                return Ok(None);
            }
            if seen == bytes.len() && self.buffer.has_ended() {
                break bytes;
            }
            seen = bytes.len();
            self.buffer.fill()?;
        };
        let unquoted = line
            .strip_prefix(b"\"")
            .and_then(|line| line.strip_suffix(b"\""));
        let delimiter = match unquoted.unwrap_or(line) {
            [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', byte] if is_delimiter(*byte) => *byte,
            _ => return Ok(None),
        };
        let length = line.len();
        self.consume(length, 0);
        self.skip_line_end()?;
        if self.dialect.delimiter.is_some() {
            return Ok(None);
        }
        self.dialect.delimiter = Some(delimiter);
        self.splitter = Splitter::new(&self.dialect, self.limits);
        Ok(Some([b"sep=", &[delimiter][..], b"\n"].concat()))
    }

    fn read_header(&mut self) -> Result<Header, Problem> {
        let found = self.find()?;
        if self.dialect.no_header {
            let header = header::of(self.table, &self.dialect);
            if let Some((length, _)) = found {
                self.must_not_be_header(length, "--no-header")?;
            }
            let line = found.map_or(&[][..], |(length, _)| &self.buffer.bytes()[..length]);
            let is_one = header.width() > 1 && !line.contains(&self.dialect.separator());
            let other = sniff::row_delimiter(self.table, &self.dialect, line);
            return match other.filter(|_| is_one) {
                Some(delimiter) => Err(Problem::Delimiter(delimiter)),
                None => Ok(header),
            };
        }
        let Some((length, defect)) = found else {
            let expected = self.dialect.header_names(self.table);
            return Err(Problem::Empty { expected });
        };
        let bytes = self.buffer.bytes();
        let parsed = match defect {
            None => {
                let (mut names, mut ends) = (Vec::new(), Vec::new());
                (self.splitter).copy(&bytes[..length], &mut names, &mut ends, |_| {});
                let fields = fields(&ends).map(|field| &names[field]);
                header::parse(self.table, &self.dialect, fields)
            }
            Some(defect) => {
                let line = self.line;
                let escaped = has_escaped_quote(&bytes[..length], self.dialect.separator());
                let escaped = escaped && !self.dialect.notation.backslash_escapes;
                Err(Problem::Quotes {
                    line,
                    defect,
                    escaped,
                })
            }
        };
        // If all columns are there, a name that cannot be read is passed over.
        let is_complete = parsed.as_ref().is_ok_and(|it| it.is_complete(self.table));
        if !is_complete && let Some(problem) = self.wrong_encoding(&bytes[..length]) {
            return Err(problem);
        }
        let header = parsed.map_err(|problem| {
            let other = sniff::diagnose(self.table, &self.dialect, bytes, self.line);
            match other.unwrap_or(problem) {
                Problem::Delimiter(other) if self.has_given_delimiter => {
                    Problem::OtherDelimiter(other)
                }
                problem => problem,
            }
        })?;
        self.consume(length, self.line_ends(length));
        Ok(header)
    }

    /// The problem with a header that is not in the encoding that the options specify. If it is not UTF-8 because the
    /// file is not CSV at all, or because another line is in the place of the header, that problem is returned instead.
    fn wrong_encoding(&self, header: &[u8]) -> Option<Problem> {
        let encoding = self.dialect.notation.encoding;
        if encoding == UTF_8.name() && is_iso_2022_jp(header) {
            return Some(Problem::Encoding(ISO_2022_JP.name()));
        }
        if !header.is_ascii() && seems_utf8(&self.undecoded) {
            return Some(Problem::SeemsUtf8(encoding));
        }
        if str::from_utf8(header).is_ok() {
            return None;
        }
        let bytes = self.buffer.bytes();
        let other = sniff::diagnose(self.table, &self.dialect, bytes, self.line).filter(|other| {
            matches!(
                other,
                Problem::NotCsv(_) | Problem::HeaderBelow { .. } | Problem::NoHeader { .. }
            )
        });
        other.or_else(|| {
            Some(match &self.undecoded[..] {
                [] => Problem::HeaderNotUtf8(encoding::likely(bytes)),
                start => Problem::HeaderNotEncoding(encoding, encoding::likely(start)),
            })
        })
    }

    /// Fails if the line that begins here, of this many bytes, is a header although this option says that it is not.
    fn must_not_be_header(&self, length: usize, option: &'static str) -> Result<(), Problem> {
        let line = &self.buffer.bytes()[..length];
        if sniff::is_header(self.table, &self.dialect, line) {
            return Err(Problem::HeaderThere {
                line: self.line,
                option,
            });
        }
        Ok(())
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
        self.inspector
            .remarks
            .sentences(self.header.put_right(self.table))
    }

    /// Whether the file is text that naming another encoding would spoil: it has no byte order mark, and as far as it
    /// has been read, it is UTF-8 with more than ASCII, or ASCII with more to come.
    pub fn is_plain_text(&self) -> bool {
        let text = self.buffer.bytes();
        let read = self.bytes_read.as_ref();
        let read = read.map(|read| read.load(Ordering::Relaxed));
        !self.header.has_mark() && (seems_utf8(text) || text.is_ascii() && read != self.size)
    }

    /// Whether the file seems to be in UTF-8, although it was decoded from the encoding that was given.
    pub fn seems_utf8(&self) -> bool {
        self.inspector.remarks.not_utf8.is_some()
    }

    /// The first bytes, as they are, of a file that was decoded because an encoding was given.
    pub fn undecoded(&self) -> &[u8] {
        &self.undecoded
    }

    /// Whether cells of the records read so far have white space around them that was read as part of the cells, but
    /// may not belong to them.
    pub fn has_padding(&self) -> bool {
        !self.dialect.notation.trim && self.inspector.remarks.has_padding()
    }

    /// Looks for what is odd about all records of a batch that this reader has filled.
    pub fn inspect(&mut self, batch: &Batch) {
        self.inspector.inspect_batch(batch, &self.splitter);
    }

    /// Appends the next record to a batch of this reader's header; `false` if there are no more.
    ///
    /// # Errors
    ///
    /// If reading fails, or if a record has no end. Anything else is a record, whatever its bytes are.
    pub fn read(&mut self, batch: &mut Batch) -> io::Result<bool> {
        let Some((length, defect)) = self.find()? else {
            return Ok(false);
        };
        let line_ends = self.line_ends(length);
        let (text, rest) = self.buffer.bytes().split_at(length);
        let line_feed = usize::from(rest.starts_with(b"\n"));
        match defect {
            None => {
                batch.push(self.line, length, |all, ends, nulls| {
                    let first = ends.len();
                    self.splitter
                        .copy(text, all, ends, |field| nulls.push(offset(first + field)));
                });
                (self.inspector).inspect(batch, text, &self.splitter, self.line, line_ends);
            }
            Some(defect) => {
                batch.push_defect(self.line, text, defect);
                self.inspector.remarks.escaped_quotes |= !self.dialect.notation.backslash_escapes
                    && has_escaped_quote(text, self.dialect.separator());
            }
        }
        // Only a line feed: the second byte of CRLF may not have been read yet.
        self.consume(length + line_feed, line_ends + line_feed as u64);
        Ok(true)
    }

    /// Finds the next record, including the header: how many bytes it has without its line end, and its defect. Records
    /// without any text are skipped, as blank lines are.
    fn find(&mut self) -> io::Result<Option<(usize, Option<Defect>)>> {
        while self.skip_line_ends()? {
            let (length, defect) = self.find_record()?;
            if defect.is_some()
                || !self.splitter.may_be_blank()
                || !self.splitter.is_blank(&self.buffer.bytes()[..length])
                || self.is_empty_text()
            {
                return Ok(Some((length, defect)));
            }
            self.consume(length, self.line_ends(length));
        }
        Ok(None)
    }

    /// Whether a record whose cells are all empty is the quoted empty text of a file with a single column: without
    /// quotes, it would be a blank line.
    fn is_empty_text(&self) -> bool {
        self.header.width() == 1 && self.splitter.has_quotes() && self.dialect.notation.has_null()
    }

    fn find_record(&mut self) -> io::Result<(usize, Option<Defect>)> {
        self.splitter.start(self.position);
        loop {
            let (bytes, ended) = (self.buffer.bytes(), self.buffer.has_ended());
            match self.splitter.split(bytes, ended) {
                Ok(length) => return Ok((length, None)),
                Err(Unsplit::Defect(defect)) => return Ok((self.find_line()?, Some(defect))),
                Err(Unsplit::More) => _ = self.buffer.fill()?,
                Err(Unsplit::Endless) => return Err(self.endless()),
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
            "the record on line {line} does not end within {record} bytes"
        ))
    }

    /// How many lines end within the record that was found.
    #[inline]
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

    /// Skips the rest of the previous line end, blank lines, and byte order marks, which occur where files were joined.
    /// Returns `false` at the end of the file.
    fn skip_line_ends(&mut self) -> io::Result<bool> {
        loop {
            match self.buffer.bytes() {
                [end @ (b'\n' | b'\r'), ..] => self.consume_line_end(*end),
                [] => {
                    if !self.buffer.fill()? {
                        return Ok(false);
                    }
                }
                [0xef, ..] => {
                    let before = self.position;
                    self.skip_byte_order_marks()?;
                    if self.position == before {
                        return Ok(true);
                    }
                }
                _ => return Ok(true),
            }
        }
    }

    /// Skips one byte of a line end, if there is one.
    fn skip_line_end(&mut self) -> io::Result<()> {
        while self.buffer.bytes().is_empty() && self.buffer.fill()? {}
        if let [end @ (b'\n' | b'\r'), ..] = self.buffer.bytes() {
            self.consume_line_end(*end);
        }
        Ok(())
    }

    /// Consumes the next byte, which is this one and belongs to a line end.
    fn consume_line_end(&mut self, byte: u8) {
        let is_second = byte == b'\n' && self.after_cr;
        self.line += u64::from(!is_second);
        self.after_cr = byte == b'\r';
        self.buffer.consume(1);
        self.position += 1;
    }

    /// Skips a line that is not the header; `false` if the file has ended.
    fn skip_line(&mut self) -> Result<bool, Problem> {
        if self.after_cr {
            // The second byte of the previous line end.
            while self.buffer.bytes().is_empty() && self.buffer.fill()? {}
            if self.buffer.bytes().starts_with(b"\n") {
                self.skip_line_end()?;
            }
            self.after_cr = false;
        }
        let length = self.find_line()?;
        self.must_not_be_header(length, "--skip-lines")?;
        self.consume(length, 0);
        let line = self.line;
        self.skip_line_end()?;
        Ok(self.line > line)
    }

    /// Skips byte order marks; `false` if the file ends there.
    fn skip_byte_order_marks(&mut self) -> io::Result<bool> {
        loop {
            match self.buffer.bytes() {
                [0xef, 0xbb, 0xbf, ..] => self.consume(BYTE_ORDER_MARK.len(), 0),
                [] | [0xef] | [0xef, 0xbb] => {
                    if !self.buffer.fill()? {
                        return Ok(!self.buffer.bytes().is_empty());
                    }
                }
                _ => return Ok(true),
            }
        }
    }
}

/// Whether a line has a quote after a backslash, other than one that ends a cell.
fn has_escaped_quote(line: &[u8], delimiter: u8) -> bool {
    memchr::memmem::find_iter(line, b"\\\"").any(|at| {
        let next = line.get(at + 2);
        next.is_some_and(|next| *next != delimiter)
    })
}

/// Whether a line that starts with these bytes may be `sep=;`.
fn is_start_of_separator_line(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\"").unwrap_or(bytes);
    let length = bytes.len().min(4);
    bytes[..length].eq_ignore_ascii_case(&b"sep="[..length])
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

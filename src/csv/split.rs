//! Splits a record into its fields.

use std::ops::Range;

use memchr::{memchr, memchr2};

use super::Dialect;
use super::reader::Limits;
use super::remarks::is_plain;
use crate::row::{Defect, offset};

/// For how many fields memory is kept from one record to the next.
const KEPT: usize = 1 << 16;

/// The most bytes of a character that is white space.
const LONGEST_BLANK: usize = 3;

/// How NULL is written where backslashes escape.
pub const NULL: &[u8] = b"\\N";

/// Finds the fields of one record at a time, in bytes that may arrive in pieces.
#[derive(Debug)]
pub struct Splitter {
    delimiter: u8,
    /// Whether white space around a cell is not part of it, and may stand outside its quotes.
    trim: bool,
    /// Whether a backslash escapes the character after it.
    escapes: bool,
    limits: Limits,
    /// Whether a byte outside quotes ends a field, is a quote, or is a backslash that escapes.
    stops: [bool; 256],
    /// Where the fields found so far end.
    ends: Vec<u32>,
    /// The offset of the record in the file.
    position: u64,
    /// Where the next field starts, and how far the record has been looked at.
    field: usize,
    at: usize,
    /// The quote that opened the field and has not been closed yet.
    opening: Option<usize>,
    /// Whether a quote in the field was text. Then every later one in it is, too.
    text: bool,
    /// Whether a field of the record is in quotes or has escapes.
    quoted: bool,
    escaped: bool,
    /// Whether a field of the record is empty.
    empty: bool,
    /// Whether a field of any record begins with white space and a quote that is text.
    padded: bool,
    /// Whether a backslash of any record escapes a letter or digit that no export escapes.
    unusual: bool,
    /// Whether a field of any record so far has a quote without beginning with one.
    stray: bool,
    /// The offsets in the file, in ascending order, of opening quotes further on that belonged to a record with a
    /// defect, and that defect. If a record that starts later continues past its first line, it opens one of these
    /// quotes, too, and ends in the same defect: apart from the number of fields, what follows a quote does not depend
    /// on what precedes it. Searching again from every line would take time quadratic in the size of the file.
    doomed: Vec<u64>,
    doom: Defect,
}

/// Why a record has not been split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsplit {
    /// It continues beyond the bytes that have been read.
    More,
    /// It cannot be split.
    Defect(Defect),
    /// Its first line is too long.
    Endless,
}

impl Splitter {
    /// A splitter for the records of files that are written like this.
    pub fn new(dialect: &Dialect, limits: Limits) -> Splitter {
        let delimiter = dialect.separator();
        let escapes = dialect.notation.backslash_escapes;
        let mut stops = [false; 256];
        for byte in [delimiter, b'\n', b'\r', b'"'] {
            stops[usize::from(byte)] = true;
        }
        stops[usize::from(b'\\')] |= escapes;
        Splitter {
            delimiter,
            trim: dialect.notation.trim,
            escapes,
            limits,
            stops,
            ends: Vec::new(),
            position: 0,
            field: 0,
            at: 0,
            opening: None,
            text: false,
            quoted: false,
            escaped: false,
            empty: false,
            stray: false,
            padded: false,
            unusual: false,
            doomed: Vec::new(),
            doom: Defect::UnclosedQuote,
        }
    }

    /// Whether the record may have line ends of its own.
    pub fn has_line_ends(&self) -> bool {
        self.quoted || self.escaped
    }

    /// Whether a field of the record is in quotes.
    pub fn has_quotes(&self) -> bool {
        self.quoted
    }

    /// Whether a field of the record is empty, and not in quotes.
    pub fn has_empty_fields(&self) -> bool {
        self.empty
    }

    /// Whether a field of any record so far has a quote without beginning with one.
    pub fn has_stray_quotes(&self) -> bool {
        self.stray
    }

    /// How many fields the record has.
    pub fn fields(&self) -> usize {
        self.ends.len()
    }

    /// Whether a cell of any record so far begins with white space and a quote, and keeps both.
    pub fn has_padded_quotes(&self) -> bool {
        self.padded
    }

    /// Whether a backslash of any record so far escapes a letter or digit that no export escapes.
    pub fn has_unusual_escapes(&self) -> bool {
        self.unusual
    }

    /// Starts a record at this offset in the file.
    pub fn start(&mut self, position: u64) {
        self.position = position;
        self.ends.clear();
        self.ends.shrink_to(KEPT);
        (self.field, self.at, self.opening, self.text) = (0, 0, None, false);
        (self.quoted, self.escaped, self.empty) = (false, false, false);
        if self.doomed.last().is_some_and(|last| *last < position) {
            self.doomed = Vec::new();
        }
    }

    /// Continues the record, given all of its bytes so far (at least one), and whether the file ends after them. Returns
    /// how many bytes it has, without its line end.
    pub fn split(&mut self, bytes: &[u8], ended: bool) -> Result<usize, Unsplit> {
        loop {
            let end = self.field_end(bytes, ended)?;
            self.empty |= end == self.field;
            self.ends.push(offset(end));
            if bytes.get(end) != Some(&self.delimiter) {
                return Ok(end);
            }
            (self.field, self.at, self.text) = (end + 1, end + 1, false);
            if self.ends.len() == self.limits.fields {
                return Err(self.fail(bytes, Defect::TooManyFields));
            }
        }
    }

    /// Where the field ends.
    fn field_end(&mut self, bytes: &[u8], ended: bool) -> Result<usize, Unsplit> {
        loop {
            if let Some(opening) = self.opening {
                let end = self.close(bytes, opening, ended)?;
                self.opening = None;
                return Ok(end);
            }
            self.at = self.next_stop(bytes);
            match bytes.get(self.at) {
                None if !ended => return Err(self.more(bytes)),
                Some(b'"') => self.open(bytes)?,
                Some(b'\\') if self.escapes => self.escape(bytes, ended)?,
                _ => return Ok(self.at),
            }
        }
    }

    /// Where the next byte is that ends a field, is a quote, or is a backslash that escapes; or where the bytes end.
    fn next_stop(&self, bytes: &[u8]) -> usize {
        let is_stop = |byte: &u8| self.stops[usize::from(*byte)];
        let mut at = self.at;
        // A loop over a known number of bytes takes fewer steps for each.
        while let Some(chunk) = bytes[at..].first_chunk::<8>() {
            match chunk.iter().position(is_stop) {
                Some(stop) => return at + stop,
                None => at += chunk.len(),
            }
        }
        let stop = bytes[at..].iter().position(is_stop);
        stop.map_or(bytes.len(), |stop| at + stop)
    }

    fn more(&mut self, bytes: &[u8]) -> Unsplit {
        if bytes.len() < self.limits.record {
            return Unsplit::More;
        }
        match line_length(&bytes[..self.at]) {
            // The first line has ended within quotes, and in a record this large, the quotes do not match.
            Some(_) => self.fail(bytes, Defect::UnclosedQuote),
            None => Unsplit::Endless,
        }
    }

    /// Goes past a quote. It opens the field, unless anything precedes it there that belongs to the field.
    fn open(&mut self, bytes: &[u8]) -> Result<(), Unsplit> {
        let before = &bytes[self.field..self.at];
        let is_first = !self.text && self.blanks(before) == before.len();
        self.padded |= is_first && !before.is_empty() && !self.trim;
        if before.is_empty() || is_first && self.trim {
            self.quoted = true;
            self.opening = Some(self.at);
            let quote = self.position + self.at as u64;
            if self.doomed.binary_search(&quote).is_ok() {
                return Err(Unsplit::Defect(self.doom));
            }
        } else {
            (self.text, self.stray) = (true, true);
        }
        self.at += 1;
        Ok(())
    }

    /// Goes past the backslash that was found and what it escapes, once those bytes have been read. The two bytes of a
    /// line end belong together.
    fn escape(&mut self, bytes: &[u8], ended: bool) -> Result<(), Unsplit> {
        self.escaped = true;
        let length = match &bytes[self.at + 1..] {
            [b'\r', b'\n', ..] => 2,
            [] | [b'\r'] if !ended => return Err(self.more(bytes)),
            [] => 0,
            [byte, ..] => {
                self.unusual |= is_plain(*byte);
                1
            }
        };
        self.at += 1 + length;
        Ok(())
    }

    /// Whether a byte after a closing quote ends the field.
    fn ends_field(&self, byte: u8) -> bool {
        byte == self.delimiter || matches!(byte, b'\n' | b'\r')
    }

    /// How many bytes of white space these begin with, as far as they belong to a field.
    fn blanks(&self, bytes: &[u8]) -> usize {
        let mut length = 0;
        while let Some(blank) = blank(&bytes[length..])
            && !self.ends_field(bytes[length])
        {
            length += blank;
        }
        length
    }

    /// Looks for the closing quote of the field, and returns where the field ends after it.
    fn close(&mut self, bytes: &[u8], opening: usize, ended: bool) -> Result<usize, Unsplit> {
        loop {
            let rest = &bytes[self.at..];
            let quote = if self.escapes {
                memchr2(b'"', b'\\', rest)
            } else {
                memchr(b'"', rest)
            };
            let quote = quote.map(|found| self.at + found);
            self.at = quote.unwrap_or(bytes.len());
            let length = self.at - (opening + 1);
            if length > self.limits.quoted || (quote.is_none() && ended) {
                return Err(self.fail(bytes, Defect::UnclosedQuote));
            }
            if bytes.get(self.at) == Some(&b'\\') {
                self.escape(bytes, ended)?;
                continue;
            }
            let behind = self.at + 1;
            match bytes.get(behind) {
                Some(b'"') => {
                    self.at += 2;
                    continue;
                }
                Some(next) if self.ends_field(*next) => return Ok(behind),
                _ => {}
            }
            let rest = bytes.get(behind..).unwrap_or_default();
            let blanks = if self.trim { self.blanks(rest) } else { 0 };
            let is_cut = |rest: &[u8]| {
                rest.is_empty() || self.trim && rest.len() < LONGEST_BLANK && !rest.is_ascii()
            };
            if !ended && is_cut(&rest[blanks..]) {
                return Err(self.more(bytes));
            }
            return match rest.get(blanks) {
                Some(next) if !self.ends_field(*next) => {
                    Err(self.fail(bytes, Defect::TextAfterQuote))
                }
                _ => Ok(behind + blanks),
            };
        }
    }

    /// Remembers the opening quotes of a record with a defect, as far as another record can open them and continue on
    /// the next line.
    fn fail(&mut self, bytes: &[u8], defect: Defect) -> Unsplit {
        let first_line = line_length(bytes).unwrap_or(bytes.len());
        self.ends.push(offset(self.at.max(self.field)));
        let doomed = fields(&self.ends).filter_map(|field| {
            let text = &bytes[field.clone()];
            let blanks = if self.trim { self.blanks(text) } else { 0 };
            let is_doomed = field.start > first_line
                && text[blanks..].starts_with(b"\"")
                && line_length(text).is_some();
            is_doomed.then_some(self.position + (field.start + blanks) as u64)
        });
        let mut doomed = doomed.peekable();
        // A record that has not gone on to the next line says nothing about those that do.
        if doomed.peek().is_some() {
            self.doomed = doomed.collect();
            self.doom = defect;
        }
        Unsplit::Defect(defect)
    }

    /// Whether all cells of the record may be empty.
    pub fn may_be_blank(&self) -> bool {
        self.empty || self.quoted || self.trim
    }

    /// Whether all cells of the whole record are empty.
    pub fn is_blank(&self, record: &[u8]) -> bool {
        fields(&self.ends).all(|field| matches!(self.cell(&record[field]), b"" | b"\"\""))
    }

    /// Where the fields that were found in the record are.
    pub fn found(&self) -> impl Iterator<Item = Range<usize>> {
        fields(&self.ends)
    }

    /// Where the field with this index is, if the record has one.
    #[inline]
    pub fn field(&self, index: usize) -> Option<Range<usize>> {
        let end = *self.ends.get(index)? as usize;
        let before = index.checked_sub(1);
        let start = before.map_or(0, |before| self.ends[before] as usize + 1);
        Some(start..end)
    }

    /// What is between the quotes of each quoted cell of the whole record.
    pub fn quoted<'r>(&self, record: &'r [u8]) -> impl Iterator<Item = &'r [u8]> {
        self.found()
            .filter_map(|field| match self.cell(&record[field]) {
                [b'"', cell @ .., b'"'] => Some(cell),
                _ => None,
            })
    }

    /// Whether a cell of the whole record has quotes that it does not need.
    pub fn has_needless_quotes(&self, record: &[u8]) -> bool {
        let special = |byte: &u8| *byte == self.delimiter || b"\",;\t\r\n\\".contains(byte);
        self.quoted(record)
            .any(|cell| !cell.is_empty() && !cell.iter().any(special))
    }

    /// Appends the fields of the whole record to a text, without their quotes and with one byte between them, and where
    /// each of them ends in it. Calls `null` with the index of each field that is NULL as it is written.
    pub fn copy(
        &self,
        record: &[u8],
        text: &mut Vec<u8>,
        ends: &mut Vec<u32>,
        mut null: impl FnMut(usize),
    ) {
        if !self.quoted && !self.escaped {
            let base = offset(text.len());
            text.extend_from_slice(record);
            ends.extend(self.ends.iter().map(|end| base.saturating_add(*end)));
            return;
        }
        for (index, field) in fields(&self.ends).enumerate() {
            if index > 0 {
                text.push(self.delimiter);
            }
            let field = &record[field];
            let cell = self.cell(field);
            let (content, quoted) = match cell {
                [b'"', quoted @ .., b'"'] if self.quoted => (quoted, true),
                _ => (field, false),
            };
            if self.escapes && matches!(cell, NULL | b"\"\\N\"") {
                null(index);
                text.extend_from_slice(NULL);
            } else if self.escapes {
                unescape(content, quoted, text);
            } else if quoted {
                unquote(content, text);
            } else {
                text.extend_from_slice(content);
            }
            ends.push(offset(text.len()));
        }
    }

    /// A field without the white space that is not part of its cell.
    fn cell<'a>(&self, field: &'a [u8]) -> &'a [u8] {
        if self.trim { trim(field) } else { field }
    }
}

/// Where each of these fields starts and ends.
pub fn fields(ends: &[u32]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    ends.iter().map(move |end| {
        let field = start..*end as usize;
        start = field.end + 1;
        field
    })
}

/// Appends what is in the quotes of a field, with single quotes for doubled ones.
fn unquote(mut field: &[u8], text: &mut Vec<u8>) {
    while let Some(quote) = memchr(b'"', field) {
        text.extend_from_slice(&field[..=quote]);
        field = field.get(quote + 2..).unwrap_or_default();
    }
    text.extend_from_slice(field);
}

/// The same, but escapes become the characters that they stand for, and quotes are only doubled within quotes.
fn unescape(mut field: &[u8], quoted: bool, text: &mut Vec<u8>) {
    while let Some(found) = memchr2(b'\\', b'"', field) {
        text.extend_from_slice(&field[..found]);
        let next = field.get(found + 1);
        let character = match (field[found], next) {
            (b'"', _) if quoted => b'"',
            (b'"', _) => {
                text.push(b'"');
                field = &field[found + 1..];
                continue;
            }
            (_, None) => b'\\',
            (_, Some(b'n')) => b'\n',
            (_, Some(b't')) => b'\t',
            (_, Some(b'r')) => b'\r',
            (_, Some(b'b')) => b'\x08',
            // PostgreSQL writes these two: https://www.postgresql.org/docs/current/sql-copy.html
            (_, Some(b'f')) => b'\x0c',
            (_, Some(b'v')) => b'\x0b',
            (_, Some(b'0')) => 0,
            (_, Some(other)) => *other,
        };
        text.push(character);
        field = field.get(found + 2..).unwrap_or_default();
    }
    text.extend_from_slice(field);
}

/// The length in bytes of the white space character that these begin with, if they begin with one.
fn blank(bytes: &[u8]) -> Option<usize> {
    let start = &bytes[..bytes.len().min(LONGEST_BLANK)];
    let character = start.utf8_chunks().next()?.valid().chars().next()?;
    character.is_whitespace().then(|| character.len_utf8())
}

/// Text without the Unicode white space around it, whether all of it is UTF-8 or not.
fn trim(mut text: &[u8]) -> &[u8] {
    while let Some(blank) = blank(text) {
        text = &text[blank..];
    }
    while let Some((start, last)) = last_character(text)
        && last.is_whitespace()
    {
        text = start;
    }
    text
}

/// The last character, and what is before it.
fn last_character(text: &[u8]) -> Option<(&[u8], char)> {
    let start = (text.iter()).rposition(|byte| !(0x80..0xc0).contains(byte))?;
    let (before, last) = text.split_at(start);
    let last = str::from_utf8(last).ok()?.chars().next()?;
    Some((before, last))
}

/// How many bytes the first line has, if it has an end.
pub fn line_length(bytes: &[u8]) -> Option<usize> {
    memchr2(b'\n', b'\r', bytes)
}

//! Splits a record into its fields.

use std::ops::Range;

use memchr::{memchr, memchr2};

use super::reader::Limits;
use crate::row::{Defect, offset};

/// For how many fields memory is kept from one record to the next.
const KEPT: usize = 1 << 16;

/// Finds the fields of one record at a time, in bytes that may arrive in pieces.
#[derive(Debug)]
pub struct Splitter {
    delimiter: u8,
    limits: Limits,
    /// Whether a byte outside quotes ends a field.
    ends_field: [bool; 256],
    /// Where the fields found so far end.
    ends: Vec<u32>,
    /// Where the next field starts, and how far the record has been looked at.
    field: usize,
    at: usize,
    /// Whether a field of the record is in quotes.
    quoted: bool,
    /// Opening quotes further on, by their offsets in the file in ascending order, that a record with a defect took for
    /// its own, and the defect. A record that starts later and goes beyond its first line opens one of them too,
    /// and comes to the same end: what is behind a quote does not depend on what is before it, but for the number of
    /// fields. To look for that end again from every line would take time that is quadratic in the size of the file.
    doomed: Vec<u64>,
    doom: Defect,
}

/// How far a record has been split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// It continues after the bytes there are.
    More,
    /// It has this many bytes, without its line end.
    Record(usize),
    /// It cannot be split.
    Defect(Defect),
    /// Its first line is too long.
    Endless,
}

impl Splitter {
    /// A splitter for fields that are separated by this byte.
    pub fn new(delimiter: u8, limits: Limits) -> Splitter {
        let mut ends_field = [false; 256];
        for byte in [delimiter, b'\n', b'\r'] {
            ends_field[usize::from(byte)] = true;
        }
        Splitter {
            delimiter,
            limits,
            ends_field,
            ends: Vec::new(),
            field: 0,
            at: 0,
            quoted: false,
            doomed: Vec::new(),
            doom: Defect::UnclosedQuote,
        }
    }

    /// Whether the record may have line ends of its own.
    pub fn has_quotes(&self) -> bool {
        self.quoted
    }

    /// Starts a record at this offset in the file.
    pub fn start(&mut self, position: u64) {
        self.ends.clear();
        self.ends.shrink_to(KEPT);
        (self.field, self.at) = (0, 0);
        self.quoted = false;
        if self.doomed.last().is_some_and(|last| *last < position) {
            self.doomed = Vec::new();
        }
    }

    /// Continues the record, given all of its bytes so far (at least one), its offset in the file, and whether
    /// the file ends after them.
    pub fn split(&mut self, bytes: &[u8], position: u64, ended: bool) -> Split {
        loop {
            let end = if bytes.get(self.field) == Some(&b'"') {
                match self.close(bytes, position, ended) {
                    Ok(quote) => quote + 1,
                    Err(split) => return split,
                }
            } else {
                let rest = &bytes[self.at..];
                let length = rest.iter().position(|b| self.ends_field[usize::from(*b)]);
                let end = self.at + length.unwrap_or(rest.len());
                if end == bytes.len() && !ended {
                    self.at = end;
                    return self.more(bytes, position);
                }
                end
            };
            self.ends.push(offset(end));
            if bytes.get(end) != Some(&self.delimiter) {
                return Split::Record(end);
            }
            (self.field, self.at) = (end + 1, end + 1);
            if self.ends.len() == self.limits.fields {
                return self.fail(bytes, position, Defect::TooManyFields);
            }
        }
    }

    fn more(&mut self, bytes: &[u8], position: u64) -> Split {
        if bytes.len() < self.limits.record {
            return Split::More;
        }
        match line_length(&bytes[..self.at]) {
            // The line has ended in quotes, and those do not match if the record is that large.
            Some(_) => self.fail(bytes, position, Defect::UnclosedQuote),
            None => Split::Endless,
        }
    }

    /// Looks for the closing quote of the field, followed by something that ends the field.
    fn close(&mut self, bytes: &[u8], position: u64, ended: bool) -> Result<usize, Split> {
        if self.at == self.field {
            self.quoted = true;
            self.at += 1;
            let quote = position + self.field as u64;
            if self.doomed.binary_search(&quote).is_ok() {
                return Err(Split::Defect(self.doom));
            }
        }
        loop {
            let quote = memchr(b'"', &bytes[self.at..]).map(|found| self.at + found);
            self.at = quote.unwrap_or(bytes.len());
            let length = self.at - (self.field + 1);
            if length > self.limits.quoted || (quote.is_none() && ended) {
                return Err(self.fail(bytes, position, Defect::UnclosedQuote));
            }
            match bytes.get(self.at + 1) {
                None if quote.is_none() || !ended => return Err(self.more(bytes, position)),
                Some(b'"') => self.at += 2,
                Some(next) if !self.ends_field[usize::from(*next)] => {
                    return Err(self.fail(bytes, position, Defect::TextAfterQuote));
                }
                _ => return Ok(self.at),
            }
        }
    }

    /// Remembers the opening quotes of a record with a defect, as far as another record can open them and continue on
    /// the next line.
    fn fail(&mut self, bytes: &[u8], position: u64, defect: Defect) -> Split {
        let first_line = line_length(bytes).unwrap_or(bytes.len());
        self.ends.push(offset(self.at.max(self.field)));
        let doomed = fields(&self.ends).filter(|field| {
            let text = &bytes[field.clone()];
            field.start > first_line && text.starts_with(b"\"") && line_length(text).is_some()
        });
        let mut doomed = doomed.map(|field| position + field.start as u64).peekable();
        // A record that has not gone on to the next line says nothing about those that do.
        if doomed.peek().is_some() {
            self.doomed = doomed.collect();
            self.doom = defect;
        }
        Split::Defect(defect)
    }

    /// Appends the fields of the whole record to a text, without their quotes and with one byte between them, and where
    /// each of them ends in it.
    pub fn copy(&self, record: &[u8], text: &mut Vec<u8>, ends: &mut Vec<u32>) {
        if !self.quoted {
            let base = offset(text.len());
            text.extend_from_slice(record);
            ends.extend(self.ends.iter().map(|end| base.saturating_add(*end)));
            return;
        }
        for (index, field) in fields(&self.ends).enumerate() {
            if index > 0 {
                text.push(self.delimiter);
            }
            match &record[field] {
                [b'"', quoted @ .., b'"'] => unquote(quoted, text),
                plain => text.extend_from_slice(plain),
            }
            ends.push(offset(text.len()));
        }
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

/// How many bytes the first line has, if it has an end.
pub fn line_length(bytes: &[u8]) -> Option<usize> {
    memchr2(b'\n', b'\r', bytes)
}

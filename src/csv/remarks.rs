//! What is odd about records that are not wrong.

use memchr::{memchr_iter, memmem};

/// Most records that are named one by one.
const LISTED: usize = 10;

/// How rows that were stored with such cells are put right.
const AGAIN: &str = "--update replaces rows that are stored already";

/// What other programs write for no value.
const NULLS: [&str; 3] = ["NULL", "NA", "N/A"];

/// What is odd about the records of a file, and may be meant otherwise.
#[derive(Debug, Default)]
pub struct Remarks {
    /// The first and the last line of records whose lines would be rows by themselves, and how many more there are.
    rows_in_quotes: Vec<(u64, u64)>,
    more_rows_in_quotes: u64,
    /// Whether a cell begins with white space and a quote, and keeps both.
    pub padded_quotes: bool,
    /// Whether a record has empty fields beyond the header, and nothing else there.
    pub empty_surplus: bool,
    /// Whether a quote behind a backslash breaks a row.
    pub escaped_quotes: bool,
    /// Whether a cell has a quote behind a backslash, or two backslashes not at its start, or is `\N`.
    pub escapes: bool,
    /// Those of [`NULLS`] that are a cell.
    nulls: Vec<&'static str>,
    /// The encoding that was given for a file that seems to be in UTF-8.
    pub not_utf8: Option<&'static str>,
}

impl Remarks {
    /// Adds a record from one line to another, all of which would be rows by themselves.
    pub fn add_rows_in_quotes(&mut self, first: u64, last: u64) {
        if self.rows_in_quotes.len() < LISTED {
            self.rows_in_quotes.push((first, last));
        } else {
            self.more_rows_in_quotes += 1;
        }
    }

    /// Looks for backslashes that may be escapes in the text of many records, whose fields this byte separates.
    pub fn look_for_escapes(&mut self, text: &[u8], delimiter: u8) {
        if self.escapes {
            return;
        }
        let ends = |byte: Option<&u8>| byte.is_none_or(|byte| *byte == delimiter || *byte == b'\n');
        self.escapes = memchr_iter(b'\\', text).any(|at| match text.get(at + 1) {
            Some(b'\'' | b'"') => true,
            Some(b'\\') => !ends(at.checked_sub(1).map(|before| &text[before])),
            Some(b'N') => {
                ends(text.get(at + 2)) && ends(at.checked_sub(1).map(|before| &text[before]))
            }
            _ => false,
        });
    }

    /// Looks for cells that may stand for no value in such a text, apart from those that do.
    pub fn look_for_nulls(&mut self, text: &[u8], delimiter: u8, known: &[String]) {
        let ends = |byte: Option<&u8>| byte.is_none_or(|byte| *byte == delimiter || *byte == b'\n');
        for null in NULLS {
            if self.nulls.contains(&null) || known.iter().any(|known| known == null) {
                continue;
            }
            let mut found = memmem::find_iter(text, null);
            let is_cell = |at: usize| {
                ends(text.get(at + null.len()))
                    && ends(at.checked_sub(1).map(|before| &text[before]))
            };
            if found.any(is_cell) {
                self.nulls.push(null);
            }
        }
    }

    /// A sentence each, to stand after the name of the file.
    pub fn sentences(&self) -> Vec<String> {
        let rows = self.rows_in_quotes.iter().map(|(first, last)| {
            format!(
                "has a quoted cell that runs from line {first} to line {last}, each of which would be a row by itself: \
                 a quote may be missing"
            )
        });
        let mut sentences: Vec<_> = rows.collect();
        if self.more_rows_in_quotes > 0 {
            let more = self.more_rows_in_quotes;
            sentences.push(format!("has {more} more quoted cells like that"));
        }
        if let Some(encoding) = self.not_utf8 {
            sentences.push(format!(
                "seems to be in UTF-8 and was read as {encoding}: if its text is wrong now, load it without --encoding"
            ));
        }
        if self.padded_quotes {
            sentences.push(format!(
                "has cells that begin with white space and a quote, which were taken as text: \
                     with --trim, the cell is what is in the quotes ({AGAIN})"
            ));
        }
        if !self.nulls.is_empty() {
            let options: Vec<_> = self
                .nulls
                .iter()
                .map(|null| format!("--null {null}"))
                .collect();
            sentences.push(format!(
                "has cells that are {}, which were taken as they are: add {} if that means no value, \
                 and --null '' if an empty cell of a text does ({AGAIN})",
                self.nulls.join(" or "),
                options.join(" ")
            ));
        }
        if self.empty_surplus {
            sentences.push(
                "has rows with empty fields beyond the header: --ignore-extra-columns ignores them"
                    .to_string(),
            );
        }
        if self.escaped_quotes {
            sentences.push(
                "has rows that are broken by a quote behind a backslash: \
                 add --backslash-escapes if it is an export that escapes quotes like that"
                    .to_string(),
            );
        } else if self.escapes {
            sentences.push(
                format!(
                    "has cells with \\N or with a backslash before a quote or another one, which were taken as text: \
                     add --backslash-escapes if it is an export that escapes like that ({AGAIN})"
                ),
            );
        }
        sentences
    }
}

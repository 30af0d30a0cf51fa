//! What is odd about records that are not wrong.

use memchr::{memchr_iter, memchr2, memmem};

use crate::row::Notation;

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
    /// Whether a cell has a quote behind a backslash, or two backslashes not at its start, or is `\N`; where tabs separate
    /// cells, also whether one has `\n` or `\t`.
    pub escapes: bool,
    /// Those of [`NULLS`] that are a cell.
    nulls: Vec<&'static str>,
    /// Whether a cell begins as one in which a spreadsheet keeps the zeros of `="007"`.
    formulas: bool,
    /// Whether a cell is in single quotes.
    single_quotes: bool,
    /// Whether a cell begins or ends with several spaces.
    padding: bool,
    /// Of a file whose cells tabs separate, whether it has a row without quotes.
    pub unquoted_rows: bool,
    /// Of such a file, whether it has a cell in quotes that it need not have.
    pub needless_quotes: bool,
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
            Some(b'n' | b't') => delimiter == b'\t',
            Some(b'\\') => !ends(at.checked_sub(1).map(|before| &text[before])),
            Some(b'N') => {
                ends(text.get(at + 2)) && ends(at.checked_sub(1).map(|before| &text[before]))
            }
            _ => false,
        });
    }

    /// Looks for cells that other programs mean otherwise in such a text, as its file is read.
    pub fn look_for_conventions(&mut self, text: &[u8], delimiter: u8, notation: &Notation) {
        let ends = |byte: Option<&u8>| byte.is_none_or(|byte| *byte == delimiter || *byte == b'\n');
        let starts_at = |at: usize| ends(at.checked_sub(1).map(|before| &text[before]));
        for null in NULLS {
            if self.nulls.contains(&null) || notation.null.iter().any(|known| known == null) {
                continue;
            }
            let mut found = memmem::find_iter(text, null);
            if found.any(|at| starts_at(at) && ends(text.get(at + null.len()))) {
                self.nulls.push(null);
            }
        }
        self.formulas |= memmem::find_iter(text, "=\"").any(starts_at);
        self.single_quotes |= memchr_iter(b'\'', text).any(|at| {
            let rest = &text[at + 1..];
            let length = memchr2(delimiter, b'\n', rest).unwrap_or(rest.len());
            starts_at(at) && rest[..length].ends_with(b"'")
        });
        let is_space = |byte: Option<&u8>| byte == Some(&b' ');
        self.padding |= !notation.trim
            && memchr_iter(b' ', text).any(|at| {
                starts_at(at) && is_space(text.get(at + 1))
                    || ends(text.get(at + 1)) && at > 0 && is_space(text.get(at - 1))
            });
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
        if self.padding {
            sentences.push(format!(
                "has cells padded with spaces, which were taken as they are: add --trim if it is no part of them ({AGAIN})"
            ));
        }
        if self.formulas {
            sentences.push(
                "has cells such as =\"007\", which were taken as they are: to spreadsheets, only what is in the quotes counts"
                    .to_string(),
            );
        }
        if self.single_quotes {
            sentences.push(
                "has cells in single quotes, which were taken as part of them: CSV quotes with double ones"
                    .to_string(),
            );
        }
        if self.unquoted_rows && self.needless_quotes {
            sentences.push(
                "has rows with cells in quotes and rows without, and the quotes were taken as no part of the cells: \
                 if they are (the sqlite3 shell quotes nothing with -tabs), export the file as CSV"
                    .to_string(),
            );
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
                    "has cells with backslashes as in \\N, \\n, \\\" or \\\\, which were taken as text: \
                     add --backslash-escapes if it is an export that escapes like that, \
                     or --null '\\N' if only \\N has a meaning ({AGAIN})"
                ),
            );
        }
        sentences
    }
}

//! What is odd about records that are not wrong.

use memchr::memchr;

use super::split::fields;
use crate::row::Batch;

/// The maximum number of records that are listed one by one.
const LISTED: usize = 10;

/// What other programs write for a missing value.
const NULLS: [&str; 19] = [
    "NULL", "null", "Null", "(null)", "(NULL)", "[NULL]", "<NULL>", "<null>", "NA", "<NA>", "N/A",
    "n/a", "#N/A", "#NV", "NaN", "nan", "NAN", "NaT", "None",
];

/// The first bytes of cells that need a closer look.
const ODD_STARTS: [bool; 256] = {
    let mut starts = [false; 256];
    (
        starts[b' ' as usize],
        starts[b'=' as usize],
        starts[b'\'' as usize],
    ) = (true, true, true);
    let mut index = 0;
    while index < NULLS.len() {
        starts[NULLS[index].as_bytes()[0] as usize] = true;
        index += 1;
    }
    starts
};

/// Oddities in the records of a file, which may mean that it should be read with other options.
#[derive(Debug, Default)]
pub struct Remarks {
    /// The first and the last line of each record whose quoted cells contain lines that look like rows, and how many
    /// more such records there are.
    rows_in_quotes: Vec<(u64, u64)>,
    more_rows_in_quotes: u64,
    /// Whether a cell begins with white space and a quote, and keeps both.
    pub padded_quotes: bool,
    /// Whether a record has as many fields as the header.
    pub even_rows: bool,
    /// Whether a record has empty fields beyond the header, and nothing else there; and whether those are ignored.
    pub empty_surplus: bool,
    pub ignores_surplus: bool,
    /// Whether a record has exactly one field more than the header, which is not empty; and whether one has fewer
    /// fields than the header, or at least two more.
    pub one_field_more: bool,
    pub other_lengths: bool,
    /// Whether a cell of a column of text is empty, in quotes and without.
    pub quoted_empty: bool,
    pub bare_empty: bool,
    /// Whether a cell in quotes is one of the texts that stand for NULL.
    pub quoted_null: bool,
    /// Whether a quote after a backslash breaks a row.
    pub escaped_quotes: bool,
    /// Whether a cell has a quote after a backslash.
    slashed_quotes: bool,
    /// Whether a cell has a backslash before anything else that exports escape.
    escapes: bool,
    /// Whether a cell is `\N`.
    null_marks: bool,
    /// Whether a backslash stands before a letter or digit that no export escapes, as in a path; and whether backslashes
    /// are read as escapes.
    pub plain_backslashes: bool,
    pub has_escapes: bool,
    /// Whether the file has columns of text.
    pub has_texts: bool,
    /// Those of [`NULLS`] that are a cell.
    nulls: Vec<&'static str>,
    /// Whether a cell begins as one in which a spreadsheet keeps the zeros of `="007"`.
    formulas: bool,
    /// Whether a cell is in single quotes.
    single_quotes: bool,
    /// Whether a cell begins or ends with several spaces.
    padding: bool,
    /// Whether a cell other than the first of a record begins with a single space; and whether one begins with anything
    /// else.
    spaced: bool,
    tight: bool,
    /// Whether a file that separates cells with tabs or vertical bars has a row without quotes.
    pub unquoted_rows: bool,
    /// Whether a cell has a quote without beginning with one: a program that quotes cells would quote it.
    pub stray_quotes: bool,
    /// Whether a cell is in quotes that it need not have.
    pub needless_quotes: bool,
    /// Whether a number has a point before exactly three digits; and whether one has a point elsewhere.
    pub grouped_numbers: bool,
    pub decimal_points: bool,
    /// The line of a record that repeats the header.
    pub header_again: Option<u64>,
    /// The line of a record that is a header of other columns, or of the same ones in another order.
    pub other_header: Option<u64>,
    /// The line of a record that was drawn for human readers, such as a line of dashes.
    pub drawn: Option<u64>,
    /// The encoding that was given for a file that seems to be in UTF-8.
    pub not_utf8: Option<&'static str>,
    /// Whether a cell has the escape sequences of ISO-2022-JP, and keeps them.
    pub iso_2022_jp: bool,
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
        let ends = |byte: Option<&u8>| byte.is_none_or(|byte| *byte == delimiter || *byte == b'\n');
        let mut from = 0;
        while let Some(found) = memchr(b'\\', &text[from..]) {
            let at = from + found;
            from = at + 2;
            let is_cell =
                || ends(text.get(at + 2)) && ends(at.checked_sub(1).map(|before| &text[before]));
            match text.get(at + 1) {
                // If a path ends with a backslash, the quote after it ends the cell.
                Some(b'"') if ends(text.get(at + 2)) => {}
                Some(b'\'' | b'"') => self.slashed_quotes = true,
                Some(b'\\') => self.escapes = true,
                Some(b'N') if is_cell() => self.null_marks = true,
                Some(b'n' | b't' | b'r' | b'0') => self.escapes = true,
                Some(byte) => {
                    self.plain_backslashes |= is_plain(*byte) || *byte == b'N';
                    from = at + 1;
                }
                None => break,
            }
        }
    }

    /// Looks for signs that another program means something else by a cell of a batch, given whether a cell may be one
    /// of [`NULLS`].
    pub fn look_at_cells(&mut self, batch: &Batch, may_be_null: bool) {
        let text = batch.text();
        for field in fields(batch.ends()) {
            let cell = &text[field.clone()];
            if let [first, ..] = cell
                && let [.., last] = cell
                && (ODD_STARTS[usize::from(*first)] || *last == b' ' || !self.tight)
            {
                let is_first = field.start == 0 || text[field.start - 1] == b'\n';
                self.look_at_cell(cell, is_first, may_be_null);
            }
        }
    }

    fn look_at_cell(&mut self, cell: &[u8], is_first: bool, may_be_null: bool) {
        match cell {
            [b' ', b' ', ..] | [.., b' ', b' '] => self.padding = true,
            [b' ', ..] => self.spaced |= !is_first,
            [b'=', b'"', ..] => self.formulas = true,
            [b'\'', .., b'\''] => self.single_quotes = true,
            _ => {
                self.tight |= !is_first;
                if may_be_null {
                    self.look_for_null(cell);
                }
            }
        }
    }

    fn look_for_null(&mut self, cell: &[u8]) {
        let null = NULLS.iter().find(|null| null.as_bytes() == cell);
        if let Some(null) = null.filter(|null| !self.nulls.contains(null)) {
            self.nulls.push(null);
        }
    }

    /// Whether the white space around cells may not belong to them: there are several spaces around one, or one space
    /// before each but the first of its record.
    pub fn has_padding(&self) -> bool {
        !self.padded_quotes && (self.padding || self.spaced && !self.tight)
    }

    /// One sentence for each oddity, to follow the name of the file. `again` says how to fix rows that were stored
    /// wrongly.
    pub fn sentences(&self, again: &str) -> Vec<String> {
        let rows = self.rows_in_quotes.iter().map(|(first, last)| {
            format!(
                "has a quoted cell that runs from line {first} to line {last} and contains lines that look like rows: \
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
                "seems to be in UTF-8 and was read as {encoding}: \
                 if its text is wrong now, load it without --encoding ({again})"
            ));
        }
        if self.iso_2022_jp {
            sentences.push(format!(
                "seems to be in ISO-2022-JP and was read as UTF-8: add --encoding iso-2022-jp ({again})"
            ));
        }
        if self.padded_quotes {
            sentences.push(format!(
                "has cells that begin with white space and a quote, which were taken as text: \
                     with --trim, only the text inside the quotes is stored ({again})"
            ));
        }
        if !self.nulls.is_empty() {
            let options: Vec<_> = self
                .nulls
                .iter()
                .map(|null| {
                    let is_plain = null.chars().all(char::is_alphanumeric);
                    let quotes = if is_plain { "" } else { "\"" };
                    format!("--null {quotes}{null}{quotes}")
                })
                .collect();
            let that = match options.len() {
                1 => "if that means no value",
                _ => "whichever means no value",
            };
            let texts = if self.has_texts {
                "an empty cell in a text column is then an empty string, unless you also add --null ''; "
            } else {
                ""
            };
            sentences.push(format!(
                "has cells that are {}, which were taken literally: add {}, {that} ({texts}{again})",
                self.nulls.join(" or "),
                options.join(" or ")
            ));
        }
        if self.quoted_null {
            sentences.push(
                "has quoted cells that --null read as NULL, as it does unquoted ones: check whether they are meant as text"
                    .to_string(),
            );
        }
        if self.quoted_empty && self.bare_empty {
            sentences.push(
                "has empty cells in text columns, some quoted and some not, which were all read as NULL: \
                 if the quoted ones are empty strings, export NULL as something else and name that with --null"
                    .to_string(),
            );
        }
        if let Some(line) = self.header_again {
            sentences.push(format!(
                "has its header again on line {line}, which was taken for a row: joined files need only one"
            ));
        }
        if let Some(line) = self.other_header {
            sentences.push(format!(
                "has another header on line {line}, and the cells below it may be in the wrong columns: \
                 split the file there, and load each part ({again})"
            ));
        }
        if let Some(line) = self.drawn {
            sentences.push(format!(
                "has a line that is not data on line {line}, such as dashes or a number of rows, which was taken for a row: \
                 remove it from the file, and from the database if it was stored"
            ));
        }
        if self.grouped_numbers && !self.decimal_points {
            sentences.push(format!(
                "has numbers with a point before three digits, which were taken for decimals: \
                 add --decimal , and remove the points if they separate thousands ({again})"
            ));
        }
        if self.formulas {
            sentences.push(
                "has cells such as =\"007\", which were taken literally: to spreadsheets, only the part in quotes is the value"
                    .to_string(),
            );
        }
        if self.single_quotes {
            sentences.push(
                "has cells in single quotes, which were kept as part of the text: CSV uses double quotes"
                    .to_string(),
            );
        }
        if self.needless_quotes && (self.unquoted_rows || self.stray_quotes) {
            let what = if self.stray_quotes {
                "has quoted cells and others with quotes only inside them"
            } else {
                "has quoted cells in some rows and none in others"
            };
            sentences.push(format!(
                "{what}, and the quotes around cells were removed: \
                 if they belong to the text, have the program quote texts and double the quotes in them \
                 (the sqlite3 shell does with -csv, and not with -tabs)"
            ));
        }
        if self.one_field_more && !self.even_rows && !self.other_lengths && !self.padded_quotes {
            sentences.push(
                "has one field more in every row than in its header: if R wrote it, export it with row.names = FALSE"
                    .to_string(),
            );
        } else if self.empty_surplus && self.even_rows {
            sentences.push(
                "has an extra empty field at the end of some rows but not of others: \
                 check whether one of their cells contains a separator that is not in quotes"
                    .to_string(),
            );
        } else if self.empty_surplus && !self.ignores_surplus {
            sentences.push(
                "has rows with empty fields beyond the header: --ignore-extra-columns ignores them \
                 (if R wrote it, export it with row.names = FALSE instead)"
                    .to_string(),
            );
        }
        if self.has_escapes && self.plain_backslashes {
            sentences.push(format!(
                "has backslashes before letters that no export escapes, as in \\U, and they were left out: \
                 if they are part of the text, load it without --backslash-escapes ({again})"
            ));
        } else if self.escaped_quotes {
            sentences.push(format!(
                "has rows that are broken by a quote after a backslash: \
                 add --backslash-escapes if the program that wrote it escapes both quotes and backslashes this way \
                 (an empty cell in a text column is then an empty string, unless you also add --null ''; \
                 if R wrote it, export it with qmethod = \"double\" instead; {again})"
            ));
        } else if self.slashed_quotes || self.escapes && !self.plain_backslashes {
            let or_null = if self.null_marks {
                ", or --null '\\N' if only \\N is special"
            } else {
                ""
            };
            sentences.push(format!(
                "has cells with backslashes as in \\n, \\\" or \\\\, which were taken as text: \
                 add --backslash-escapes if they are escape sequences, \
                 but not if they are part of paths such as C:\\new{or_null} \
                 (an empty cell in a text column is then an empty string, unless you also add --null ''; {again})"
            ));
        } else if self.null_marks {
            sentences.push(format!(
                "has cells that are \\N, which were taken as text: add --null '\\N' if that means no value ({again})"
            ));
        }
        sentences
    }
}

/// Whether a byte is a letter or digit that no export escapes.
pub fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() && !b"NntrbfvZ0".contains(&byte)
}

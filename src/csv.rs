//! CSV text in and out (RFC 4180): where the rows of the tables come from, and where those go that were not stored.
//!
//! [`Source::open`] opens the file of a table, and [`Reader`] reads its header and then its records, one by one, into a
//! batch. What is between a file and the reader, such as compression, is undone on the way. [`Rejects`] writes records as
//! they were given, so that the reader reads the same bytes again.

mod buffer;
mod decode;
mod header;
mod inspector;
mod reader;
mod rejects;
mod remarks;
mod sniff;
mod source;
mod split;

use std::io;

use encoding_rs::Encoding;

use crate::row::{Defect, Notation};
use crate::schema::Table;

pub use reader::Reader;
pub use rejects::{Failure, Rejects, in_the_way, prepare};
pub use sniff::Delimiter;
pub use source::Source;

/// How CSV files are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dialect {
    /// What separates the fields: see [`is_delimiter`]. If it is not given, it is a comma, or what the file itself
    /// names.
    pub delimiter: Option<u8>,
    /// How the cells are written.
    pub notation: Notation,
    /// Whether columns that a table does not have are ignored. They are an error otherwise.
    pub ignore_extra_columns: bool,
    /// The encoding of files without a byte order mark. UTF-8, if it is not given.
    pub encoding: Option<&'static Encoding>,
    /// Whether the first line is a row, of all columns of the table in their order.
    pub no_header: bool,
    /// How many lines stand before the header or the first row.
    pub skip_lines: u64,
    /// The columns that have other names in the files.
    pub renamed: Vec<Renamed>,
}

/// A column that has another name in the file of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// Its name in the file.
    pub header: String,
}

impl Dialect {
    /// What separates the fields.
    pub fn separator(&self) -> u8 {
        self.delimiter.unwrap_or(b',')
    }

    /// What a column of a table is called in its file.
    pub fn header_name<'a>(&'a self, table: &Table, column: &'a str) -> &'a str {
        let mut renamed = self.renamed.iter();
        let renamed = renamed.find(|it| it.table == table.name && it.column == column);
        renamed.map_or(column, |renamed| &renamed.header)
    }

    /// What the columns of a table are called in its file, separated by commas.
    fn header_names(&self, table: &Table) -> String {
        let columns = table.columns.iter();
        let names: Vec<_> = columns
            .map(|column| self.header_name(table, column.name))
            .collect();
        names.join(", ")
    }
}

/// Whether a byte can separate fields: an ASCII character that is not a quote, letter, digit or line end.
pub fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"'\r\n".contains(&byte)
}

/// What to do with files that are not all written the same way.
const APART: &str =
    "options like this apply to all files, so load files that need them separately, with --file";

/// What can be wrong with a CSV file as a whole. Reads as a sentence after the name of the file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is no header.
    #[error("is empty: expected a header with the columns {expected}")]
    Empty {
        /// The columns of the table.
        expected: String,
    },
    /// The header does not name the columns of the table.
    #[error("has the wrong columns in its header: {differences} (expected {expected})")]
    Columns {
        /// Everything that differs.
        differences: String,
        /// The columns of the table, and what to do about others.
        expected: String,
    },
    /// Split at another character, the first line has columns of the table, or at least more than one column.
    #[error("seems to use {} as the separator: add {}", .0.name(), .0.option())]
    Delimiter(Delimiter),
    /// The same, although a separator was given.
    #[error("seems to use {} as the separator, not what --delimiter says: {APART}", .0.name())]
    OtherDelimiter(Delimiter),
    /// The header is on this line, although an option says that there is none.
    #[error("has its header on line {line}, but {option} says that there is none: {APART}")]
    HeaderThere {
        /// The line.
        line: u64,
        /// The option.
        option: &'static str,
    },
    /// A later line has columns of the table.
    #[error("has no header on its first line: the header seems to be on line {line}: add --skip-lines {skip}{}", and(.delimiter))]
    HeaderBelow {
        /// That line.
        line: u64,
        /// How many lines stand before it.
        skip: u64,
        /// What separates the columns there, if it is something else.
        delimiter: Option<Delimiter>,
    },
    /// There is white space between the quotes and the delimiters of the header.
    #[error("has white space around the quotes of its header: add --trim")]
    PaddedQuotes,
    /// A line looks like a row, and none above it is a header.
    #[error("has no header: {}{}", no_header(.skip), and(.delimiter))]
    NoHeader {
        /// How many lines stand before it, if any.
        skip: Option<u64>,
        /// What separates its fields, if it is something else.
        delimiter: Option<Delimiter>,
    },
    /// It is something else, with what to do about it.
    #[error("is {0}")]
    NotCsv(&'static str),
    /// The header cannot be split into fields.
    #[error("has a header that cannot be read, on line {line}: {defect}{}", escapes(.escaped))]
    Quotes {
        /// The line where the header starts.
        line: u64,
        /// What is wrong.
        defect: Defect,
        /// Whether it has a quote after a backslash.
        escaped: bool,
    },
    /// The file is in the encoding of this name.
    #[error("is in {0}: add --encoding {label}", label = .0.to_ascii_lowercase())]
    Encoding(&'static str),
    /// The file is not in the encoding of this name, although that was given.
    #[error("is not in {0}: leave --encoding out or name another one ({APART})")]
    NotEncoding(&'static str),
    /// The header is not UTF-8, with what the file most likely is.
    #[error("has a header that is not UTF-8: name its encoding with --encoding, {0}")]
    HeaderNotUtf8(String),
    /// The header is not in the encoding of this name, although that was given, with what the file most likely is.
    #[error("has a header that is not {0}: --encoding may name the wrong one, so try another, {1}")]
    HeaderNotEncoding(&'static str, String),
    /// The file seems to be in UTF-8, and not in the encoding of this name, which was given.
    #[error("seems to be in UTF-8 and not in {0}: leave --encoding out ({APART})")]
    SeemsUtf8(&'static str),
    /// The file is in UTF-32 of this name, which cannot be read.
    #[error("is in {0}")]
    Utf32(&'static str),
    /// The folder has a compressed file of this name for the same table.
    #[error("exists, and so does {0}: move one of them away")]
    Both(String),
    /// The file cannot be read.
    #[error("could not be read: {0}")]
    Read(#[from] io::Error),
}

/// What to do about a first line with quotes after backslashes.
fn escapes(escaped: &bool) -> &'static str {
    if *escaped {
        ": add --backslash-escapes if quotes are escaped like that, and --no-header if the line is a row"
    } else {
        ""
    }
}

/// What to do about a file without a header, given how many lines stand before its first row.
fn no_header(skip: &Option<u64>) -> String {
    match skip {
        None => "the first line looks like a row: add --no-header".to_string(),
        Some(skip) => format!(
            "the first row seems to be on line {}: add --no-header --skip-lines {skip}",
            skip + 1
        ),
    }
}

/// The option for a delimiter, to be put after another option.
fn and(delimiter: &Option<Delimiter>) -> String {
    let option = delimiter.map(|delimiter| format!(" {}", delimiter.option()));
    option.unwrap_or_default()
}

#[cfg(test)]
mod tests;

//! CSV text in and out (RFC 4180): where the rows of the tables come from, and where those go that were not stored.
//!
//! [`open`] opens the file of a table and [`Reader`] reads its header and then its records, one by one, into a batch.
//! [`Rejects`] writes records as they were given, so that the reader reads the same bytes again.

mod buffer;
mod header;
mod reader;
mod rejects;
mod remarks;
mod sniff;
mod split;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::row::{Defect, Notation};
use crate::schema::Table;

pub use reader::Reader;
pub use rejects::{Failure, Rejects, prepare};

/// How CSV files are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dialect {
    /// What separates the fields: ASCII, and neither a quote nor a line end. Commas, if it is not given.
    pub delimiter: Option<u8>,
    /// How the cells are written.
    pub notation: Notation,
    /// Whether columns that a table does not have are ignored. They are an error otherwise.
    pub ignore_extra_columns: bool,
}

impl Dialect {
    /// What separates the fields.
    pub fn separator(&self) -> u8 {
        self.delimiter.unwrap_or(b',')
    }
}

/// What the CSV file of a table in a folder is called in messages, or that of the rows that the schema embeds.
pub fn path(folder: Option<&Path>, table: &Table) -> PathBuf {
    folder.unwrap_or(Path::new("seed")).join(table.csv())
}

/// Opens the records of a table in a folder, or those that the schema embeds, which are always in the default dialect.
/// `None` if the folder has no file for the table.
///
/// # Errors
///
/// If the file cannot be read, or if its header is not that of the table.
pub fn open(
    folder: Option<&Path>,
    table: &'static Table,
    dialect: &Dialect,
) -> Result<Option<Reader>, Problem> {
    if folder.is_none() {
        let seed = Box::new(table.seed.as_bytes());
        return Reader::new(table, seed, &Dialect::default()).map(Some);
    }
    let path = path(folder, table);
    // A link to nothing is there, but cannot be opened.
    if let Err(error) = path.symlink_metadata()
        && error.kind() == io::ErrorKind::NotFound
    {
        return Ok(None);
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let mut reader = Reader::new(table, Box::new(file), dialect)?;
    reader.size = metadata.is_file().then_some(metadata.len());
    Ok(Some(reader))
}

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
    /// The header names columns of the table if it is split at another character.
    #[error("seems to use {name} as the separator: add --delimiter {option}")]
    Delimiter {
        /// That character, for people.
        name: &'static str,
        /// The same as the option takes it.
        option: &'static str,
    },
    /// The header cannot be split into fields.
    #[error("has a header that cannot be read, on line {line}: {defect}")]
    Quotes {
        /// The line where the header starts.
        line: u64,
        /// What is wrong.
        defect: Defect,
    },
    /// The file is in UTF-16.
    #[error("is in UTF-16")]
    Utf16,
    /// The file cannot be read.
    #[error("could not be read: {0}")]
    Read(#[from] io::Error),
}

#[cfg(test)]
mod tests;

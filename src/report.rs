//! What became of all records, as tables for people or as JSON for programs.

mod advice;
mod chart;
mod check;
mod grid;
mod json;
mod misread;
mod shorten;
mod table;
mod tally;
mod trace;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::row::RowId;

pub use check::{CheckReport, Checked, Violating};
pub use grid::cell;
pub use json::{to_json, write_errors};
pub use misread::Misread;
pub use tally::{Listing, MAX_CHARACTERS, Rejected, Rejections, Tally};
pub use trace::Trace;

/// What a run did.
#[derive(Debug)]
pub struct Report {
    /// The tables in the order of the schema.
    pub tables: Vec<Tally>,
    /// How many writer threads were spawned.
    pub threads: usize,
    /// When it began.
    pub started: Instant,
    /// How long it all took.
    pub elapsed: Duration,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Whether a signal or too many rejects stopped it before the end of its files.
    pub interrupted: bool,
    /// The limit on rejected rows, if exceeding it stopped the run.
    pub max_rejects: Option<u64>,
    /// Where the databases are.
    pub dir: PathBuf,
    /// The folder that the rows came from, if one was given.
    pub from: Option<PathBuf>,
    /// What the rows of each table came from; `None` if there was nothing, or if they are the embedded ones.
    pub files: Vec<Option<PathBuf>>,
    /// The folder that skipped and failed rows were to be written to, if they were.
    pub rejects: Option<PathBuf>,
    /// The arguments of a command that loads another folder by the same rules. The name of that folder must be
    /// appended.
    pub reload_command: Vec<OsString>,
}

impl Report {
    /// Whether any rows came from a file.
    pub fn has_files(&self) -> bool {
        self.files.iter().any(Option::is_some)
    }
}

/// Reads a stored row back while the report is written: given the index of its table and what identifies it, the cell of
/// each column. `None` leaves the row out of the report; to say why is up to the reader.
pub type ReadBack<'a, T> = dyn Fn(usize, &RowId) -> Option<Vec<T>> + 'a;

#[cfg(test)]
mod tests;

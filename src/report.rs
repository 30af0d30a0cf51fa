//! What became of all records, as tables for people or as JSON for programs.

mod check;
mod json;
mod table;
mod terminal;
mod timeline;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::database::StoredRow;
use crate::outcome::Tally;
use crate::record::Header;
use crate::schema::Table;
use crate::timeline::Track;

pub use check::CheckReport;
pub use terminal::Terminal;

/// What a run did.
#[derive(Debug)]
pub struct Report {
    /// The tables in the order of the schema.
    pub tables: Vec<TableReport>,
    /// How many writer threads were spawned.
    pub threads: usize,
    /// When it began.
    pub started: Instant,
    /// How long it all took.
    pub elapsed: Duration,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Most rows listed per table and outcome.
    pub limit: usize,
}

/// What a run did with the records of one table.
#[derive(Debug)]
pub struct TableReport {
    /// The table.
    pub table: &'static Table,
    /// The columns of its file; `None` if there was no file.
    pub header: Option<Arc<Header>>,
    /// What became of its records.
    pub tally: Tally,
    /// The first rows that are stored now, read back from the database.
    pub rows: Vec<StoredRow>,
    /// What the writer threads did, if that is to be shown.
    pub timeline: Option<Vec<Track>>,
}

impl Report {
    /// What makes the run a failure, a sentence each.
    pub fn failures(&self, strict: bool) -> Vec<String> {
        let count = |count: fn(&Tally) -> u64| self.tables.iter().map(|t| count(&t.tally)).sum();
        let (failed, skipped) = (
            count(|tally| tally.failed.count),
            count(|tally| tally.skipped.count),
        );
        let mut failures = Vec::new();
        if failed > 0 {
            failures.push(format!(
                "{} could not be inserted: run it again once the cause is mended, what is stored already is left as it is",
                rows(failed)
            ));
        }
        if strict && skipped > 0 {
            failures.push(format!(
                "{} skipped, and --strict allows none",
                rows_were(skipped)
            ));
        }
        failures
    }
}

/// `1 row`, `2 rows`.
fn rows(rows: u64) -> String {
    count(rows, "row")
}

fn count(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn rows_were(count: u64) -> String {
    format!(
        "{} {}",
        rows(count),
        if count == 1 { "was" } else { "were" }
    )
}

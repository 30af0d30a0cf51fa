//! What went wrong in a run, and what people can do about it.

use std::ffi::OsStr;
use std::path::Path;

use super::{Report, TableReport};
use crate::row::Tally;
use crate::schema::Table;
use crate::terminal::{count, quote, show, to_utf8};

impl Report {
    /// What makes the run a failure, a sentence each.
    pub fn failures(&self, strict: bool) -> Vec<String> {
        let (skipped, failed) = (self.skipped(), self.failed());
        let mut failures = Vec::new();
        if failed > 0 {
            let rows = count(failed, "row");
            failures.push(format!(
                "{rows} could not be inserted: run the command again once the cause is fixed (rows that are stored already stay as they are)"
            ));
        }
        if strict && skipped > 0 {
            let verb = if skipped == 1 { "was" } else { "were" };
            let rows = count(skipped, "row");
            failures.push(format!("{rows} {verb} skipped, and --strict allows none"));
        }
        failures
    }

    /// What people should know besides the report, a sentence each: that a file is not in UTF-8, and where an
    /// interrupted run stopped.
    pub fn notices(&self) -> Vec<String> {
        let foreign = |table: &&TableReport| table.tally.has_invalid_utf8();
        let mut notices: Vec<_> = (self.tables.iter().filter(foreign))
            .map(|table| self.not_utf8(table.table))
            .collect();
        if self.interrupted {
            notices.push(self.where_it_stopped());
        }
        notices
    }

    fn not_utf8(&self, table: &Table) -> String {
        let file = self.file(table);
        format!(
            "{} has rows that are not UTF-8: find out how it is encoded and {} (rows that are stored already stay as they are)",
            show(&file),
            to_utf8(&file, "WINDOWS-1252")
        )
    }

    fn where_it_stopped(&self) -> String {
        let read = self.tables.iter().filter(|table| table.header.is_some());
        let stops: Vec<_> = read
            .map(|table| {
                let rows = count(table.tally.records(), "row");
                format!("{rows} of {}", show(&self.file(table.table)))
            })
            .collect();
        let again = match &self.rejects {
            Some(_) if self.skipped() + self.failed() > 0 => {
                "run the same command again, with --overwrite for the rejects, to load the rest"
            }
            _ => "run the same command again to load the rest",
        };
        format!("interrupted after {}: {again}", enumerate(&stops))
    }

    /// What to do next about the rows that were not stored, a line each; nothing if there are none.
    pub(super) fn advice(&self) -> Vec<String> {
        let rows = match (self.skipped(), self.failed()) {
            (0, 0) => return Vec::new(),
            (_, 0) => "skipped rows",
            (0, _) => "failed rows",
            _ => "skipped and failed rows",
        };
        if let Some(folder) = &self.from
            && self.rejects.is_none()
            && self.are_rejects()
        {
            let folder = show(folder);
            let advice = format!(
                "Correct the rows in {folder} and run the same command again, \
                 or add --rejects with another folder for the remaining rows and their new reasons."
            );
            return vec![advice, String::new()];
        }
        let mut lines = vec![match &self.rejects {
            Some(folder) => format!("The {rows} are in {}, with their reasons.", show(folder)),
            None => format!("Add --rejects DIR to write the {rows} to DIR, with their reasons."),
        }];
        let fixed = match self.skipped() {
            0 => "Once the cause is fixed",
            _ => "Once they are fixed",
        };
        // A dry run leaves the other rows to be loaded too.
        if !self.dry_run {
            let words = self.again.iter().map(|word| quote(word));
            let folder = self.rejects.as_ref();
            let folder = folder.map_or("DIR".to_string(), |folder| quote(folder.as_os_str()));
            let words: Vec<_> = words.chain([folder]).collect();
            lines.push(format!("{fixed}, load them with: {}", words.join(" ")));
        }
        lines.push(String::new());
        lines
    }

    /// Whether all files with rows that were skipped are rejects of an earlier run: they have reasons already.
    fn are_rejects(&self) -> bool {
        let mut skipped = (self.tables.iter()).filter(|table| table.tally.skipped.count > 0);
        let has_reasons = |table: &TableReport| {
            table
                .header
                .as_ref()
                .is_some_and(|header| header.reason.is_some())
        };
        self.skipped() > 0 && skipped.all(has_reasons)
    }

    /// Where the rejects of a table are, or how to get them.
    pub(super) fn where_rejects_are(&self, table: &Table) -> String {
        match &self.rejects {
            Some(folder) => format!("All are in {}", show(&folder.join(table.csv()))),
            None => format!(
                "Add --rejects DIR to write all to {}",
                show(&Path::new("DIR").join(table.csv()))
            ),
        }
    }

    /// The command that lists all stored rows of a table, and what it does.
    pub(super) fn query(&self, table: &Table) -> String {
        let database = match self.dir == Path::new(".") {
            true => table.database().into(),
            false => self.dir.join(table.database()),
        };
        // Without `./`, `sqlite3` would take such a name for an option or a URI.
        let bytes = database.as_os_str().as_encoded_bytes();
        let database = match bytes.starts_with(b"-") || bytes.starts_with(b"file:") {
            true => Path::new(".").join(database),
            false => database,
        };
        let query = format!("SELECT * FROM {}", table.name);
        let [database, query] = [database.as_os_str(), OsStr::new(&query)].map(quote);
        format!("All stored {}: sqlite3 {database} {query}", table.name)
    }

    fn file(&self, table: &Table) -> std::path::PathBuf {
        let folder = self.from.as_deref().unwrap_or(Path::new(""));
        folder.join(table.csv())
    }

    fn skipped(&self) -> u64 {
        self.sum(|tally| tally.skipped.count)
    }

    fn failed(&self) -> u64 {
        self.sum(|tally| tally.failed.count)
    }

    fn sum(&self, count: fn(&Tally) -> u64) -> u64 {
        self.tables.iter().map(|table| count(&table.tally)).sum()
    }
}

/// `a`, `a and b`, `a, b and c`
fn enumerate(texts: &[String]) -> String {
    match texts {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        texts => texts.concat(),
    }
}

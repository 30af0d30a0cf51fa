//! What went wrong in a run, and what people can do about it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::misread::Misread;
use super::{Report, Tally};
use crate::encoding;
use crate::schema::Table;
use crate::terminal::{apart, count, plural, quote, show};

/// The name of the encoding that files have unless another one is given.
const UTF_8: &str = "UTF-8";

impl Report {
    /// What makes the run a failure, a sentence each.
    pub fn failures(&self, strict: bool) -> Vec<String> {
        let mut failures = Vec::new();
        if self.failed() > 0 {
            let rows = count(self.failed(), "row");
            failures.push(format!(
                "{rows} could not be inserted: run the command again once the cause is fixed (rows that are stored already stay as they are)"
            ));
        }
        if strict && self.skipped() > 0 {
            let rows = plural(self.skipped(), "row was", "rows were");
            failures.push(format!("{rows} skipped, and --strict allows none"));
        }
        failures.extend(self.max_rejects.map(|max| self.too_many_rejects(max)));
        failures
    }

    /// What people should know besides the report, a sentence each: that a file is not in UTF-8, or written in a way
    /// that an option reads, and where an interrupted run stopped.
    pub fn notices(&self) -> Vec<String> {
        let foreign = (self.tables.iter()).filter(|table| table.not_utf8 > 0 && !table.seems_utf8);
        let foreign = foreign.map(|table| self.foreign(table));
        let mut notices: Vec<_> = foreign.collect();
        notices.extend(self.tables.iter().flat_map(|table| {
            let file = show(&self.file(table.table));
            let header = table.header.as_ref();
            let again = header.map_or("", |header| header.put_right(table.table));
            let sentence = move |misread: &Misread| format!("{file} {}", misread.sentence(again));
            table.misread.iter().map(sentence)
        }));
        if self.interrupted && self.max_rejects.is_none() {
            let (stops, again) = (self.where_it_stopped(), self.again_for_the_rest());
            notices.push(format!("interrupted after {stops}: {again}"));
        }
        notices
    }

    /// What to do about a file with rows that are not in the encoding in which it was read.
    fn foreign(&self, table: &Tally) -> String {
        let file = show(&self.file(table.table));
        let rows = plural(table.not_utf8, "row that is", "rows that are");
        let header = table.header.as_ref();
        let encoding = header.map_or(UTF_8, |it| it.notation.encoding);
        let likely = encoding::likely(&table.foreign);
        let mut others = self
            .tables
            .iter()
            .filter(|other| other.table != table.table);
        let apart = if others.any(Tally::has_plain_text) {
            apart(encoding, &self.file(table.table), table.table.name)
        } else {
            String::new()
        };
        // With UTF-16, or with a byte order mark, there is no doubt about the encoding.
        let is_sure =
            encoding.starts_with("UTF-16") || header.is_some_and(|header| header.has_mark());
        if is_sure || encoding == UTF_8 && table.has_utf8 {
            format!(
                "{file} mixes encodings, with {rows} not {encoding}: fix only those rows, in the rejects (decoding the whole file would spoil the others)"
            )
        } else if encoding != UTF_8 {
            let another = if encoding::is_likely(&table.foreign, encoding) {
                String::new()
            } else {
                let again = header.map_or("", |header| header.put_right(table.table));
                format!(", so try another, {likely}{apart}; {again}")
            };
            format!(
                "{file} has {rows} not {encoding}: --encoding may name the wrong one{another}; if it is {encoding}, fix only those rows, in the rejects"
            )
        } else {
            format!(
                "{file} has {rows} not UTF-8, including every row with non-ASCII characters: name its encoding with --encoding, {likely}{apart}; rows that are stored already stay as they are"
            )
        }
    }

    /// Says that the sample rows were inserted, for people who forgot to name their files.
    pub fn sample_rows(&self) -> String {
        let were = if self.dry_run { "would be" } else { "were" };
        format!(
            "the sample rows {were} inserted into databases that hold other rows too: to load files, give their folder with --from"
        )
    }

    fn too_many_rejects(&self, max: u64) -> String {
        let rows = plural(max, "row was", "rows were");
        let why = format!("more than {rows} skipped or failed, and --max-rejects allows no more");
        if self.interrupted {
            let (stops, again) = (self.where_it_stopped(), self.again_for_the_rest());
            format!("stopped after {stops}, because {why}: once they are fixed, {again}")
        } else {
            why
        }
    }

    /// How many rows of each file have an outcome: `1 row of users.csv and 2 rows of orders.csv`.
    fn where_it_stopped(&self) -> String {
        let read = self.tables.iter().filter(|table| table.header.is_some());
        let stops = read.map(|tally| {
            let rows = count(tally.records(), "row");
            format!("{rows} of {}", show(&self.file(tally.table)))
        });
        let stops: Vec<_> = stops.collect();
        match stops.split_last() {
            Some((last, first @ [_, ..])) => format!("{} and {last}", first.join(", ")),
            _ => stops.concat(),
        }
    }

    fn again_for_the_rest(&self) -> String {
        let overwrite = if self.tables.iter().any(|table| table.rejects.is_some()) {
            ", with --overwrite for the rejects,"
        } else {
            ""
        };
        format!("run the same command again{overwrite} to load the rest")
    }

    /// What to do next about the rows that were not stored, a line each; nothing if there are none.
    pub(super) fn advice(&self) -> Vec<String> {
        let rows = match (self.skipped(), self.failed()) {
            (0, 0) => return Vec::new(),
            (_, 0) => "skipped rows",
            (0, _) => "failed rows",
            _ => "skipped and failed rows",
        };
        let lost = |table: &Tally| table.rejected() > 0 && table.rejects.is_none();
        let mut lines = Vec::new();
        match (&self.rejects, &self.from) {
            (Some(folder), _) if self.tables.iter().any(lost) => {
                let folder = show(folder);
                let advice = format!("Not all {rows} could be written to {folder}.");
                return vec![advice, String::new()];
            }
            (Some(folder), _) => {
                let folder = show(folder);
                lines.push(format!("The {rows} are in {folder}, with their reasons."));
            }
            (None, from) if self.are_rejects() => {
                let folder = from.as_deref().map_or("the files".to_string(), show);
                let advice = format!(
                    "Correct the rows in {folder} and run the same command again, \
                     or add --rejects with another folder for the remaining rows and their new reasons."
                );
                return vec![advice, String::new()];
            }
            _ => lines.push(format!(
                "Add --rejects DIR to write the {rows} to DIR, with their reasons."
            )),
        }
        // A dry run leaves the other rows to be loaded too.
        if self.dry_run {
            lines.extend(self.rejects.as_ref().map(|_| {
                "To load the rows that follow the rules, run the same command without --dry-run, and with --overwrite for the rejects."
                    .to_string()
            }));
        } else {
            let fixed = match self.skipped() {
                0 => "Once the cause is fixed",
                _ => "Once they are fixed",
            };
            let folder = self.rejects.clone().unwrap_or("DIR".into());
            let words = self.reload_command.iter().map(OsString::as_os_str);
            let words: Vec<_> = words.chain([folder.as_os_str()]).map(quote).collect();
            lines.push(format!("{fixed}, load them with: {}", words.join(" ")));
        }
        lines.push(String::new());
        lines
    }

    /// Whether all files with rows that were skipped are rejects of an earlier run: they have reasons already.
    fn are_rejects(&self) -> bool {
        let mut skipped = (self.tables.iter()).filter(|table| table.skipped.count > 0);
        let reason = |table: &Tally| table.header.as_ref()?.reason;
        self.skipped() > 0 && skipped.all(|table| reason(table).is_some())
    }

    /// Where the rejects of a table are, or how to get them.
    pub(super) fn where_rejects_are(&self, tally: &Tally) -> String {
        let name = tally.table.csv();
        match (&tally.rejects, &self.rejects) {
            (Some(path), _) => format!("All are in {}", show(path)),
            (None, Some(folder)) => {
                format!("They could not be written to {}", show(&folder.join(name)))
            }
            (None, None) => {
                let path = Path::new("DIR").join(name);
                format!("Add --rejects DIR to write all to {}", show(&path))
            }
        }
    }

    /// The command that lists all stored rows of a table, and what it does.
    pub(super) fn query(&self, table: &Table) -> String {
        let mut database = if self.dir == Path::new(".") {
            table.file()
        } else {
            self.dir.join(table.file())
        };
        // Without `./`, `sqlite3` would take such a name for a URI.
        let name = database.as_os_str().as_encoded_bytes();
        if name.starts_with(b"file:") {
            database = Path::new(".").join(database);
        }
        let query = format!("SELECT * FROM {}", table.sql_name());
        let [database, query] = [database.as_os_str(), OsStr::new(&query)].map(quote);
        format!("All stored {}: sqlite3 {database} {query}", table.name)
    }

    /// The file that the rows of a table came from; `None` if they are the sample rows, or if there is no file.
    pub(super) fn file_read(&self, tally: &Tally) -> Option<PathBuf> {
        let mut tables = self.tables.iter().zip(&self.files);
        let (_, file) = tables.find(|(other, _)| other.table == tally.table)?;
        file.clone()
    }

    /// What the rows of a table came from.
    fn file(&self, table: &Table) -> PathBuf {
        let mut tables = self.tables.iter().zip(&self.files);
        let file = tables.find(|(tally, _)| tally.table == table);
        file.and_then(|(_, file)| file.clone())
            .unwrap_or_else(|| table.csv().into())
    }

    /// How many rows of all tables were skipped.
    pub(super) fn skipped(&self) -> u64 {
        let tables = self.tables.iter();
        tables.map(|table| table.skipped.count).sum()
    }

    /// How many rows of all tables failed.
    pub(super) fn failed(&self) -> u64 {
        let tables = self.tables.iter();
        tables.map(|table| table.failed.count).sum()
    }
}

//! The report as tables.

use std::io;

use console::Color;

use super::grid::{self, Line, cell};
use super::tally::MAX_FIELDS;
use super::{ReadBack, Rejected, Rejections, Report, Tally};
use crate::row::{REASON, RowId};
use crate::schema::Table;
use crate::terminal::{Terminal, count, duration, escape, plural, thousands};

impl Report {
    /// Writes the report as text: what was inserted, what was updated, what was stored before, what was skipped, what failed, what to do
    /// next, and a line that sums it up. Stored rows are read back while it is written. Fails if writing does.
    pub fn write_tables(&self, terminal: &mut Terminal, read: &ReadBack<String>) -> io::Result<()> {
        let first = terminal.paint(Color::Green, "=== INSERTED DATA ===");
        writeln!(terminal.out, "{first}")?;
        for (index, tally) in self
            .tables
            .iter()
            .enumerate()
            .filter(|(_, tally)| tally.is_shown())
        {
            terminal.heading(Color::Green, &heading(tally.table, "Inserted"))?;
            let rows = tally.inserted;
            if self.dry_run {
                let rows = count(rows, "row");
                writeln!(terminal.out, "(dry run: {rows} to insert)")?;
            } else if rows == 0 {
                writeln!(terminal.out, "(no rows)")?;
            } else {
                self.stored(terminal, index, rows, &tally.inserted_ids, read)?;
            }
        }
        if self.tables.iter().any(|table| table.updated > 0) {
            terminal.heading(Color::Green, "=== UPDATED DATA ===")?;
        }
        for (index, tally) in self.tables.iter().enumerate() {
            if tally.updated > 0 {
                terminal.heading(Color::Green, &heading(tally.table, "Updated"))?;
                if self.dry_run {
                    let rows = count(tally.updated, "row");
                    writeln!(terminal.out, "(dry run: {rows} to update)")?;
                } else {
                    self.stored(terminal, index, tally.updated, &tally.updated_ids, read)?;
                }
            }
        }
        if self.tables.iter().any(|table| table.unchanged > 0) {
            terminal.heading(Color::Green, "=== UNCHANGED DATA ===")?;
        }
        for (index, tally) in self.tables.iter().enumerate() {
            if tally.unchanged > 0 {
                terminal.heading(Color::Green, &heading(tally.table, "Unchanged"))?;
                self.stored(terminal, index, tally.unchanged, &tally.unchanged_ids, read)?;
            }
        }
        terminal.heading(Color::Yellow, "=== SKIPPED DATA ===")?;
        if self.skipped() == 0 {
            writeln!(terminal.out, "\n(no rows)")?;
        }
        self.rejected(terminal, "Skipped", Color::Yellow, |tally| &tally.skipped)?;
        if self.failed() > 0 {
            terminal.heading(Color::Red, "=== FAILED DATA ===")?;
            self.rejected(terminal, "Failed", Color::Red, |tally| &tally.failed)?;
        }
        writeln!(terminal.out)?;
        for line in self.advice() {
            writeln!(terminal.out, "{line}")?;
        }
        self.write_summary(terminal)?;
        write!(terminal.out, "{}", self.chart(terminal.width))
    }

    /// Writes the line that sums the report up. Fails if writing does.
    pub fn write_summary(&self, terminal: &mut Terminal) -> io::Result<()> {
        let summary = self.summary(terminal);
        writeln!(terminal.out, "{summary}")
    }

    /// Writes the listed stored rows of the table at this index, and how many more there are.
    fn stored(
        &self,
        terminal: &mut Terminal,
        index: usize,
        rows: u64,
        ids: &[RowId],
        read: &ReadBack<String>,
    ) -> io::Result<()> {
        let table = self.tables[index].table;
        let columns = table.columns.iter();
        let title: Vec<_> = columns.map(|column| cell(column.name.as_bytes())).collect();
        let indexes = 0..table.columns.len();
        let numbers = indexes.filter(|index| table.columns[*index].kind.is_number());
        let numbers: Vec<_> = numbers.collect();
        let lines = ids.iter().filter_map(|id| read(index, id));
        let lines = lines.map(|cells| Line {
            cells,
            ..Line::default()
        });
        grid::draw(terminal, &title, &numbers, lines)?;
        more(terminal, table, rows, ids.len(), &self.query(table))
    }

    /// Writes the rows that were skipped or failed, of all tables that have any.
    fn rejected(
        &self,
        terminal: &mut Terminal,
        outcome: &str,
        color: Color,
        which: fn(&Tally) -> &Rejections,
    ) -> io::Result<()> {
        for report in &self.tables {
            let rejections = which(report);
            if rejections.count == 0 {
                continue;
            }
            let (table, rows, listed) = (report.table, rejections.count, rejections.rows.len());
            terminal.heading(color, &heading(table, outcome))?;
            report.given(terminal, &rejections.rows, self.has_files())?;
            let all = self.where_rejects_are(report);
            more(terminal, table, rows, listed, &all)?;
            if rows > listed as u64 {
                writeln!(terminal.out, "By reason:")?;
                let title = [REASON, "rows"].map(String::from);
                let reasons = rejections.by_reason().into_iter();
                let lines = reasons.map(|(kind, rows)| Line {
                    cells: vec![cell(kind.as_bytes()), thousands(rows)],
                    ..Line::default()
                });
                grid::draw(terminal, &title, &[1], lines)?;
            }
        }
        Ok(())
    }

    /// `users: 9 inserted, 1 skipped; … 25 threads, 14.2 ms`
    fn summary(&self, terminal: &Terminal) -> String {
        let mut parts = Vec::new();
        if self.dry_run {
            parts.push("dry run, no database changed".to_string());
        }
        if self.interrupted {
            let why = self
                .max_rejects
                .map_or("interrupted", |_| "too many rejects");
            parts.push(why.to_string());
        }
        if !self.has_files() {
            parts.push("sample rows".to_string());
        }
        for tally in self.tables.iter().filter(|tally| tally.is_shown()) {
            let counts = [
                (tally.inserted, "inserted", Color::Green),
                (tally.updated, "updated", Color::Green),
                (tally.unchanged, "unchanged", Color::Green),
                (tally.skipped.count, "skipped", Color::Yellow),
                (tally.failed.count, "failed", Color::Red),
            ];
            let worth_a_word = |(rows, outcome, _): &_| *rows > 0 || *outcome == "inserted";
            let counts = counts.into_iter().filter(worth_a_word);
            let counts = counts.map(|(rows, outcome, color)| {
                terminal.paint(color, &format!("{} {outcome}", thousands(rows)))
            });
            let counts: Vec<_> = counts.collect();
            parts.push(format!("{}: {}", tally.table.name, counts.join(", ")));
        }
        let threads = count(self.threads as u64, "thread");
        parts.push(format!("{threads}, {}", duration(self.elapsed)));
        let line = parts.join("; ");
        if terminal.fits(&line) {
            line
        } else {
            parts.join(";\n")
        }
    }
}

impl Tally {
    /// Whether the report shows the table: built-in tables always, user-defined ones only if they have a file.
    fn is_shown(&self) -> bool {
        self.header.is_some() || !self.table.seed.is_empty()
    }

    /// Writes rows as given, with their reasons, and with their lines if these are of use.
    fn given(&self, terminal: &mut Terminal, rows: &[Rejected], lines: bool) -> io::Result<()> {
        let names = self.names();
        let most = MAX_FIELDS.max(self.table.columns.len());
        let names = names.iter().take(most).map(|name| cell(name.as_bytes()));
        let number = |line: String| lines.then_some(line).into_iter();
        let title: Vec<_> = number("line".into()).chain(names).collect();
        let rows = rows.iter().map(|row| {
            let fields = row.fields.iter().map(|field| escape(field).into_owned());
            Line {
                cells: number(row.line.to_string()).chain(fields).collect(),
                more: row.more_fields,
                reasons: Some(grid::reasons(&row.reasons)),
            }
        });
        grid::draw(terminal, &title, &[0][..usize::from(lines)], rows)
    }
}

fn heading(table: &Table, outcome: &str) -> String {
    format!("{} TABLE ({outcome})", table.name.to_uppercase())
}

/// Writes how many rows are not listed, if any, and how to see them.
fn more(
    terminal: &mut Terminal,
    table: &Table,
    rows: u64,
    listed: usize,
    see: &str,
) -> io::Result<()> {
    let (row, name) = (table.row, table.rows());
    match (rows.saturating_sub(listed as u64), listed) {
        (0, _) => Ok(()),
        (more, 0) => {
            let rows = plural(more, row, name);
            writeln!(terminal.out, "{rows} not listed\n{see}")
        }
        (more, _) => {
            let more = plural(more, &format!("more {row}"), &format!("more {name}"));
            writeln!(terminal.out, "… and {more}\n{see}")
        }
    }
}

//! The report as tables.

use std::io::{self, Write};

use super::grid::{self, Grid};
use super::{ReadBack, Report, TableReport};
use crate::row::{First, MOST_FIELDS, REASON, Rejected, Rejections, Tally};
use crate::schema::Kind;
use crate::terminal::{Terminal, Tone, count, duration, plural, thousands};

/// The columns of a terminal that a cell should have to be read.
const READABLE: usize = 8;

impl Report {
    /// Writes the report as text: what was inserted, what was stored before, what was skipped, what failed, what to do
    /// next, and a line that sums it up. Stored rows are read back while it is written.
    ///
    /// # Errors
    ///
    /// If it could not be written.
    pub fn write_tables(
        &self,
        out: &mut dyn Write,
        terminal: &Terminal,
        read: &mut ReadBack,
    ) -> io::Result<()> {
        section(out, "INSERTED", Tone::Good, terminal)?;
        for (place, table) in self.tables.iter().enumerate() {
            let tally = &table.tally;
            heading(out, table, "Inserted", Tone::Good, terminal)?;
            match (self.dry_run, tally.inserted) {
                (true, rows) => writeln!(out, "(dry run: {} to insert)", count(rows, "row"))?,
                (false, 0) => writeln!(out, "(no rows)")?,
                (false, rows) => {
                    self.stored(out, terminal, place, rows, &tally.inserted_ids, read)?;
                }
            }
        }
        if self.tables.iter().any(|table| table.tally.unchanged > 0) {
            writeln!(out)?;
            section(out, "UNCHANGED", Tone::Good, terminal)?;
        }
        for (place, table) in self.tables.iter().enumerate() {
            let tally = &table.tally;
            if tally.unchanged > 0 {
                heading(out, table, "Unchanged", Tone::Good, terminal)?;
                let ids = &tally.unchanged_ids;
                self.stored(out, terminal, place, tally.unchanged, ids, read)?;
            }
        }
        writeln!(out)?;
        section(out, "SKIPPED", Tone::Warning, terminal)?;
        let skipped = |tally: &Tally| tally.skipped.count > 0;
        match self.tables.iter().any(|table| skipped(&table.tally)) {
            true => self.rejected(out, terminal, "Skipped", Tone::Warning, |t| &t.skipped)?,
            false => writeln!(out, "\n(no rows)")?,
        }
        if self.tables.iter().any(|table| table.tally.failed.count > 0) {
            writeln!(out)?;
            section(out, "FAILED", Tone::Bad, terminal)?;
            self.rejected(out, terminal, "Failed", Tone::Bad, |tally| &tally.failed)?;
        }
        writeln!(out)?;
        for line in self.advice() {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "{}", self.summary(terminal))?;
        write!(out, "{}", self.chart(terminal))
    }

    /// Writes stored rows of the table at this place, of which these are the first.
    fn stored(
        &self,
        out: &mut dyn Write,
        terminal: &Terminal,
        place: usize,
        rows: u64,
        ids: &First<i64>,
        read: &mut ReadBack,
    ) -> io::Result<()> {
        let table = self.tables[place].table;
        let columns = || table.columns.iter().enumerate();
        let title = columns().map(|(_, column)| column.name.to_string());
        let numbers = columns().filter(|(_, column)| column.kind != Kind::Text);
        let numbers = numbers.map(|(index, _)| index).collect();
        let mut grid = Grid::new(out, terminal, title.collect(), numbers);
        for id in ids.iter() {
            let mut added = Ok(());
            read(place, *id, &mut |row| {
                let cells = row
                    .iter()
                    .map(|(_, printed)| grid::cell(printed.as_bytes()));
                added = grid.add(cells.collect());
            });
            added?;
        }
        grid.finish()?;
        let see = || self.query(table);
        more(out, &self.tables[place], rows, ids.len(), see)
    }

    /// Writes the rows that were skipped or failed, of all tables that have any.
    fn rejected(
        &self,
        out: &mut dyn Write,
        terminal: &Terminal,
        outcome: &str,
        tone: Tone,
        which: fn(&Tally) -> &Rejections,
    ) -> io::Result<()> {
        for table in &self.tables {
            let rejections = which(&table.tally);
            if rejections.count == 0 {
                continue;
            }
            heading(out, table, outcome, tone, terminal)?;
            table.given(out, terminal, &rejections.rows, self.from.is_some())?;
            let see = || self.where_rejects_are(table.table);
            more(out, table, rejections.count, rejections.rows.len(), see)?;
            if rejections.count > rejections.rows.len() as u64 {
                writeln!(out, "By reason:")?;
                by_reason(out, terminal, rejections)?;
            }
        }
        Ok(())
    }

    /// `users: 9 inserted, 1 skipped; … 25 threads, 14.2 ms`
    fn summary(&self, terminal: &Terminal) -> String {
        let states = [
            (self.dry_run, "dry run, no database changed"),
            (self.interrupted, "interrupted"),
        ];
        let states = states.iter().filter(|(holds, _)| *holds);
        let mut parts: Vec<_> = states.map(|(_, state)| state.to_string()).collect();
        parts.extend(self.tables.iter().map(|table| table.counts(terminal)));
        let threads = count(self.threads as u64, "thread");
        parts.push(format!("{threads}, {}", duration(self.elapsed)));
        let line = parts.join("; ");
        match terminal.fits(&line) {
            true => line,
            false => parts.join(";\n"),
        }
    }
}

impl TableReport {
    /// `users: 9 inserted, 1 skipped`
    fn counts(&self, terminal: &Terminal) -> String {
        let tally = &self.tally;
        let counts = [
            (tally.inserted, "inserted", Tone::Good),
            (tally.unchanged, "unchanged", Tone::Good),
            (tally.skipped.count, "skipped", Tone::Warning),
            (tally.failed.count, "failed", Tone::Bad),
        ];
        let counts: Vec<_> = (counts.iter())
            .filter(|(count, outcome, _)| *count > 0 || *outcome == "inserted")
            .map(|(count, outcome, tone)| {
                terminal.paint(*tone, &format!("{} {outcome}", thousands(*count)))
            })
            .collect();
        format!("{}: {}", self.table.name, counts.join(", "))
    }

    /// How many fields of a row as given fit the terminal beside its line and reason, and can still be read.
    fn room(&self, terminal: &Terminal) -> usize {
        let fits = |width: usize| (width / READABLE).saturating_sub(2);
        let room = terminal.width.map_or(MOST_FIELDS, fits);
        room.max(self.table.columns.len())
    }

    /// Writes rows as given, with their reasons, and with their lines if these are of use.
    fn given(
        &self,
        out: &mut dyn Write,
        terminal: &Terminal,
        rows: &First<Rejected>,
        lines: bool,
    ) -> io::Result<()> {
        let names = self.header.as_ref().map_or(&[][..], |header| &header.names);
        let room = self.room(terminal);
        let names = names.iter().take(room);
        let fields = rows.iter().map(|row| row.fields.len()).max().unwrap_or(0);
        let fields = fields.max(names.len()).min(room);
        let more_fields = |row: &Rejected| {
            let left_out = row.fields.len().saturating_sub(fields);
            (row.more_fields + left_out) as u64
        };
        let any_more = rows.iter().any(|row| more_fields(row) > 0);
        let mut title = vec!["line".to_string(); usize::from(lines)];
        let first = title.len();
        title.extend(names.map(|name| grid::cell(name.as_bytes())));
        title.resize(first + fields, String::new());
        title.resize(title.len() + usize::from(any_more), "…".to_string());
        let width = title.len();
        title.push(REASON.to_string());
        let mut grid = Grid::new(out, terminal, title, (0..first).collect());
        for row in rows.iter() {
            let mut cells = Vec::with_capacity(width + 1);
            if lines {
                cells.push(row.line.to_string());
            }
            cells.extend(row.fields.iter().take(fields).map(grid::excerpt));
            cells.resize(first + fields, String::new());
            if more_fields(row) > 0 {
                cells.push(count(more_fields(row), "more field"));
            }
            cells.resize(width, String::new());
            cells.push(grid::reasons(&row.reasons));
            grid.add(cells)?;
        }
        grid.finish()
    }
}

fn section(out: &mut dyn Write, name: &str, tone: Tone, terminal: &Terminal) -> io::Result<()> {
    let line = format!("=== {name} DATA ===");
    writeln!(out, "{}", terminal.paint(tone, &line))
}

fn heading(
    out: &mut dyn Write,
    table: &TableReport,
    outcome: &str,
    tone: Tone,
    terminal: &Terminal,
) -> io::Result<()> {
    let heading = format!("{} TABLE ({outcome})", table.table.name.to_uppercase());
    writeln!(out, "\n{}", terminal.paint(tone, &heading))
}

/// Writes how many rows are not listed, if any, and how to see them.
fn more(
    out: &mut dyn Write,
    table: &TableReport,
    rows: u64,
    listed: usize,
    see: impl FnOnce() -> String,
) -> io::Result<()> {
    let more = rows.saturating_sub(listed as u64);
    let table = table.table;
    match (more, listed) {
        (0, _) => Ok(()),
        (_, 0) => {
            let rows = plural(more, table.row, table.name);
            writeln!(out, "{rows} not listed\n{}", see())
        }
        _ => {
            let one = format!("more {}", table.row);
            let all = format!("more {}", table.name);
            writeln!(out, "… and {}\n{}", plural(more, &one, &all), see())
        }
    }
}

fn by_reason(out: &mut dyn Write, terminal: &Terminal, rejections: &Rejections) -> io::Result<()> {
    let title = [REASON, "rows"].map(String::from).into();
    let mut grid = Grid::new(out, terminal, title, vec![1]);
    for (reason, rows) in rejections.by_reason() {
        grid.add(vec![grid::cell(reason.as_bytes()), thousands(rows)])?;
    }
    grid.finish()
}

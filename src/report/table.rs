//! The report as tables.

use std::cmp::Reverse;

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::peaker::Priority;
use tabled::settings::{Alignment, Style, Width};

use super::terminal::{Terminal, Tone};
use super::{Report, TableReport, count, rows};
use crate::escape::escape;
use crate::outcome::{First, Reason, Rejected, Rejections, Tally};
use crate::record::REASON;
use crate::schema::Kind;

/// Most characters of a cell that a table shows. JSON shows them all.
const MOST_CHARACTERS: usize = 10_000;

impl Report {
    /// The report as text: what is stored, what was skipped, what failed, and a line that sums it up.
    pub fn to_tables(&self, terminal: &Terminal) -> String {
        let mut text = terminal.paint(Tone::Good, "=== INSERTED DATA ===") + "\n";
        for table in &self.tables {
            text += &heading(table, "Inserted", Tone::Good, terminal);
            text += &match self.dry_run {
                true => format!("(dry run: {} to insert)\n", rows(table.tally.inserted)),
                false => {
                    let stored = table.tally.stored();
                    let grid = match stored {
                        0 => "(no rows)\n".to_string(),
                        _ => grid(table.stored(), &table.numeric(), terminal),
                    };
                    grid + &more(stored, self.limit, table.table.name)
                }
            };
        }
        text += &format!(
            "\n{}\n",
            terminal.paint(Tone::Warning, "=== SKIPPED DATA ===")
        );
        text += &self.rejected("Skipped", Tone::Warning, terminal, |tally| &tally.skipped);
        let failed = self.rejected("Failed", Tone::Bad, terminal, |tally| &tally.failed);
        if !failed.is_empty() {
            text += &format!("\n{}\n", terminal.paint(Tone::Bad, "=== FAILED DATA ==="));
            text += &failed;
        }
        text += &format!("\n{}\n", self.summary(terminal));
        text + &self.chart(terminal)
    }

    /// The rows that were skipped or failed, of all tables that have any.
    fn rejected(
        &self,
        outcome: &str,
        tone: Tone,
        terminal: &Terminal,
        which: fn(&Tally) -> &Rejections,
    ) -> String {
        let mut text = String::new();
        for table in &self.tables {
            let rejections = which(&table.tally);
            if rejections.count == 0 {
                continue;
            }
            text += &heading(table, outcome, tone, terminal);
            text += &grid(table.given(&rejections.rows), &[], terminal);
            let more = more(rejections.count, self.limit, table.table.name);
            if !more.is_empty() {
                text += &(more + "By reason:\n");
                text += &grid(by_reason(rejections), &[1], terminal);
            }
        }
        text
    }

    /// `users: 9 inserted, 1 skipped; … 25 threads, 14.2 ms`
    fn summary(&self, terminal: &Terminal) -> String {
        let nothing = self.dry_run.then(|| "dry run, nothing written".to_string());
        let mut parts: Vec<_> = nothing.into_iter().collect();
        parts.extend(self.tables.iter().map(|table| table.counts(terminal)));
        let threads = count(self.threads as u64, "thread");
        parts.push(format!(
            "{threads}, {:.1} ms",
            self.elapsed.as_secs_f64() * 1e3
        ));
        let line = parts.join("; ");
        match terminal.fits(&line) {
            true => line,
            false => parts.join(
                ";
",
            ),
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
            .map(|(count, outcome, tone)| terminal.paint(*tone, &format!("{count} {outcome}")))
            .collect();
        format!("{}: {}", self.table.name, counts.join(", "))
    }

    /// The stored rows, as SQLite prints them.
    fn stored(&self) -> Vec<Vec<String>> {
        let names = self
            .table
            .columns
            .iter()
            .map(|column| column.name.to_string());
        let mut lines = vec![names.collect()];
        for row in &self.rows {
            let cells = row.iter().map(|(_, printed)| escape(printed).into_owned());
            lines.push(cells.collect());
        }
        lines
    }

    /// The columns that hold numbers.
    fn numeric(&self) -> Vec<usize> {
        let columns = self.table.columns.iter().enumerate();
        let numeric = columns.filter(|(_, column)| column.kind != Kind::Text);
        numeric.map(|(index, _)| index).collect()
    }

    /// Rows as given, with their reasons.
    fn given(&self, rows: &First<Rejected>) -> Vec<Vec<String>> {
        let names = self.header.as_ref().map_or(&[][..], |header| &header.names);
        let fields = rows.iter().map(|row| row.fields.len()).max().unwrap_or(0);
        let width = fields.max(names.len());
        let mut title: Vec<_> = names.iter().map(ToString::to_string).collect();
        title.resize(width, String::new());
        title.push(REASON.to_string());
        let mut lines = vec![title];
        for row in rows.iter() {
            let fields = row
                .fields
                .iter()
                .map(|field| String::from_utf8_lossy(field));
            let mut cells: Vec<_> = fields.map(|field| escape(&field).into_owned()).collect();
            cells.resize(width, String::new());
            cells.push(escape(&Reason::join(&row.reasons)).into_owned());
            lines.push(cells);
        }
        lines
    }
}

fn heading(table: &TableReport, outcome: &str, tone: Tone, terminal: &Terminal) -> String {
    let heading = format!("{} TABLE ({outcome})", table.table.name.to_uppercase());
    format!("\n{}\n", terminal.paint(tone, &heading))
}

/// A line that says how many rows of a table are not listed, if any.
pub fn more(count: u64, limit: usize, table: &str) -> String {
    match count.saturating_sub(limit as u64) {
        0 => String::new(),
        more => format!("… and {more} more {table} (--limit {count} lists all)\n"),
    }
}

/// How many rows there are for each kind of reason, the most frequent first.
fn by_reason(rejections: &Rejections) -> Vec<Vec<String>> {
    let mut kinds: Vec<_> = rejections.kinds.iter().collect();
    kinds.sort_by_key(|(_, count)| Reverse(**count));
    let title = vec![REASON.to_string(), "rows".to_string()];
    let kinds = kinds
        .into_iter()
        .map(|(kind, count)| vec![escape(kind).into_owned(), count.to_string()]);
    std::iter::once(title).chain(kinds).collect()
}

/// A cell that is too long to be read in a table, with its end cut off.
fn shorten(cell: String) -> String {
    match cell.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}… ({} bytes)", &cell[..end], cell.len()),
        None => cell,
    }
}

/// Draws lines of cells as a table no wider than the terminal. The first line is its title, and a title alone is
/// nothing.
pub fn grid(lines: Vec<Vec<String>>, right_aligned: &[usize], terminal: &Terminal) -> String {
    if lines.len() == 1 {
        return String::new();
    }
    let cells = lines.into_iter().map(|line| line.into_iter().map(shorten));
    let mut table = Builder::from_iter(cells).build();
    table.with(Style::sharp());
    for column in right_aligned {
        table.modify(Columns::one(*column), Alignment::right());
    }
    if let Some(width) = terminal.width {
        table.with(
            Width::wrap(width)
                .keep_words(true)
                .priority(Priority::max(true)),
        );
    }
    format!("{table}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_cut_off_only_where_nobody_could_read_it() {
        let long = "é".repeat(MOST_CHARACTERS);
        assert_eq!(shorten(long.clone()), long);
        let shown = shorten(long.clone() + "x");
        assert_eq!(shown, format!("{long}… ({} bytes)", long.len() + 1));
    }
}

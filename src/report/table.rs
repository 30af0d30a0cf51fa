//! The report as tables.

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Style};

use super::{Report, TableReport};
use crate::escape::escape;
use crate::outcome::{First, Rejected};
use crate::record::REASON;
use crate::schema::Kind;

impl Report {
    /// The report as text: what is stored, what was skipped, what failed, and a line that sums it up.
    pub fn to_tables(&self) -> String {
        let mut text = String::from("=== INSERTED DATA ===\n");
        for table in &self.tables {
            text += &heading(table, "Inserted");
            let stored = table.tally.inserted + table.tally.unchanged;
            text += &grid(table.stored(), &table.numeric());
            text += &self.more(stored);
        }
        text += "\n=== SKIPPED DATA ===\n";
        for table in &self.tables {
            text += &self.rejected(
                table,
                "Skipped",
                table.tally.skipped,
                &table.tally.skipped_rows,
            );
        }
        if self.tables.iter().all(|table| table.tally.skipped == 0) {
            text += "\n(none)\n";
        }
        if self.tables.iter().any(|table| table.tally.failed > 0) {
            text += "\n=== FAILED DATA ===\n";
            for table in &self.tables {
                text += &self.rejected(
                    table,
                    "Failed",
                    table.tally.failed,
                    &table.tally.failed_rows,
                );
            }
        }
        text += &format!("\n{}\n", self.summary());
        text
    }

    /// The rows of one table that were skipped or failed; nothing if there are none.
    fn rejected(
        &self,
        table: &TableReport,
        outcome: &str,
        count: u64,
        rows: &First<Rejected>,
    ) -> String {
        if count == 0 {
            return String::new();
        }
        heading(table, outcome) + &grid(table.given(rows), &[]) + &self.more(count)
    }

    /// A line that says how many rows are not listed, if any.
    fn more(&self, count: u64) -> String {
        match count.saturating_sub(self.limit as u64) {
            0 => String::new(),
            more => format!("… and {more} more (--limit {count} lists all)\n"),
        }
    }

    /// `users: 9 inserted, 1 skipped; … 25 threads, 14.2 ms`
    fn summary(&self) -> String {
        let mut parts: Vec<_> = self.tables.iter().map(TableReport::counts).collect();
        let threads = format!(
            "{} thread{}",
            self.threads,
            if self.threads == 1 { "" } else { "s" }
        );
        parts.push(format!(
            "{threads}, {:.1} ms",
            self.elapsed.as_secs_f64() * 1e3
        ));
        parts.join("; ")
    }
}

impl TableReport {
    /// `users: 9 inserted, 1 skipped`
    fn counts(&self) -> String {
        let tally = &self.tally;
        let counts = [
            (tally.inserted, "inserted"),
            (tally.unchanged, "unchanged"),
            (tally.skipped, "skipped"),
            (tally.failed, "failed"),
        ];
        let counts: Vec<_> = (counts.iter())
            .filter(|(count, outcome)| *count > 0 || *outcome == "inserted")
            .map(|(count, outcome)| format!("{count} {outcome}"))
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
            cells.push(escape(&row.reasons.join("; ")).into_owned());
            lines.push(cells);
        }
        lines
    }
}

fn heading(table: &TableReport, outcome: &str) -> String {
    format!("\n{} TABLE ({outcome})\n", table.table.name.to_uppercase())
}

/// Draws lines of cells as a table; the first line is its title.
fn grid(lines: Vec<Vec<String>>, right_aligned: &[usize]) -> String {
    let empty = lines.len() == 1;
    let mut table = Builder::from_iter(lines).build();
    table.with(Style::sharp());
    for column in right_aligned {
        table.modify(Columns::one(*column), Alignment::right());
    }
    format!("{table}\n{}", if empty { "(no rows)\n" } else { "" })
}

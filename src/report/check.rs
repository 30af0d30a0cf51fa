//! What `check` found, as a table or as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::grid::{self, Grid};
use super::json::document;
use crate::row::{Excerpt, REASON, Reason};
use crate::schema::Table;
use crate::terminal::{Terminal, Tone, count, plural};

/// What was found in all tables.
#[derive(Debug)]
pub struct CheckReport {
    /// The tables in the order of the schema.
    pub tables: Vec<Checked>,
}

/// What was found in one table.
#[derive(Debug)]
pub struct Checked {
    /// The table.
    pub table: &'static Table,
    /// How many rows it has.
    pub rows: u64,
    /// How many of them break a rule.
    pub violations: u64,
    /// The first of those, as many as are to be listed.
    pub violating_rows: Vec<Violating>,
}

/// A stored row that breaks rules.
#[derive(Debug)]
pub struct Violating {
    id: i64,
    reasons: Vec<Excerpt>,
}

#[derive(Serialize)]
struct Document<'a> {
    tables: Vec<TableDocument<'a>>,
    violations: u64,
}

#[derive(Serialize)]
struct TableDocument<'a> {
    table: &'a str,
    rows: u64,
    violations: u64,
    violating_rows: Vec<RowDocument<'a>>,
}

#[derive(Serialize)]
struct RowDocument<'a> {
    id: i64,
    reasons: Vec<&'a str>,
}

impl Violating {
    /// A row, and the rules it breaks in the order of the columns. `shown` is the most characters of a reason to keep;
    /// `None` keeps everything.
    pub fn new(id: i64, reasons: &[Reason], shown: Option<usize>) -> Violating {
        let reasons = Excerpt::of_reasons(reasons, shown);
        Violating { id, reasons }
    }
}

impl CheckReport {
    /// How many rows break at least one rule.
    pub fn violations(&self) -> u64 {
        self.tables.iter().map(|table| table.violations).sum()
    }

    /// Writes the violations as a table, and a line that sums them up.
    ///
    /// # Errors
    ///
    /// If it could not be written.
    pub fn write_tables(&self, out: &mut dyn Write, terminal: &Terminal) -> io::Result<()> {
        let counts: Vec<_> = (self.tables.iter())
            .map(|table| format!("{}: {}", table.table.name, count(table.rows, "row")))
            .collect();
        let counts = counts.join("; ");
        let violations = self.violations();
        if violations == 0 {
            let all = terminal.paint(Tone::Good, "All stored rows follow the rules");
            return writeln!(out, "{all} ({counts}).");
        }
        let title = ["table", "id", REASON].map(String::from).into();
        let mut grid = Grid::new(out, terminal, title, vec![1]);
        for table in &self.tables {
            for row in &table.violating_rows {
                let name = table.table.name.to_string();
                let reasons = grid::reasons(&row.reasons);
                grid.add(vec![name, row.id.to_string(), reasons])?;
            }
        }
        grid.finish()?;
        for table in &self.tables {
            let more = table.violations - table.violating_rows.len() as u64;
            if more > 0 {
                let what = plural(more, table.table.row, table.table.name);
                let all = table.violations;
                writeln!(out, "{what} not listed (--limit {all} lists all)")?;
            }
        }
        let verb = if violations == 1 { "breaks" } else { "break" };
        let result = format!("{} {verb} rules", count(violations, "row"));
        writeln!(out, "\n{} ({counts}).", terminal.paint(Tone::Bad, &result))
    }

    /// Writes the report as one JSON object, and a line end.
    ///
    /// # Errors
    ///
    /// If it could not be written.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let tables = self.tables.iter().map(|table| TableDocument {
            table: table.table.name,
            rows: table.rows,
            violations: table.violations,
            violating_rows: table
                .violating_rows
                .iter()
                .map(Violating::document)
                .collect(),
        });
        let document = Document {
            tables: tables.collect(),
            violations: self.violations(),
        };
        self::document(out, &document)
    }
}

impl Violating {
    fn document(&self) -> RowDocument<'_> {
        RowDocument {
            id: self.id,
            reasons: self
                .reasons
                .iter()
                .map(|reason| reason.text.as_str())
                .collect(),
        }
    }
}

//! What `check` found, as a table or as JSON.

use std::io::{self, Write};

use console::Color;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::Listing;
use super::grid::{self, Line, cell};
use super::json::Escaped;
use super::shorten::shorten;
use crate::row::Reasons;
use crate::schema::Table;
use crate::terminal::{Terminal, count, plural};

/// What was found in all tables.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// The tables in the order of the schema.
    pub tables: Vec<Checked>,
    /// How many rows break at least one rule.
    pub violations: u64,
}

/// What was found in one table.
#[derive(Debug, Serialize)]
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
    /// The columns that identify it, with their values.
    key: Vec<(&'static str, Json)>,
    reasons: Vec<String>,
}

impl Serialize for Violating {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        for (name, value) in &self.key {
            object.serialize_entry(name, value)?;
        }
        object.serialize_entry("reasons", &self.reasons)?;
        object.end()
    }
}

impl Violating {
    /// A row, by what identifies it, and the rules it breaks in the order of the columns.
    pub fn new(key: Vec<(&'static str, Json)>, reasons: Reasons, listing: Listing) -> Violating {
        let reasons = reasons.each();
        let reasons = reasons.map(|reason| shorten(reason, listing.characters));
        Violating {
            key,
            reasons: reasons.collect(),
        }
    }

    /// What identifies the row, for people.
    fn key(&self) -> String {
        let values = self.key.iter().map(|(_, value)| match value {
            Json::String(text) => cell(text.as_bytes()),
            value => value.to_string(),
        });
        values.collect::<Vec<_>>().join(", ")
    }
}

impl CheckReport {
    /// What was found in these tables.
    pub fn new(tables: Vec<Checked>) -> CheckReport {
        let violations = tables.iter().map(|table| table.violations).sum();
        CheckReport { tables, violations }
    }

    /// Writes the violations as a table, and a line that sums them up. Fails if writing does.
    pub fn write_tables(&self, terminal: &mut Terminal) -> io::Result<()> {
        if self.violations == 0 {
            return self.write_summary(terminal);
        }
        let keys = self.tables.iter().filter(|table| table.violations > 0);
        let mut keys = keys.map(|table| match table.table.primary_key() {
            Some(key) => table.table.named(key.columns),
            None => "rowid".to_string(),
        });
        // Tables may have keys of different names.
        let first = keys.next().unwrap_or_default();
        let key = if keys.all(|key| key == first) {
            first
        } else {
            "key".to_string()
        };
        let title = ["table".to_string(), key];
        let rows = self.tables.iter().flat_map(|table| {
            let rows = table.violating_rows.iter();
            rows.map(|row| (table.table.name, row))
        });
        let lines = rows.map(|(table, row)| Line {
            cells: vec![table.to_string(), row.key()],
            more: 0,
            reasons: Some(grid::reasons(&row.reasons)),
        });
        grid::draw(terminal, &title, &[1], lines)?;
        for table in &self.tables {
            let more = table.violations - table.violating_rows.len() as u64;
            if more > 0 {
                let what = plural(more, table.table.row, table.table.rows());
                let all = table.violations;
                writeln!(terminal.out, "{what} not listed (--limit {all} lists all)")?;
            }
        }
        writeln!(terminal.out)?;
        self.write_summary(terminal)
    }

    /// Writes the line that sums the violations up. Fails if writing does.
    pub fn write_summary(&self, terminal: &mut Terminal) -> io::Result<()> {
        let counts: Vec<_> = (self.tables.iter())
            .map(|table| format!("{}: {}", table.table.name, count(table.rows, "row")))
            .collect();
        let result = match self.violations {
            0 => terminal.paint(Color::Green, "All stored rows follow the rules"),
            rows => {
                let result = plural(rows, "row breaks rules", "rows break rules");
                terminal.paint(Color::Red, &result)
            }
        };
        writeln!(terminal.out, "{result} ({}).", counts.join("; "))
    }

    /// Writes the report as one JSON object, and a line end. Fails if `out` does.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(Escaped(&mut *out), self)?;
        writeln!(out)
    }
}

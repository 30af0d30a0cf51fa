//! What `check` found, as a table or as JSON.

use anyhow::Result;
use serde_json::json;

use super::json::document;
use super::rows;
use super::table::{grid, more};
use super::terminal::Terminal;
use crate::check::Checked;
use crate::escape::escape;
use crate::record::REASON;

/// What was found in all tables.
#[derive(Debug)]
pub struct CheckReport {
    /// The tables in the order of the schema.
    pub tables: Vec<Checked>,
    /// Most rows listed per table.
    pub limit: usize,
}

impl CheckReport {
    fn violations(&self) -> u64 {
        self.tables.iter().map(|table| table.violations).sum()
    }

    /// What makes the check a failure, if anything.
    pub fn failure(&self) -> Option<String> {
        let violations = self.violations();
        (violations > 0).then(|| {
            let verb = if violations == 1 { "breaks" } else { "break" };
            format!("{} {verb} rules", rows(violations))
        })
    }

    /// The violations as a table, or one line if there are none.
    pub fn to_tables(&self, terminal: &Terminal) -> String {
        let counts: Vec<_> = (self.tables.iter())
            .map(|table| format!("{}: {}", table.table.name, rows(table.rows)))
            .collect();
        let counts = counts.join("; ");
        if self.violations() == 0 {
            return format!("All rows keep the rules ({counts}).\n");
        }
        let mut lines = vec![vec![
            "table".to_string(),
            "id".to_string(),
            REASON.to_string(),
        ]];
        let mut unlisted = String::new();
        for table in &self.tables {
            for row in &table.violating_rows {
                let reasons = escape(&row.reasons.join("; ")).into_owned();
                lines.push(vec![
                    table.table.name.to_string(),
                    row.id.to_string(),
                    reasons,
                ]);
            }
            unlisted += &more(table.violations, self.limit, table.table.name);
        }
        format!(
            "{}{unlisted}\n{} ({counts})\n",
            grid(lines, &[1], terminal),
            self.failure().unwrap_or_default()
        )
    }

    /// The report as one JSON object, and a line end.
    ///
    /// # Errors
    ///
    /// None that is known: all of it is plain data.
    pub fn to_json(&self) -> Result<String> {
        let tables: Vec<_> = self
            .tables
            .iter()
            .map(|table| {
                let violating: Vec<_> = (table.violating_rows.iter())
                    .map(|row| json!({"id": row.id, "reasons": row.reasons}))
                    .collect();
                json!({
                    "table": table.table.name,
                    "rows": table.rows,
                    "violations": table.violations,
                    "violating_rows": violating,
                })
            })
            .collect();
        document(&json!({"tables": tables, "violations": self.violations()}))
    }
}

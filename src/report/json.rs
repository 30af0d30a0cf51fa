//! The report as one JSON object.

use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::types::Value as Stored;
use serde_json::{Map, Value, json};

use super::{Report, TableReport};
use crate::database::StoredRow;
use crate::escape::escape_json;
use crate::outcome::Rejected;
use crate::record::Header;
use crate::timeline::Phase;

/// The key under which the surplus fields of a record stand.
const EXTRA: &str = "_extra";

#[derive(serde::Serialize)]
struct Document<'a> {
    tables: Vec<Table<'a>>,
    threads: usize,
    elapsed_ms: f64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<Vec<Value>>,
}

#[derive(serde::Serialize)]
struct Table<'a> {
    table: &'a str,
    database: String,
    inserted: u64,
    unchanged: u64,
    skipped: u64,
    failed: u64,
    rows: Vec<Map<String, Value>>,
    skipped_rows: Vec<RejectedRow<'a>>,
    failed_rows: Vec<RejectedRow<'a>>,
}

#[derive(serde::Serialize)]
struct RejectedRow<'a> {
    line: u64,
    row: Map<String, Value>,
    reasons: Vec<&'a str>,
}

impl Report {
    /// The report as one JSON object, and a line end.
    ///
    /// # Errors
    ///
    /// None that is known: all of it is plain data.
    pub fn to_json(&self) -> Result<String> {
        let document = Document {
            tables: self.tables.iter().map(table).collect(),
            threads: self.threads,
            elapsed_ms: milliseconds(self.elapsed, 10.0),
            dry_run: self.dry_run,
            timeline: self.timeline(),
        };
        self::document(&document)
    }

    /// For each writer thread its phases, start and end in milliseconds; `None` if that is not to be shown.
    fn timeline(&self) -> Option<Vec<Value>> {
        let mut threads = Vec::new();
        for table in &self.tables {
            for track in table.timeline.as_ref()? {
                let span = |phase| {
                    let (start, end) = track.span(phase, self.started);
                    json!([milliseconds(start, 1e3), milliseconds(end, 1e3)])
                };
                threads.push(json!({
                    "table": table.table.name,
                    "first_id": track.first_id,
                    "rows": track.rows,
                    "parents": span(Phase::Parents),
                    "turn": span(Phase::Turn),
                    "open": span(Phase::Open),
                    "write": span(Phase::Write),
                }));
            }
        }
        Some(threads)
    }
}

/// A JSON document, and a line end.
///
/// # Errors
///
/// None that is known: all of it is plain data.
pub fn document(value: &impl serde::Serialize) -> Result<String> {
    let json = serde_json::to_string_pretty(value);
    let json = json.context("the report could not be turned into JSON")?;
    Ok(escape_json(&json) + "\n")
}

/// A duration in milliseconds, rounded to one part in `parts` of them.
fn milliseconds(duration: Duration, parts: f64) -> f64 {
    (duration.as_secs_f64() * 1e3 * parts).round() / parts
}

fn table(report: &TableReport) -> Table<'_> {
    let TableReport {
        table,
        header,
        tally,
        rows,
        timeline: _,
    } = report;
    let names = || table.columns.iter().map(|column| column.name.to_string());
    let stored = |row: &StoredRow| {
        let values = row.iter().map(|(value, _)| number_or_text(value));
        names().zip(values).collect()
    };
    let rejected = |row| rejected(header.as_deref(), row);
    Table {
        table: table.name,
        database: table.database(),
        inserted: tally.inserted,
        unchanged: tally.unchanged,
        skipped: tally.skipped.count,
        failed: tally.failed.count,
        rows: rows.iter().map(stored).collect(),
        skipped_rows: tally.skipped.rows.iter().map(rejected).collect(),
        failed_rows: tally.failed.rows.iter().map(rejected).collect(),
    }
}

fn rejected<'a>(header: Option<&'a Header>, row: &'a Rejected) -> RejectedRow<'a> {
    let names = header.map_or(&[][..], |header| &header.names);
    let fields = row.fields.iter();
    let texts: Vec<_> = fields.map(|field| String::from_utf8_lossy(field)).collect();
    let named = names.iter().zip(&texts);
    let mut object: Map<_, _> = named
        .map(|(name, text)| (name.to_string(), json!(text)))
        .collect();
    if texts.len() > names.len() {
        object.insert(EXTRA.to_string(), json!(texts[names.len()..]));
    }
    let reasons = row.reasons.iter().map(|reason| reason.text.as_str());
    RejectedRow {
        line: row.line,
        row: object,
        reasons: reasons.collect(),
    }
}

fn number_or_text(value: &Stored) -> Value {
    match value {
        Stored::Null => Value::Null,
        Stored::Integer(number) => json!(number),
        Stored::Real(number) => json!(number),
        Stored::Text(text) => json!(text),
        Stored::Blob(bytes) => json!(String::from_utf8_lossy(bytes)),
    }
}

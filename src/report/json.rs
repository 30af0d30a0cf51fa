//! The report as one JSON object.

use anyhow::{Context, Result};
use rusqlite::types::Value as Stored;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use super::{Report, TableReport};
use crate::outcome::Rejected;
use crate::record::Header;

/// The key under which the surplus fields of a record stand.
const EXTRA: &str = "_extra";

#[derive(serde::Serialize)]
struct Document<'a> {
    tables: Vec<Table<'a>>,
    threads: usize,
    elapsed_ms: f64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

#[derive(serde::Serialize)]
struct Table<'a> {
    table: &'a str,
    database: String,
    inserted: u64,
    unchanged: u64,
    skipped: u64,
    failed: u64,
    rows: Vec<Object<'a>>,
    skipped_rows: Vec<RejectedRow<'a>>,
    failed_rows: Vec<RejectedRow<'a>>,
}

#[derive(serde::Serialize)]
struct RejectedRow<'a> {
    line: u64,
    row: Object<'a>,
    reasons: Vec<&'a str>,
}

/// A JSON object that keeps the order of its keys.
struct Object<'a>(Vec<(&'a str, Value)>);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
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
            elapsed_ms: (self.elapsed.as_secs_f64() * 1e4).round() / 10.0,
            dry_run: self.dry_run,
        };
        let json = serde_json::to_string_pretty(&document);
        Ok(json.context("the report could not be turned into JSON")? + "\n")
    }
}

fn table(report: &TableReport) -> Table<'_> {
    let TableReport {
        table,
        header,
        tally,
        rows,
    } = report;
    let names = || table.columns.iter().map(|column| column.name);
    let stored = |row: &Vec<(Stored, String)>| {
        Object(
            names()
                .zip(row.iter().map(|(value, _)| number_or_text(value)))
                .collect(),
        )
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
    let texts: Vec<_> = row
        .fields
        .iter()
        .map(|field| String::from_utf8_lossy(field))
        .collect();
    let mut object: Vec<_> = (names.iter().copied().zip(&texts))
        .map(|(name, text)| (name, json!(text)))
        .collect();
    if texts.len() > names.len() {
        object.push((EXTRA, json!(texts[names.len()..])));
    }
    RejectedRow {
        line: row.line,
        row: Object(object),
        reasons: row
            .reasons
            .iter()
            .map(|reason| reason.text.as_str())
            .collect(),
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

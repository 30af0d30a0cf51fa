//! The report as one JSON object, written while its rows are read.

use std::io::{self, Write};
use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use super::{ReadBack, Rejected, Rejections, Report};
use crate::row::{EXTRA, LINE, RowId, Value};
use crate::schema::Table;
use crate::terminal::escape_json;
use crate::timeline::Phase;

/// The key of the sentences that are said on stderr.
const ERRORS: &str = "errors";

impl Report {
    /// Writes the report as one JSON object, and a line end. Stored rows are read back while it is written, and only
    /// then are all `errors` known. Fails if `out` does.
    pub fn write_json(
        &self,
        out: &mut dyn Write,
        read: &ReadBack<Json>,
        errors: &dyn Fn() -> Vec<String>,
    ) -> io::Result<()> {
        let report = self;
        let indexes = || 0..self.tables.len();
        let table = |index| TableDocument {
            report,
            index,
            read,
        };
        let mut serializer = serde_json::Serializer::pretty(Escaped(&mut *out));
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("tables", &Array(|| indexes().map(table)))?;
        object.serialize_entry("threads", &self.threads)?;
        object.serialize_entry("elapsed_ms", &milliseconds(self.elapsed, 10.0))?;
        object.serialize_entry("dry_run", &self.dry_run)?;
        object.serialize_entry("interrupted", &self.interrupted)?;
        if let Some(timeline) = self.timeline() {
            object.serialize_entry("timeline", &timeline)?;
        }
        object.serialize_entry(ERRORS, &errors())?;
        object.end()?;
        writeln!(out)
    }

    /// For each writer thread its phases, start and end in milliseconds; `None` if that is not to be shown.
    fn timeline(&self) -> Option<Vec<Json>> {
        let mut threads = Vec::new();
        for table in &self.tables {
            for track in table.timeline.as_ref()? {
                let [parents, turn, open, write, sync] = Phase::ALL.map(|phase| {
                    let (start, end) = track.span(phase, self.started);
                    [milliseconds(start, 1e3), milliseconds(end, 1e3)]
                });
                threads.push(json!({
                    "table": table.table.name,
                    "first_id": track.first_id,
                    "rows": track.rows,
                    "parents": parents,
                    "turn": turn,
                    "open": open,
                    "write": write,
                    "sync": sync,
                }));
            }
        }
        Some(threads)
    }
}

/// Writes what stands in for a report where there is none: one JSON object with the errors, and a line end. Fails if
/// `out` does.
pub fn write_errors(out: &mut dyn Write, errors: &[String]) -> io::Result<()> {
    serde_json::to_writer_pretty(Escaped(&mut *out), &json!({ERRORS: errors}))?;
    writeln!(out)
}

/// What a run did with the table at this index.
struct TableDocument<'a> {
    report: &'a Report,
    index: usize,
    read: &'a ReadBack<'a, Json>,
}

impl<'a> Serialize for TableDocument<'a> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let dry_run = self.report.dry_run;
        let tally = &self.report.tables[self.index];
        let table = tally.table;
        let (skipped, failed) = (&tally.skipped, &tally.failed);
        let cut = |rows: u64, listed: usize| rows > listed as u64;
        let cut_changes = cut(tally.inserted, tally.inserted_ids.len())
            || cut(tally.updated, tally.updated_ids.len());
        let truncated = !dry_run && cut_changes
            || cut(tally.unchanged, tally.unchanged_ids.len())
            || cut(skipped.count, skipped.rows.len())
            || cut(failed.count, failed.rows.len());
        let stored = |ids: &'a [RowId], listed: bool| {
            Array(move || {
                let ids = ids.iter().filter(move |_| listed);
                let rows = ids.filter_map(|id| (self.read)(self.index, id));
                rows.map(|cells| {
                    let names = table.columns.iter().map(|column| column.name.to_string());
                    names.zip(cells).collect::<Map<_, _>>()
                })
            })
        };
        let names = tally.names();
        let given = |rejections: &'a Rejections| {
            let names = &names;
            Array(move || rejections.rows.iter().map(|row| rejected(names, row)))
        };
        let reasons = |rejections: &Rejections| -> Vec<_> {
            let reasons = rejections.by_reason().into_iter();
            reasons
                .map(|(reason, rows)| json!({"reason": reason, "rows": rows}))
                .collect()
        };
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("table", table)?;
        object.serialize_entry("database", &table.database())?;
        let file = self.report.file_read(tally);
        let file = file.as_ref().map(|file| file.to_string_lossy());
        object.serialize_entry("file", &file)?;
        object.serialize_entry("records", &tally.records())?;
        object.serialize_entry("inserted", &tally.inserted)?;
        object.serialize_entry("updated", &tally.updated)?;
        object.serialize_entry("unchanged", &tally.unchanged)?;
        object.serialize_entry("skipped", &skipped.count)?;
        object.serialize_entry("failed", &failed.count)?;
        object.serialize_entry("truncated", &truncated)?;
        object.serialize_entry("rows", &stored(&tally.inserted_ids, !dry_run))?;
        object.serialize_entry("updated_rows", &stored(&tally.updated_ids, !dry_run))?;
        object.serialize_entry("unchanged_rows", &stored(&tally.unchanged_ids, true))?;
        object.serialize_entry("skipped_rows", &given(skipped))?;
        object.serialize_entry("skipped_reasons", &reasons(skipped))?;
        object.serialize_entry("failed_rows", &given(failed))?;
        object.serialize_entry("failed_reasons", &reasons(failed))?;
        object.end()
    }
}

fn rejected(names: &[&str], row: &Rejected) -> Json {
    let object = match row.defect {
        Some(_) => json!({LINE: row.fields.first()}),
        None => {
            let named = names.iter().zip(&row.fields);
            let named = named.map(|(name, text)| (name.to_string(), json!(text)));
            let mut object: Map<_, _> = named.collect();
            if let Some(extra @ [_, ..]) = row.fields.get(names.len()..) {
                object.insert(EXTRA.to_string(), json!(extra));
            }
            Json::Object(object)
        }
    };
    json!({"line": row.line, "row": object, "reasons": row.reasons})
}

/// A stored value: a number, a text, null, or the hexadecimal digits of bytes.
pub fn to_json(value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Real(number) => json!(number),
        Value::Text(text) => json!(String::from_utf8_lossy(text)),
        Value::Blob(bytes) => {
            json!(
                bytes
                    .iter()
                    .map(|byte| format!("{byte:02X}"))
                    .collect::<String>()
            )
        }
    }
}

/// A duration in milliseconds, rounded to one part in `parts` of them.
fn milliseconds(duration: Duration, parts: f64) -> f64 {
    (duration.as_secs_f64() * 1e3 * parts).round() / parts
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// An array whose elements are produced one at a time while it is written.
struct Array<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for Array<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0())
    }
}

/// Escapes what could control a terminal on its way out. It relies on getting whole characters, as serde_json hands
/// over strings.
pub struct Escaped<'a>(pub &'a mut dyn Write);

impl Write for Escaped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.write_all(escape_json(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

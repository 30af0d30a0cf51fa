//! The report as one JSON object, written while its rows are read.

use std::cell::RefCell;
use std::io::{self, Write};
use std::time::Duration;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use super::{ReadBack, Report, Stored, TableReport};
use crate::row::{EXTRA, First, Header, LINE, Rejected, Rejections, Value};
use crate::schema::Table;
use crate::terminal::escape_json;
use crate::timeline::Phase;

#[derive(Serialize)]
struct Document<'a> {
    tables: Vec<TableDocument<'a>>,
    threads: usize,
    elapsed_ms: f64,
    dry_run: bool,
    interrupted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<Vec<Json>>,
}

#[derive(Serialize)]
struct TableDocument<'a> {
    table: &'a str,
    database: String,
    inserted: u64,
    unchanged: u64,
    skipped: u64,
    failed: u64,
    truncated: bool,
    rows: StoredRows<'a>,
    unchanged_rows: StoredRows<'a>,
    skipped_rows: RejectedRows<'a>,
    skipped_reasons: Vec<Json>,
    failed_rows: RejectedRows<'a>,
    failed_reasons: Vec<Json>,
}

/// Stored rows, which are read one after another while they are written.
struct StoredRows<'a> {
    place: usize,
    table: &'static Table,
    /// `None` lists nothing.
    ids: Option<&'a First<i64>>,
    read: &'a SharedReadBack<'a>,
}

/// Serde serializes from shared references only.
type SharedReadBack<'a> = dyn Fn(usize, i64, &mut dyn FnMut(&Stored)) + 'a;

/// Rejected rows, which are put together one after another while they are written.
struct RejectedRows<'a> {
    header: Option<&'a Header>,
    rows: &'a First<Rejected>,
}

impl Report {
    /// Writes the report as one JSON object, and a line end. Stored rows are read back while it is written.
    ///
    /// # Errors
    ///
    /// If it could not be written.
    pub fn write_json(&self, out: &mut dyn Write, read: &mut ReadBack) -> io::Result<()> {
        let read = RefCell::new(read);
        let read = |place, id, each: &mut dyn FnMut(&Stored)| {
            read.borrow_mut()(place, id, each);
        };
        let tables = self.tables.iter().enumerate();
        let document = Document {
            tables: tables
                .map(|(place, table)| self.table(place, table, &read))
                .collect(),
            threads: self.threads,
            elapsed_ms: milliseconds(self.elapsed, 10.0),
            dry_run: self.dry_run,
            interrupted: self.interrupted,
            timeline: self.timeline(),
        };
        self::document(out, &document)
    }

    fn table<'a>(
        &'a self,
        place: usize,
        report: &'a TableReport,
        read: &'a SharedReadBack<'a>,
    ) -> TableDocument<'a> {
        let TableReport { table, tally, .. } = report;
        let inserted = (!self.dry_run).then_some(&tally.inserted_ids);
        let stored = |ids| StoredRows {
            place,
            table,
            ids,
            read,
        };
        let rejected = |rejections: &'a Rejections| RejectedRows {
            header: report.header.as_deref(),
            rows: &rejections.rows,
        };
        let listings = [
            (tally.inserted, inserted.map(First::len)),
            (tally.unchanged, Some(tally.unchanged_ids.len())),
            (tally.skipped.count, Some(tally.skipped.rows.len())),
            (tally.failed.count, Some(tally.failed.rows.len())),
        ];
        let cut =
            |(count, listed): &(u64, Option<usize>)| listed.is_some_and(|n| *count > n as u64);
        TableDocument {
            table: table.name,
            database: table.database(),
            inserted: tally.inserted,
            unchanged: tally.unchanged,
            skipped: tally.skipped.count,
            failed: tally.failed.count,
            truncated: listings.iter().any(cut),
            rows: stored(inserted),
            unchanged_rows: stored(Some(&tally.unchanged_ids)),
            skipped_rows: rejected(&tally.skipped),
            skipped_reasons: reasons(&tally.skipped),
            failed_rows: rejected(&tally.failed),
            failed_reasons: reasons(&tally.failed),
        }
    }

    /// For each writer thread its phases, start and end in milliseconds; `None` if that is not to be shown.
    fn timeline(&self) -> Option<Vec<Json>> {
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

impl Serialize for StoredRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(None)?;
        for id in self.ids.into_iter().flat_map(First::iter) {
            let mut written = Ok(());
            (self.read)(self.place, *id, &mut |row| {
                let names = self.table.columns.iter().map(|column| column.name);
                let values = row.iter().map(|(value, _)| number_or_text(value));
                let row: Map<_, _> = names.map(String::from).zip(values).collect();
                written = rows.serialize_element(&row);
            });
            written?;
        }
        rows.end()
    }
}

impl Serialize for RejectedRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = self.header.map_or(&[][..], |header| &header.names);
        serializer.collect_seq(self.rows.iter().map(|row| rejected(names, row)))
    }
}

fn rejected(names: &[String], row: &Rejected) -> Json {
    let texts: Vec<_> = row.fields.iter().map(|field| field.text.as_str()).collect();
    let object = match row.defect {
        Some(_) => json!({LINE: texts.concat()}),
        None => {
            let named = names.iter().zip(&texts);
            let mut object: Map<_, _> = named
                .map(|(name, text)| (name.clone(), json!(text)))
                .collect();
            if texts.len() > names.len() {
                object.insert(EXTRA.to_string(), json!(texts[names.len()..]));
            }
            Json::Object(object)
        }
    };
    let reasons: Vec<_> = row.reasons.iter().map(|reason| &reason.text).collect();
    json!({"line": row.line, "row": object, "reasons": reasons})
}

fn reasons(rejections: &Rejections) -> Vec<Json> {
    let reasons = rejections.by_reason().into_iter();
    reasons
        .map(|(reason, rows)| json!({"reason": reason, "rows": rows}))
        .collect()
}

fn number_or_text(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Real(number) => json!(number),
        Value::Text(text) | Value::Blob(text) => json!(String::from_utf8_lossy(text)),
    }
}

/// A duration in milliseconds, rounded to one part in `parts` of them.
fn milliseconds(duration: Duration, parts: f64) -> f64 {
    (duration.as_secs_f64() * 1e3 * parts).round() / parts
}

/// Writes a JSON document that is safe to be shown on a terminal, and a line end.
///
/// # Errors
///
/// If it could not be written.
pub fn document(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(Escaped(&mut *out), document).map_err(io::Error::from)?;
    writeln!(out)
}

/// Escapes what could control a terminal on its way out. It relies on getting whole characters, as serde_json hands
/// over strings.
struct Escaped<'a>(&'a mut dyn Write);

impl Write for Escaped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match str::from_utf8(bytes) {
            Ok(text) => self.0.write_all(escape_json(text).as_bytes())?,
            Err(_) => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

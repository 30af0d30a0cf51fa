mod advice;
mod chart;
mod check;
mod json;
mod table;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::row::{Batch, Defect, Header, Outcome, Reason, Rows, Value};
use crate::schema::TABLES;
use crate::terminal::Terminal;
use crate::timeline::Track;

/// A run without any records, of a load of the folder `in` into the folder `data`.
fn empty(listing: Listing) -> Report {
    let tables = TABLES.iter().map(|table| {
        let header = Arc::new(Header::of(table));
        Tally::new(table, Some(header), listing)
    });
    Report {
        tables: tables.collect(),
        threads: 25,
        started: Instant::now(),
        elapsed: Duration::from_micros(14_200),
        dry_run: false,
        interrupted: false,
        max_rejects: None,
        dir: "data".into(),
        from: Some("in".into()),
        files: (TABLES.iter())
            .map(|table| Some(Path::new("in").join(table.csv())))
            .collect(),
        rejects: None,
        reload_command: ["tradexa", "--dir", "data", "insert", "--from"]
            .map(OsString::from)
            .into(),
    }
}

/// A run whose users have every outcome: 1 and 2 were inserted, 3 was unchanged, those on the lines 5 and 6 were
/// skipped, and 6 failed.
fn mixed(limit: usize) -> Report {
    let mut report = empty(Listing::readable(limit));
    let tally = &mut report.tables[0];
    let locked = Reason::Locked {
        table: TABLES[0],
        seconds: 5.0,
    };
    let others = [(2, Outcome::Unchanged), (3, Outcome::failed(locked))];
    tally.settle_all(&users(2, 1..5), &others);
    skip(tally, 6, &["5", "", "e@e.co"], "name is empty");
    let both = [
        Reason::Empty("name"),
        Reason::NotEmail("email", "bob".into()),
    ];
    reject(tally, 7, &["6", "", "bob"], Outcome::Skipped(both.into()));
    report
}

/// Says that all rejects were written to a folder.
fn write_rejects(report: &mut Report, folder: &str) {
    report.rejects = Some(folder.into());
    for table in report.tables.iter_mut() {
        let path = Path::new(folder).join(table.table.csv());
        table.rejects = Some(path).filter(|_| table.rejected() > 0);
    }
}

/// Rows of users with these ids, from this line on.
fn users(line: u64, ids: Range<i64>) -> Rows {
    let mut batch = Batch::new(Arc::new(Header::of(TABLES[0])));
    for (id, line) in ids.clone().zip(line..) {
        batch.push_fields(line, [&*id.to_string(), "Name", "Email"]);
    }
    let mut rows = Rows::new(TABLES[0], batch);
    for (position, id) in ids.enumerate() {
        rows.accept(position, [Value::Integer(id), Value::Null, Value::Null]);
    }
    rows
}

/// Rejects a record with these fields.
fn reject(tally: &mut Tally, line: u64, fields: &[&str], outcome: Outcome) {
    let mut batch = Batch::new(Arc::new(Header::of(TABLES[0])));
    batch.push_fields(line, fields);
    tally.count(&Rows::new(TABLES[0], batch), 0, &outcome);
}

fn skip(tally: &mut Tally, line: u64, fields: &[&str], reason: &str) {
    reject(
        tally,
        line,
        fields,
        Outcome::skipped(Reason::failure(reason)),
    );
}

/// Skips a line that could not be split into fields.
fn skip_line(tally: &mut Tally, line: u64, text: &[u8]) {
    let mut batch = Batch::new(Arc::new(Header::of(TABLES[0])));
    batch.push_defect(line, text, Defect::UnclosedQuote);
    let reason = Reason::Defect(Defect::UnclosedQuote);
    let rows = Rows::new(TABLES[0], batch);
    tally.count(&rows, 0, &Outcome::skipped(reason));
}

/// Reads users back as if every one with an id up to 1,000,000 were stored.
fn read_back(table: usize, id: &RowId) -> Option<Vec<String>> {
    assert_eq!(table, 0, "only users are stored here");
    let RowId::Rowid(id) = id else {
        panic!("{id:?}");
    };
    let cells = [
        id.to_string(),
        format!("Name {id}"),
        format!("{id}@example.com"),
    ];
    (*id <= 1_000_000).then(|| cells.into())
}

/// The same as JSON values.
fn read_json(table: usize, id: &RowId) -> Option<Vec<serde_json::Value>> {
    let cells = read_back(table, id)?;
    let values = [
        Value::Integer(cells[0].parse().ok()?),
        Value::Text(cells[1].as_bytes()),
        Value::Text(cells[2].as_bytes()),
    ];
    Some(values.map(to_json).into())
}

/// The report as text, on no terminal.
fn text(report: &Report) -> String {
    let mut out = Vec::new();
    let terminal = &mut Terminal::plain(&mut out, None);
    report.write_tables(terminal, &read_back).unwrap();
    String::from_utf8(out).unwrap()
}

/// The lines of text that are not blank, and the cells of tables with a `|` between them.
fn lines(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with(['┌', '├', '└']));
    let lines = lines.map(|line| {
        if line.starts_with('│') {
            let cells: Vec<_> = line.trim_matches('│').split('│').map(str::trim).collect();
            cells.join("|")
        } else {
            line.to_string()
        }
    });
    lines.filter(|line| !line.is_empty()).collect()
}

/// Whatever is written to it, it is full.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_report_that_could_not_be_written_keeps_the_kind_of_the_error() {
    let report = mixed(50);
    let written = report.write_tables(&mut Terminal::plain(&mut Full, None), &read_back);
    assert_eq!(written.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    let written = report.write_json(&mut Full, &read_json, &Vec::new);
    assert_eq!(written.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
}

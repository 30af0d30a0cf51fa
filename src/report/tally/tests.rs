use std::ops::Range;
use std::sync::Arc;

use super::*;
use crate::row::{Batch, Header, Value};
use crate::schema::TABLES;

/// Rows with these ids, on the lines from `line` on.
fn rows(line: u64, ids: Range<i64>) -> Rows {
    let table = TABLES[0];
    let mut batch = Batch::new(Arc::new(Header::of(table)));
    for (position, id) in ids.clone().enumerate() {
        batch.push_fields(line + position as u64, [&*id.to_string(), "name", "email"]);
    }
    let mut rows = Rows::new(table, batch);
    for (position, id) in ids.enumerate() {
        let text = Value::Text(b"");
        rows.accept(position, [Value::Integer(id), text, text]);
    }
    rows
}

/// A batch of one record with these fields.
fn record(fields: &[&str]) -> Rows {
    let mut batch = Batch::new(Arc::new(Header::of(TABLES[0])));
    batch.push_fields(2, fields);
    Rows::new(TABLES[0], batch)
}

impl Tally {
    /// Counts all of these rows.
    pub fn settle_all(&mut self, rows: &Rows, others: &[(u32, Outcome)]) {
        for (position, outcome) in others {
            self.count(rows, *position, outcome);
        }
        self.insert(rows, &rows.accepted, others, &[]);
    }
}

fn skipped(reason: &str) -> Outcome {
    Outcome::skipped(Reason::failure(reason))
}

#[test]
fn a_share_that_was_all_inserted_is_counted_and_its_first_rows_listed() {
    let mut tally = Tally::new(TABLES[0], None, Listing::complete(2));
    tally.settle_all(&rows(2, 1..10), &[]);
    assert_eq!((tally.inserted, tally.records()), (9, 9));
    assert_eq!(tally.inserted_ids, [1, 2].map(RowId::Rowid));
}

#[test]
fn the_first_rows_may_be_of_several_shares() {
    let mut tally = Tally::new(TABLES[0], None, Listing::complete(3));
    tally.settle_all(&rows(2, 1..3), &[]);
    tally.settle_all(&rows(10, 100..110), &[]);
    assert_eq!(tally.inserted_ids, [1, 2, 100].map(RowId::Rowid));
}

#[test]
fn rows_with_another_outcome_are_counted_and_listed_apart() {
    let mut tally = Tally::new(TABLES[0], None, Listing::complete(50));
    let others = [
        (0, Outcome::Unchanged),
        (2, skipped("id 3 is taken")),
        (3, Outcome::failed(Reason::failure("locked"))),
    ];
    tally.settle_all(&rows(2, 1..7), &others);
    let counts = (tally.inserted, tally.unchanged);
    assert_eq!(counts, (3, 1));
    assert_eq!((tally.skipped.count, tally.failed.count), (1, 1));
    assert_eq!(tally.records(), 6);
    assert_eq!(tally.inserted_ids, [2, 5, 6].map(RowId::Rowid));
    assert_eq!(tally.unchanged_ids, [RowId::Rowid(1)]);
    let lines: Vec<_> = tally.skipped.rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [4]);
}

#[test]
fn a_limit_of_zero_counts_and_lists_nothing() {
    let mut tally = Tally::new(TABLES[0], None, Listing::complete(0));
    tally.settle_all(&rows(2, 1..4), &[(1, skipped("no"))]);
    assert_eq!((tally.inserted, tally.skipped.count), (2, 1));
    assert_eq!((tally.inserted_ids.len(), tally.skipped.rows.len()), (0, 0));
}

#[test]
fn reasons_are_counted_by_kind_past_the_limit_and_the_most_frequent_comes_first() {
    let mut tally = Tally::new(TABLES[0], None, Listing::complete(1));
    for (column, text) in [("b", "1"), ("a", "2"), ("b", "3")] {
        let batch = record(&["x"]);
        let reason = Reason::NotPositive(column, text.into());
        tally.count(&batch, 0, &Outcome::skipped(reason));
    }
    assert_eq!(
        tally.skipped.by_reason(),
        [
            ("b must be greater than 0", 2),
            ("a must be greater than 0", 1)
        ]
    );
}

#[test]
fn a_table_keeps_no_more_of_a_cell_and_a_reason_than_it_shows() {
    let long = "é".repeat(20_000);
    let batch = record(&["1", &long, "x"]);
    let mut tally = Tally::new(TABLES[0], None, Listing::readable(1));
    tally.count(&batch, 0, &skipped(&format!("bad: {long}")));
    let row = &tally.skipped.rows[0];
    assert_eq!(row.fields[1], "é".repeat(1_000) + "… (40,000 bytes)");
    assert_eq!(row.fields[2], "x");
    assert!(row.reasons[0].ends_with("… (40,005 bytes)"));
}

#[test]
fn json_keeps_everything() {
    let long = "é".repeat(20_000);
    let mut fields = vec!["x"; 200];
    fields[0] = &long;
    let batch = record(&fields);
    let mut tally = Tally::new(TABLES[0], None, Listing::complete(1));
    tally.count(&batch, 0, &skipped("no"));
    let row = &tally.skipped.rows[0];
    assert_eq!((row.fields.len(), row.more_fields), (200, 0));
    assert_eq!(row.fields[0], long);
}

#[test]
fn a_table_keeps_the_first_fields_of_a_row_that_has_thousands() {
    let batch = record(&["x"; 16_000]);
    let mut tally = Tally::new(TABLES[0], None, Listing::readable(1));
    tally.count(&batch, 0, &skipped("no"));
    let row = &tally.skipped.rows[0];
    assert_eq!((row.fields.len(), row.more_fields), (50, 15_950));
}

#[test]
fn a_line_that_could_not_be_split_is_kept_whole() {
    let mut batch = Batch::new(Arc::new(Header::of(TABLES[0])));
    batch.push_defect(7, b"2,b@b.co,\"Bob", Defect::UnclosedQuote);
    let batch = Rows::new(TABLES[0], batch);
    let mut tally = Tally::new(TABLES[0], None, Listing::complete(1));
    tally.count(&batch, 0, &skipped("quote is not closed"));
    let row = &tally.skipped.rows[0];
    assert_eq!(row.defect, Some(Defect::UnclosedQuote));
    assert_eq!(row.fields, ["2,b@b.co,\"Bob"]);
}

#[test]
fn records_that_are_not_utf_8_count_once() {
    let batch = record(&["x"]);
    let mut tally = Tally::new(TABLES[0], None, Listing::complete(0));
    tally.count(&batch, 0, &skipped("name is empty"));
    assert_eq!(tally.not_utf8, 0);
    let both = [
        Reason::NotValid("name", "UTF-8"),
        Reason::NotValid("email", "UTF-8"),
    ];
    tally.count(&batch, 0, &Outcome::Skipped(both.into()));
    assert_eq!(tally.not_utf8, 1);
}

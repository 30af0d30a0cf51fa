use serde_json::{Value as Json, json};

use super::*;

/// The report as JSON text.
fn written(report: &Report) -> String {
    let mut out = Vec::new();
    report.write_json(&mut out, &read_json, &Vec::new).unwrap();
    String::from_utf8(out).unwrap()
}

fn parsed(report: &Report) -> Json {
    serde_json::from_str(&written(report)).unwrap()
}

fn keys(object: &Json) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

const TABLE_KEYS: [&str; 17] = [
    "table",
    "database",
    "file",
    "records",
    "inserted",
    "updated",
    "unchanged",
    "skipped",
    "failed",
    "truncated",
    "rows",
    "updated_rows",
    "unchanged_rows",
    "skipped_rows",
    "skipped_reasons",
    "failed_rows",
    "failed_reasons",
];

#[test]
fn every_key_is_always_there_and_in_the_same_order() {
    for report in [empty(Listing::complete(50)), mixed(50)] {
        let json = parsed(&report);
        let expected = [
            "tables",
            "threads",
            "elapsed_ms",
            "dry_run",
            "interrupted",
            "errors",
        ];
        assert_eq!(keys(&json), expected);
        for table in json["tables"].as_array().unwrap() {
            assert_eq!(keys(table), TABLE_KEYS);
        }
    }
}

#[test]
fn a_table_has_its_rows_and_reasons_by_outcome() {
    let json = parsed(&mixed(50));
    let expected = json!({
        "table": "users",
        "database": "users.db",
        "file": Path::new("in").join("users.csv"),
        "records": 6,
        "inserted": 2,
        "updated": 0,
        "unchanged": 1,
        "skipped": 2,
        "failed": 1,
        "truncated": false,
        "rows": [
            {"id": 1, "name": "Name 1", "email": "1@example.com"},
            {"id": 2, "name": "Name 2", "email": "2@example.com"},
        ],
        "updated_rows": [],
        "unchanged_rows": [{"id": 3, "name": "Name 3", "email": "3@example.com"}],
        "skipped_rows": [
            {"line": 6, "row": {"id": "5", "name": "", "email": "e@e.co"}, "reasons": ["name is empty"]},
            {
                "line": 7,
                "row": {"id": "6", "name": "", "email": "bob"},
                "reasons": ["name is empty", "email is not valid: \"bob\""],
            },
        ],
        "skipped_reasons": [
            {"reason": "name is empty", "rows": 2},
            {"reason": "email is not valid", "rows": 1},
        ],
        "failed_rows": [{
            "line": 5,
            "row": {"id": "4", "name": "Name", "email": "Email"},
            "reasons": ["users.db is locked by another process (waited 5 s)"],
        }],
        "failed_reasons": [{"reason": "users.db is locked by another process", "rows": 1}],
    });
    assert_eq!(json["tables"][0], expected);
    assert_eq!(json["elapsed_ms"], 14.2);
    assert_eq!(
        (&json["dry_run"], &json["interrupted"]),
        (&json!(false), &json!(false))
    );
}

#[test]
fn it_is_one_object_indented_by_two_spaces() {
    let text = written(&mixed(50));
    let pretty = serde_json::to_string_pretty(&parsed(&mixed(50))).unwrap();
    assert_eq!(text, pretty + "\n");
}

#[test]
fn a_cut_listing_is_truncated_and_a_full_one_is_not() {
    let truncated = |report: &Report| parsed(report)["tables"][0]["truncated"].clone();
    assert_eq!(truncated(&mixed(2)), false);
    assert_eq!(truncated(&mixed(1)), true);
    assert_eq!(truncated(&mixed(0)), true);
    assert_eq!(truncated(&empty(Listing::complete(0))), false);
}

#[test]
fn a_dry_run_lists_no_inserted_rows_and_no_limit_cut_them() {
    let mut report = empty(Listing::complete(1));
    report.dry_run = true;
    report.tables[0].settle_all(&users(2, 1..4), &[]);
    let json = parsed(&report);
    let table = &json["tables"][0];
    assert_eq!(json["dry_run"], true);
    assert_eq!(
        (&table["inserted"], &table["rows"]),
        (&json!(3), &json!([]))
    );
    assert_eq!(table["truncated"], false);
}

#[test]
fn surplus_fields_are_an_array_and_missing_ones_are_absent() {
    let mut report = empty(Listing::complete(50));
    let tally = &mut report.tables[0];
    skip(tally, 2, &["1"], "short");
    skip(tally, 3, &["2", "Bo", "b@b.co", "x", "y"], "long");
    let json = parsed(&report);
    let rows = &json["tables"][0]["skipped_rows"];
    assert_eq!(rows[0]["row"], json!({"id": "1"}));
    let expected = json!({"id": "2", "name": "Bo", "email": "b@b.co", "_extra": ["x", "y"]});
    assert_eq!(rows[1]["row"], expected);
}

#[test]
fn a_line_that_could_not_be_split_stands_under_a_key_of_its_own() {
    let mut report = empty(Listing::complete(50));
    skip_line(&mut report.tables[0], 3, b"2,\xff,\"Bob");
    let row = &parsed(&report)["tables"][0]["skipped_rows"][0];
    assert_eq!(row["row"], json!({"_line": "2,\u{fffd},\"Bob"}));
}

#[test]
fn a_cell_is_never_cut() {
    let mut report = empty(Listing::complete(50));
    let long = "x".repeat(20_000);
    skip(&mut report.tables[0], 2, &[&long], &long);
    let row = &parsed(&report)["tables"][0]["skipped_rows"][0];
    assert_eq!(
        (&row["row"]["id"], &row["reasons"][0]),
        (&json!(long), &json!(long))
    );
}

#[test]
fn terminal_control_characters_are_escaped_and_round_trip() {
    let mut report = empty(Listing::complete(50));
    let cell = "\u{1b}[31m\u{9b}\u{202e} \"\\ Zoë\n";
    skip(&mut report.tables[0], 2, &[cell], "no");
    let text = written(&report);
    assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']));
    let json: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(json["tables"][0]["skipped_rows"][0]["row"]["id"], cell);
}

#[test]
fn rows_are_read_one_after_another_while_it_is_written() {
    use std::cell::Cell;

    /// Counts what was written.
    struct Counted<'a>(&'a Cell<usize>);
    impl std::io::Write for Counted<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.set(self.0.get() + bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut report = empty(Listing::complete(50));
    report.tables[0].settle_all(&users(2, 1..11), &[]);
    let (written, before) = (Cell::new(0), Cell::new(0));
    let read = |position: usize, id: &RowId| {
        assert!(
            written.get() > before.get(),
            "row {id:?} was read before the last was written"
        );
        before.set(written.get());
        read_json(position, id)
    };
    report
        .write_json(&mut Counted(&written), &read, &Vec::new)
        .unwrap();
}

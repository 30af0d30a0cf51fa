//! The keys of the JSON reports, which the README lists with their types.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kit::Folder;
use crate::section;

/// Whose keys are the columns of a table or of a file.
const ROWS: [&str; 3] = [".rows[]", ".unchanged_rows[]", ".row"];

/// The paths of all keys in a value, each with the type of what it holds.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(_) if ROWS.iter().any(|row| path.ends_with(row)) => {}
        Value::Object(object) => {
            for (key, value) in object {
                let path = format!("{path}.{key}");
                let path = path.trim_start_matches('.');
                found.insert(format!("{path}: {}", kind(value)));
                keys(value, path, found);
            }
        }
        Value::Array(values) => {
            for value in values {
                keys(value, &format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The keys and types in the table under a heading of the README.
fn documented(heading: &str) -> BTreeSet<String> {
    let rows = section(heading)
        .lines()
        .filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let keys = cells.map(|cells| format!("{}: {}", cells[1].trim_matches('`'), cells[2]));
    keys.collect()
}

#[track_caller]
fn assert_documented(report: &Value, heading: &str) {
    let mut found = BTreeSet::new();
    keys(report, "", &mut found);
    assert_eq!(documented(heading), found);
}

#[test]
fn the_readme_lists_the_keys_of_the_report_of_insert() {
    let folder = Folder::initialized();
    folder.execute(
        "users",
        "INSERT INTO users VALUES (1, 'Alice', 'alice@example.com')",
    );
    let _lock = folder.lock("orders");
    // Rows of every outcome: an unchanged user, inserted and skipped ones, and failed orders.
    let run = folder.insert(&["--timeline", "--lock-timeout", "0"]);
    assert_documented(&run.report, "### The report of `insert`");
}

#[test]
fn the_readme_lists_the_keys_of_the_report_of_check() {
    let folder = Folder::initialized();
    folder.execute("users", "INSERT INTO users VALUES (1, 'Alice', 'alice')");
    assert_documented(&folder.check(&[]).report, "### The report of `check`");
}

//! The keys of the JSON reports, which `docs/json.md` lists with their types.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::kit::{CLEAN, Folder, Run};
use crate::section_of;

const JSON: &str = include_str!("../../docs/json.md");

/// Whose keys are the columns of a table or of a file.
const ROWS: [&str; 4] = [".rows[]", ".updated_rows[]", ".unchanged_rows[]", ".row"];

/// The paths of keys, each with the types of what it holds.
type Keys = BTreeMap<String, BTreeSet<&'static str>>;

/// Finds the keys in a value.
fn keys(value: &Value, path: &str, found: &mut Keys) {
    match value {
        Value::Object(_) if ROWS.iter().any(|row| path.ends_with(row)) => {}
        Value::Object(object) => {
            for (key, value) in object {
                let path = format!("{path}.{key}");
                let path = path.trim_start_matches('.');
                found
                    .entry(path.to_string())
                    .or_default()
                    .insert(kind(value));
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

/// The keys and types in the table under a heading.
fn documented(heading: &str) -> Keys {
    let rows = section_of(JSON, heading)
        .lines()
        .filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let keys = cells.map(|cells| {
        (
            cells[1].trim_matches('`').to_string(),
            cells[2].split(" or ").collect(),
        )
    });
    keys.collect()
}

#[track_caller]
fn assert_documented(runs: &[Run], heading: &str) {
    let mut found = Keys::new();
    for run in runs {
        keys(&run.report, "", &mut found);
    }
    assert_eq!(documented(heading), found);
}

/// Loads with rows of every outcome: an unchanged user, inserted and skipped ones, and failed orders; from files and
/// without.
fn loads() -> [Run; 2] {
    let folder = Folder::initialized();
    folder.execute(
        "users",
        "INSERT INTO users VALUES (1, 'Alice', 'alice@example.com')",
    );
    let _lock = folder.lock("orders");
    folder.csv("input", "users", CLEAN[0]);
    ["--timeline", "--from=input"].map(|option| folder.insert(&[option, "--lock-timeout=0"]))
}

#[test]
fn the_keys_of_the_report_of_insert_are_documented() {
    assert_documented(&loads(), "## The report of `insert`");
}

#[test]
fn the_keys_of_the_report_of_check_are_documented() {
    let folder = Folder::initialized();
    folder.execute("users", "INSERT INTO users VALUES (1, 'Alice', 'alice')");
    assert_documented(&[folder.check(&[])], "## The report of `check`");
}

#[test]
fn an_object_without_a_report_has_errors_alone() {
    for run in [Folder::new().insert(&[]), Folder::new().check(&[])] {
        let object = run.report.as_object().unwrap();
        assert_eq!(object.keys().collect::<Vec<_>>(), ["errors"]);
        assert_eq!(object["errors"].as_array().unwrap().len(), 3);
    }
}

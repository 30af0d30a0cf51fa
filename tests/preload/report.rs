//! Whether a report is true.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Run;
use super::stored::{Rows, SEED, Stored, TABLES};

/// Compares what a run on the seed says with what was stored before and is stored after it.
pub fn assert_true(run: &Run, before: &Stored, after: &Stored) {
    let status = run.status();
    assert_eq!(status != 0, !run.stderr().is_empty(), "{}", run.stderr());
    let Some(report) = run.report() else {
        assert_eq!(status, 1, "no report, and no failure");
        assert_eq!(before, after, "no report, and something was stored");
        return;
    };
    let mut failed = 0;
    for (index, name) in TABLES.iter().enumerate() {
        let table = &report["tables"][index];
        assert_eq!(table["table"], *name);
        assert_eq!(count(table, "skipped"), 10 - SEED[index], "{table}");
        failed += count(table, "failed");
        table_is_true(table, &before.0[index], &after.0[index]);
        let unread =
            count(table, "inserted") + count(table, "unchanged") - list(table, "rows").len();
        assert!(
            unread == 0 || status == 1,
            "{unread} rows of {name} are missing in the report"
        );
    }
    assert!(
        failed == 0 || status == 1,
        "{failed} rows failed, and the status is 0"
    );
}

fn table_is_true(table: &Value, before: &Rows, after: &Rows) {
    for (id, row) in before {
        assert_eq!(after.get(id), Some(row), "what was stored has changed");
    }
    for row in list(table, "rows") {
        assert_eq!(
            after.get(&id(row)),
            Some(row),
            "it is reported, and not stored so"
        );
    }
    let ids = |outcome: &str| -> BTreeSet<i64> {
        let rows = list(table, outcome).iter();
        rows.map(|rejected| rejected["row"]["id"].as_str().unwrap().parse().unwrap())
            .collect()
    };
    let (skipped, failed) = (ids("skipped_rows"), ids("failed_rows"));
    assert_eq!(skipped.len(), count(table, "skipped"));
    assert_eq!(failed.len(), count(table, "failed"));
    let listed = count(table, "inserted") + count(table, "unchanged");
    assert_eq!(
        listed + skipped.len() + failed.len(),
        10,
        "each record has one outcome: {table}"
    );
    let new: BTreeSet<i64> = after
        .keys()
        .filter(|id| !before.contains_key(id))
        .copied()
        .collect();
    assert!(
        new.is_disjoint(&skipped),
        "a skipped row is stored: {table}, {after:?}"
    );
    assert!(
        new.is_disjoint(&failed),
        "a failed row is stored: {table}, {after:?}"
    );
    assert_eq!(count(table, "inserted"), new.len(), "{table}, {after:?}");
    assert!(
        count(table, "unchanged") <= before.len(),
        "{table}, {before:?}"
    );
}

fn count(table: &Value, outcome: &str) -> usize {
    table[outcome].as_u64().expect("a count") as usize
}

fn list<'a>(table: &'a Value, outcome: &str) -> &'a [Value] {
    table[outcome].as_array().expect("a list")
}

fn id(row: &Value) -> i64 {
    row["id"].as_i64().expect("an id")
}

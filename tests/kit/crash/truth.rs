//! Whether a report is true.

use std::collections::BTreeSet;

use super::stored::{Rows, SEED, Stored};
use crate::kit::stored::row;
use crate::kit::{Run, TABLES};

/// Compares what a run on the seed says with what was stored before and is stored after it.
pub fn assert_true(run: &Run, before: &Stored, after: &Stored) {
    let failure = run.status != Some(0);
    assert_eq!(failure, !run.stderr.is_empty(), "{}", run.stderr);
    if run.report["tables"].is_null() {
        assert_eq!(run.status, Some(1), "no report, and no failure");
        assert_eq!(before, after, "no report, and something was stored");
        return;
    }
    for (index, name) in TABLES.into_iter().enumerate() {
        let [inserted, unchanged, skipped, failed] =
            run.counts()[index].map(|count| count as usize);
        // Nor is it known then which of the orders are only to be skipped.
        if !run.stderr.contains("could not be read to its end") {
            assert_eq!(skipped, 10 - SEED[index], "{name}");
            assert_eq!(
                inserted + unchanged + skipped + failed,
                10,
                "each record has one outcome"
            );
        }
        assert!(
            failed == 0 || failure,
            "{failed} rows failed, and the status is 0"
        );
        let unread = inserted + unchanged - run.listed(name).len();
        assert!(
            unread == 0 || failure,
            "{unread} rows of {name} are missing in the report"
        );
        table_is_true(run, name, &before.0[index], &after.0[index]);
    }
}

fn table_is_true(run: &Run, table: &str, before: &Rows, after: &Rows) {
    for (id, row) in before {
        assert_eq!(after.get(id), Some(row), "what was stored has changed");
    }
    for listed in run.listed(table) {
        let id = listed["id"].as_i64().unwrap();
        let stored = after.get(&id);
        assert_eq!(
            stored,
            Some(&row(listed)),
            "it is reported, and not stored so"
        );
    }
    let new: BTreeSet<i64> = (after.keys().copied())
        .filter(|id| !before.contains_key(id))
        .collect();
    let unknown = not_durable(run, table);
    let inserted = run.count(table, "inserted");
    let known = new.difference(&unknown).count();
    assert_eq!(inserted, known as u64, "{table}, {after:?}");
    assert!(
        run.count(table, "unchanged") <= before.len() as u64,
        "{table}, {before:?}"
    );
    for outcome in ["skipped", "failed"] {
        let ids = rejected(run, table, outcome);
        assert_eq!(run.count(table, outcome), ids.len() as u64);
        assert!(
            new.intersection(&ids).all(|id| unknown.contains(id)),
            "{table}: {outcome}, and stored: {ids:?}, {after:?}"
        );
    }
}

/// The ids of the rows that were `skipped` or `failed`.
fn rejected(run: &Run, table: &str, outcome: &str) -> BTreeSet<i64> {
    let rows = run.list(table, &format!("{outcome}_rows")).iter();
    rows.map(|row| row["row"]["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

/// The ids of the rows that a failed sync may have taken. They may be stored all the same.
fn not_durable(run: &Run, table: &str) -> BTreeSet<i64> {
    let rows = run.list(table, "failed_rows").iter();
    let lost = rows.filter(|row| {
        let reason = format!("{table}.db could not be made durable: ");
        row["reasons"][0].as_str().unwrap().starts_with(&reason)
    });
    lost.map(|row| row["row"]["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

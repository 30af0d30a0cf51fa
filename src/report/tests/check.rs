use serde_json::{Value as Json, json};

use super::*;
use crate::row::{Reason, Reasons};

/// A check of 1,234 users, `violations` of which break a rule; the first two are listed.
fn check(violations: u64) -> CheckReport {
    let tables = TABLES.iter().enumerate().map(|(position, table)| {
        let (rows, violations) = if position == 0 {
            (1_234, violations)
        } else {
            (1, 0)
        };
        let violating = |id| {
            let reasons = [Reason::failure(format!("name is empty \u{1b}{id}"))];
            let reasons = Reasons(&reasons, &|_| unreachable!());
            Violating::new(vec![("id", json!(id))], reasons, Listing::complete(2))
        };
        Checked {
            table,
            rows,
            violations,
            violating_rows: (1..=violations.min(2) as i64).map(violating).collect(),
        }
    });
    CheckReport::new(tables.collect())
}

fn lines_of(report: &CheckReport) -> Vec<String> {
    let mut out = Vec::new();
    let terminal = &mut Terminal::plain(&mut out, None);
    report.write_tables(terminal).unwrap();
    lines(&String::from_utf8(out).unwrap())
}

#[test]
fn sound_databases_take_one_line() {
    assert_eq!(
        lines_of(&check(0)),
        ["All stored rows follow the rules (users: 1,234 rows; products: 1 row; orders: 1 row)."]
    );
}

#[test]
fn violations_are_listed_counted_and_summed_up() {
    let expected = [
        "table|id|reason",
        r"users|1|name is empty \u{1b}1",
        r"users|2|name is empty \u{1b}2",
        "1,000 users not listed (--limit 1002 lists all)",
        "1,002 rows break rules (users: 1,234 rows; products: 1 row; orders: 1 row).",
    ];
    assert_eq!(lines_of(&check(1_002)), expected);
    assert!(
        lines_of(&check(1))
            .last()
            .unwrap()
            .starts_with("1 row breaks rules (")
    );
}

#[test]
fn json_has_the_documented_keys() {
    let mut out = Vec::new();
    check(1).write_json(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains('\u{1b}') && text.ends_with("}\n"));
    let json: Json = serde_json::from_str(&text).unwrap();
    let sound = |table| json!({"table": table, "rows": 1, "violations": 0, "violating_rows": []});
    let expected = json!({
        "tables": [
            {
                "table": "users",
                "rows": 1_234,
                "violations": 1,
                "violating_rows": [{"id": 1, "reasons": ["name is empty \u{1b}1"]}],
            },
            sound("products"),
            sound("orders"),
        ],
        "violations": 1,
    });
    assert_eq!(json, expected);
}

//! `tradexa insert`: what it stores, skips and reports.

use serde_json::{Value, json};

use crate::kit::{ALL_INSERTED, Folder, ORDERS, PRODUCTS, TABLES, USERS, shown, text};

/// The lines of a report, the cells of its tables joined by `|`; without the lines that are drawn, the empty ones,
/// and the time at the end.
fn lines(report: &str) -> Vec<String> {
    let drawn = |line: &&str| !line.is_empty() && !line.starts_with(['┌', '├', '└']);
    let mut lines: Vec<_> = (report.lines().filter(drawn))
        .map(|line| match line.strip_prefix('│') {
            Some(cells) => {
                let cells = cells.trim_end_matches('│').split('│');
                cells.map(str::trim).collect::<Vec<_>>().join("|")
            }
            None => line.to_string(),
        })
        .collect();
    let summary = lines.pop().unwrap();
    let (summary, time) = summary.rsplit_once(", ").unwrap();
    assert!(time.ends_with(" ms") || time.ends_with(" s"), "{time}");
    lines.push(summary.to_string());
    lines
}

#[test]
fn insert_prints_tables_of_what_was_inserted_and_what_was_skipped() {
    let run = Folder::initialized()
        .tradexa(&["insert"])
        .assert()
        .success();
    let mut expected = vec![
        "=== INSERTED DATA ===",
        "USERS TABLE (Inserted)",
        "id|name|email",
    ];
    expected.extend(USERS);
    expected.extend(["PRODUCTS TABLE (Inserted)", "id|name|price"]);
    expected.extend(PRODUCTS);
    expected.extend(["ORDERS TABLE (Inserted)", "id|user_id|product_id|quantity"]);
    expected.extend(ORDERS);
    expected.extend([
        "=== SKIPPED DATA ===",
        "USERS TABLE (Skipped)",
        "id|name|email|reason",
        "10||jane@example.com|name is empty",
        "PRODUCTS TABLE (Skipped)",
        "id|name|price|reason",
        "10|Earbuds|-50|price must be greater than 0, got -50",
        "ORDERS TABLE (Skipped)",
        "id|user_id|product_id|quantity|reason",
        "8|8|8|0|quantity must be greater than 0, got 0",
        "9|9|1|-1|quantity must be greater than 0, got -1",
        "10|10|11|2|user_id 10 does not exist in users; product_id 11 does not exist in products",
        "Add --rejects DIR to write the skipped rows to DIR, with their reasons.",
        "Once they are fixed, load them with: tradexa --dir databases insert --from DIR",
        "sample rows; users: 9 inserted, 1 skipped; products: 9 inserted, 1 skipped; orders: 7 inserted, 3 skipped; 25 threads",
    ]);
    assert_eq!(lines(&text(&run.get_output().stdout)), expected);
}

#[test]
fn insert_says_nothing_on_stderr_when_all_went_well() {
    let folder = Folder::initialized();
    folder.tradexa(&["insert"]).assert().success().stderr("");
}

#[test]
fn insert_prints_the_whole_report_as_one_json_object() {
    let mut report = Folder::initialized().insert(&[]).report;
    let elapsed = report.as_object_mut().unwrap().remove("elapsed_ms");
    assert!(elapsed.unwrap().is_number());
    let order = |id: u64, user_id: u64, product_id: u64, quantity: u64| json!({"id": id, "user_id": user_id, "product_id": product_id, "quantity": quantity});
    let user = |id: u64, name: &str| json!({"id": id, "name": name, "email": format!("{}@example.com", name.to_lowercase())});
    let product = |id: u64, name: &str, price: f64| json!({"id": id, "name": name, "price": price});
    let expected = json!({
        "tables": [
            {
                "table": "users", "database": "users.db",
                "inserted": 9, "unchanged": 0, "skipped": 1, "failed": 0,
                "rows": [
                    user(1, "Alice"), user(2, "Bob"), user(3, "Charlie"), user(4, "David"), user(5, "Eve"),
                    user(6, "Frank"), user(7, "Grace"), user(8, "Alice"), user(9, "Henry"),
                ],
                "skipped_rows": [
                    {"line": 11, "row": {"id": "10", "name": "", "email": "jane@example.com"}, "reasons": ["name is empty"]},
                ],
                "failed_rows": [],
            },
            {
                "table": "products", "database": "products.db",
                "inserted": 9, "unchanged": 0, "skipped": 1, "failed": 0,
                "rows": [
                    product(1, "Laptop", 1000.0), product(2, "Smartphone", 700.0), product(3, "Headphones", 150.0),
                    product(4, "Monitor", 300.0), product(5, "Keyboard", 50.0), product(6, "Mouse", 30.0),
                    product(7, "Laptop", 1000.0), product(8, "Smartwatch", 250.0), product(9, "Gaming Chair", 500.0),
                ],
                "skipped_rows": [
                    {"line": 11, "row": {"id": "10", "name": "Earbuds", "price": "-50"}, "reasons": ["price must be greater than 0, got -50"]},
                ],
                "failed_rows": [],
            },
            {
                "table": "orders", "database": "orders.db",
                "inserted": 7, "unchanged": 0, "skipped": 3, "failed": 0,
                "rows": [
                    order(1, 1, 1, 2), order(2, 2, 2, 1), order(3, 3, 3, 5), order(4, 4, 4, 1),
                    order(5, 5, 5, 3), order(6, 6, 6, 4), order(7, 7, 7, 2),
                ],
                "skipped_rows": [
                    {"line": 9, "row": {"id": "8", "user_id": "8", "product_id": "8", "quantity": "0"}, "reasons": ["quantity must be greater than 0, got 0"]},
                    {"line": 10, "row": {"id": "9", "user_id": "9", "product_id": "1", "quantity": "-1"}, "reasons": ["quantity must be greater than 0, got -1"]},
                    {"line": 11, "row": {"id": "10", "user_id": "10", "product_id": "11", "quantity": "2"}, "reasons": ["user_id 10 does not exist in users", "product_id 11 does not exist in products"]},
                ],
                "failed_rows": [],
            },
        ],
        "threads": 25,
    });
    assert_has(&report, &expected);
}

/// Asserts that a JSON value is this one, but for keys of objects that are not named here.
fn assert_has(found: &Value, expected: &Value) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (key, expected) in expected {
                assert_has(&found[key], expected);
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len());
            found
                .iter()
                .zip(expected)
                .for_each(|(found, expected)| assert_has(found, expected));
        }
        _ => assert_eq!(found, expected),
    }
}

#[test]
fn json_names_the_files_that_were_read_and_counts_their_records() {
    let folder = Folder::initialized();
    folder.csv("input", "users", "id,name,email\n1,Ann,a@b.co\n2,,b@b.co\n");
    let run = folder.load(&[]);
    let users = run.table("users");
    assert_eq!(users["file"], shown("input/users.csv"));
    assert_eq!(users["records"], 2);
    let orders = run.table("orders");
    assert_eq!(
        (&orders["file"], &orders["records"]),
        (&Value::Null, &json!(0))
    );
    let sample = folder.insert(&[]);
    let users = sample.table("users");
    assert_eq!(
        (&users["file"], &users["records"]),
        (&Value::Null, &json!(10))
    );
}

#[test]
fn the_three_files_hold_exactly_the_rows_that_follow_the_rules() {
    let folder = Folder::inserted();
    folder.assert_complete();
    assert_eq!(folder.files(), ["orders.db", "products.db", "users.db"]);
}

#[test]
fn the_sqlite3_shell_reads_the_same_rows() {
    let folder = Folder::inserted();
    for (table, rows) in TABLES.iter().zip(folder.all_rows()) {
        if let Some(printed) = folder.shell(table, &format!("SELECT * FROM {table} ORDER BY id")) {
            assert_eq!(printed, rows.join("\n") + "\n");
        }
    }
}

#[test]
fn unique_email_skips_the_second_user_of_an_email_and_her_order() {
    let folder = Folder::initialized();
    let run = folder.insert(&["--unique-email"]);
    assert_eq!(run.counts(), [[8, 0, 2, 0], [9, 0, 1, 0], [7, 0, 3, 0]]);
    assert_eq!(
        run.reasons("users", "skipped")[0],
        "9: email \"alice@example.com\" is already used by id 1"
    );
    assert_eq!(
        run.reasons("orders", "skipped")[0],
        "9: user_id 8 does not exist in users; quantity must be greater than 0, got 0"
    );
    assert_eq!((run.status, &run.report["threads"]), (Some(0), &json!(24)));
}

#[test]
fn strict_fails_when_rows_were_skipped_but_stores_and_reports_the_same() {
    let folder = Folder::initialized();
    let run = folder.insert(&["--strict"]);
    assert_eq!((run.status, run.counts()), (Some(1), ALL_INSERTED));
    assert_eq!(
        run.stderr,
        "tradexa: 5 rows were skipped, and --strict allows none\n"
    );
    folder.assert_complete();
}

#[test]
fn a_limit_caps_the_listings_and_not_the_counts() {
    let run = Folder::initialized().insert(&["--limit", "2"]);
    assert_eq!(run.counts(), ALL_INSERTED);
    let ids = |rows: &Value| {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["id"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        TABLES.map(|table| ids(&run.table(table)["rows"])),
        [[1, 2]; 3]
    );
    assert_eq!(run.reasons("orders", "skipped").len(), 2);
}

#[test]
fn a_limit_of_zero_lists_nothing() {
    let run = Folder::initialized().insert(&["--limit", "0"]);
    assert_eq!(run.counts(), ALL_INSERTED);
    for table in TABLES {
        assert_eq!(run.table(table)["rows"], json!([]));
        assert_eq!(run.table(table)["skipped_rows"], json!([]));
    }
}

#[test]
fn a_limit_caps_the_printed_tables_too() {
    let folder = Folder::initialized();
    let run = folder.tradexa(&["insert", "--limit", "1"]).assert();
    let lines = lines(&text(&run.success().get_output().stdout));
    assert!(lines.contains(&USERS[0].to_string()));
    assert!(!lines.contains(&USERS[1].to_string()));
    assert!(
        lines
            .last()
            .unwrap()
            .starts_with("sample rows; users: 9 inserted, 1 skipped; ")
    );
}

#[test]
fn failed_rows_get_tables_of_their_own_below_the_skipped_ones() {
    let folder = Folder::initialized();
    let locked = folder.lock("orders");
    let run = folder.tradexa(&["insert", "--lock-timeout", "0"]).assert();
    drop(locked);
    let lines = lines(&text(&run.code(1).get_output().stdout));
    let failed = lines.iter().position(|line| line == "=== FAILED DATA ===");
    assert_eq!(
        lines[failed.unwrap() + 1..][..3],
        [
            "ORDERS TABLE (Failed)",
            "id|user_id|product_id|quantity|reason",
            "1|1|1|2|orders.db is locked by another process (waited 0 s)",
        ]
    );
}

//! `tradexa check`: the rules over what is stored, whoever stored it.

use serde_json::json;

use crate::kit::{CLEAN, Folder, TABLES, text};

/// The violations of all tables, as `table id: reason; reason`, which the counts and the exit status agree with.
fn violations(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let run = folder.check(arguments);
    let violations = run.violations();
    for table in TABLES {
        let listed = run.list(table, "violating_rows").len();
        assert_eq!(run.count(table, "violations"), listed as u64);
    }
    assert_eq!(run.report["violations"], violations.len());
    assert_eq!(run.status, Some(i32::from(!violations.is_empty())));
    violations
}

/// The clean databases, after SQL was executed in that of one table.
fn after(table: &str, sql: &str) -> Folder {
    let folder = Folder::with_csv(CLEAN);
    folder.load(&[]);
    folder.execute(table, sql);
    folder
}

#[test]
fn databases_that_follow_the_rules_take_one_line() {
    let run = Folder::inserted().tradexa(&["check"]).assert().success();
    run.stderr("").stdout(
        "All stored rows follow the rules (users: 9 rows; products: 9 rows; orders: 7 rows).\n",
    );
}

#[test]
fn empty_databases_keep_the_rules() {
    assert!(violations(&Folder::initialized(), &[]).is_empty());
}

#[test]
fn json_lists_every_table() {
    let folder = after("users", "INSERT INTO users VALUES (10, ' ', 'bob')");
    let run = folder.check(&[]);
    assert_eq!(
        run.report,
        json!({
            "tables": [
                {"table": "users", "rows": 3, "violations": 1, "violating_rows": [
                    {"id": 10, "reasons": ["name is empty", "email is not valid: \"bob\""]}
                ]},
                {"table": "products", "rows": 2, "violations": 0, "violating_rows": []},
                {"table": "orders", "rows": 2, "violations": 0, "violating_rows": []},
            ],
            "violations": 1,
        })
    );
    assert_eq!(run.status, Some(1));
}

#[test]
fn the_table_lists_table_id_and_reasons() {
    let folder = after(
        "products",
        "UPDATE products SET name = '', price = 0 WHERE id = 2",
    );
    let run = folder.tradexa(&["check"]).assert().code(1);
    let stdout = text(&run.get_output().stdout);
    let words: Vec<_> = stdout
        .lines()
        .map(|line| line.split('│').map(str::trim).collect::<Vec<_>>())
        .collect();
    assert!(
        words.contains(&vec!["", "table", "id", "reason", ""]),
        "{stdout}"
    );
    let row = vec![
        "",
        "products",
        "2",
        "name is empty; price must be greater than 0, got 0.0",
        "",
    ];
    assert!(words.contains(&row), "{stdout}");
}

#[test]
fn a_null_breaks_the_rules_of_any_column() {
    for (table, column, reason) in [
        ("users", "name", "name is empty"),
        ("users", "email", "email is empty"),
        ("products", "name", "name is empty"),
        ("products", "price", "price is empty"),
        ("orders", "user_id", "user_id is empty"),
        ("orders", "product_id", "product_id is empty"),
        ("orders", "quantity", "quantity is empty"),
    ] {
        let folder = after(
            table,
            &format!("UPDATE {table} SET {column} = NULL WHERE id = 2"),
        );
        assert_eq!(violations(&folder, &[]), [format!("{table} 2: {reason}")]);
    }
}

#[test]
fn a_value_that_breaks_a_rule_is_shown_as_sqlite_prints_it() {
    for (table, set, reason) in [
        ("users", "name = ''", "name is empty"),
        ("users", "name = char(9, 0x3000, 10)", "name is empty"),
        ("users", "email = 'bob@b'", "email is not valid: \"bob@b\""),
        (
            "users",
            "email = 'b ob@b.co'",
            "email is not valid: \"b ob@b.co\"",
        ),
        ("users", "name = x'416C'", "name is not text: 416C"),
        (
            "users",
            "email = x'6140622E636F'",
            "email is not text: 6140622E636F",
        ),
        (
            "users",
            "name = CAST(x'41FF' AS TEXT)",
            "name is not valid UTF-8",
        ),
        (
            "users",
            "name = CAST(x'410042' AS TEXT)",
            "name contains a NUL character",
        ),
        (
            "products",
            "price = 'free'",
            "price is not a number: \"free\"",
        ),
        ("products", "price = 9e999", "price is not a number: Inf"),
        ("products", "price = -9e999", "price is not a number: -Inf"),
        (
            "products",
            "price = 'inf'",
            "price is not a number: \"inf\"",
        ),
        ("products", "price = x'31'", "price is not a number: 31"),
        (
            "products",
            "price = -0.5",
            "price must be greater than 0, got -0.5",
        ),
        (
            "orders",
            "quantity = 0",
            "quantity must be greater than 0, got 0",
        ),
        (
            "orders",
            "quantity = 2.5",
            "quantity is not a whole number: 2.5",
        ),
        (
            "orders",
            "quantity = 1e19",
            "quantity is not a whole number: 1.0e+19",
        ),
        (
            "orders",
            "quantity = x'33'",
            "quantity is not a whole number: 33",
        ),
        (
            "orders",
            "quantity = 'two'",
            "quantity is not a whole number: \"two\"",
        ),
        ("orders", "user_id = 7", "user_id 7 does not exist in users"),
        (
            "orders",
            "product_id = -1",
            "product_id -1 does not exist in products",
        ),
    ] {
        let folder = after(table, &format!("UPDATE {table} SET {set} WHERE id = 2"));
        assert_eq!(
            violations(&folder, &[]),
            [format!("{table} 2: {reason}")],
            "{set}"
        );
    }
}

#[test]
fn an_id_must_be_positive() {
    let folder = after(
        "users",
        "INSERT INTO users VALUES (0, 'Zed', 'z@b.co'), (-5, 'Neg', 'n@b.co')",
    );
    let expected = [
        "users -5: id must be greater than 0, got -5",
        "users 0: id must be greater than 0, got 0",
    ];
    assert_eq!(violations(&folder, &[]), expected);
}

#[test]
fn an_order_of_a_user_that_was_deleted_dangles() {
    let folder = after("users", "DELETE FROM users WHERE id = 1");
    assert_eq!(
        violations(&folder, &[]),
        ["orders 1: user_id 1 does not exist in users"]
    );
}

#[test]
fn any_value_that_insert_stores_keeps_the_rules() {
    let products = "id,name,price\n1,A,1.7976931348623157e308\n2,B,5e-324\n3,C,0.1\n9223372036854775807,D,123456789012345678\n";
    let folder = Folder::with_csv([CLEAN[0], products, CLEAN[2]]);
    assert_eq!(folder.load(&[]).counts()[1], [4, 0, 0, 0]);
    assert_eq!(violations(&folder, &[]), Vec::<String>::new());
}

#[test]
fn unique_email_is_checked_on_request() {
    let folder = after("users", "INSERT INTO users VALUES (3, 'Al', 'ALICE@b.co')");
    assert!(violations(&folder, &[]).is_empty());
    let expected = ["users 3: email \"ALICE@b.co\" is already used by id 1"];
    assert_eq!(violations(&folder, &["--unique-email"]), expected);
}

#[test]
fn users_without_an_email_do_not_share_one() {
    let folder = after("users", "UPDATE users SET email = NULL WHERE id = 1");
    folder.execute("users", "UPDATE users SET email = '' WHERE id = 2");
    let expected = [1, 2].map(|id| format!("users {id}: email is empty"));
    assert_eq!(violations(&folder, &["--unique-email"]), expected);
}

#[test]
fn all_rows_are_counted_whatever_the_limit() {
    let folder = after(
        "users",
        "WITH RECURSIVE n (id) AS (SELECT 3 UNION ALL SELECT id + 1 FROM n WHERE id < 10000)
         INSERT INTO users SELECT id, '', 'u' || id FROM n",
    );
    for (limit, listed) in [("0", 0), ("7", 7), ("20000", 9998)] {
        let run = folder.check(&["--limit", limit]);
        let users = run.table("users");
        assert_eq!(run.list("users", "violating_rows").len(), listed);
        assert_eq!(
            (&users["rows"], &users["violations"]),
            (&json!(10_000), &json!(9998))
        );
        assert_eq!(run.status, Some(1));
    }
}

#[test]
fn terminal_control_characters_come_out_escaped() {
    let folder = after(
        "users",
        "UPDATE users SET email = char(27) || '[31m' || char(0x9b, 0x202e)",
    );
    for format in ["table", "json"] {
        let run = folder
            .tradexa(&["check", "--format", format])
            .assert()
            .code(1);
        let output = run.get_output();
        let shown = text(&output.stdout) + &text(&output.stderr);
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!shown.contains(steers), "{format}: {shown:?}");
    }
}

#[test]
fn fifty_violations_are_listed_unless_told_otherwise() {
    let sql = "WITH RECURSIVE n (id) AS (SELECT 3 UNION ALL SELECT id + 1 FROM n WHERE id < 62)
               INSERT INTO users SELECT id, '', 'u' || id FROM n";
    let run = after("users", sql).check(&[]);
    assert_eq!(run.list("users", "violating_rows").len(), 50);
}

#[test]
fn an_email_belongs_to_the_stored_user_with_the_lowest_id_even_if_its_name_is_empty() {
    let folder = Folder::inserted();
    folder.execute("users", "UPDATE users SET name = '' WHERE id = 1");
    assert_eq!(
        violations(&folder, &["--unique-email"]),
        [
            "users 1: name is empty",
            "users 8: email \"alice@example.com\" is already used by id 1"
        ]
    );
}

//! `tradexa insert` into databases that hold something already: nothing stored is changed, what is missing is added.

use crate::kit::{ALL_INSERTED, ALL_UNCHANGED, Folder, ORDERS, TABLES};

#[test]
fn insert_again_finds_everything_unchanged() {
    let folder = Folder::inserted();
    let rerun = folder.insert(&[]);
    assert_eq!((rerun.status, rerun.counts()), (Some(0), ALL_UNCHANGED));
    assert_eq!(rerun.report["threads"], 25);
    folder.assert_complete();
}

#[test]
fn insert_again_lists_the_unchanged_rows_as_they_were_inserted() {
    let folder = Folder::initialized();
    let (first, rerun) = (folder.insert(&[]), folder.insert(&[]));
    for table in TABLES {
        assert_eq!(first.listed(table), rerun.listed(table));
    }
}

#[test]
fn an_id_that_another_row_has_taken_is_skipped_and_the_row_kept() {
    let folder = Folder::inserted();
    folder.execute("users", "UPDATE users SET name = 'Carol' WHERE id = 3");
    let rerun = folder.insert(&[]);
    assert_eq!(
        rerun.reasons("users", "skipped"),
        [
            "4: id 3 is already taken by a different row in users.db (name differs)",
            "11: name is empty"
        ]
    );
    assert_eq!(rerun.status, Some(0));
    assert_eq!(folder.rows("users")[2], "3|Carol|charlie@example.com");
}

#[test]
fn an_order_may_refer_to_an_id_that_another_row_has_taken() {
    let folder = Folder::initialized();
    folder.execute("users", "INSERT INTO users VALUES (3, 'Carol', 'c@b.co')");
    let run = folder.insert(&[]);
    assert_eq!(run.counts(), [[8, 0, 2, 0], [9, 0, 1, 0], [7, 0, 3, 0]]);
    assert_eq!(folder.rows("orders"), ORDERS);
}

#[test]
fn an_order_may_refer_to_a_user_stored_before_that_the_batch_skips() {
    let folder = Folder::initialized();
    folder.execute("users", "INSERT INTO users VALUES (10, 'Jane', 'j@b.co')");
    let run = folder.insert(&[]);
    assert_eq!(
        run.reasons("orders", "skipped")[2],
        "11: product_id 11 does not exist in products"
    );
}

#[test]
fn a_stored_null_is_a_different_row() {
    let folder = Folder::initialized();
    folder.execute(
        "products",
        "INSERT INTO products VALUES (4, 'Monitor', NULL)",
    );
    let run = folder.insert(&[]);
    assert_eq!(
        run.reasons("products", "skipped")[0],
        "5: id 4 is already taken by a different row in products.db (price differs)"
    );
    assert_eq!(folder.rows("products")[3], "4|Monitor|");
}

#[test]
fn insert_again_completes_what_is_missing() {
    let folder = Folder::inserted();
    folder.execute("orders", "DELETE FROM orders WHERE id = 5");
    folder.execute("products", "DELETE FROM products WHERE id IN (5, 9)");
    let rerun = folder.insert(&[]);
    assert_eq!(rerun.counts(), [[0, 9, 1, 0], [2, 7, 1, 0], [1, 6, 3, 0]]);
    folder.assert_complete();
}

#[test]
fn rows_that_are_not_of_the_batch_stay_and_are_not_listed() {
    let folder = Folder::initialized();
    folder.execute("users", "INSERT INTO users VALUES (77, 'Zoë', 'z@b.co')");
    let run = folder.insert(&[]);
    assert_eq!(run.counts(), ALL_INSERTED);
    assert_eq!(run.table("users")["rows"].as_array().unwrap().len(), 9);
    assert_eq!(folder.rows("users")[9], "77|Zoë|z@b.co");
}

#[test]
fn unique_email_after_a_plain_insert_skips_the_later_user_who_still_exists() {
    let folder = Folder::inserted();
    let rerun = folder.insert(&["--unique-email"]);
    assert_eq!(rerun.counts(), [[0, 8, 2, 0], [0, 9, 1, 0], [0, 7, 3, 0]]);
    assert_eq!(
        rerun.reasons("orders", "skipped")[0],
        "9: quantity must be greater than 0, got 0"
    );
    folder.assert_complete();
}

#[test]
fn unique_email_gives_an_email_to_the_stored_user_whatever_its_case() {
    let folder = Folder::initialized();
    folder.execute(
        "users",
        "INSERT INTO users VALUES (50, 'B', 'BOB@Example.com')",
    );
    let run = folder.insert(&["--unique-email"]);
    assert_eq!(
        run.reasons("users", "skipped")[0],
        "3: email \"bob@example.com\" is already used by id 50"
    );
    assert_eq!(
        run.reasons("orders", "skipped")[0],
        "3: user_id 2 does not exist in users"
    );
}

#[test]
fn a_constraint_of_a_foreign_database_fails_its_row_and_those_that_refer_to_it() {
    let folder = Folder::new();
    folder.execute(
        "users",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, CHECK (id <> 3))",
    );
    folder.tradexa(&["init"]).assert().success();
    let run = folder.insert(&[]);
    assert_eq!(run.status, Some(1));
    assert_eq!(run.counts(), [[8, 0, 1, 1], [9, 0, 1, 0], [6, 0, 3, 1]]);
    let refused = &run.reasons("users", "failed")[0];
    assert!(refused.starts_with("4: refused by users.db: "), "{refused}");
    assert_eq!(
        run.reasons("orders", "failed"),
        ["4: user_id 3 could not be inserted into users"]
    );
}

#[test]
fn a_constraint_of_a_foreign_database_never_replaces_a_stored_row() {
    let folder = Folder::new();
    folder.execute(
        "users",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE ON CONFLICT REPLACE);
         INSERT INTO users VALUES (50, 'Robert', 'bob@example.com')",
    );
    folder.tradexa(&["init"]).assert().success();
    let run = folder.insert(&[]);
    let stored = folder.rows("users");
    assert!(
        stored.contains(&"50|Robert|bob@example.com".to_string()),
        "{stored:?}"
    );
    assert_eq!(run.status, Some(1));
}

#[test]
fn a_database_that_was_taken_out_of_wal_mode_is_put_back() {
    let folder = Folder::inserted();
    let sql = "PRAGMA journal_mode = DELETE; DELETE FROM users WHERE id = 9";
    folder.execute("users", sql);
    let run = folder.insert(&[]);
    assert_eq!(run.counts(), [[1, 8, 1, 0], [0, 9, 1, 0], [0, 7, 3, 0]]);
    assert_eq!(folder.ask("users", "PRAGMA journal_mode"), ["wal"]);
}

#[test]
fn the_sample_rows_are_pointed_out_if_the_databases_hold_other_rows() {
    let folder = Folder::inserted();
    let sample_rows = "the sample rows were inserted into databases that hold other rows too: \
                       to load files, give their folder with --from";
    let says_so = || folder.insert(&[]).succeeded().stderr.contains(sample_rows);
    assert!(!says_so());
    folder.execute("users", "INSERT INTO users VALUES (11, 'Ann', 'a@b.co')");
    assert!(says_so());
    folder.execute("users", "DELETE FROM users WHERE id = 11");
    assert!(!says_so());
    folder.execute("users", "UPDATE users SET name = 'Carol' WHERE id = 3");
    assert!(says_so());
}

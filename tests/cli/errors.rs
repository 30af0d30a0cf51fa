//! What cannot be done: the message names the file and the way out, and everything stays as it was.

use std::fs;

use predicates::prelude::*;

use crate::kit::{Folder, Run, TABLES, shown, text};

const NOT_A_DATABASE: &str =
    "is not a SQLite database: move it away, or choose another folder with --dir\n";

/// Runs a command that must fail with this on stderr, nothing on stdout, and no byte changed.
#[track_caller]
fn fails(folder: &Folder, command: &str, stderr: &str) {
    let before = folder.contents();
    let run = folder.tradexa(&[command]).assert();
    run.code(1).stdout("").stderr(shown(stderr));
    assert_eq!(folder.contents(), before);
}

#[test]
fn insert_before_init_names_the_missing_files_and_creates_nothing() {
    let folder = Folder::new();
    folder
        .tradexa(&["insert"])
        .assert()
        .code(1)
        .stdout("")
        .stderr(shown(
            "tradexa: databases/users.db does not exist: run `tradexa init` first, with the same --dir\n\
         tradexa: databases/products.db does not exist: run `tradexa init` first, with the same --dir\n\
         tradexa: databases/orders.db does not exist: run `tradexa init` first, with the same --dir\n",
        ));
    assert!(!folder.path().exists());
}

#[test]
fn insert_names_the_one_database_that_is_missing() {
    let folder = Folder::initialized();
    fs::remove_file(folder.database("products")).unwrap();
    let missing = "tradexa: databases/products.db does not exist: run `tradexa init` first, with the same --dir\n";
    fails(&folder, "insert", missing);
    assert!(folder.rows("users").is_empty());
}

#[test]
fn insert_into_a_zero_byte_file_says_to_run_init() {
    let folder = Folder::initialized();
    folder.write("orders", b"");
    let no_table = "tradexa: databases/orders.db has no table orders: run `tradexa init` first, with the same --dir\n";
    fails(&folder, "insert", no_table);
}

#[test]
fn init_does_not_touch_a_text_file_and_creates_no_other() {
    let folder = Folder::new();
    folder.write("users", b"id,name,email\n1,Alice,alice@example.com\n");
    let problem = format!("tradexa: databases/users.db {NOT_A_DATABASE}");
    fails(&folder, "init", &problem);
    assert_eq!(folder.files(), ["users.db"]);
}

#[test]
fn init_looks_at_all_three_files_before_it_creates_one() {
    let folder = Folder::new();
    folder.write("orders", b"the last of the three");
    let problem = format!("tradexa: databases/orders.db {NOT_A_DATABASE}");
    fails(&folder, "init", &problem);
}

#[test]
fn init_that_cannot_create_a_table_creates_no_other() {
    let folder = Folder::new();
    // An index may not have the name of a table.
    folder.execute(
        "orders",
        "CREATE TABLE notes (text); CREATE INDEX orders ON notes (text)",
    );
    let before = folder.contents();
    let run = folder.tradexa(&["init"]).assert().code(1).stdout("");
    run.stderr(predicate::str::starts_with(shown(
        "tradexa: databases/orders.db ",
    )));
    assert_eq!(folder.contents(), before);
}

#[test]
fn insert_does_not_touch_a_text_file_nor_the_other_databases() {
    let folder = Folder::initialized();
    folder.write("users", b"id,name,email\n1,Alice,alice@example.com\n");
    let problem = format!("tradexa: databases/users.db {NOT_A_DATABASE}");
    fails(&folder, "insert", &problem);
}

#[test]
fn a_file_shorter_than_a_header_is_not_a_database() {
    let folder = Folder::initialized();
    folder.write("users", b"SQLite");
    let problem = format!("tradexa: databases/users.db {NOT_A_DATABASE}");
    for command in ["init", "insert"] {
        fails(&folder, command, &problem);
    }
}

#[test]
fn a_folder_in_place_of_a_database_is_an_error() {
    let folder = Folder::initialized();
    fs::remove_file(folder.database("users")).unwrap();
    fs::create_dir(folder.database("users")).unwrap();
    let problem = "tradexa: databases/users.db is not a file: move it away, or choose another folder with --dir\n";
    for command in ["init", "insert"] {
        fails(&folder, command, problem);
    }
}

/// Puts a foreign `users.db` beside two good databases; both commands must refuse it, and say what was found.
#[track_caller]
fn refuses(sql: &str, found: &str) {
    let folder = Folder::initialized();
    fs::remove_file(folder.database("users")).unwrap();
    folder.execute("users", sql);
    let problem = format!(
        "tradexa: databases/users.db has a different table users: \
         expected (id INTEGER PRIMARY KEY, name TEXT, email TEXT), found {found} (move it away, or choose another folder with --dir)\n"
    );
    for command in ["init", "insert"] {
        fails(&folder, command, &problem);
    }
}

#[test]
fn a_table_with_another_column_is_refused() {
    refuses(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, mail TEXT)",
        "(id INTEGER PRIMARY KEY, name TEXT, mail TEXT)",
    );
}

#[test]
fn a_table_with_an_extra_column_is_refused() {
    refuses(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INTEGER)",
        "(id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INTEGER)",
    );
}

#[test]
fn a_table_with_another_type_is_refused() {
    refuses(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email BLOB)",
        "(id INTEGER PRIMARY KEY, name TEXT, email BLOB)",
    );
}

#[test]
fn a_table_whose_id_is_not_a_key_is_refused() {
    refuses(
        "CREATE TABLE users (id INTEGER, name TEXT, email TEXT)",
        "(id INTEGER, name TEXT, email TEXT)",
    );
}

#[test]
fn a_table_with_a_trigger_is_refused() {
    refuses(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT);
         CREATE TRIGGER shout AFTER INSERT ON users BEGIN
             UPDATE users SET name = upper(name) WHERE id = new.id;
         END",
        "(id INTEGER PRIMARY KEY, name TEXT, email TEXT) with a trigger shout",
    );
}

#[test]
fn a_view_is_refused() {
    refuses(
        "CREATE VIEW users AS SELECT 1 AS id, 'Alice' AS name, 'a@b.co' AS email",
        "a view",
    );
}

#[test]
fn the_problems_of_all_three_files_are_reported_at_once() {
    let folder = Folder::new();
    folder.write("users", b"no database");
    folder.execute("products", "CREATE VIEW products AS SELECT 1 AS id");
    fs::create_dir(folder.database("orders")).unwrap();
    let run = folder.tradexa(&["init"]).assert().code(1);
    let stderr = text(&run.get_output().stderr);
    let names = TABLES.map(|table| shown(&format!("tradexa: databases/{table}.db ")));
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(lines.len(), 3, "{stderr}");
    assert!((lines.iter().zip(&names)).all(|(line, name)| line.starts_with(name)));
}

#[test]
fn a_dir_that_is_a_file_is_an_error() {
    let folder = Folder::new();
    fs::write(folder.path(), "a file").unwrap();
    for command in ["init", "insert"] {
        let run = folder.tradexa(&[command]).assert().code(1).stdout("");
        run.stderr("tradexa: databases is not a folder: choose another one with --dir\n");
    }
    assert_eq!(fs::read(folder.path()).unwrap(), b"a file");
}

#[test]
fn a_dir_below_a_file_is_an_error() {
    let folder = Folder::named("file/databases");
    fs::write(folder.outside().join("file"), "a file").unwrap();
    for command in ["init", "insert"] {
        let run = folder.tradexa(&[command]).assert().code(1).stdout("");
        run.stderr(predicate::str::contains(shown("file/databases")));
    }
}

#[test]
fn a_corrupt_database_is_an_error_and_no_report() {
    let folder = Folder::inserted();
    let mut bytes = fs::read(folder.database("users")).unwrap();
    bytes[100..].fill(0xff);
    folder.write("users", &bytes);
    let run = folder.tradexa(&["insert"]).assert().code(1).stdout("");
    run.stderr(predicate::str::starts_with(shown(
        "tradexa: databases/users.db ",
    )));
}

#[test]
fn names_from_a_foreign_schema_reach_the_terminal_escaped() {
    let folder = Folder::new();
    folder.execute("users", "CREATE TABLE users (\"\u{1b}[31m\" TEXT)");
    let run = folder.tradexa(&["init"]).assert().code(1);
    run.stderr(
        predicate::str::contains("(\"\\u{1b}[31m\" TEXT)")
            .and(predicate::str::contains("\u{1b}").not()),
    );
}

#[test]
fn two_databases_that_are_one_file_are_refused() {
    let folder = Folder::initialized();
    fs::remove_file(folder.database("products")).unwrap();
    fs::hard_link(folder.database("users"), folder.database("products")).unwrap();
    for command in ["init", "insert", "check"] {
        let run = folder.tradexa(&[command]).assert().code(1).stdout("");
        run.stderr(predicate::str::contains(
            "users.db and products.db are one file",
        ));
    }
}

#[test]
fn without_a_report_json_has_the_errors_that_are_printed_on_stderr() {
    let folder = Folder::new();
    for command in ["insert", "check"] {
        let run = Run::of(&mut folder.tradexa(&[command, "--format", "json"]));
        assert_eq!(run.status, Some(1));
        let errors = said(&run);
        assert_eq!(errors.len(), 3, "{command}");
        assert_eq!(run.report, serde_json::json!({ "errors": errors }));
    }
}

#[test]
fn the_json_report_of_insert_ends_with_the_errors_that_are_printed_on_stderr() {
    let folder = Folder::initialized();
    let _lock = folder.lock("users");
    let run = folder.insert(&["--lock-timeout", "0", "--strict"]);
    let errors = said(&run);
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert_eq!(run.report["errors"], serde_json::json!(errors));
    let mut keys = run.report.as_object().unwrap().keys();
    assert_eq!(keys.next_back().unwrap(), "errors");
}

/// The sentences on stderr.
fn said(run: &Run) -> Vec<&str> {
    let lines = run.stderr.lines();
    lines
        .map(|line| line.strip_prefix("tradexa: ").unwrap())
        .collect()
}

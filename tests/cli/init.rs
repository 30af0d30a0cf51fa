//! `tradexa init`: what it creates, what it leaves alone.

use std::fs;

use crate::kit::{Folder, Run, TABLES};

const CREATED: &str = "users database initialized.\n\
                       products database initialized.\n\
                       orders database initialized.\n";

const THERE_ALREADY: &str = "users database already initialized.\n\
                             products database already initialized.\n\
                             orders database already initialized.\n";

#[test]
fn init_creates_the_folder_and_the_three_databases() {
    let folder = Folder::named("a/folder/below/others");
    let run = folder.tradexa(&["init"]).assert().success();
    run.stdout(CREATED).stderr("");
    assert_eq!(folder.files(), ["orders.db", "products.db", "users.db"]);
}

#[test]
fn init_again_says_that_there_was_nothing_to_do() {
    let folder = Folder::initialized();
    let run = folder.tradexa(&["init"]).assert().success();
    run.stdout(THERE_ALREADY).stderr("");
}

#[test]
fn init_creates_the_database_that_is_missing() {
    let folder = Folder::initialized();
    fs::remove_file(folder.database("products")).unwrap();
    folder.tradexa(&["init"]).assert().success().stdout(
        "users database already initialized.\n\
         products database initialized.\n\
         orders database already initialized.\n",
    );
}

#[test]
fn init_keeps_the_rows_that_are_there() {
    let folder = Folder::inserted();
    folder.tradexa(&["init"]).assert().success();
    folder.assert_complete();
}

#[test]
fn init_that_has_nothing_to_do_changes_no_byte() {
    let folder = Folder::inserted();
    let before = folder.contents();
    folder.tradexa(&["init"]).assert().success();
    assert_eq!(folder.contents(), before);
}

#[test]
fn init_takes_a_zero_byte_file_for_an_empty_database() {
    let folder = Folder::new();
    folder.write("products", b"");
    folder.tradexa(&["init"]).assert().success().stdout(CREATED);
    assert!(folder.rows("products").is_empty());
}

#[test]
fn init_keeps_other_tables_in_a_file() {
    let folder = Folder::new();
    folder.execute(
        "users",
        "CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')",
    );
    folder.tradexa(&["init"]).assert().success().stdout(CREATED);
    assert_eq!(folder.ask("users", "SELECT text FROM notes"), ["mine"]);
}

#[test]
fn init_adds_its_table_to_a_file_that_has_the_table_of_another_database() {
    let folder = Folder::new();
    folder.execute(
        "users",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT)",
    );
    folder.tradexa(&["init"]).assert().success().stdout(CREATED);
    assert!(folder.rows("users").is_empty());
}

#[test]
fn init_accepts_a_table_with_the_same_columns_in_another_case() {
    let folder = Folder::new();
    folder.execute(
        "users",
        "create table Users (ID integer primary key, Name text, EMAIL text)",
    );
    folder.tradexa(&["init"]).assert().success().stdout(
        "users database already initialized.\n\
         products database initialized.\n\
         orders database initialized.\n",
    );
}

#[test]
fn the_tables_are_plain() {
    let folder = Folder::initialized();
    let schemas = TABLES.map(|table| folder.ask(table, "SELECT sql FROM sqlite_schema"));
    let expected = [
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT)",
        "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price REAL)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, product_id INTEGER, quantity INTEGER)",
    ];
    assert_eq!(schemas, expected.map(|sql| vec![sql.to_string()]));
}

#[test]
fn the_databases_are_in_wal_mode() {
    let folder = Folder::initialized();
    for table in TABLES {
        let mode = folder.ask(table, "PRAGMA journal_mode");
        assert_eq!(mode, ["wal"], "{table}");
    }
}

#[test]
fn the_sqlite3_shell_finds_sound_databases() {
    let folder = Folder::initialized();
    for table in TABLES {
        if let Some(answer) = folder.shell(table, "PRAGMA integrity_check") {
            assert_eq!(answer, "ok\n", "{table}");
        }
    }
}

#[test]
fn lock_timeout_works_before_and_after_every_subcommand() {
    let folder = Folder::new();
    let _lock = folder.execute("users", "BEGIN EXCLUSIVE");
    for arguments in [
        ["--lock-timeout=0.1", "init"],
        ["init", "--lock-timeout=0.1"],
        ["check", "--lock-timeout=0.1"],
        ["insert", "--lock-timeout=0.1"],
    ] {
        let run = Run::of(&mut folder.tradexa(&arguments));
        let waited = "users.db is locked by another process (waited 0.1 s)";
        assert!(run.stderr.contains(waited), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.status, Some(1));
    }
}

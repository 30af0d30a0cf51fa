//! Scripts that hold more than tables, or come from elsewhere.

use std::fs;

use rusqlite::Connection;

use super::kit::Folder;
use super::{with_schema, with_script};

/// The rows of a table as SQL literals.
fn rows(folder: &Folder, table: &str, columns: &[&str]) -> Vec<String> {
    let connection = Connection::open(folder.database(table)).expect("a database");
    let columns: Vec<_> = columns
        .iter()
        .map(|column| format!("quote({column})"))
        .collect();
    let sql = format!("SELECT {} FROM {table}", columns.join(" || ', ' || "));
    let mut statement = connection.prepare(&sql).expect("SQL");
    let rows = statement.query_map([], |row| row.get(0));
    let mut rows: Vec<_> = rows.and_then(Iterator::collect).expect("rows");
    // Threads write them in any order.
    rows.sort();
    rows
}

#[test]
fn views_triggers_and_virtual_tables_are_ignored_and_reported() {
    let folder = with_script(include_str!("notes.sql"));
    let run = with_schema(&folder, "schema.sql", &["init"]).succeeded();
    assert_eq!(
        folder
            .files()
            .into_iter()
            .filter(|it| it.ends_with(".db"))
            .collect::<Vec<_>>(),
        ["notes.db", "tags.db"]
    );
    for ignored in ["search", "notes_ai", "titles", "scratch"] {
        assert!(run.stderr.contains(ignored), "{ignored}: {}", run.stderr);
    }
}

#[test]
fn the_filter_of_a_unique_index_looks_at_all_columns_of_stored_rows() {
    let script = "CREATE TABLE accounts (id INTEGER PRIMARY KEY, email TEXT, active INTEGER);
                  CREATE UNIQUE INDEX one ON accounts (email) WHERE active = 1;";
    let folder = with_script(script);
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    let insert = ["insert", "--from", "in", "--format", "json"];
    folder.csv("in", "accounts", "id,email,active\n1,a,1\n2,b,0\n");
    with_schema(&folder, "schema.sql", &insert).succeeded();
    folder.csv("in", "accounts", "id,email,active\n3,a,1\n4,a,0\n5,b,1\n");
    let load = with_schema(&folder, "schema.sql", &insert).succeeded();
    assert_eq!(
        load.reasons("accounts", "skipped"),
        ["2: email \"a\" is already used by id 1"]
    );
    assert_eq!(load.count("accounts", "inserted"), 2);
}

#[test]
fn a_table_may_come_before_the_one_it_refers_to() {
    let folder = with_script(include_str!("notes.sql"));
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    folder.csv("in", "tags", "name\nred\n");
    folder.csv(
        "in",
        "notes",
        "id,title,body,tag\n1,One,,red\n2,Two,text,blue\n",
    );
    let load = with_schema(
        &folder,
        "schema.sql",
        &["insert", "--from", "in", "--format", "json"],
    )
    .succeeded();
    assert_eq!(
        load.reasons("notes", "skipped"),
        ["3: tag \"blue\" does not exist in tags"]
    );
    assert_eq!(
        rows(&folder, "notes", &["id", "title", "body", "tag"]),
        ["1, 'One', NULL, 'red'"]
    );
}

#[test]
fn a_script_for_postgres_makes_tables_with_its_types() {
    let folder = with_script(include_str!("postgres.sql"));
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    folder.csv(
        "in",
        "customers",
        "id,public_id,name,vip,tags,balance,score,avatar,waited,born,wakes,created_at\n\
         1,0007,Ann,t,[1],12.50,1,X'00ff',1 day,2000-02-29,06:30,2026-11-26 12:30:05+01\n\
         2,7,Ann,false,,5.0,,\\x00ff,7,,,2026-11-26T12:30:05.123Z\n\
         3,8,Ann,yes,,1,,,,,,2026-11-26\n",
    );
    folder.csv(
        "in",
        "invoices",
        "customer_id,number,total\n1,1,9.99\n1,2,-1\n9,1,0\n",
    );
    folder.csv(
        "in",
        "invoice_lines",
        "customer_id,number,pos,text\n1,1,1,a\n1,2,1,b\n",
    );
    let load = with_schema(
        &folder,
        "schema.sql",
        &["insert", "--from", "in", "--format", "json"],
    )
    .succeeded();
    assert_eq!(
        load.reasons("customers", "skipped"),
        ["4: name \"Ann\" is already used by id 1"]
    );
    assert_eq!(
        load.reasons("invoices", "skipped"),
        [
            "3: CHECK (total >= 0) failed",
            "4: customer_id 9 does not exist in customers"
        ]
    );
    assert_eq!(
        load.reasons("invoice_lines", "skipped"),
        ["3: (customer_id, number) (1, 2) does not exist in invoices"]
    );
    let columns = [
        "id",
        "public_id",
        "vip",
        "tags",
        "balance",
        "score",
        "avatar",
        "waited",
        "born",
        "wakes",
    ];
    assert_eq!(
        rows(&folder, "customers", &columns),
        [
            "1, '0007', 1, '[1]', 12.5, 1.0, X'00FF', '1 day', '2000-02-29', '06:30'",
            "2, '7', 0, NULL, 5, NULL, X'00FF', '7', NULL, NULL",
        ]
    );
}

#[test]
fn what_sqlite_does_not_understand_is_named_with_its_line() {
    for (script, words) in [
        (
            "CREATE TABLE t (id INT);\n\nCREATE TABLE u (\n  at timestamp DEFAULT now()\n);\n",
            ["syntax error", "line 4"],
        ),
        (
            "SET x = 1;\nCREATE TABLE public.t (\n  id bigint\n);\n",
            ["public", "line 2"],
        ),
        (
            "CREATE TABLE t (id INT);\nCREATE TABLE T (id INT);\n",
            ["already exists", "line 2"],
        ),
    ] {
        let folder = with_script(script);
        let run = with_schema(&folder, "schema.sql", &["init"]);
        assert_eq!(run.status, Some(1), "{}", run.stderr);
        for words in words.into_iter().chain(["schema.sql"]) {
            assert!(run.stderr.contains(words), "{words:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_schema_never_changes_a_file_nor_stores_a_row() {
    let script = "ATTACH 'elsewhere.db' AS other;\nCREATE TABLE t (id INTEGER PRIMARY KEY);\n\
                  INSERT INTO t VALUES (1);\nVACUUM INTO 'copy.db';\n.output written.txt\n";
    let folder = with_script(script);
    with_schema(&folder, "schema.sql", &["init"]);
    for file in ["elsewhere.db", "copy.db", "written.txt"] {
        assert!(!folder.outside().join(file).exists(), "{file}");
    }
    if folder.database("t").exists() {
        assert_eq!(rows(&folder, "t", &["id"]), Vec::<String>::new());
    }
}

#[test]
fn the_schema_of_a_database_includes_what_is_only_in_its_log() {
    let folder = with_script("");
    let path = folder.outside().join("app.db");
    let application = Connection::open(&path).expect("a database");
    application
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        .expect("SQL");
    let before = fs::read(&path).expect("the database");
    with_schema(&folder, "app.db", &["init"]).succeeded();
    assert!(folder.database("t").exists());
    assert_eq!(fs::read(&path).expect("the database"), before);
}

//! Triggers of a database that rows are loaded into.

use super::kit::Run;
use super::one_file::{app, load, query, reasons};

fn failed(run: &Run, table: &str) -> Vec<String> {
    reasons(run, table, "failed")
}

/// This many rows of the table `t`, with ids that count up, and this value.
fn rows(count: usize, value: &str) -> String {
    let rows = (1..=count).map(|id| format!("{id},{value}\n"));
    format!("id,x\n{}", rows.collect::<String>())
}

#[test]
fn a_trigger_sees_the_id_of_each_row_before_it_is_inserted() {
    let folder = app("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT);
        CREATE TABLE seen (id INTEGER);
        CREATE TRIGGER bans BEFORE INSERT ON t WHEN new.id IN (10, 120) BEGIN
            SELECT RAISE(ABORT, 'banned');
        END;
        CREATE TRIGGER sees BEFORE INSERT ON t BEGIN INSERT INTO seen VALUES (new.id); END;");
    folder.csv("in", "t", rows(300, "a"));
    let run = load(&folder);
    assert_eq!(
        failed(&run, "t"),
        [
            "11: refused by app.db: banned",
            "121: refused by app.db: banned"
        ]
    );
    assert_eq!(query(&folder, "SELECT count(*) || '' FROM t"), ["298"]);
    assert_eq!(
        query(
            &folder,
            "SELECT count(DISTINCT id) || '' FROM seen WHERE id IN (SELECT id FROM t)"
        ),
        ["298"]
    );
}

#[test]
fn stored_rows_are_unchanged_or_replaced_even_if_a_trigger_refuses_to_insert_them() {
    let folder = app("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT);
        CREATE TRIGGER limits BEFORE INSERT ON t WHEN (SELECT count(*) FROM t) >= 100 BEGIN
            SELECT RAISE(ABORT, 'full');
        END;");
    folder.csv("in", "t", rows(100, "a"));
    assert_eq!(load(&folder).outcomes("t"), [100, 0, 0, 0]);
    assert_eq!(load(&folder).outcomes("t"), [0, 100, 0, 0]);
    folder.csv("in", "t", rows(101, "b"));
    let run = load(&folder);
    assert_eq!(run.outcomes("t"), [0, 0, 100, 1]);
    assert_eq!(failed(&run, "t"), ["102: refused by app.db: full"]);
    let arguments = ["insert", "--from", "in", "--format", "json", "--update"];
    let run = super::one_file::tradexa(&folder, &arguments);
    assert_eq!(
        (run.count("t", "updated"), run.count("t", "failed")),
        (100, 1)
    );
    let stored = query(&folder, "SELECT x || count(*) FROM t GROUP BY x");
    assert_eq!(stored, ["b100"]);
}

#[test]
fn a_row_that_a_trigger_fails_midway_is_not_stored_and_neither_are_its_children() {
    let folder = app("CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER REFERENCES t (id), x TEXT);
        CREATE TRIGGER fails AFTER INSERT ON t WHEN new.x = 'bad' BEGIN SELECT RAISE(FAIL, 'no'); END;
        CREATE TRIGGER changes AFTER UPDATE ON t WHEN new.x = 'bad' BEGIN SELECT RAISE(FAIL, 'no'); END;");
    folder.csv("in", "t", "id,p,x\n2,3,bad\n3,2,\n4,,bad\n5,,good\n6,4,\n");
    let run = load(&folder);
    assert_eq!(run.outcomes("t"), [1, 0, 0, 4], "{}", run.stdout);
    assert_eq!(query(&folder, "SELECT id || '' FROM t"), ["5"]);
    folder.csv("in", "t", "id,p,x\n5,,bad\n");
    let arguments = ["insert", "--from", "in", "--format", "json", "--update"];
    let run = super::one_file::tradexa(&folder, &arguments);
    assert_eq!(run.outcomes("t"), [0, 0, 0, 1], "{}", run.stdout);
    assert_eq!(query(&folder, "SELECT x FROM t"), ["good"]);
}

#[test]
fn a_row_for_which_a_trigger_undoes_everything_fails_alone_among_many() {
    let folder = app("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT);
        CREATE TRIGGER undoes AFTER INSERT ON t WHEN new.id = 1500 BEGIN
            SELECT RAISE(ROLLBACK, 'undone');
        END;");
    folder.csv("in", "t", rows(2000, "a"));
    let run = load(&folder);
    assert_eq!(run.outcomes("t"), [1999, 0, 0, 1], "{}", run.stderr);
    assert_eq!(query(&folder, "SELECT count(*) || '' FROM t"), ["1999"]);
}

#[test]
fn what_a_statement_in_a_trigger_does_about_a_conflict_counts() {
    for statement in [
        "INSERT OR IGNORE INTO tags VALUES (new.x)",
        "INSERT OR REPLACE INTO tags VALUES (new.x)",
        "REPLACE INTO tags VALUES (new.x)",
        "UPDATE OR IGNORE tags SET x = new.x",
    ] {
        let folder = app(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT);
             CREATE TABLE tags (x TEXT PRIMARY KEY);
             INSERT INTO tags VALUES ('a'), ('b');
             CREATE TRIGGER tags AFTER INSERT ON t BEGIN {statement}; END;"
        ));
        folder.csv("in", "t", rows(300, "a"));
        let run = load(&folder).succeeded();
        assert_eq!(run.outcomes("t"), [300, 0, 0, 0], "{statement}");
    }
}

#[test]
fn a_constraint_that_replaces_stored_rows_is_overruled() {
    let folder = app("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT,
            low TEXT AS (lower(x)) UNIQUE ON CONFLICT REPLACE);
        INSERT INTO t VALUES (1, 'A');");
    folder.csv("in", "t", "id,x\n2,a\n");
    let run = load(&folder);
    assert_eq!(run.outcomes("t"), [0, 0, 0, 1], "{}", run.stdout);
    assert_eq!(query(&folder, "SELECT x FROM t"), ["A"]);
}

#[test]
fn a_row_whose_key_a_trigger_has_taken_is_refused_and_leaves_nothing() {
    for count in [1, 60, 300] {
        let folder = app("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT);
            CREATE TRIGGER takes BEFORE INSERT ON t WHEN new.x <> 'trigger' BEGIN
                INSERT OR IGNORE INTO t VALUES (new.id, 'trigger');
            END;");
        folder.csv("in", "t", rows(count, "a"));
        let run = load(&folder);
        assert_eq!(run.outcomes("t"), [0, 0, 0, count as u64]);
        let reason = "2: refused by app.db: UNIQUE constraint failed: t.id";
        assert_eq!(failed(&run, "t")[0], reason);
        assert_eq!(query(&folder, "SELECT id || '' FROM t"), [""; 0]);
    }
}

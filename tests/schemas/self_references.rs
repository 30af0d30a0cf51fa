//! Rows that refer to rows of their own table, and rows without a primary key.

use super::kit::{Folder, Run};
use super::{with_schema, with_script};

const PEOPLE: &str =
    "CREATE TABLE people (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES people (id));";

fn load(folder: &Folder, threads: &str) -> Run {
    let arguments = [
        "insert",
        "--from",
        "in",
        "--format",
        "json",
        "--threads",
        threads,
    ];
    with_schema(folder, "schema.sql", &arguments)
}

fn counts(run: &Run, table: &str) -> [u64; 3] {
    ["inserted", "unchanged", "skipped"].map(|outcome| run.count(table, outcome))
}

#[test]
fn rows_in_a_circle_are_stored_together_and_loaded_again_at_once() {
    for threads in ["1", "64"] {
        let folder = with_script(PEOPLE);
        with_schema(&folder, "schema.sql", &["init"]).succeeded();
        folder.csv(
            "in",
            "people",
            "id,boss\n1,2\n2,3\n3,1\n4,4\n5,9\n6,5\n7,1\n",
        );
        assert_eq!(
            counts(&load(&folder, threads).succeeded(), "people"),
            [5, 0, 2]
        );
        assert_eq!(
            counts(&load(&folder, threads).succeeded(), "people"),
            [0, 5, 2]
        );
    }
}

#[test]
fn a_row_that_refers_to_itself_is_stored_after_one_whose_key_is_taken() {
    let folder = with_script(
        "CREATE TABLE places (code TEXT PRIMARY KEY, name TEXT UNIQUE, within TEXT REFERENCES places);",
    );
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    let header = "code,name,within";
    folder.csv("in", "places", format!("{header}\na,A,\n"));
    load(&folder, "1").succeeded();
    folder.csv(
        "in",
        "places",
        format!("{header}\na,B,\nb,C,b\nc,D,\nd,E,c\n"),
    );
    // With a single thread, it is already known that a key is taken.
    let run = load(&folder, "1").succeeded();
    assert_eq!(counts(&run, "places"), [3, 0, 1], "{}", run.stdout);
}

#[test]
fn a_row_that_refers_to_a_taken_one_is_stored_if_the_value_it_refers_to_is_stored() {
    for threads in ["1", "64"] {
        let folder = with_script(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE, note TEXT,
                 boss TEXT REFERENCES people (name));",
        );
        with_schema(&folder, "schema.sql", &["init"]).succeeded();
        let header = "id,name,note,boss";
        folder.csv("in", "people", format!("{header}\n1,Ann,old,\n"));
        load(&folder, threads).succeeded();
        let rows = "9,Zoe,,\n1,ann,new,\n2,Bob,,Ann\n3,Cy,,Bob\n";
        folder.csv("in", "people", format!("{header}\n{rows}"));
        let run = load(&folder, threads).succeeded();
        assert_eq!(counts(&run, "people"), [3, 0, 1], "{}", run.stdout);
    }
}

#[test]
fn a_row_that_waits_keeps_its_key_unless_it_turns_out_to_dangle() {
    let folder = with_script(PEOPLE);
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    folder.csv("in", "people", "id,boss\n1,9\n1,2\n2,\n3,4\n3,\n4,\n");
    let run = load(&folder, "64").succeeded();
    let skipped = run.list("people", "skipped_rows");
    let skipped: Vec<_> = skipped.iter().map(|row| row["line"].as_u64()).collect();
    assert_eq!(skipped, [Some(2), Some(6)], "{}", run.stdout);
}

#[test]
fn equal_rows_of_a_table_without_a_key_are_stored_as_often_as_the_file_has_them() {
    let folder = with_script("CREATE TABLE log (at DATETIME, what TEXT)");
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    let (two, three) = (
        "2026-11-26,a\n2026-11-26,a\n",
        "2026-11-26,a\n2026-11-26,a\n2026-11-26,a\n",
    );
    folder.csv("in", "log", format!("at,what\n{two}"));
    assert_eq!(counts(&load(&folder, "64").succeeded(), "log"), [2, 0, 0]);
    folder.csv("in", "log", format!("at,what\n{three}"));
    assert_eq!(counts(&load(&folder, "64").succeeded(), "log"), [1, 2, 0]);
}

/// Loads these files, the first ones before; `d` refers to itself, and `c` to `b`, which refers to `a`.
fn load_twice(before: [(&str, &str); 2], files: &[(&str, &str)]) -> Run {
    let folder = with_script(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, code TEXT UNIQUE);
         CREATE TABLE b (id INTEGER PRIMARY KEY, code TEXT REFERENCES a (code));
         CREATE TABLE c (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b (id));
         CREATE TABLE d (id INTEGER PRIMARY KEY, code TEXT UNIQUE, other TEXT REFERENCES d (code),
             up INTEGER REFERENCES d (id));",
    );
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    for (table, text) in before {
        folder.csv("in", table, text);
    }
    load(&folder, "64").succeeded();
    for (table, text) in files {
        folder.csv("in", table, text);
    }
    let run = load(&folder, "64").succeeded();
    with_schema(&folder, "schema.sql", &["check"]).succeeded();
    run
}

#[test]
fn a_row_is_not_stored_if_its_parent_refers_to_a_value_of_a_taken_row() {
    let stored = [("a", "id,code\n1,old\n"), ("d", "id,code,other,up\n")];
    let files = [
        ("a", "id,code\n1,new\n"),
        ("b", "id,code\n5,new\n"),
        ("c", "id,b\n7,5\n"),
    ];
    let run = load_twice(stored, &files);
    assert_eq!(run.reasons("c", "skipped"), ["2: b 5 does not exist in b"]);
}

#[test]
fn a_row_of_the_same_table_is_not_stored_if_its_parent_refers_to_a_value_of_a_taken_row() {
    let stored = [("a", "id,code\n"), ("d", "id,code,other,up\n1,old,,\n")];
    let rows = "id,code,other,up\n4,x,,3\n3,y,new,\n1,new,,2\n2,two,,1\n";
    let run = load_twice(stored, &[("d", rows)]);
    let mut reasons = run.reasons("d", "skipped");
    reasons.sort();
    assert_eq!(
        reasons,
        [
            "2: up 3 does not exist in d",
            "3: other \"new\" does not exist in d",
            "4: id 1 is already taken by a different row in d.db (code and up differ)",
        ]
    );
}

#[test]
fn a_row_of_the_same_table_that_refers_to_one_that_cannot_be_updated_is_stored() {
    let folder = with_script(
        "CREATE TABLE d (id INTEGER PRIMARY KEY, code TEXT UNIQUE, other TEXT REFERENCES d (code),
             up INTEGER REFERENCES d (id));",
    );
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    folder.csv("in", "d", "id,code,other,up\n1,old,,\n");
    load(&folder, "64").succeeded();
    folder.csv("in", "d", "id,code,other,up\n9,nine,,\n1,new,,\n2,two,,1\n");
    let update = [
        "insert",
        "--update",
        "--from",
        "in",
        "--format",
        "json",
        "--threads",
        "1",
    ];
    let run = with_schema(&folder, "schema.sql", &update).succeeded();
    assert_eq!(
        run.reasons("d", "skipped"),
        ["3: code cannot change: d refers to it"]
    );
    assert_eq!(run.count("d", "inserted"), 2);
    with_schema(&folder, "schema.sql", &["check"]).succeeded();
}

#[test]
fn a_dry_run_knows_that_the_unique_value_of_a_taken_row_is_not_stored() {
    for threads in ["1", "64"] {
        let folder = with_script(
            "CREATE TABLE p (id INTEGER PRIMARY KEY, u INTEGER UNIQUE);
             CREATE TABLE c (id INTEGER PRIMARY KEY, u INTEGER REFERENCES p (u), p INTEGER REFERENCES p (id));",
        );
        with_schema(&folder, "schema.sql", &["init"]).succeeded();
        folder.csv("in", "p", "id,u\n1,1\n");
        load(&folder, threads).succeeded();
        folder.csv("in", "p", "id,u\n1,2\n5,5\n");
        folder.csv("in", "c", "id,u,p\n1,2,\n2,1,\n3,5,\n4,,1\n5,,5\n");
        let arguments = ["insert", "--from", "in", "--format", "json", "--dry-run"];
        let dry = with_schema(&folder, "schema.sql", &arguments).succeeded();
        let run = load(&folder, threads).succeeded();
        for run in [&dry, &run] {
            assert_eq!(counts(run, "p"), [1, 0, 1]);
            assert_eq!(run.reasons("c", "skipped"), ["2: u 2 does not exist in p"]);
            assert_eq!(counts(run, "c"), [4, 0, 1]);
        }
    }
}

#[test]
fn a_row_for_which_the_condition_of_an_index_cannot_be_evaluated_is_skipped_alone() {
    let folder = with_script(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER);
         CREATE UNIQUE INDEX some ON t (a) WHERE abs(b) > 1;",
    );
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    folder.csv(
        "in",
        "t",
        "id,a,b\n1,1,2\n2,2,-9223372036854775808\n3,1,2\n4,1,0\n",
    );
    let run = load(&folder, "64").succeeded();
    assert_eq!(
        run.reasons("t", "skipped"),
        [
            "3: a unique index could not be evaluated: integer overflow",
            "4: a 1 is already used by id 1"
        ]
    );
    assert_eq!(counts(&run, "t"), [2, 0, 2]);
}

//! Loads into a single database, like that of an application, which is guarded by its own constraints.

use std::fs;
use std::process::Command;

use rusqlite::Connection;

use super::kit::{Folder, Run, TRADEXA, bounded};

const BOOKS: &str = "
    CREATE TABLE migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, app VARCHAR(255) NOT NULL);
    INSERT INTO migrations (app) VALUES ('books');
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, code STRING,
        loud TEXT GENERATED ALWAYS AS (upper(name)) VIRTUAL);
    CREATE TABLE books (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL,
        author_id INTEGER NOT NULL REFERENCES authors (id));
    CREATE UNIQUE INDEX titles ON books (lower(title));
    CREATE VIRTUAL TABLE search USING fts5 (title, content = 'books', content_rowid = 'id');
    CREATE TRIGGER finds AFTER INSERT ON books BEGIN
        INSERT INTO search (rowid, title) VALUES (new.id, new.title);
    END;
    CREATE TRIGGER refuses BEFORE INSERT ON books WHEN new.title = 'refused' BEGIN
        SELECT RAISE(ABORT, 'no such book');
    END;
    CREATE TRIGGER ignores BEFORE INSERT ON books WHEN new.title = 'ignored' BEGIN
        SELECT RAISE(IGNORE);
    END;
    CREATE TRIGGER undoes BEFORE INSERT ON books WHEN new.title = 'undone' BEGIN
        SELECT RAISE(ROLLBACK, 'all is undone');
    END;
    INSERT INTO authors (id, name) VALUES (1, 'Ann');";

/// A folder with a database `app.db` that SQL made, and nothing else yet.
pub fn app(sql: &str) -> Folder {
    let folder = Folder::new();
    connect(&folder).execute_batch(sql).expect("SQL");
    folder
}

fn connect(folder: &Folder) -> Connection {
    Connection::open(folder.outside().join("app.db")).expect("a database")
}

pub fn tradexa(folder: &Folder, arguments: &[&str]) -> Run {
    let mut command = Command::new(TRADEXA);
    for variable in ["TRADEXA_DIR", "TRADEXA_SCHEMA", "TRADEXA_DATABASE"] {
        command.env_remove(variable);
    }
    command.current_dir(folder.outside());
    command.args(["--database", "app.db"]).args(arguments);
    Run::of(&mut bounded(command))
}

pub fn load(folder: &Folder) -> Run {
    tradexa(folder, &["insert", "--from", "in", "--format", "json"])
}

/// What a query gives, a line for each row.
pub fn query(folder: &Folder, sql: &str) -> Vec<String> {
    let connection = connect(folder);
    let mut statement = connection.prepare(sql).expect("SQL");
    let rows = statement.query_map([], |row| row.get(0));
    rows.and_then(Iterator::collect).expect("rows")
}

/// The lines and the reasons of the rows of a table with this outcome.
pub fn reasons(run: &Run, table: &str, outcome: &str) -> Vec<String> {
    let rows = run.list(table, &format!("{outcome}_rows"));
    rows.iter()
        .map(|row| {
            format!(
                "{}: {}",
                row["line"],
                row["reasons"][0].as_str().unwrap_or("")
            )
        })
        .collect()
}

#[test]
fn a_row_that_sqlite_refuses_fails_alone_and_in_its_words() {
    let folder = app(BOOKS);
    let titles = "title,author_id\nA,1\nrefused,1\nB,1\nignored,1\nundone,1\nb,1\nC,1\n";
    folder.csv("in", "books", titles);
    for threads in ["1", "64"] {
        let arguments = [
            "insert",
            "--from",
            "in",
            "--format",
            "json",
            "--threads",
            threads,
        ];
        let run = tradexa(&folder, &arguments);
        assert_eq!(run.status, Some(1), "{}", run.stderr);
        assert_eq!(
            reasons(&run, "books", "failed"),
            [
                "3: refused by app.db: no such book",
                "5: refused by app.db: a trigger ignored the row",
                "6: refused by app.db: all is undone",
                "7: refused by app.db: UNIQUE constraint failed: index 'titles'",
            ]
        );
        assert_eq!(
            query(&folder, "SELECT title FROM books ORDER BY title"),
            ["A", "B", "C"]
        );
    }
}

#[test]
fn rows_that_wait_for_one_that_depends_on_a_refused_row_are_not_stored() {
    let folder = app("
        CREATE TABLE places (code TEXT PRIMARY KEY, within TEXT REFERENCES places (code));
        CREATE TRIGGER refuses BEFORE INSERT ON places WHEN new.code = 'refused' BEGIN
            SELECT RAISE (ABORT, 'no such place');
        END;");
    folder.csv(
        "in",
        "places",
        "code,within\nc,b\nb,a\na,refused\nrefused,\n",
    );
    let run = load(&folder);
    let mut reasons = reasons(&run, "places", "failed");
    reasons.sort();
    assert_eq!(
        reasons,
        [
            "2: within \"b\" could not be inserted into places",
            "3: within \"a\" could not be inserted into places",
            "4: within \"refused\" could not be inserted into places",
            "5: refused by app.db: no such place",
        ]
    );
    assert_eq!(query(&folder, "SELECT code FROM places"), [""; 0]);
}

#[test]
fn triggers_run_and_the_database_stays_sound() {
    let folder = app(BOOKS);
    folder.csv("in", "books", "title,author_id\nA,1\nB,1\n");
    load(&folder).succeeded();
    assert_eq!(
        query(&folder, "SELECT title FROM search ORDER BY title"),
        ["A", "B"]
    );
    assert_eq!(query(&folder, "PRAGMA integrity_check"), ["ok"]);
    assert_eq!(
        query(&folder, "SELECT \"table\" FROM pragma_foreign_key_check"),
        [""; 0]
    );
}

#[test]
fn rows_without_ids_get_them_and_are_not_stored_twice() {
    let folder = app(BOOKS);
    folder.csv("in", "authors", "name,code\nBob,007\nAnn,\nCid,x7\n");
    let run = load(&folder).succeeded();
    assert_eq!(
        (
            run.count("authors", "inserted"),
            run.count("authors", "unchanged")
        ),
        (2, 1)
    );
    let stored =
        "SELECT name || ' ' || ifnull(code, '-') || ' ' || loud FROM authors ORDER BY name";
    assert_eq!(
        query(&folder, stored),
        ["Ann - ANN", "Bob 7 BOB", "Cid x7 CID"]
    );
    // Each row has a thread of its own, so that either may be first.
    assert_eq!(
        query(&folder, "SELECT id || '' FROM authors ORDER BY id"),
        ["1", "2", "3"]
    );
    let again = load(&folder).succeeded();
    assert_eq!(
        (
            again.count("authors", "inserted"),
            again.count("authors", "unchanged")
        ),
        (0, 3)
    );
}

#[test]
fn references_are_checked_before_anything_is_written() {
    let folder = app(BOOKS);
    folder.csv("in", "books", "title,author_id\nA,1\nB,9\n");
    let run = load(&folder).succeeded();
    assert_eq!(
        reasons(&run, "books", "skipped"),
        ["3: author_id 9 does not exist in authors"]
    );
    assert_eq!(query(&folder, "SELECT title FROM books"), ["A"]);
}

#[test]
fn nothing_else_in_the_database_changes() {
    let folder = app(BOOKS);
    let others = "SELECT type || name || ifnull(sql, '') FROM sqlite_schema
        UNION ALL SELECT id || app FROM migrations UNION ALL SELECT id || name FROM authors";
    let before = query(&folder, others);
    folder.csv("in", "books", "title,author_id\nA,1\n");
    load(&folder).succeeded();
    assert_eq!(query(&folder, others), before);
}

#[test]
fn a_changed_journal_mode_is_reported_once() {
    let folder = app(BOOKS);
    folder.csv("in", "books", "title,author_id\nA,1\n");
    let said = "app.db was in DELETE mode and is now in WAL mode";
    assert!(load(&folder).stderr.contains(said));
    assert!(!load(&folder).stderr.contains(said));
}

#[test]
fn init_says_that_the_journal_mode_had_to_change() {
    let folder = app(BOOKS);
    let said = "app.db was in DELETE mode and is now in WAL mode";
    assert!(
        tradexa(&folder, &["init"])
            .succeeded()
            .stderr
            .contains(said)
    );
    assert!(
        !tradexa(&folder, &["init"])
            .succeeded()
            .stderr
            .contains(said)
    );
    let new = Folder::new();
    fs::write(new.outside().join("schema.sql"), BOOKS).expect("the schema");
    let made = tradexa(&new, &["--schema", "schema.sql", "init"]).succeeded();
    assert!(!made.stderr.contains("WAL"), "{}", made.stderr);
}

#[test]
fn a_load_whose_rejects_are_in_the_way_leaves_the_file_as_it_is() {
    let folder = app(BOOKS);
    folder.csv("in", "books", "title,author_id\nA,1\n");
    folder.csv("bad", "books", "title,author_id,reason\n");
    let before = fs::read(folder.outside().join("app.db")).expect("the file");
    let run = tradexa(&folder, &["insert", "--from", "in", "--rejects", "bad"]);
    assert_eq!(run.status, Some(1));
    assert!(run.stderr.contains("already exists"), "{}", run.stderr);
    let after = fs::read(folder.outside().join("app.db")).expect("the file");
    assert!(after == before, "the file was changed");
}

#[test]
fn init_creates_what_is_missing_as_it_is_declared() {
    let folder = Folder::new();
    fs::write(folder.outside().join("schema.sql"), BOOKS).expect("the schema");
    connect(&folder)
        .execute_batch("CREATE TABLE migrations (id INTEGER PRIMARY KEY, app TEXT, more TEXT)")
        .expect("SQL");
    let run = tradexa(&folder, &["--schema", "schema.sql", "init"]).succeeded();
    assert_eq!(
        run.stdout,
        "migrations table already initialized.\nauthors table initialized.\nbooks table initialized.\n"
    );
    let made = "SELECT group_concat(name, ' ' ORDER BY name) FROM sqlite_schema
        WHERE type IN ('trigger', 'index') AND sql IS NOT NULL";
    assert_eq!(
        query(&folder, made),
        ["finds ignores refuses titles undoes"]
    );
    assert_eq!(
        query(&folder, "SELECT name FROM authors"),
        [""; 0],
        "no data"
    );
    let again = tradexa(&folder, &["--schema", "schema.sql", "init"]).succeeded();
    assert!(again.stdout.contains("books table already initialized."));
}

#[test]
fn a_table_that_cannot_be_loaded_matters_only_if_there_is_a_file_for_it() {
    let circle = "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b (id));
        CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id));
        CREATE TABLE c (id INTEGER PRIMARY KEY);";
    let folder = app(circle);
    folder.csv("in", "c", "id\n1\n");
    load(&folder).succeeded();
    folder.csv("in", "a", "id,b\n1,\n");
    let run = load(&folder);
    assert_eq!(run.status, Some(1));
    assert!(
        run.stderr.contains("a cannot be loaded: a refers to b"),
        "{}",
        run.stderr
    );
    let check = tradexa(&folder, &["check"]);
    assert_eq!(check.status, Some(0), "{}", check.stderr);
    assert!(
        check.stderr.contains("b is not checked"),
        "{}",
        check.stderr
    );
}

#[test]
fn a_database_that_is_not_there_is_an_error() {
    let folder = Folder::new();
    let run = tradexa(&folder, &["check"]);
    assert_eq!(run.status, Some(1));
    assert!(
        run.stderr.contains("app.db does not exist"),
        "{}",
        run.stderr
    );
}

#[test]
fn rows_that_refer_to_each_other_fail_together_with_the_parent_of_one() {
    let folder = app("CREATE TABLE a (id INTEGER PRIMARY KEY);
        CREATE TABLE people (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES people (id),
            a_id INTEGER REFERENCES a (id));
        CREATE TRIGGER refuses BEFORE INSERT ON a BEGIN SELECT RAISE(ABORT, 'no'); END;");
    folder.csv("in", "a", "id\n1\n");
    folder.csv("in", "people", "id,boss,a_id\n3,4,\n4,3,1\n");
    assert_eq!(load(&folder).count("people", "failed"), 2);
    assert_eq!(
        query(&folder, "SELECT CAST(id AS TEXT) FROM people"),
        [""; 0]
    );
}

#[test]
fn a_table_whose_name_leads_out_of_the_folder_cannot_be_loaded() {
    let folder = app("CREATE TABLE \"../victim\" (id INTEGER PRIMARY KEY);
        CREATE TABLE t (id INTEGER PRIMARY KEY);");
    let victim = folder.outside().join("victim.csv");
    fs::write(&victim, "id\n1\n").expect("a file");
    folder.csv("in", "t", "id\n1\n");
    load(&folder).succeeded();
    let file = "../victim=victim.csv";
    let rejects = ["--rejects", "bad", "--overwrite"];
    let run = tradexa(
        &folder,
        &[&["insert", "--file", file], &rejects[..]].concat(),
    );
    assert_eq!(run.status, Some(1));
    assert!(
        run.stderr
            .contains("../victim cannot be loaded: the name of the table"),
        "{}",
        run.stderr
    );
    assert_eq!(fs::read_to_string(&victim).expect("the file"), "id\n1\n");
}

#[test]
fn a_schema_that_leaves_out_what_a_table_of_the_file_refers_to_is_an_error() {
    let folder = app("CREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p);");
    folder.csv("in", "c", "id,p\n1,7\n");
    let insert = ["--schema", "schema.sql", "insert", "--from", "in"];
    let schema = folder.outside().join("schema.sql");
    fs::write(
        &schema,
        "CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER);",
    )
    .expect("a file");
    let run = tradexa(&folder, &insert);
    assert_eq!(run.status, Some(1));
    let said = "p of c refers to p in app.db, but not in the schema given";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    let whole = "CREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id));";
    fs::write(&schema, whole).expect("a file");
    assert!(
        tradexa(&folder, &insert)
            .succeeded()
            .stdout
            .contains("p 7 does not exist in p")
    );
}

#[test]
fn a_table_that_only_another_program_can_write_does_not_keep_others_from_being_loaded() {
    let folder = app("CREATE TABLE t (id INTEGER PRIMARY KEY);
        CREATE TABLE v (a TEXT);");
    // SQLite does not take a function that it does not know.
    connect(&folder)
        .execute_batch(
            "CREATE INDEX vi ON v (lower(a));
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, 'lower', 'myown') WHERE name = 'vi';",
        )
        .expect("SQL");
    folder.csv("in", "t", "id\n1\n");
    load(&folder).succeeded();
    folder.csv("in", "v", "a\nx\n");
    let run = load(&folder);
    assert_eq!(run.status, Some(1));
    assert!(run.stderr.contains("myown"), "{}", run.stderr);
}

#[test]
fn values_that_sqlite_takes_for_numbers_out_of_range_are_the_same_in_the_next_load() {
    let folder = app("CREATE TABLE t (code STRING PRIMARY KEY); CREATE TABLE u (code STRING);");
    for table in ["t", "u"] {
        folder.csv("in", table, "code\n12e400\n1e-400\n-1e999\ninf\n");
    }
    for counts in [[4, 0, 0, 0], [0, 4, 0, 0]] {
        let run = load(&folder).succeeded();
        assert_eq!([run.outcomes("t"), run.outcomes("u")], [counts; 2]);
    }
}

#[test]
fn the_unique_value_of_a_stored_row_counts_even_if_its_key_is_null() {
    let folder = app("CREATE TABLE t (code TEXT PRIMARY KEY, a INTEGER UNIQUE);
        INSERT INTO t VALUES (NULL, 1);");
    folder.csv("in", "t", "code,a\nx,1\ny,2\n");
    let run = load(&folder).succeeded();
    assert_eq!(
        reasons(&run, "t", "skipped"),
        ["2: a 1 is already used by rowid 1"]
    );
}

#[test]
fn a_default_is_what_sqlite_makes_of_it_in_its_column() {
    let columns =
        "a TEXT DEFAULT 0, b VARCHAR(9) DEFAULT TRUE, c INTEGER DEFAULT 1.0, d INT DEFAULT 1e3,
        e BOOLEAN DEFAULT 1.0, f REAL DEFAULT 5, g TEXT DEFAULT (hex(x'00ff'))";
    let folder = app(&format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, {columns});
         CREATE TABLE expected (id INTEGER PRIMARY KEY, {columns});
         INSERT INTO expected (id) VALUES (1);"
    ));
    folder.csv("in", "t", "id\n1\n");
    load(&folder).succeeded();
    let values = |table: &str| {
        let columns = ["a", "b", "c", "d", "e", "f", "g"].map(|name| format!("quote({name})"));
        query(
            &folder,
            &format!("SELECT {} FROM {table}", columns.join(" || ' ' || ")),
        )
    };
    assert_eq!(values("t"), values("expected"));
    assert!(!values("t")[0].contains("NULL"), "{:?}", values("t"));
}

#[test]
fn checks_see_the_bytes_that_texts_have_in_the_encoding_of_the_file() {
    for encoding in ["UTF-8", "UTF-16le", "UTF-16be"] {
        let checked =
            "name TEXT CHECK (length(CAST(name AS BLOB)) <= 4), a TEXT, b TEXT CHECK (a < b)";
        let folder = app(&format!(
            "PRAGMA encoding = '{encoding}';
             CREATE TABLE t (id INTEGER PRIMARY KEY, {checked});
             CREATE TABLE expected (id INTEGER PRIMARY KEY, {checked});"
        ));
        let names = ["€€", "abc", "ab"];
        let pairs = [
            ("a", "b"),
            ("\u{ffff}", "\u{10000}"),
            ("\u{10000}", "\u{ffff}"),
        ];
        let rows = names
            .iter()
            .flat_map(|name| pairs.map(|(a, b)| (*name, a, b)));
        let rows: Vec<_> = rows.enumerate().collect();
        let mut csv = "id,name,a,b\n".to_string();
        let connection = connect(&folder);
        for (id, (name, a, b)) in rows {
            csv += &format!("{id},{name},{a},{b}\n");
            let sql = "INSERT OR IGNORE INTO expected VALUES (?1, ?2, ?3, ?4)";
            let _ = connection.execute(sql, rusqlite::params![id as i64, name, a, b]);
        }
        folder.csv("in", "t", csv);
        load(&folder).succeeded();
        let ids = |table: &str| query(&folder, &format!("SELECT id || '' FROM {table}"));
        assert_eq!(ids("t"), ids("expected"), "{encoding}");
        assert!(!ids("t").is_empty());
    }
}

#[test]
fn text_keys_are_found_again_whatever_the_encoding_of_the_file_and_the_rows_between_them() {
    for encoding in ["UTF-8", "UTF-16le", "UTF-16be"] {
        let folder = app(&format!(
            "PRAGMA encoding = '{encoding}'; CREATE TABLE t (code TEXT PRIMARY KEY, v TEXT);"
        ));
        // In UTF-16, the second of these characters comes before the first.
        let rows = |step: usize| {
            let numbers = (0..600).step_by(step);
            let codes = numbers.flat_map(|n| [format!("\u{ff21}{n}"), format!("\u{1f600}{n}")]);
            let rows: String = codes.map(|code| format!("{code},a\n")).collect();
            format!("code,v\n{rows}")
        };
        folder.csv("in", "t", rows(1));
        load(&folder).succeeded();
        for step in [1, 2, 100] {
            folder.csv("in", "t", rows(step) + "\u{ff21}new,a\n");
            let run = load(&folder).succeeded();
            let stored = 2 * 600_u64.div_ceil(step as u64) + u64::from(step > 1);
            assert_eq!(run.count("t", "unchanged"), stored, "{encoding}, {step}");
        }
    }
}

#[test]
fn a_schema_that_declares_other_types_or_keys_than_the_file_is_an_error() {
    let folder = app("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);");
    for (declared, said) in [
        (
            "id INTEGER PRIMARY KEY, v INTEGER",
            "v of t is \"TEXT\" in app.db and \"INTEGER\" in the schema given",
        ),
        (
            "id INTEGER, v TEXT PRIMARY KEY",
            "the primary key of t in app.db differs from the one in the given schema",
        ),
        (
            "id INTEGER, v TEXT",
            "the primary key of t in app.db differs from the one in the given schema",
        ),
    ] {
        let schema = folder.outside().join("schema.sql");
        fs::write(schema, format!("CREATE TABLE t ({declared});")).expect("the schema");
        let run = tradexa(&folder, &["--schema", "schema.sql", "init"]);
        assert_eq!(run.status, Some(1));
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn what_sqlite_computes_for_a_column_breaks_no_rule() {
    for kind in ["", "TEXT", "INT"] {
        let folder = app(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, twice {kind} AS (n * 2), same {kind} AS (n) STORED);"
        ));
        folder.csv("in", "t", "id,n\n1,5\n");
        assert_eq!(load(&folder).succeeded().count("t", "inserted"), 1);
        let check = tradexa(&folder, &["check"]);
        assert_eq!(check.status, Some(0), "{kind}: {}", check.stdout);
    }
}

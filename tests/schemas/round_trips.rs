//! Rows of sample databases, exported with the `sqlite3` shell and loaded with the program.

use std::fs;
use std::path::Path;
use std::process::Command;

use rusqlite::{Connection, OpenFlags};

use super::kit::{Folder, skipped, text};
use super::{SAMPLES, with_schema, with_script};

/// A database as an application has it.
struct Original {
    folder: Folder,
    connection: Connection,
    tables: Vec<String>,
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A database file `app.db` with what the script makes.
fn original(script: &str) -> Original {
    let folder = Folder::new();
    let connection = Connection::open(folder.outside().join("app.db")).expect("a database");
    // The shell shows this table, but SQLite makes it by itself.
    let statements = script.replace("CREATE TABLE sqlite_sequence(name,seq);", "");
    connection
        .execute_batch(&statements)
        .expect("a sound script");
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let mut statement = connection.prepare(sql).expect("SQL");
    let tables = statement.query_map([], |row| row.get(0)).expect("names");
    let tables = tables.collect::<Result<_, _>>().expect("names");
    drop(statement);
    Original {
        folder,
        connection,
        tables,
    }
}

impl Original {
    /// Has the `sqlite3` shell write all tables as CSV files into the folder `in`. Blobs go out as hexadecimal digits.
    fn export(&self) {
        for table in &self.tables {
            let columns = self.columns(&self.connection, table).into_iter();
            let columns = columns.map(|(name, declared)| {
                let name = quoted(&name);
                if declared.eq_ignore_ascii_case("BLOB") {
                    format!("hex({name}) AS {name}")
                } else {
                    name
                }
            });
            let columns = columns.collect::<Vec<_>>().join(", ");
            let sql = format!("SELECT {columns} FROM {}", quoted(table));
            let csv = self.shell(&["-csv", "-header", "app.db", &sql]);
            self.folder.csv("in", table, csv);
        }
    }

    /// What the `sqlite3` shell prints.
    fn shell(&self, arguments: &[&str]) -> Vec<u8> {
        let mut shell = Command::new("sqlite3");
        let output = shell
            .current_dir(self.folder.outside())
            .args(arguments)
            .output();
        let output = output.expect("the shell");
        assert!(output.status.success(), "{}", text(&output.stderr));
        output.stdout
    }

    /// The columns of a table with their declared types.
    fn columns(&self, connection: &Connection, table: &str) -> Vec<(String, String)> {
        let mut statement = connection
            .prepare("SELECT name, type FROM pragma_table_info(?)")
            .expect("SQL");
        let columns = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)));
        columns.and_then(Iterator::collect).expect("columns")
    }

    /// All rows of a table as SQL literals, which show the type of each value; sorted.
    fn rows(&self, connection: &Connection, table: &str) -> Vec<String> {
        let columns = self.columns(&self.connection, table).into_iter();
        let columns = columns.map(|(name, _)| format!("quote({})", quoted(&name)));
        let columns = columns.collect::<Vec<_>>().join(" || ', ' || ");
        let sql = format!(
            "SELECT {columns} AS row FROM {} ORDER BY row",
            quoted(table)
        );
        let mut statement = connection.prepare(&sql).expect("SQL");
        let rows = statement.query_map([], |row| row.get(0));
        rows.and_then(Iterator::collect).expect("rows")
    }

    /// Loads all rows twice with this schema, and compares what is stored with the original.
    fn load(&self, schema: &str) {
        let run = |arguments: &[&str]| with_schema(&self.folder, schema, arguments).succeeded();
        run(&["init"]);
        let insert = [
            "insert",
            "--from",
            "in",
            "--format",
            "json",
            "--rejects",
            "bad",
        ];
        let (first, second) = (run(&insert), run(&insert));
        run(&["check"]);
        for table in &self.tables {
            let rows = self.rows(&self.connection, table);
            assert!(!rows.is_empty(), "{table} is empty");
            for (load, stored) in [(&first, "inserted"), (&second, "unchanged")] {
                let counts =
                    [stored, "skipped", "failed"].map(|outcome| load.count(table, outcome));
                assert_eq!(
                    counts,
                    [rows.len() as u64, 0, 0],
                    "{schema}: {table}: {:?}",
                    load.list(table, "skipped_rows")
                );
            }
            let database = self.folder.database(table);
            let loaded = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)
                .expect("a database");
            assert_eq!(self.rows(&loaded, table), rows, "{schema}: {table}");
        }
        fs::remove_dir_all(self.folder.path()).expect("the databases");
    }
}

fn has_no_shell() -> bool {
    let missing = Command::new("sqlite3").arg("--version").output().is_err();
    if missing {
        skipped("there is no sqlite3 shell here");
    }
    missing
}

/// Loads a sample with the schema from its script, from the database itself, and as the shell shows it.
fn round_trip(name: &str) {
    if has_no_shell() {
        return;
    }
    let (_, script) = SAMPLES
        .iter()
        .find(|(sample, _)| *sample == name)
        .expect("a sample");
    let original = original(script);
    original.export();
    let write = |file: &str, text: &[u8]| {
        fs::write(original.folder.outside().join(Path::new(file)), text).expect("a schema")
    };
    write("schema.sql", script.as_bytes());
    write("shown.sql", &original.shell(&["app.db", ".schema"]));
    write("dumped.sql", &original.shell(&["app.db", ".dump"]));
    for schema in ["schema.sql", "app.db", "shown.sql", "dumped.sql"] {
        original.load(schema);
    }
}

#[test]
fn chinook_is_the_same_after_a_round_trip() {
    round_trip("chinook");
}

#[test]
fn northwind_is_the_same_after_a_round_trip() {
    round_trip("northwind");
}

#[test]
fn sakila_is_the_same_after_a_round_trip() {
    round_trip("sakila");
}

#[test]
fn a_django_project_is_the_same_after_a_round_trip() {
    round_trip("django");
}

#[test]
fn a_rails_application_is_the_same_after_a_round_trip() {
    round_trip("rails");
}

#[test]
fn the_sqlite3_shell_exports_every_sample_row() {
    if has_no_shell() {
        return;
    }
    for (name, script) in SAMPLES {
        let original = original(script);
        original.export();
        let mut rows = 0;
        for table in &original.tables {
            let csv = original.folder.csv_in("in", table).expect("a file");
            let exported = csv::Reader::from_reader(&csv[..])
                .records()
                .map(Result::unwrap)
                .count();
            let stored = original.rows(&original.connection, table).len();
            assert_eq!(exported, stored, "{name}: {table}");
            rows += stored;
        }
        assert!(rows >= 100, "{name} has only {rows} rows");
        let violations = original
            .connection
            .prepare("PRAGMA foreign_key_check")
            .and_then(|mut it| it.exists([]));
        assert_eq!(violations, Ok(false), "{name}");
    }
}

#[test]
fn a_table_of_a_thousand_columns_is_loaded() {
    let columns: Vec<_> = (1..1000).map(|column| format!("c{column} TEXT")).collect();
    let script = format!(
        "CREATE TABLE wide (id INTEGER PRIMARY KEY, {});",
        columns.join(", ")
    );
    let folder = with_script(&script);
    let names: Vec<_> = (1..1000).map(|column| format!("c{column}")).collect();
    let rows: String = (1..=200)
        .map(|id| format!("{id}{}\n", ",x".repeat(999)))
        .collect();
    folder.csv("in", "wide", format!("id,{}\n{rows}", names.join(",")));
    let load = ["insert", "--from", "in", "--format", "json", "--limit", "0"];
    with_schema(&folder, "schema.sql", &["init"]).succeeded();
    for outcome in ["inserted", "unchanged"] {
        let run = with_schema(&folder, "schema.sql", &load).succeeded();
        assert_eq!(run.count("wide", outcome), 200, "{outcome}");
    }
}

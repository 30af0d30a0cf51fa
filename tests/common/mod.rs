//! A folder of databases to run the program on, and what is in them afterwards.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod input;
#[cfg(unix)]
pub mod unprivileged;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{self, Output};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub const TRADEXA: &str = env!("CARGO_BIN_EXE_tradexa");

/// The names of the tables, in the order of the report.
pub const TABLES: [&str; 3] = ["users", "products", "orders"];

/// The users that a plain insert stores, as the sqlite3 shell prints them.
pub const USERS: [&str; 9] = [
    "1|Alice|alice@example.com",
    "2|Bob|bob@example.com",
    "3|Charlie|charlie@example.com",
    "4|David|david@example.com",
    "5|Eve|eve@example.com",
    "6|Frank|frank@example.com",
    "7|Grace|grace@example.com",
    "8|Alice|alice@example.com",
    "9|Henry|henry@example.com",
];

/// The products that a plain insert stores.
pub const PRODUCTS: [&str; 9] = [
    "1|Laptop|1000.0",
    "2|Smartphone|700.0",
    "3|Headphones|150.0",
    "4|Monitor|300.0",
    "5|Keyboard|50.0",
    "6|Mouse|30.0",
    "7|Laptop|1000.0",
    "8|Smartwatch|250.0",
    "9|Gaming Chair|500.0",
];

/// The orders that a plain insert stores.
pub const ORDERS: [&str; 7] = [
    "1|1|1|2", "2|2|2|1", "3|3|3|5", "4|4|4|1", "5|5|5|3", "6|6|6|4", "7|7|7|2",
];

/// The counts of a first plain insert: inserted, unchanged, skipped and failed users, products and orders.
pub const ALL_INSERTED: [[u64; 4]; 3] = [[9, 0, 1, 0], [9, 0, 1, 0], [7, 0, 3, 0]];

/// The counts of a rerun that finds all of it stored.
pub const ALL_UNCHANGED: [[u64; 4]; 3] = [[0, 9, 1, 0], [0, 9, 1, 0], [0, 7, 3, 0]];

/// A folder for the databases inside a temporary one. The program runs in the temporary one, and so the messages show
/// the short name of the folder.
pub struct Folder {
    temporary: TempDir,
    name: OsString,
}

impl Folder {
    /// A folder `databases` that does not exist yet.
    pub fn new() -> Folder {
        Folder::named("databases")
    }

    /// A folder with this name that does not exist yet.
    pub fn named(name: impl Into<OsString>) -> Folder {
        Folder {
            temporary: TempDir::new().unwrap(),
            name: name.into(),
        }
    }

    /// A folder with the three databases, empty.
    pub fn initialized() -> Folder {
        let folder = Folder::new();
        folder.tradexa(&["init"]).assert().success();
        folder
    }

    /// A folder with the seed inserted.
    pub fn inserted() -> Folder {
        let folder = Folder::initialized();
        folder.tradexa(&["insert"]).assert().success();
        folder
    }

    /// The folder that the program runs in.
    pub fn outside(&self) -> PathBuf {
        self.temporary.path().to_path_buf()
    }

    /// The folder of the databases.
    pub fn path(&self) -> PathBuf {
        self.temporary.path().join(&self.name)
    }

    /// The database of a table.
    pub fn database(&self, table: &str) -> PathBuf {
        self.path().join(format!("{table}.db"))
    }

    /// Writes these bytes where the database of a table belongs.
    pub fn write(&self, table: &str, bytes: &[u8]) {
        fs::create_dir_all(self.path()).unwrap();
        fs::write(self.database(table), bytes).unwrap();
    }

    /// The names of the files in the folder, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// The files of the folder with what is in them. `None` is a folder.
    pub fn contents(&self) -> Vec<(String, Option<Vec<u8>>)> {
        let files = self.files().into_iter();
        let contents = files.map(|name| {
            let bytes = fs::read(self.path().join(&name)).ok();
            (name, bytes)
        });
        contents.collect()
    }

    /// The program on this folder, as a process that can be wired up.
    pub fn process(&self, arguments: &[&str]) -> process::Command {
        let mut command = process::Command::new(TRADEXA);
        command
            .current_dir(&self.temporary)
            .env_remove("TRADEXA_DIR")
            .arg("--dir")
            .arg(&self.name)
            .args(arguments);
        command
    }

    /// The program on this folder. A run that hangs is killed and fails the test.
    pub fn tradexa(&self, arguments: &[&str]) -> assert_cmd::Command {
        bounded(self.process(arguments))
    }

    /// The program on this folder with a limit on the file descriptors, which the shell sets before it becomes the
    /// program.
    pub fn with_descriptors(&self, limit: u32, arguments: &[&str]) -> assert_cmd::Command {
        let mut shell = process::Command::new("sh");
        let script = format!("ulimit -n {limit} && exec \"$@\"");
        shell.args(["-c", &script, "sh", TRADEXA, "--dir"]);
        shell.arg(self.path()).args(arguments);
        bounded(shell)
    }

    /// Runs `insert --format json` with more arguments.
    pub fn insert(&self, arguments: &[&str]) -> Insert {
        let output = self
            .tradexa(&["insert", "--format", "json"])
            .args(arguments)
            .output();
        Insert::from(output.unwrap())
    }

    /// Executes SQL in the database of a table, which is created if need be.
    pub fn execute(&self, table: &str, sql: &str) -> Connection {
        fs::create_dir_all(self.path()).unwrap();
        let connection = Connection::open(self.database(table)).unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    }

    /// Locks the database of a table for writing until the connection is dropped.
    pub fn lock(&self, table: &str) -> Connection {
        self.execute(table, "BEGIN IMMEDIATE")
    }

    /// The rows of a table in the order of their ids, as the sqlite3 shell prints them.
    pub fn rows(&self, table: &str) -> Vec<String> {
        let connection = Connection::open(self.database(table)).unwrap();
        let sql = format!("SELECT * FROM {table} ORDER BY id");
        let mut statement = connection.prepare(&sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let cells = (0..columns).map(|column| row.get_ref(column).map(print));
            Ok(cells.collect::<Result<Vec<_>, _>>()?.join("|"))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// The rows of all three tables.
    pub fn all_rows(&self) -> [Vec<String>; 3] {
        TABLES.map(|table| self.rows(table))
    }

    /// Asserts that exactly what a plain insert stores is stored.
    pub fn assert_complete(&self) {
        assert_eq!(self.rows("users"), USERS);
        assert_eq!(self.rows("products"), PRODUCTS);
        assert_eq!(self.rows("orders"), ORDERS);
    }

    /// What the real sqlite3 shell prints, or `None` where it is not installed.
    pub fn shell(&self, table: &str, sql: &str) -> Option<String> {
        let mut shell = process::Command::new("sqlite3");
        let Ok(output) = shell.arg(self.database(table)).arg(sql).output() else {
            skipped("there is no sqlite3 shell here");
            return None;
        };
        assert!(output.status.success(), "{}", text(&output.stderr));
        Some(text(&output.stdout))
    }
}

/// What a run of `insert --format json` did.
#[derive(Debug)]
pub struct Insert {
    pub status: Option<i32>,
    pub stderr: String,
    pub report: Value,
}

impl From<Output> for Insert {
    fn from(output: Output) -> Insert {
        let stderr = text(&output.stderr);
        Insert {
            status: output.status.code(),
            report: serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|error| panic!("stdout is not one JSON object: {error}; {stderr}")),
            stderr,
        }
    }
}

impl Insert {
    /// The report on one table.
    pub fn table(&self, table: &str) -> &Value {
        let tables = self.report["tables"].as_array().unwrap();
        let found = tables.iter().find(|report| report["table"] == table);
        found.unwrap()
    }

    /// Inserted, unchanged, skipped and failed users, products and orders.
    pub fn counts(&self) -> [[u64; 4]; 3] {
        TABLES.map(|table| {
            ["inserted", "unchanged", "skipped", "failed"]
                .map(|outcome| self.table(table)[outcome].as_u64().unwrap())
        })
    }

    /// The reasons of the rows that were `skipped` or `failed`, as `line: reason; reason`.
    pub fn reasons(&self, table: &str, outcome: &str) -> Vec<String> {
        let rows = self.table(table)[format!("{outcome}_rows")].as_array();
        let lines = rows.unwrap().iter().map(|row| {
            let reasons = row["reasons"].as_array().unwrap().iter();
            let reasons: Vec<_> = reasons.map(|reason| reason.as_str().unwrap()).collect();
            format!("{}: {}", row["line"], reasons.join("; "))
        });
        lines.collect()
    }
}

/// A process that is killed, and fails its test, if it hangs.
pub fn bounded(command: process::Command) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::from_std(command);
    command.timeout(Duration::from_secs(300));
    command
}

/// Says that a test could not test all that it should. Unlike `eprintln`, it is seen when the test passes.
pub fn skipped(why: &str) {
    let line = format!("SKIPPED: {why}\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A value as the sqlite3 shell prints it.
fn print(value: ValueRef) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => text(bytes),
    }
}

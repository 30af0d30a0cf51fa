//! Running the program, and what it reported.

use std::fs::{self, File};
use std::process::{self, ExitStatus, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::subject::Subject;
use super::{Folder, TABLES, text};

/// The program under test.
pub const TRADEXA: &str = env!("CARGO_BIN_EXE_tradexa");

impl Folder {
    /// The program on this folder, as a process that can be wired up.
    pub fn process(&self, arguments: &[&str]) -> process::Command {
        let mut command = process::Command::new(TRADEXA);
        for variable in ["TRADEXA_DIR", "TRADEXA_SCHEMA", "TRADEXA_DATABASE"] {
            command.env_remove(variable);
        }
        command
            .current_dir(self.outside())
            .args(
                self.subject
                    .options(self.name(), arguments.first().unwrap_or(&"")),
            )
            .args(arguments);
        command
    }

    /// The program on this folder. A run that hangs is killed and fails the test.
    pub fn tradexa(&self, arguments: &[&str]) -> assert_cmd::Command {
        bounded(self.process(arguments))
    }

    /// The program on this folder with a limit on the file descriptors, which the shell sets before it becomes the
    /// program.
    #[cfg(unix)] // The shell and its `ulimit`.
    pub fn with_descriptors(&self, limit: u32, arguments: &[&str]) -> Run {
        let mut shell = process::Command::new("sh");
        let script = format!("ulimit -n {limit} && exec \"$@\"");
        shell
            .current_dir(self.outside())
            .args(["-c", &script, "sh"]);
        shell
            .arg(TRADEXA)
            .arg("--dir")
            .arg(self.name())
            .args(arguments);
        Run::of(&mut bounded(shell))
    }

    /// Inserts the rows that there are for the tables, with more arguments, and reports it as JSON.
    pub fn insert(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.tradexa(&[self.subject.insert(), arguments].concat()))
    }

    /// Runs `insert --from input --format json` with more arguments.
    pub fn load(&self, arguments: &[&str]) -> Run {
        let load = ["insert", "--format", "json", "--from", "input"];
        Run::of(&mut self.tradexa(&[&load, arguments].concat()))
    }

    /// Runs `check --format json` with more arguments.
    pub fn check(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.tradexa(&[&["check", "--format", "json"], arguments].concat()))
    }
}

impl Folder {
    /// Runs the program, and cuts it off as soon as the condition holds, unless it ends first.
    pub fn run_until(
        &self,
        arguments: &[&str],
        is_enough: impl Fn() -> bool,
        cut: impl Fn(&mut process::Child),
    ) -> Run {
        // Not a pipe: it could fill up before the program ends.
        let printed = self.outside().join("printed");
        let mut command = self.process(arguments);
        command
            .stdout(File::create(&printed).unwrap())
            .stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        while !is_enough() && process.try_wait().unwrap().is_none() {
            thread::yield_now();
        }
        cut(&mut process);
        Run::from(Output {
            status: process.wait().unwrap(),
            stdout: fs::read(printed).unwrap(),
            stderr: Vec::new(),
        })
    }
}

/// Kills a process, which may have ended already.
pub fn kill(process: &mut process::Child) {
    let _ = process.kill();
}

/// Sends SIGINT to a process, which may have ended already.
#[cfg(unix)]
pub fn interrupt(process: &mut process::Child) {
    let kill = format!("kill -INT {}", process.id());
    let _ = process::Command::new("sh").args(["-c", &kill]).output();
}

/// A process that is killed, and fails its test, if it hangs.
pub fn bounded(command: process::Command) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::from_std(command);
    command.timeout(Duration::from_secs(300));
    command
}

/// What a run did.
#[derive(Debug)]
pub struct Run {
    pub ended: ExitStatus,
    /// The exit status; none if a signal ended it.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// The JSON object on stdout; null if there is none.
    pub report: Value,
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let report = match serde_json::from_str(&stdout) {
            Ok(report) => report,
            // A signal may end a process in the middle of its report.
            Err(_) if !stdout.starts_with('{') || output.status.code().is_none() => Value::Null,
            Err(error) => panic!("stdout is not one JSON object: {error}; {stderr}"),
        };
        Run {
            ended: output.status,
            status: output.status.code(),
            stdout,
            stderr,
            report,
        }
    }
}

impl Run {
    /// Runs the program until it ends.
    pub fn of(command: &mut assert_cmd::Command) -> Run {
        Run::from(command.output().unwrap())
    }

    /// Asserts that the run succeeded.
    #[track_caller]
    pub fn succeeded(self) -> Run {
        assert_eq!(self.status, Some(0), "{}{}", self.stderr, self.stdout);
        self
    }

    /// Asserts that it did all that can be done with the rows that there are for these tables.
    #[track_caller]
    pub fn ended_well(self, subject: &Subject) -> Run {
        let expected = Some(subject.status());
        assert_eq!(self.status, expected, "{}{}", self.stderr, self.stdout);
        self
    }

    /// The report on one table.
    pub fn table(&self, table: &str) -> &Value {
        let tables = self.report["tables"].as_array();
        let mut tables = tables
            .unwrap_or_else(|| panic!("no report: {}", self.stderr))
            .iter();
        tables.find(|report| report["table"] == table).unwrap()
    }

    /// How many rows of a table had this outcome.
    pub fn count(&self, table: &str, outcome: &str) -> u64 {
        self.table(table)[outcome].as_u64().unwrap()
    }

    /// Inserted, unchanged, skipped and failed users, products and orders.
    pub fn counts(&self) -> [[u64; 4]; 3] {
        TABLES.map(|table| self.outcomes(table))
    }

    /// Inserted, unchanged, skipped and failed rows of a table.
    pub fn outcomes(&self, table: &str) -> [u64; 4] {
        ["inserted", "unchanged", "skipped", "failed"].map(|outcome| self.count(table, outcome))
    }

    /// A list of the report on one table; a list that is not there is empty.
    pub fn list(&self, table: &str, list: &str) -> &[Value] {
        self.table(table)[list]
            .as_array()
            .map_or(&[], Vec::as_slice)
    }

    /// The rows that are listed as stored, whoever stored them, in the order of their ids.
    pub fn listed(&self, table: &str) -> Vec<&Value> {
        let lists = ["rows", "updated_rows", "unchanged_rows"];
        let mut rows: Vec<_> = (lists.iter())
            .flat_map(|list| self.list(table, list))
            .collect();
        rows.sort_by_key(|row| row["id"].as_i64());
        rows
    }

    /// The lines of the rows that were `skipped` or `failed`.
    pub fn lines(&self, table: &str, outcome: &str) -> Vec<u64> {
        let rows = self.list(table, &format!("{outcome}_rows")).iter();
        rows.map(|row| row["line"].as_u64().unwrap()).collect()
    }

    /// The reasons of the rows that were `skipped` or `failed`, as `line: reason; reason`.
    pub fn reasons(&self, table: &str, outcome: &str) -> Vec<String> {
        let rows = self.list(table, &format!("{outcome}_rows")).iter();
        rows.map(|row| format!("{}: {}", row["line"], reasons(row)))
            .collect()
    }

    /// The rows that `check` lists, as `table id: reason; reason`.
    pub fn violations(&self) -> Vec<String> {
        let of = |table: &'static str| {
            let rows = self.list(table, "violating_rows").iter();
            rows.map(move |row| format!("{table} {}: {}", row["id"], reasons(row)))
        };
        TABLES.into_iter().flat_map(of).collect()
    }
}

fn reasons(row: &Value) -> String {
    let reasons = row["reasons"].as_array().unwrap().iter();
    let reasons: Vec<_> = reasons.map(|reason| reason.as_str().unwrap()).collect();
    reasons.join("; ")
}

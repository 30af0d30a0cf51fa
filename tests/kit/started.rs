//! A program that runs while a test does something to it, or to its files.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use super::{Folder, Run};

/// Starts the program; it can be sent signals, and what it prints is caught.
pub fn start(folder: &Folder, arguments: &[&str]) -> Child {
    let mut process = folder.process(arguments);
    process.stdout(Stdio::piped()).stderr(Stdio::piped());
    process.spawn().unwrap()
}

/// Waits until a program that was started ends.
pub fn end(process: Child) -> Run {
    Run::from(process.wait_with_output().unwrap())
}

/// Waits until a table has this many rows. Panics if the program ends before.
pub fn wait_for_rows(folder: &Folder, table: &str, rows: usize, process: &mut Child) {
    while folder.rows(table).len() < rows {
        let ended = process.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "{ended:?} before {rows} rows of {table} were stored"
        );
        thread::yield_now();
    }
}

/// Puts a pipe in place of the CSV file of a table in `input`.
pub fn pipe(folder: &Folder, table: &str) -> PathBuf {
    let pipe = folder.outside().join(format!("input/{table}.csv"));
    let _ = fs::remove_file(&pipe);
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    pipe
}

/// Makes the users come through a pipe, and starts a command that reads them. Returns the end to write to, which the
/// program has opened the other end of.
pub fn start_on_a_pipe(folder: &Folder, arguments: &[&str]) -> (Child, File) {
    let pipe = pipe(folder, "users");
    let process = start(folder, &[arguments, &["--from", "input"]].concat());
    (process, OpenOptions::new().write(true).open(&pipe).unwrap())
}

//! Running the program with a library preloaded that fails its K-th write, kills it there, or logs what it does to the
//! files: see `fault.c`.

#![allow(dead_code)] // Each test file uses its part of this.

pub mod disk;
mod inode;
pub mod power;
pub mod report;
pub mod stored;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;
use std::time::Duration;
use std::{fs, process};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says how much was tried. Unlike `println`, it is seen when the test passes.
pub fn say(tried: &str) {
    let line = format!("{tried}\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
}

/// What to do at the K-th call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mode {
    /// The call fails with this error.
    Once(&'static str),
    /// The call and all later ones of its class fail with this error.
    Always(&'static str),
    /// Half of a write is written, and the call says so.
    Short,
    /// The process is killed instead.
    Kill,
    /// The process is killed after half of a write.
    Torn,
}

/// Where to do it: at the K-th call of a class (see `fault.c`), on one file or on any.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub class: &'static str,
    pub file: Option<&'static str>,
    pub at: usize,
    pub mode: Mode,
}

/// What a run did.
pub struct Run {
    pub output: Output,
    /// Whether there was a K-th call.
    pub hit: bool,
    /// All that it did to the files, see [`disk::records`].
    pub log: Vec<u8>,
}

impl Run {
    /// The exit status. Ending by a signal, a hang that was cut off included, is no exit, and a panic is no good one.
    pub fn status(&self) -> i32 {
        match self.output.status.code() {
            Some(status @ (0 | 1)) => status,
            _ => panic!("{} {}", self.output.status, self.stderr()),
        }
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// The report on stdout, if there is one.
    pub fn report(&self) -> Option<Value> {
        match self.output.stdout.as_slice() {
            [] => None,
            json => Some(serde_json::from_slice(json).expect("the report is one JSON object")),
        }
    }
}

/// A folder for databases, in memory where there is such a place: thousands of them are made.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
    made.expect("a temporary folder")
}

/// A folder with the three databases, initialized and empty.
pub fn initialized() -> TempDir {
    let folder = folder();
    assert_eq!(run(folder.path(), &["init"], None).status(), 0);
    folder
}

/// A copy of a folder with the databases.
pub fn copy(original: &Path) -> TempDir {
    let copy = folder();
    for entry in fs::read_dir(original).expect("a folder") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("a copy");
    }
    copy
}

/// Inserts the seed, and reports it as JSON.
pub const INSERT: &[&str] = &["insert", "--format", "json"];

/// Runs the program on a folder until it ends.
pub fn run(folder: &Path, arguments: &[&str], fault: Option<Fault>) -> Run {
    run_with(&mut command(folder, arguments), fault)
}

/// Runs the program on a folder until it ends, and logs what it does.
pub fn logged(folder: &Path, arguments: &[&str], fault: Option<Fault>) -> Run {
    let scratch = self::folder();
    let log = scratch.path().join("log");
    let mut run = run_with(command(folder, arguments).env("FAULT_LOG", &log), fault);
    run.log = fs::read(&log).expect("a log");
    run
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("tradexa").expect("the program");
    command.arg("--dir").arg(folder).args(arguments);
    command.env("FAULT_FOLDER", folder).timeout(PATIENCE);
    command
}

fn run_with(command: &mut Command, fault: Option<Fault>) -> Run {
    let scratch = folder();
    let hit = scratch.path().join("hit");
    command.env("LD_PRELOAD", library()).env("FAULT_HIT", &hit);
    if let Some(fault) = fault {
        let (mode, errno) = match fault.mode {
            Mode::Once(errno) => ("once", errno),
            Mode::Always(errno) => ("always", errno),
            Mode::Short => ("short", ""),
            Mode::Kill => ("kill", ""),
            Mode::Torn => ("torn", ""),
        };
        command.env("FAULT_CLASS", fault.class);
        command.env("FAULT_AT", fault.at.to_string());
        command.env("FAULT_MODE", mode).env("FAULT_ERRNO", errno);
        if let Some(file) = fault.file {
            command.env("FAULT_FILE", file);
        }
    }
    let output = command.output().expect("the program runs");
    Run {
        output,
        hit: hit.exists(),
        log: Vec::new(),
    }
}

/// The compiled library.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/preload/fault.c");
        // Other tests may compile it at the same time: each for itself, and the last one stays.
        let (new, library) = (
            folder.join(format!("fault-{}.so", process::id())),
            folder.join("fault.so"),
        );
        let status = process::Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-U_FORTIFY_SOURCE", "-o"])
            .args([&new, &source])
            .arg("-ldl")
            .status();
        assert!(status.expect("a C compiler").success());
        fs::rename(&new, &library).expect("the library");
        library
    })
}

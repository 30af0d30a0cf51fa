//! Running the program with a library preloaded that fails its K-th write, kills it there, or logs what it does to the
//! files: see `fault.c`. Linux only.

pub mod disk;
mod inode;
pub mod power;
pub mod report_check;
pub mod stored;

use std::env;
use std::io::ErrorKind;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use std::{fs, thread};

use crate::kit::folder::temporary;
use crate::kit::random::Random;
use crate::kit::{Folder, Run, bounded, skipped};

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Inserts the seed, and reports it as JSON.
pub const INSERT: &[&str] = &["insert", "--format", "json"];

/// What makes a rerun quick: thousands are made.
pub const FEW_THREADS: &[&str] = &["--threads", "2"];

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
    /// The process gets SIGINT after the call.
    Interrupt,
    /// The process gets SIGTERM after the call.
    Terminate,
    /// Another program, a command of the shell, runs after the call, while this one waits.
    Run(&'static str),
}

/// Where to do it: at the K-th call of a class (see `fault.c`), on one file or on any.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub class: &'static str,
    pub file: Option<&'static str>,
    pub at: usize,
    pub mode: Mode,
    /// Kills the process at the N-th call after the fault, whatever its class.
    pub kill_after: Option<usize>,
}

/// A fault at the K-th call of a class on any file.
pub fn fault(class: &'static str, at: usize, mode: Mode) -> Fault {
    Fault {
        class,
        file: None,
        at,
        mode,
        kill_after: None,
    }
}

/// How many runs were disturbed, and how many calls one of them made, at most.
#[derive(Debug, Default, Clone, Copy)]
pub struct Attempts {
    pub attempts: usize,
    pub calls: usize,
}

impl AddAssign for Attempts {
    fn add_assign(&mut self, other: Attempts) {
        self.attempts += other.attempts;
        self.calls += other.calls;
    }
}

/// Disturbs one run after another, each at a later call, until a run has no such call. Tries every `step`-th call,
/// starting at a random one that differs between test runs, or every call if `EVERY_CALL` is set. `happens` returns
/// whether the run made that call.
pub fn at_each_call(step: usize, mut happens: impl FnMut(usize) -> bool) -> Attempts {
    static OFFSET: AtomicU64 = AtomicU64::new(0);

    let step = match env::var_os("EVERY_CALL") {
        Some(_) => 1,
        None => step,
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seed = now.expect("a time after 1970").as_millis() as u64;
    let mut random = Random::new(seed + OFFSET.fetch_add(1, Ordering::Relaxed));
    let first = 1 + random.below(step);
    let mut attempts = (first..).step_by(step).enumerate();
    let none_left = attempts.find(|(_, at)| !happens(*at));
    let (attempts, at) = none_left.expect("a run that ends");
    Attempts {
        attempts,
        calls: at - 1,
    }
}

/// A run with the library.
pub struct Watched {
    pub run: Run,
    /// Whether there was a K-th call.
    pub hit: bool,
    /// All that it did to the files, see [`disk::records`].
    pub log: Vec<u8>,
}

impl Watched {
    /// The exit status. Panics unless it is 0 or 1: a signal may have ended the process, as when it hung and was
    /// killed, or the program may have panicked.
    pub fn status(&self) -> i32 {
        match self.run.status {
            Some(status @ (0 | 1)) => status,
            _ => panic!("{} {}", self.run.ended, self.run.stderr),
        }
    }
}

impl Folder {
    /// Runs the program until it ends or meets a fault.
    pub fn faulty(&self, arguments: &[&str], fault: Fault) -> Watched {
        let watched = watch(self.process(arguments), self, Some(fault), None);
        println!("{fault:?}: {}", watched.run.ended); // Shown if what follows fails.
        watched
    }

    /// Runs the program until it ends or meets a fault, and logs what it does.
    pub fn logged(&self, arguments: &[&str], fault: Option<Fault>) -> Watched {
        let scratch = temporary();
        let log = scratch.path().join("log");
        let mut watched = watch(self.process(arguments), self, fault, Some(&log));
        watched.log = fs::read(&log).expect("a log");
        watched
    }

    /// Runs the program until it ends, while another one runs over and over, and logs what both do.
    pub fn logged_beside(&self, arguments: &[&str], other: impl Fn() -> Command + Sync) -> Watched {
        let scratch = temporary();
        let log = scratch.path().join("log");
        let mut watched = thread::scope(|scope| {
            let run = scope.spawn(|| watch(self.process(arguments), self, None, Some(&log)));
            while !run.is_finished() {
                let beside = watch(other(), self, None, Some(&log));
                beside.run.succeeded();
            }
            run.join().expect("a run")
        });
        watched.log = fs::read(&log).expect("a log");
        watched
    }
}

fn watch(
    mut command: Command,
    folder: &Folder,
    fault: Option<Fault>,
    log: Option<&Path>,
) -> Watched {
    let scratch = temporary();
    let hit = scratch.path().join("hit");
    let root = fs::canonicalize(folder.outside()).expect("a folder");
    command.env("FAULT_FOLDER", root).env("FAULT_HIT", &hit);
    command.env("LD_PRELOAD", library().expect("a C compiler"));
    if let Some(log) = log {
        command.env("FAULT_LOG", log);
    }
    if let Some(fault) = fault {
        let (mode, errno) = match fault.mode {
            Mode::Once(errno) => ("once", errno),
            Mode::Always(errno) => ("always", errno),
            Mode::Short => ("short", ""),
            Mode::Kill => ("kill", ""),
            Mode::Torn => ("torn", ""),
            Mode::Interrupt => ("interrupt", ""),
            Mode::Terminate => ("terminate", ""),
            Mode::Run(_) => ("run", ""),
        };
        command.env("FAULT_CLASS", fault.class);
        command.env("FAULT_AT", fault.at.to_string());
        command.env("FAULT_MODE", mode).env("FAULT_ERRNO", errno);
        if let Some(file) = fault.file {
            command.env("FAULT_FILE", file);
        }
        if let Some(calls) = fault.kill_after {
            command.env("FAULT_THEN", calls.to_string());
        }
        if let Mode::Run(other) = fault.mode {
            command.env("FAULT_COMMAND", other);
        }
    }
    let mut command = bounded(command);
    let run = Run::of(command.timeout(PATIENCE));
    Watched {
        run,
        hit: hit.exists(),
        log: Vec::new(),
    }
}

/// Whether the library can be had here; if not, it says so.
pub fn ready() -> bool {
    let ready = library().is_some();
    if !ready {
        skipped("there is no C compiler (cc) here");
    }
    ready
}

/// The compiled library; none where there is no compiler.
fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    LIBRARY.get_or_init(compile).as_deref()
}

fn compile() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kit/crash/fault.c");
    // Others may compile it at the same time: each for itself, and the last one stays.
    let new = folder.join(format!("fault-{}.so", process::id()));
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-U_FORTIFY_SOURCE", "-o"])
        .args([&new, &source])
        .arg("-ldl")
        .status();
    match compiled {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        compiled => assert!(compiled.expect("a C compiler").success(), "{source:?}"),
    }
    let library = folder.join("fault.so");
    fs::rename(&new, &library).expect("the library");
    Some(library)
}

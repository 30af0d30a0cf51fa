//! Running programs, and what is said about them.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::read_to_string;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long to wait between two looks at what runs.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// Runs programs side by side, and returns the seconds until the last one is done.
///
/// # Errors
///
/// If one of them cannot be started or fails.
pub fn time(commands: Vec<Command>) -> Result<f64> {
    let started = Instant::now();
    for mut child in start(commands)? {
        let status = child.wait()?;
        succeeded(child, status)?;
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Runs programs side by side, and returns the most memory that they had, in MiB: the sum of their peaks as Linux
/// counts them (`VmHWM`, see `proc_pid_status(5)`), 0 on other systems. It also calls `look` with the number of each
/// process over and over while it runs.
///
/// # Errors
///
/// If one of them cannot be started or fails.
pub fn watch(commands: Vec<Command>, mut look: impl FnMut(u32)) -> Result<f64> {
    let mut running = start(commands)?;
    let mut peaks = BTreeMap::new();
    while let Some(mut child) = running.pop_front() {
        let process = child.id();
        peaks.extend(peak(process).map(|kib| (process, kib)));
        look(process);
        match child.try_wait()? {
            Some(status) => succeeded(child, status)?,
            None => running.push_back(child),
        }
        sleep(BETWEEN_LOOKS);
    }
    Ok(peaks.values().sum::<f64>() / 1024.0)
}

fn start(commands: Vec<Command>) -> Result<VecDeque<Child>> {
    let start = |mut command: Command| {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let name = command.get_program().display().to_string();
        command.spawn().context(name)
    };
    commands.into_iter().map(start).collect()
}

/// What a program said is part of the error.
fn succeeded(child: Child, status: ExitStatus) -> Result<()> {
    match (status.success(), child.stderr) {
        (true, _) => Ok(()),
        (false, None) => bail!("a program failed: {status}"),
        (false, Some(stderr)) => bail!("a program failed: {status}\n{}", read_to_string(stderr)?),
    }
}

/// The peak of a process that runs, in KiB.
fn peak(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The middle one of some numbers.
pub fn median(numbers: &[f64]) -> f64 {
    let mut numbers = numbers.to_vec();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// The median of the ratios of runs that were made in turn.
pub fn ratio(a: &[f64], b: &[f64]) -> f64 {
    let ratios: Vec<_> = a.iter().zip(b).map(|(a, b)| a / b).collect();
    median(&ratios)
}

/// The option that names a folder of databases.
pub const DIR: &str = "--dir";

/// `tradexa`, with the option that says where its databases are, what that names, and more arguments.
pub fn tradexa(option: &str, path: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tradexa"));
    command.arg(option).arg(path).args(arguments);
    command
}

/// Makes sure that a program is there that a benchmark needs.
///
/// # Errors
///
/// If it is not.
pub fn need(program: &str) -> Result<()> {
    match Command::new(program).arg("--version").output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => bail!("this benchmark needs `{program}`: install it, or add its folder to PATH"),
    }
}

/// How many processor cores there are: `2 cores`.
pub fn cores() -> String {
    match std::thread::available_parallelism() {
        Ok(cores) => format!("{cores} cores"),
        Err(_) => "unknown cores".to_string(),
    }
}

//! Running programs in turn, and what is said about them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

/// The program that is measured.
pub const TRADEXA: &str = env!("CARGO_BIN_EXE_tradexa");

/// What can go wrong in a benchmark; it stops then.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A program that is measured: given a fresh folder for its databases, the command to run.
pub struct Contender<'a> {
    /// What it is called in the results.
    pub name: &'a str,
    /// Prepares the folder; not timed.
    pub prepare: fn(&Path) -> Result<()>,
    /// The command to time.
    pub command: Box<dyn Fn(&Path) -> Command + 'a>,
}

/// The seconds of each run of each contender. They run in turn, A B C A B C …, each in a fresh folder.
pub fn run_in_turn(contenders: &[Contender], runs: usize) -> Result<Vec<Vec<f64>>> {
    let mut seconds = vec![Vec::new(); contenders.len()];
    for _ in 0..runs {
        for (contender, seconds) in contenders.iter().zip(&mut seconds) {
            let folder = fresh_folder(contender)?;
            let mut command = (contender.command)(folder.path());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let started = Instant::now();
            let status = command.status()?;
            seconds.push(started.elapsed().as_secs_f64());
            if !status.success() {
                return Err(format!("{} failed: {status}", contender.name).into());
            }
        }
    }
    Ok(seconds)
}

fn fresh_folder(contender: &Contender) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    (contender.prepare)(folder.path())?;
    Ok(folder)
}

/// The most memory that the largest process of a contender had at one time, in MiB, as Linux counts it (`ru_maxrss`).
/// Python asks for it, because the standard library of Rust cannot.
pub fn peak_memory(contender: &Contender) -> Result<f64> {
    const ASK: &str = "import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let folder = fresh_folder(contender)?;
    let command = (contender.command)(folder.path());
    let mut python = Command::new("python3");
    python
        .arg("-c")
        .arg(ASK)
        .arg(command.get_program())
        .args(command.get_args());
    let output = python.stderr(Stdio::inherit()).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse::<f64>()? / 1024.0)
}

/// Prints a line per contender: its median time, how the first one compares with it, and its peak memory.
pub fn print_results(contenders: &[Contender], seconds: &[Vec<f64>]) -> Result<()> {
    println!("{:>9}  {:>14}  {:>8}", "ms", "tradexa / this", "peak MiB");
    for (contender, times) in contenders.iter().zip(seconds) {
        let ms = median(times.iter().copied()) * 1e3;
        let ratio = ratio(&seconds[0], times);
        let memory = peak_memory(contender)?;
        println!(
            "{ms:>9.1}  {ratio:>14.2}  {memory:>8.1}  {}",
            contender.name
        );
    }
    Ok(())
}

/// The middle one of some numbers.
pub fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut numbers: Vec<_> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// The median of the ratios of runs that were made in turn.
pub fn ratio(a: &[f64], b: &[f64]) -> f64 {
    median(a.iter().zip(b).map(|(a, b)| a / b))
}

/// Creates the three databases.
pub fn init(folder: &Path) -> Result<()> {
    let status = Command::new(TRADEXA)
        .arg("--dir")
        .arg(folder)
        .arg("init")
        .stdout(Stdio::null())
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("init failed".into()),
    }
}

/// `tradexa insert`, with more arguments.
pub fn insert(folder: &Path, arguments: &[&Path]) -> Command {
    let mut command = Command::new(TRADEXA);
    command
        .arg("--dir")
        .arg(folder)
        .arg("insert")
        .args(arguments);
    command
}

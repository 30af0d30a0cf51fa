//! How the processor time of a process is shared among its threads, as Linux counts it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::common::watch;

/// What a process did.
#[derive(Debug, Default)]
pub struct Seen {
    /// The most memory that it had, in MiB.
    pub peak: f64,
    /// The processor time of all its threads, in nanoseconds.
    whole: u64,
    /// Its threads by their numbers, each with its name and the nanoseconds that it had when it was seen last.
    threads: BTreeMap<OsString, (String, u64)>,
}

/// Runs programs side by side, and watches them.
///
/// # Errors
///
/// If one of them cannot be started or fails.
pub fn see(commands: Vec<Command>) -> Result<Seen> {
    let mut threads = BTreeMap::new();
    let before = of_ended_processes();
    let peak = watch(commands, |process| {
        let tasks = fs::read_dir(format!("/proc/{process}/task"));
        for task in tasks.into_iter().flatten().flatten() {
            threads.extend(thread(&task.path()).map(|thread| (task.file_name(), thread)));
        }
    })?;
    let whole = of_ended_processes() - before;
    Ok(Seen {
        peak,
        whole,
        threads,
    })
}

impl Seen {
    /// Prints the shares of the threads of each name taken together, and of the busiest one among them.
    pub fn print(&self) {
        let mut names: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (name, nanoseconds) in self.threads.values() {
            names.entry(name).or_default().push(*nanoseconds);
        }
        let percent = |nanoseconds: u64| 100.0 * nanoseconds as f64 / self.whole as f64;
        let mut unseen = self.whole;
        println!(" share  busiest  threads");
        for (name, threads) in names {
            let (count, sum) = (threads.len(), threads.iter().sum());
            let busiest = threads.into_iter().max().unwrap_or(0);
            let (share, busiest) = (percent(sum), percent(busiest));
            println!("{share:>4.0} %  {busiest:>5.0} %  {count:>7}  {name}");
            unseen = unseen.saturating_sub(sum);
        }
        let share = percent(unseen);
        println!(
            "{share:>4.0} %  {:>7}  {:>7}  ended unseen, or after they were last seen",
            "", ""
        );
    }

    /// Whether there is anything to print.
    pub fn is_empty(&self) -> bool {
        self.whole == 0 || self.threads.is_empty()
    }
}

/// The name of a thread, and the nanoseconds that it was on a processor.
fn thread(folder: &Path) -> Option<(String, u64)> {
    let name = fs::read_to_string(folder.join("comm")).ok()?;
    let statistics = fs::read_to_string(folder.join("schedstat")).ok()?;
    let nanoseconds = statistics.split(' ').next()?.parse().ok()?;
    Some((name.trim().to_string(), nanoseconds))
}

/// The processor time, in nanoseconds, of all processes that this one started and that have ended: fields 16 and 17 of
/// `proc_pid_stat(5)`, in ticks of 10 ms.
fn of_ended_processes() -> u64 {
    let statistics = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is a name, which may have spaces.
    let after_name = statistics.rsplit(')').next().unwrap_or_default();
    let fields = after_name.split_whitespace().skip(13).take(2);
    let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks * 10_000_000
}

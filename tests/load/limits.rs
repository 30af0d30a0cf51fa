//! Limits of the system: on threads, and on address space.

use std::process::{Command, Output};

use crate::kit::unprivileged::allow;
use crate::kit::{Folder, Run, TABLES, TRADEXA, bounded, many, skipped};

/// More rows than get a thread each.
const ROWS: usize = 40_000;

/// Loads [`ROWS`] rows into each table with limits that the shell sets, as a user that nobody else uses: the superuser
/// has no limit on threads. `None` where that is not possible.
fn load_with(limits: &str, user: u32) -> Option<Run> {
    let folder = Folder::with_csv(many(ROWS));
    let mut paths = vec![folder.outside(), folder.path()];
    paths.extend(TABLES.map(|table| folder.database(table)));
    paths.iter().for_each(|path| allow(path, 0o777));
    let copied = Command::new("cp")
        .arg(TRADEXA)
        .arg(folder.outside())
        .status();
    assert!(copied.unwrap().success());
    let user = [format!("--reuid={user}"), format!("--regid={user}")];
    let script = format!("ulimit {limits} && exec ./tradexa \"$@\"");
    let mut process = Command::new("setpriv");
    process
        .args(user)
        .args(["--clear-groups", "bash", "-c", &script, "bash"]);
    process.args([
        "--dir",
        "databases",
        "insert",
        "--from",
        "input",
        "--format",
        "json",
    ]);
    process.current_dir(folder.outside());
    let output = bounded(process).output();
    let works = |output: &Output| {
        !output.stderr.starts_with(b"setpriv: ") && !output.stderr.starts_with(b"bash: ")
    };
    if !output.as_ref().is_ok_and(works) {
        skipped("setpriv cannot change the user, or bash cannot set limits");
        return None;
    }
    Some(Run::from(output.unwrap()))
}

#[test]
fn a_limit_on_threads_costs_no_row() {
    // The main thread and a reader for each table; with 12, a few writers, too.
    for (limit, user) in [(12, 61_001), (4, 61_002)] {
        let Some(run) = load_with(&format!("-u {limit}"), user) else {
            return;
        };
        let run = run.succeeded();
        assert_eq!(run.counts(), [[ROWS as u64, 0, 0, 0]; 3]);
        let threads = run.report["threads"].as_u64().unwrap();
        assert!(threads < 3 * 64, "the limit had no effect: {threads}");
    }
}

#[test]
fn a_limit_on_address_space_costs_no_row() {
    let Some(run) = load_with("-v 250000", 61_003) else {
        return;
    };
    assert_eq!(run.succeeded().counts(), [[ROWS as u64, 0, 0, 0]; 3]);
}

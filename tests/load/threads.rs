//! One thread per record, each with a connection of its own, as the kernel saw them.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;

use crate::kit::{Folder, TABLES, TRADEXA, bounded, strace};

/// The system calls of an insert, one per line after the number of the thread; `None` where they cannot be traced.
fn trace(arguments: &[&str]) -> Option<String> {
    let folder = Folder::initialized();
    let trace = folder.outside().join("trace");
    // With -y, a call shows the path behind its file descriptor.
    let calls = "?open,openat,write,pwrite64,?pwritev";
    let options = ["-f", "-y", "-s", "0", "-e", calls, "-o"].map(OsStr::new);
    let mut process = strace(&[&options[..], &[trace.as_os_str()]].concat())?;
    process
        .arg(TRADEXA)
        .arg("--dir")
        .arg(folder.path())
        .arg("insert");
    bounded(process).args(arguments).assert().success();
    folder.assert_complete();
    Some(fs::read_to_string(trace).unwrap())
}

/// The threads that made one of these calls on the WAL of a table.
fn threads<'a>(trace: &'a str, calls: &[&str], table: &str) -> BTreeSet<&'a str> {
    let wal = format!("/{table}.db-wal");
    let lines = trace.lines().filter(|line| line.contains(&wal));
    let calls_of = lines.filter_map(|line| line.split_once(char::is_whitespace));
    calls_of
        .filter(|(_, call)| calls.iter().any(|name| call.trim_start().starts_with(name)))
        .map(|(thread, _)| thread)
        .collect()
}

/// How many threads opened the WAL of each table and wrote to it.
fn writers(trace: &str) -> [usize; 3] {
    TABLES.map(|table| {
        let opened = threads(trace, &["open(", "openat("], table);
        let wrote = threads(trace, &["write(", "pwrite64(", "pwritev("], table);
        opened.intersection(&wrote).count()
    })
}

#[test]
fn each_record_is_written_by_a_thread_of_its_own_over_a_connection_of_its_own() {
    if let Some(trace) = trace(&[]) {
        assert_eq!(writers(&trace), [9, 9, 7]);
    }
}

#[test]
fn nobody_writes_over_a_connection_that_another_thread_opened() {
    if let Some(trace) = trace(&[]) {
        for table in TABLES {
            let opened = threads(&trace, &["open(", "openat("], table);
            let wrote = threads(&trace, &["write(", "pwrite64(", "pwritev("], table);
            assert!(wrote.is_subset(&opened), "{table}: {wrote:?} {opened:?}");
        }
    }
}

#[test]
fn records_past_the_limit_of_threads_share_one() {
    if let Some(trace) = trace(&["--threads", "3"]) {
        assert_eq!(writers(&trace), [4, 4, 4]);
    }
}

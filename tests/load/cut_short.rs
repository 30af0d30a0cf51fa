//! Files that cannot be read to their end, and rejects that cannot be written to theirs.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::kit::{CLEAN, Folder, Run, TRADEXA, bounded, header};

#[cfg(target_os = "linux")] // A file that can be opened and not be read.
#[test]
fn a_file_that_cannot_be_read_at_all_is_an_error_before_anything_is_loaded() {
    let folder = Folder::with_csv(CLEAN);
    let users = folder.outside().join("input/users.csv");
    std::fs::remove_file(&users).unwrap();
    symlink("/proc/self/mem", &users).unwrap();
    let run = folder.load(&[]);
    assert_eq!(run.status, Some(1));
    assert!(run.report["tables"].is_null(), "{}", run.stdout);
    let start = "tradexa: input/users.csv could not be read: ";
    assert!(run.stderr.starts_with(start), "{}", run.stderr);
    assert!(folder.all_rows().concat().is_empty());
}

#[test]
fn a_database_for_which_there_is_no_room_is_an_error_of_init() {
    let folder = Folder::new();
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 8; exec \"$@\"", "sh", TRADEXA, "--dir"]);
    shell.arg(folder.path()).arg("init");
    let run = Run::of(&mut bounded(shell));
    assert_eq!(run.status, Some(1));
    assert!(run.report["tables"].is_null(), "{}", run.stdout);
    assert!(run.stderr.starts_with("tradexa: "), "{}", run.stderr);
    assert!(
        run.stderr.contains("users.db could not be used: "),
        "{}",
        run.stderr
    );
}

#[test]
fn rejects_for_which_there_is_no_room_are_an_error_and_the_report_is_complete() {
    let bad = "1,,no\n".repeat(20_000);
    let folder = Folder::with_csv([
        header(0).to_string() + "\n" + &bad,
        CLEAN[1].into(),
        CLEAN[2].into(),
    ]);
    // Limits files to 200 blocks of 512 or 1024 bytes. With the signal ignored, writing beyond that fails with an
    // error.
    let script = "trap '' XFSZ; ulimit -f 200; exec \"$@\"";
    let mut shell = Command::new("sh");
    shell
        .current_dir(folder.outside())
        .args(["-c", script, "sh", TRADEXA]);
    shell.args(["--dir", "databases", "insert", "--from", "input"]);
    shell.args(["--format", "json", "--limit", "0", "--rejects", "bad"]);
    let run = Run::of(&mut bounded(shell));
    assert_eq!(run.status, Some(1));
    let lines: Vec<_> = run.stderr.lines().collect();
    assert!(
        lines[0].starts_with("tradexa: bad/users.csv could not be written: "),
        "{}",
        run.stderr
    );
    assert!(
        lines[0].contains(" (the first of the rejects may be in the same folder, in users.csv."),
        "{}",
        run.stderr
    );
    assert_eq!(
        run.counts(),
        [[0, 0, 20_000, 0], [2, 0, 0, 0], [0, 0, 2, 0]]
    );
    assert!(folder.csv_in("bad", "users").is_none());
    assert!(folder.csv_in("bad", "orders").is_some());
}

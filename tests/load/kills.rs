//! A load that is killed in the middle, on any system: what it left is sound, and the next load completes it.

use std::process::Stdio;
use std::thread;

use crate::kit::{Folder, many};

/// How many rows there are per table.
const ROWS: usize = 3000;

/// Loads, kills the program once this many users are stored, and loads again.
fn killed_at(users: usize) {
    let folder = Folder::with_csv(many(ROWS));
    let arguments = "insert --from input --threads 8";
    let mut process = folder.process(&arguments.split(' ').collect::<Vec<_>>());
    process.stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = process.spawn().unwrap();
    while process.try_wait().unwrap().is_none() && folder.rows("users").len() < users {
        thread::yield_now();
    }
    let _ = process.kill(); // It may have ended.
    process.wait().unwrap();
    assert_eq!(folder.check(&[]).succeeded().violations(), [""; 0]);
    let stored = folder.all_rows().map(|rows| rows.len() as u64);
    let again = folder.load(&["--threads", "8"]).succeeded();
    assert_eq!(
        again.counts(),
        stored.map(|stored| [ROWS as u64 - stored, stored, 0, 0])
    );
}

#[test]
fn a_load_that_is_killed_is_completed_by_the_next() {
    for users in [0, 1, 5, 100, ROWS] {
        killed_at(users);
    }
}

//! The power is cut after every call of a run that changes a file. What was synced is there then; what was not may be
//! lost in any part. No order may dangle, and no row may be gone whose commit had returned.

#![cfg(target_os = "linux")]

mod preload;

use std::fs;

use preload::power::PowerCuts;
use preload::{Fault, INSERT, Mode, Run, copy, initialized, logged, run};
use rusqlite::Connection;
use tempfile::TempDir;

/// Every run has its threads in another order, so that several are looked at.
const RUNS: usize = 6;

#[test]
fn a_power_cut_at_any_point_of_an_insert_leaves_no_order_dangling() {
    let mut states = 0;
    let empty = initialized();
    for threads in ["64"; RUNS].into_iter().chain(["1", "3"]) {
        let folder = copy(empty.path());
        let mut cuts = PowerCuts::of(folder.path());
        let arguments = [INSERT, &["--threads", threads]].concat();
        let run = logged(folder.path(), &arguments, None);
        assert_eq!(run.status(), 0, "{}", run.stderr());
        cuts.examine(&run.log);
        let writers = run.report().expect("a report")["threads"].clone();
        assert_eq!(
            writers, cuts.commits,
            "each writer's commit is seen to return"
        );
        states += cuts.states();
    }
    preload::say(&format!("states examined in an insert: {states}"));
    assert!(states >= 1000, "only {states} states were examined");
}

#[test]
fn a_user_that_a_killed_run_did_not_sync_is_synced_before_an_order_refers_to_it() {
    unsynced_parents("users", ["users.db-wal", "users.db"]);
}

#[test]
fn a_product_that_a_killed_run_did_not_sync_is_synced_before_an_order_refers_to_it() {
    unsynced_parents("products", ["products.db-wal", "products.db"]);
}

#[test]
fn a_user_that_another_program_did_not_sync_is_synced_before_an_order_refers_to_it() {
    let folder = without_one("users", 4);
    let database = folder.path().join("users.db");
    let mut cuts = PowerCuts::of(folder.path());
    // A program that still reads the state before keeps a checkpoint from being complete.
    let reader = Connection::open(&database).expect("a database");
    let before = "BEGIN; SELECT count(*) FROM users";
    reader.execute_batch(before).expect("a transaction");
    let writer = Connection::open(&database).expect("a database");
    let david =
        "PRAGMA synchronous = OFF; INSERT INTO users VALUES (4, 'David', 'david@example.com')";
    writer.execute_batch(david).expect("a row");
    let wal = fs::read(folder.path().join("users.db-wal")).expect("a WAL");
    cuts.disk.create("users.db-wal", wal);

    let run = logged(folder.path(), INSERT, None);
    assert_eq!(run.status(), 0, "{}", run.stderr());
    cuts.examine(&run.log);
    preload::say(&format!(
        "states examined beside another program: {}",
        cuts.states()
    ));
}

#[test]
fn what_is_reported_after_a_sync_has_failed_survives_a_power_cut() {
    let (mut states, mut faults) = (0, 0);
    let empty = initialized();
    for mode in [Mode::Once("EIO"), Mode::Always("EIO")] {
        for at in 1.. {
            let folder = copy(empty.path());
            let mut cuts = PowerCuts::of(folder.path());
            let run = at_sync(&folder, None, at, mode);
            println!("{mode:?} at sync {at}: {}", run.output.status); // Shown if what follows fails.
            if !run.hit {
                break;
            }
            faults += 1;
            cuts.examine_end(&run.log);
            states += cuts.states();
        }
    }
    preload::say(&format!(
        "states examined after {faults} failed syncs: {states}"
    ));
    assert!(faults >= 50, "only {faults} syncs were seen");
}

/// One row of a table is missing. A first run is killed right before each of its syncs of that table's database, so
/// that the row may be written, but not synced. A second run finds it, and stores the order that refers to it. Then
/// the power is cut, at any point of the second run.
fn unsynced_parents(table: &str, files: [&'static str; 2]) {
    let (mut states, mut kills) = (0, 0);
    for id in [1, 4, 7] {
        let original = without_one(table, id);
        for file in files {
            for at in 1.. {
                let folder = copy(original.path());
                let mut cuts = PowerCuts::of(folder.path());
                let killed = at_sync(&folder, Some(file), at, Mode::Kill);
                if !killed.hit {
                    break;
                }
                kills += 1;
                cuts.examine(&killed.log);
                let second = logged(folder.path(), INSERT, None);
                assert_eq!(second.status(), 0, "{}", second.stderr());
                cuts.examine(&second.log);
                states += cuts.states();
            }
        }
    }
    preload::say(&format!(
        "states examined after {kills} kills at a sync of {table}: {states}"
    ));
    assert!(kills >= 9, "only {kills} syncs of {table} were seen");
}

fn at_sync(folder: &TempDir, file: Option<&'static str>, at: usize, mode: Mode) -> Run {
    let class = "sync";
    let fault = Fault {
        class,
        file,
        at,
        mode,
    };
    logged(folder.path(), INSERT, Some(fault))
}

/// A folder with the users and products of the seed but one, and without orders.
fn without_one(table: &str, id: i64) -> TempDir {
    let folder = initialized();
    assert_eq!(run(folder.path(), INSERT, None).status(), 0);
    for (table, rows) in [
        (table, format!("id = {id}")),
        ("orders", "true".to_string()),
    ] {
        let database = folder.path().join(format!("{table}.db"));
        let connection = Connection::open(database).expect("a database");
        let deleted = connection.execute(&format!("DELETE FROM {table} WHERE {rows}"), []);
        assert_ne!(deleted, Ok(0));
    }
    folder
}

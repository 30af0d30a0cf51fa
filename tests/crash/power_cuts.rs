//! The power is cut after every call of a run that changes a file. What was synced is there then; what was not may be
//! lost in any part. No order may dangle, and no row may be gone whose commit had returned.

use rusqlite::Connection;

use crate::crash::power::PowerCuts;
use crate::crash::{Fault, INSERT, Mode, Watched, fault, ready};
use crate::kit::{Folder, say};

/// Every run has its threads in another order, so that several are looked at.
const RUNS: usize = 6;

#[test]
fn a_power_cut_at_any_point_of_an_insert_leaves_no_order_dangling() {
    if !ready() {
        return;
    }
    let mut states = 0;
    let empty = Folder::initialized();
    for threads in ["64"; RUNS].into_iter().chain(["1", "3"]) {
        let folder = empty.copy();
        let mut cuts = PowerCuts::of(&folder);
        let arguments = [INSERT, &["--threads", threads]].concat();
        let Watched { run, log, .. } = folder.logged(&arguments, None);
        cuts.examine(&log).unwrap();
        let writers = run.succeeded().report["threads"].clone();
        assert_eq!(
            writers, cuts.commits,
            "each writer's commit is seen to return"
        );
        states += cuts.states();
    }
    say(&format!("states examined in an insert: {states}"));
    assert!(states >= 1000, "only {states} states were examined");
}

#[test]
fn a_user_that_a_killed_run_did_not_sync_is_synced_before_an_order_refers_to_it() {
    unsynced_parents("users", ["databases/users.db-wal", "databases/users.db"]);
}

#[test]
fn a_product_that_a_killed_run_did_not_sync_is_synced_before_an_order_refers_to_it() {
    unsynced_parents(
        "products",
        ["databases/products.db-wal", "databases/products.db"],
    );
}

#[test]
fn a_user_that_another_program_did_not_sync_is_synced_before_an_order_refers_to_it() {
    if !ready() {
        return;
    }
    let folder = without_one("users", 4);
    let mut cuts = PowerCuts::of(&folder);
    // A program that still reads the state before keeps a checkpoint from being complete.
    let _reader = folder.execute("users", "BEGIN; SELECT count(*) FROM users");
    let _writer = careless(&folder, "users", DAVID);
    cuts.change_carelessly();
    let Watched { run, log, .. } = folder.logged(INSERT, None);
    run.succeeded();
    cuts.examine(&log).unwrap();
    let states = cuts.states();
    say(&format!("states examined beside another program: {states}"));
    assert!(states >= 50, "only {states} states were examined");
}

/// The user of the seed with the id 4.
const DAVID: &str = "INSERT INTO users VALUES (4, 'David', 'david@example.com')";

/// Executes SQL as a program that does not sync.
fn careless(folder: &Folder, table: &str, sql: &str) -> Connection {
    folder.execute(table, &format!("PRAGMA synchronous = OFF; {sql}"))
}

#[test]
fn what_is_reported_after_a_sync_has_failed_survives_a_power_cut() {
    if !ready() {
        return;
    }
    let (mut states, mut faults) = (0, 0);
    let empty = Folder::initialized();
    for mode in [Mode::Once("EIO"), Mode::Always("EIO")] {
        for at in 1.. {
            let folder = empty.copy();
            let mut cuts = PowerCuts::of(&folder);
            let run = folder.logged(INSERT, Some(fault("sync", at, mode)));
            println!("{mode:?} at sync {at}: {}", run.run.ended); // Shown if what follows fails.
            if !run.hit {
                break;
            }
            faults += 1;
            cuts.examine_end(&run.log).unwrap();
            states += cuts.states();
        }
    }
    say(&format!(
        "states examined after {faults} failed syncs: {states}"
    ));
    assert!(faults >= 50, "only {faults} syncs were seen");
}

#[test]
fn a_rerun_after_a_sync_has_failed_survives_a_power_cut_at_any_point() {
    if !ready() {
        return;
    }
    let (mut states, mut faults) = (0, 0);
    let empty = Folder::initialized();
    for at in 1.. {
        let folder = empty.copy();
        let mut cuts = PowerCuts::of(&folder);
        let fault = Fault {
            file: Some("databases/users.db*"),
            ..fault("sync", at, Mode::Once("EIO"))
        };
        let run = folder.logged(INSERT, Some(fault));
        println!("sync {at}: {}", run.run.ended); // Shown if what follows fails.
        if !run.hit {
            break;
        }
        faults += 1;
        cuts.examine_end(&run.log).unwrap();
        let rerun = folder.logged(INSERT, None);
        rerun.run.succeeded();
        cuts.examine(&rerun.log).unwrap();
        folder.assert_complete();
        states += cuts.states();
    }
    say(&format!(
        "states examined in reruns after {faults} failed syncs: {states}"
    ));
    assert!(faults >= 5, "only {faults} syncs were seen");
}

/// One row of a table is missing. A first run is killed right before each of its syncs of that table's database, so
/// that the row may be written, but not synced. A second run finds it, and stores the order that refers to it. Then
/// the power is cut, at any point of the second run.
fn unsynced_parents(table: &str, files: [&'static str; 2]) {
    if !ready() {
        return;
    }
    let (mut states, mut kills) = (0, 0);
    for id in [1, 4, 7] {
        let original = without_one(table, id);
        for file in files {
            for at in 1.. {
                let folder = original.copy();
                let mut cuts = PowerCuts::of(&folder);
                let kill = Fault {
                    file: Some(file),
                    ..fault("sync", at, Mode::Kill)
                };
                let killed = folder.logged(INSERT, Some(kill));
                if !killed.hit {
                    break;
                }
                kills += 1;
                cuts.examine(&killed.log).unwrap();
                let second = folder.logged(INSERT, None);
                second.run.succeeded();
                cuts.examine(&second.log).unwrap();
                states += cuts.states();
            }
        }
    }
    say(&format!(
        "states examined after {kills} kills at a sync of {table}: {states}"
    ));
    assert!(kills >= 9, "only {kills} syncs of {table} were seen");
    assert!(states >= 1000, "only {states} states were examined");
}

/// A folder with the users and products of the seed but one, and without orders.
fn without_one(table: &str, id: i64) -> Folder {
    let folder = Folder::inserted();
    folder.execute(table, &format!("DELETE FROM {table} WHERE id = {id}"));
    folder.execute("orders", "DELETE FROM orders");
    folder
}

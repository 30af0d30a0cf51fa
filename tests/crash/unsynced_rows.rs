//! Rows that were there before a run and are not on disk yet: another program wrote them without syncing, or a backup
//! was copied a moment ago. The run makes them durable before an order refers to them and before it says that they are
//! there; then the power is cut, at any point of the run.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::crash::disk::records;
use crate::crash::power::PowerCuts;
use crate::crash::{Fault, INSERT, Mode, Watched, fault, ready};
use crate::kit::{Folder, TABLES, say, skipped};

/// A folder with the seed but for one user or product, and without orders. Its databases are in this journal mode.
fn without_one(table: &str, mode: &str) -> Folder {
    let folder = Folder::inserted();
    folder.execute(table, &format!("DELETE FROM {table} WHERE id = 4"));
    folder.execute("orders", "DELETE FROM orders");
    for table in TABLES {
        folder.execute(table, &format!("PRAGMA journal_mode = {mode}"));
    }
    folder
}

/// Stores what is missing, as a program that does not sync.
fn write_unsynced(folder: &Folder, table: &str) {
    let row = match table {
        "users" => "(4, 'David', 'david@example.com')",
        _ => "(4, 'Monitor', 300)",
    };
    let sql = format!("PRAGMA synchronous = OFF; INSERT INTO {table} VALUES {row}");
    drop(folder.execute(table, &sql));
    assert!(
        folder.files().iter().all(|file| file.ends_with(".db")),
        "there is a log"
    );
}

/// Inserts the seed, and cuts the power at any point.
fn survives(folder: &Folder, mut cuts: PowerCuts, at_least: usize) {
    cuts.change_unsynced();
    let Watched { run, log, .. } = folder.logged(INSERT, None);
    run.succeeded();
    cuts.examine(&log).unwrap();
    folder.assert_complete();
    enough(&cuts, at_least);
}

fn enough(cuts: &PowerCuts, at_least: usize) {
    let states = cuts.states();
    say(&format!(
        "states examined beside a program that does not sync: {states}"
    ));
    assert!(states >= at_least, "only {states} states were examined");
}

/// What another program writes without a sync, in this journal mode, is synced before an order refers to it.
fn is_synced_first(mode: &str) {
    if !ready() {
        return;
    }
    for table in ["users", "products"] {
        let folder = without_one(table, mode);
        let cuts = PowerCuts::of(&folder);
        write_unsynced(&folder, table);
        survives(&folder, cuts, 50);
    }
}

#[test]
fn what_was_written_in_wal_mode_without_a_sync_is_synced_before_an_order_refers_to_it() {
    is_synced_first("WAL");
}

#[test]
fn what_was_written_with_a_rollback_journal_without_a_sync_is_synced_before_an_order_refers_to_it()
{
    is_synced_first("DELETE");
}

#[test]
fn what_was_written_without_a_sync_and_synced_before_the_run_is_not_lost() {
    if !ready() {
        return;
    }
    for table in ["users", "products"] {
        let folder = without_one(table, "WAL");
        let mut cuts = PowerCuts::of(&folder);
        write_unsynced(&folder, table);
        cuts.change_unsynced();
        cuts.sync();
        let Watched { run, log, .. } = folder.logged(INSERT, None);
        run.succeeded();
        cuts.examine(&log).unwrap();
    }
}

#[test]
fn what_was_written_without_a_sync_through_a_link_is_synced_before_an_order_refers_to_it() {
    if !ready() {
        return;
    }
    for mode in ["WAL", "DELETE"] {
        let folder = without_one("users", mode);
        let elsewhere = folder.outside().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        for table in TABLES {
            let target = elsewhere.join(format!("the-{table}.db"));
            fs::rename(folder.database(table), target).unwrap();
            symlink(
                format!("../elsewhere/the-{table}.db"),
                folder.database(table),
            )
            .unwrap();
        }
        let cuts = PowerCuts::of(&folder);
        write_unsynced(&folder, "users");
        survives(&folder, cuts, 50);
    }
}

#[test]
fn a_backup_that_was_copied_a_moment_ago_is_synced_before_an_order_refers_to_it() {
    if !ready() {
        return;
    }
    for mode in ["WAL", "DELETE"] {
        let backup = Folder::inserted();
        backup.execute("orders", "DELETE FROM orders");
        for table in TABLES {
            backup.execute(table, &format!("PRAGMA journal_mode = {mode}"));
        }
        survives_copy(&backup, 50);
    }
}

#[test]
fn a_backup_that_has_orders_is_synced_before_they_are_said_to_be_there() {
    if ready() {
        survives_copy(&Folder::inserted(), 5);
    }
}

#[test]
fn a_backup_with_a_log_is_synced_before_its_rows_are_said_to_be_there() {
    if ready() {
        survives_copy(&Folder::killed(), 10);
    }
}

/// Copies a backup into a folder, inserts the seed, and cuts the power at any point of the insert.
fn survives_copy(backup: &Folder, at_least: usize) {
    let folder = Folder::new();
    fs::create_dir(folder.path()).unwrap();
    let cuts = PowerCuts::of(&folder);
    for file in backup.files() {
        fs::copy(backup.path().join(&file), folder.path().join(&file)).unwrap();
    }
    survives(&folder, cuts, at_least);
}

/// A program that opens the databases, looks at them, and closes them.
fn observer(folder: &Folder) -> Command {
    let databases = TABLES.map(|table| format!("databases/{table}.db"));
    let mut shell = Command::new("sh");
    shell.current_dir(folder.outside());
    let [users, products, orders] = databases;
    let look = |database, table| {
        format!("sqlite3 {database} '.timeout 10000' 'SELECT count(*) FROM {table}'")
    };
    let script = [
        look(users, "users"),
        look(products, "products"),
        look(orders, "orders"),
    ];
    shell.arg("-c").arg(script.join(" && "));
    shell
}

/// Inserts the seed while another program opens and closes the databases, and cuts the power at any point.
fn survives_with_an_observer(folder: &Folder, mut cuts: PowerCuts) {
    let Watched { run, log, .. } = folder.logged_beside(INSERT, || observer(folder));
    run.succeeded();
    cuts.examine(&log).unwrap();
    folder.assert_complete();
    enough(&cuts, 50);
    // A handle tells the process.
    let handles = records(&log).into_iter().map(|record| record.handle);
    let mut processes: Vec<_> = handles.map(|handle| handle >> 24).collect();
    processes.retain(|process| *process != 0);
    processes.dedup();
    let turns = processes.len();
    assert!(turns > 2, "the two were not at work at once");
}

#[test]
fn an_insert_loses_nothing_while_another_program_opens_and_closes_the_databases() {
    if !ready() || !shell_is_there() {
        return;
    }
    for _ in 0..4 {
        let folder = Folder::initialized();
        let cuts = PowerCuts::of(&folder);
        survives_with_an_observer(&folder, cuts);
    }
}

#[test]
fn rows_without_a_sync_are_synced_while_another_program_opens_and_closes_the_databases() {
    if !ready() || !shell_is_there() {
        return;
    }
    for table in ["users", "products"] {
        let folder = without_one(table, "WAL");
        let mut cuts = PowerCuts::of(&folder);
        write_unsynced(&folder, table);
        cuts.change_unsynced();
        survives_with_an_observer(&folder, cuts);
    }
}

/// Whenever the run has released a lock on a database, another program tries to switch that database to a rollback
/// journal. If it succeeds, whatever is written next is lost unless the run switches back.
fn survives_other_journal_modes(file: &'static str, switch: &'static str) {
    if !ready() || !shell_is_there() {
        return;
    }
    let original = Folder::initialized();
    for table in TABLES {
        original.execute(table, "PRAGMA journal_mode = DELETE");
    }
    for at in 1.. {
        let folder = original.copy();
        let mut cuts = PowerCuts::of(&folder);
        let switch = Fault {
            file: Some(file),
            ..fault("unlock", at, Mode::Run(switch))
        };
        let ran = folder.logged(INSERT, Some(switch));
        cuts.examine(&ran.log).unwrap();
        ran.run.succeeded();
        folder.assert_complete();
        if !ran.hit {
            say(&format!(
                "switches of {file} to a rollback journal: {}",
                at - 1
            ));
            assert!(at > 3, "only {} locks were released", at - 1);
            break;
        }
    }
}

#[test]
fn users_stay_durable_whenever_another_program_switches_to_a_rollback_journal() {
    survives_other_journal_modes(
        "databases/users.db",
        "sqlite3 databases/users.db '.output /dev/null' 'PRAGMA journal_mode = DELETE' 2>/dev/null",
    );
}

#[test]
fn orders_stay_durable_whenever_another_program_switches_to_a_rollback_journal() {
    survives_other_journal_modes(
        "databases/orders.db",
        "sqlite3 databases/orders.db '.output /dev/null' 'PRAGMA journal_mode = DELETE' 2>/dev/null",
    );
}

pub fn shell_is_there() -> bool {
    let there = Command::new("sqlite3").arg("--version").output();
    let there = there.is_ok_and(|output| output.status.success());
    if !there {
        skipped("there is no sqlite3 shell here");
    }
    there
}

//! Checks that the other tests here can detect what they look for: a run without its syncs loses rows, an injected
//! fault makes the run fail, and a false report is distinguished from a true one.

use std::fs::OpenOptions;
use std::io::Write;
use std::panic::catch_unwind;

use crate::crash::disk::Record;
use crate::crash::power::PowerCuts;
use crate::crash::report_check::assert_report_is_accurate;
use crate::crash::stored::Stored;
use crate::crash::{INSERT, Mode, fault, ready};
use crate::kit::{BUILT_IN, Folder, TABLES};

/// What power cuts would leave of an insert that did not make some of its calls.
fn without(left_out: impl Fn(&Record) -> bool) -> Result<(), String> {
    let folder = Folder::initialized();
    let mut cuts = PowerCuts::of(&folder);
    let log = folder.logged(INSERT, None).log;
    cuts.examine_without(&log, left_out)
}

#[test]
fn an_insert_that_leaves_nothing_out_loses_nothing() {
    if ready() {
        without(|_| false).unwrap();
    }
}

#[test]
fn an_insert_without_any_sync_would_lose_rows() {
    if ready() {
        without(|record| record.operation == "sync").unwrap_err();
    }
}

#[test]
fn an_insert_that_does_not_sync_one_of_the_logs_would_lose_its_rows() {
    if !ready() {
        return;
    }
    for table in TABLES {
        let (file, log) = (
            format!("databases/{table}.db"),
            format!("databases/{table}.db-wal"),
        );
        // Nor is what moves the log into the file, which would damage it.
        let found = without(|record| match record.operation {
            "sync" => record.name == log,
            "write" => record.name == file,
            _ => false,
        });
        let found = found.expect_err("nothing was lost");
        let what = match table {
            "orders" => "of orders is lost",
            _ => "dangles",
        };
        assert!(found.contains(what), "{table}: {found}");
    }
}

#[test]
fn an_insert_that_does_not_sync_the_folder_would_lose_the_logs() {
    if !ready() {
        return;
    }
    let found = without(|record| record.operation == "sync" && record.name == "databases");
    let found = found.expect_err("nothing was lost");
    let says = |what: &str| found.contains(what);
    // A checkpoint may have copied a part of what the log has lost, and damaged the file.
    assert!(
        says("is lost") || says("dangles") || says(".db: "),
        "{found}"
    );
}

#[test]
fn an_order_whose_user_is_not_synced_would_dangle() {
    if !ready() {
        return;
    }
    // Leaves out the report, so that no lost user is noticed, and the checkpoint, which would copy an unsynced log into
    // the file and damage it.
    let found = without(|record| match record.name {
        "databases/users.db-wal" => record.operation == "sync",
        "databases/users.db" => record.operation == "write",
        _ => record.operation == "report",
    });
    let found = found.expect_err("no order dangles");
    assert!(found.contains("dangles"), "{found}");
}

#[test]
fn a_change_that_the_library_does_not_see_is_noticed() {
    if !ready() {
        return;
    }
    let folder = Folder::initialized();
    let mut cuts = PowerCuts::of(&folder);
    let log = folder.logged(INSERT, None).log;
    let unseen = OpenOptions::new()
        .append(true)
        .open(folder.database("users"));
    unseen.unwrap().write_all(b"unseen").unwrap();
    let found = cuts.examine(&log).unwrap_err();
    assert_eq!(found, "the log lacks a change of databases/users.db");
}

#[test]
fn a_fault_of_every_class_reaches_the_program() {
    if !ready() {
        return;
    }
    for class in ["write", "sync", "open", "thread"] {
        let error = if class == "thread" { "EAGAIN" } else { "EIO" };
        let ran = Folder::initialized().faulty(INSERT, fault(class, 1, Mode::Always(error)));
        assert_eq!((ran.hit, ran.status()), (true, 1), "{class}");
    }
    let ran = Folder::named("a/b").faulty(&["init"], fault("mkdir", 1, Mode::Once("EIO")));
    assert_eq!((ran.hit, ran.status()), (true, 1), "mkdir");
    let killed = Folder::initialized().faulty(INSERT, fault("any", 1, Mode::Kill));
    assert_eq!((killed.hit, killed.run.status), (true, None));
}

#[test]
fn a_false_report_is_told_apart_from_a_true_one() {
    let folder = Folder::initialized();
    let before = Stored::read(&folder);
    let run = folder.insert(&[]);
    let after = Stored::read(&folder);
    assert_report_is_accurate(&run, &BUILT_IN, &before, &after);
    for sql in [
        "DELETE FROM users WHERE id = 3",
        "UPDATE users SET name = 'Carol' WHERE id = 3",
        "INSERT INTO users VALUES (10, 'Jane', 'jane@example.com')",
    ] {
        let mut other = after.clone();
        let changed = folder.copy();
        changed.execute("orders", "DELETE FROM orders"); // So that none dangles.
        changed.execute("users", sql);
        other.0[0] = Stored::read(&changed).0[0].clone();
        let lie = catch_unwind(|| assert_report_is_accurate(&run, &BUILT_IN, &before, &other));
        assert!(lie.is_err(), "{sql}");
    }
}

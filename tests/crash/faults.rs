//! Faults are enumerated, not sampled: the 1st, 2nd, 3rd … call that changes a file or starts a thread fails, until a
//! run has no such call left. After each, the report is true, no row dangles, and running again completes everything.

use crate::crash::report_check::{assert_report_is_accurate, completes};
use crate::crash::stored::Stored;
use crate::crash::{Attempts, Fault, Mode, Watched, at_each_call, fault, ready};
use crate::kit::{ALL_INSERTED, Folder, SUBJECTS, header, say};

/// Fails the 1st, 2nd, 3rd … call of a class in a run on copies of a folder, until a run has none left, or as many of
/// them as its subject says; `check` looks at each run.
fn each_fault(
    original: &Folder,
    arguments: &[&str],
    class: &'static str,
    mode: Mode,
    check: impl Fn(&Folder, &Watched),
) -> Attempts {
    at_each_call(original.subject.step, |at| {
        let folder = original.copy();
        let ran = folder.faulty(arguments, fault(class, at, mode));
        check(&folder, &ran);
        ran.hit
    })
}

/// Each fault of a class, met by a first insert and by one that finds everything stored.
fn insert_survives(class: &'static str, modes: &[Mode], at_least: [usize; 2]) {
    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let mut faults = [Attempts::default(); 2];
        // The others have fewer rows, or fewer files.
        let fewer = if subject.schema.is_none() { 1 } else { 3 };
        for mode in modes {
            let originals = [Folder::empty(subject), Folder::full(subject)];
            for (place, original) in originals.iter().enumerate() {
                let before = Stored::read(original);
                let arguments = subject.insert();
                let met = each_fault(original, arguments, class, *mode, |folder, ran| {
                    let after = Stored::read(folder);
                    let status = ran.status();
                    assert_report_is_accurate(&ran.run, subject, &before, &after);
                    if !ran.hit || *mode == Mode::Short {
                        assert_eq!(status, subject.status(), "{}", ran.run.stderr);
                    }
                    if status != 0 || after.counts() != subject.complete() {
                        completes(folder, &after);
                    }
                });
                let (least, seen) = (at_least[place] / fewer, met.calls);
                assert!(seen >= least, "only {seen} {class} calls were seen");
                faults[place] += met;
            }
        }
        let [first, second] = faults.map(|tried| tried.attempts);
        say(&format!(
            "{}: faults injected in {class} calls: {first} and in a rerun {second}",
            subject.name
        ));
    }
}

#[test]
fn an_insert_survives_every_write_that_fails() {
    insert_survives("write", &[Mode::Once("EIO"), Mode::Always("EIO")], [50, 10]);
}

#[test]
fn an_insert_survives_a_disk_that_is_full_at_any_write() {
    let full = "ENOSPC";
    insert_survives("write", &[Mode::Once(full), Mode::Always(full)], [50, 10]);
}

#[test]
fn an_insert_completes_every_write_that_is_cut_short() {
    insert_survives("write", &[Mode::Short], [50, 10]);
}

#[test]
fn an_insert_survives_every_sync_that_fails() {
    insert_survives("sync", &[Mode::Once("EIO"), Mode::Always("EIO")], [25, 0]);
}

/// The index of a log grows once it has this many rows or more, which are a page each.
const ROWS_OF_A_LONG_LOG: usize = 4100;

#[test]
fn rows_whose_commit_failed_once_all_was_written_are_not_found_later() {
    if !ready() {
        return;
    }
    let name = "x".repeat(400);
    let rows = (1..=ROWS_OF_A_LONG_LOG).map(|id| format!("{id},{name},{id}@b.co\n"));
    let users = format!("{}\n{}", header(0), rows.collect::<String>());
    let folder = Folder::initialized();
    let small =
        "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM; PRAGMA journal_mode = WAL";
    folder.execute("users", small);
    folder.csv("input", "users", users);
    let load = [
        "insert",
        "--from",
        "input",
        "--format",
        "json",
        "--threads",
        "1",
    ];
    let mut failed = 0;
    for at in 1.. {
        let folder = folder.copy();
        // Keeps the log from being deleted.
        let _reader = folder.execute("users", "SELECT count(*) FROM users");
        let full = Fault {
            file: Some("databases/users.db-shm"),
            ..fault("write", at, Mode::Once("ENOSPC"))
        };
        let ran = folder.faulty(&load, full);
        if !ran.hit {
            break;
        }
        if !ran.run.report["tables"].is_null() {
            let inserted = ran.run.count("users", "inserted") as usize;
            failed += usize::from(inserted == 1);
            assert_eq!(Stored::read(&folder).counts(), [inserted, 0, 0]);
        }
    }
    assert!(failed > 0, "no commit failed");
}

#[test]
fn an_insert_survives_every_truncation_that_fails() {
    insert_survives(
        "truncate",
        &[Mode::Once("EIO"), Mode::Always("EIO")],
        [3, 2],
    );
}

#[test]
fn an_insert_survives_every_file_that_cannot_be_opened() {
    let none_left = "EMFILE";
    insert_survives(
        "open",
        &[Mode::Once(none_left), Mode::Always(none_left)],
        [25, 25],
    );
}

#[test]
fn an_insert_survives_every_file_that_cannot_be_deleted() {
    insert_survives("unlink", &[Mode::Once("EIO"), Mode::Always("EIO")], [3, 3]);
}

#[test]
fn an_insert_survives_every_thread_that_cannot_be_started() {
    let again = "EAGAIN";
    insert_survives(
        "thread",
        &[Mode::Once(again), Mode::Always(again)],
        [25, 25],
    );
}

#[test]
fn a_dry_run_needs_threads_only_to_read() {
    if !ready() {
        return;
    }
    let dry_run = ["insert", "--dry-run", "--format", "json"];
    let look = |_: &Folder, ran: &Watched| match ran.status() {
        0 => assert_eq!(ran.run.counts(), ALL_INSERTED),
        _ => {
            let read = "could not be read to its end: its thread could not be started";
            assert!(ran.run.stderr.contains(read), "{}", ran.run.stderr);
        }
    };
    let mode = Mode::Once("EAGAIN");
    let met = each_fault(&Folder::initialized(), &dry_run, "thread", mode, look);
    let seen = met.attempts;
    assert!(seen >= 6, "only {seen} threads were seen");
}

#[test]
fn an_init_whose_folder_cannot_be_synced_fails() {
    if !ready() {
        return;
    }
    let folder = Folder::new();
    std::fs::create_dir(folder.path()).unwrap();
    let fault = Fault {
        file: Some("databases"),
        ..fault("sync", 1, Mode::Always("EIO"))
    };
    let ran = folder.faulty(&["init"], fault);
    assert_eq!((ran.hit, ran.status()), (true, 1));
}

#[test]
fn rejects_that_the_disk_fails_to_store_are_not_put_in_place() {
    if !ready() {
        return;
    }
    for class in ["write", "sync"] {
        let folder = Folder::initialized();
        let fault = Fault {
            file: Some("rejects/users.csv.*.partial"),
            ..fault(class, 1, Mode::Once("EIO"))
        };
        let ran = folder.faulty(&["insert", "--rejects", "rejects"], fault);
        assert_eq!((ran.hit, ran.status()), (true, 1), "{class}");
        let message = "rejects/users.csv could not be written: ";
        assert!(ran.run.stderr.contains(message), "{}", ran.run.stderr);
        assert_eq!(folder.csv_in("rejects", "users"), None, "{class}");
        let advice = "Not all skipped rows could be written to rejects.";
        assert!(ran.run.stdout.contains(advice), "{}", ran.run.stdout);
    }
}

#[test]
fn rejects_whose_folder_cannot_be_synced_are_an_error() {
    if !ready() {
        return;
    }
    let folder = Folder::initialized();
    let fault = Fault {
        file: Some("rejects"),
        ..fault("sync", 1, Mode::Once("EIO"))
    };
    let ran = folder.faulty(&["insert", "--rejects", "rejects"], fault);
    assert_eq!((ran.hit, ran.status()), (true, 1));
    let message = "rejects/users.csv is written, but its folder could not be synced to the disk: ";
    assert!(ran.run.stderr.contains(message), "{}", ran.run.stderr);
    assert!(folder.csv_in("rejects", "users").is_some());
}

#[test]
fn a_check_says_which_thread_could_not_be_started() {
    if !ready() {
        return;
    }
    for mode in [Mode::Once("EAGAIN"), Mode::Always("EAGAIN")] {
        let check = |_: &Folder, ran: &Watched| {
            assert_eq!(ran.hit, ran.status() == 1, "{}", ran.run.stderr);
            assert_eq!(ran.hit, ran.run.stdout.is_empty());
            assert_eq!(ran.hit, ran.run.stderr.contains("could not be used: "));
        };
        let met = each_fault(&Folder::inserted(), &["check"], "thread", mode, check);
        assert_eq!(met.attempts, 3);
    }
}

/// Each fault of a class, met by an init that also has to create folders. `at_least` is the minimum number of such
/// calls: first where each table has a file of its own, then where all share one.
fn init_survives(class: &'static str, at_least: [usize; 2]) {
    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let mut faults = Attempts::default();
        for mode in [Mode::Once("EIO"), Mode::Always("EIO")] {
            let original = Folder::of(subject, "a/b");
            let met = each_fault(&original, &["init"], class, mode, |folder, ran| {
                let failed = ran.status() != 0;
                assert_eq!(failed, !ran.run.stderr.is_empty(), "{}", ran.run.stderr);
                folder.tradexa(&["init"]).assert().success();
                completes(folder, &Stored::read(folder));
            });
            let (least, seen) = (at_least[usize::from(subject.is_one_file())], met.calls);
            assert!(seen >= least, "only {seen} {class} calls were seen");
            faults += met;
        }
        say(&format!(
            "{}: faults injected in {class} calls of init: {}",
            subject.name, faults.attempts
        ));
    }
}

#[test]
fn an_init_survives_every_write_that_fails() {
    init_survives("write", [10, 3]);
}

#[test]
fn an_init_survives_every_sync_that_fails() {
    init_survives("sync", [5, 2]);
}

#[test]
fn an_init_survives_every_truncation_that_fails() {
    init_survives("truncate", [1, 0]);
}

#[test]
fn an_init_survives_every_file_that_cannot_be_opened() {
    init_survives("open", [5, 2]);
}

#[test]
fn an_init_survives_every_file_that_cannot_be_deleted() {
    init_survives("unlink", [1, 0]);
}

#[test]
fn an_init_survives_every_folder_that_cannot_be_created() {
    init_survives("mkdir", [2, 2]);
}

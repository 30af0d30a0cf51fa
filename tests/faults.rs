//! Faults are enumerated, not sampled: the 1st, 2nd, 3rd … call that changes a file or starts a thread fails, until a
//! run has no such call left. After each, the report is true, no order dangles, and running again completes everything.

#![cfg(target_os = "linux")]

mod preload;

use std::path::Path;

use preload::stored::{SEED, Stored};
use preload::{Fault, INSERT, Mode, copy, folder, initialized, report, run};

/// Fails the 1st, 2nd, 3rd … call of a class in a run on copies of a folder, until a run has none left; `check` looks
/// at each run. Returns how many faults that were.
fn each_fault(
    original: &Path,
    arguments: &[&str],
    class: &'static str,
    mode: Mode,
    check: impl Fn(&Path, &preload::Run),
) -> usize {
    let mut faults = 0;
    for at in 1.. {
        let folder = copy(original);
        let file = None;
        let fault = Fault {
            class,
            file,
            at,
            mode,
        };
        let ran = run(folder.path(), arguments, Some(fault));
        println!("{fault:?}: {}", ran.output.status); // Shown if what follows fails.
        check(folder.path(), &ran);
        if !ran.hit {
            break;
        }
        faults += 1;
    }
    faults
}

/// Each fault of a class, met by a first insert and by one that finds everything stored.
fn insert_survives(class: &'static str, modes: &[Mode], at_least: usize) {
    let mut faults = 0;
    let empty = initialized();
    let full = copy(empty.path());
    assert_eq!(run(full.path(), INSERT, None).status(), 0);
    for mode in modes {
        for (original, at_least) in [(&empty, at_least), (&full, 0)] {
            let before = Stored::read(original.path());
            let met = each_fault(original.path(), INSERT, class, *mode, |folder, ran| {
                let after = Stored::read(folder);
                report::assert_true(ran, &before, &after);
                if !ran.hit || *mode == Mode::Short {
                    assert_eq!(ran.status(), 0, "{}", ran.stderr());
                }
                completes(folder, &after);
            });
            assert!(met >= at_least, "only {met} {class} calls were seen");
            faults += met;
        }
    }
    preload::say(&format!("faults injected in {class} calls: {faults}"));
}

/// An insert without faults stores what is missing, and reports so.
fn completes(folder: &Path, before: &Stored) {
    let again = run(folder, INSERT, None);
    assert_eq!(again.status(), 0, "{}", again.stderr());
    let after = Stored::read(folder);
    report::assert_true(&again, before, &after);
    assert_eq!(after.counts(), SEED);
}

#[test]
fn an_insert_survives_every_write_that_fails() {
    insert_survives("write", &[Mode::Once("EIO"), Mode::Always("EIO")], 50);
}

#[test]
fn an_insert_survives_a_disk_that_is_full_at_any_write() {
    insert_survives("write", &[Mode::Once("ENOSPC"), Mode::Always("ENOSPC")], 50);
}

#[test]
fn an_insert_completes_every_write_that_is_cut_short() {
    insert_survives("write", &[Mode::Short], 50);
}

#[test]
fn an_insert_survives_every_sync_that_fails() {
    insert_survives("sync", &[Mode::Once("EIO"), Mode::Always("EIO")], 25);
}

#[test]
fn an_insert_survives_every_truncation_that_fails() {
    insert_survives("truncate", &[Mode::Once("EIO"), Mode::Always("EIO")], 3);
}

#[test]
fn an_insert_survives_every_file_that_cannot_be_opened() {
    insert_survives("open", &[Mode::Once("EMFILE"), Mode::Always("EMFILE")], 25);
}

#[test]
fn an_insert_survives_every_file_that_cannot_be_deleted() {
    insert_survives("unlink", &[Mode::Once("EIO"), Mode::Always("EIO")], 3);
}

#[test]
fn an_insert_survives_every_thread_that_cannot_be_started() {
    insert_survives(
        "thread",
        &[Mode::Once("EAGAIN"), Mode::Always("EAGAIN")],
        25,
    );
}

#[test]
fn an_init_survives_every_fault() {
    let mut faults = 0;
    let empty = folder();
    for class in ["write", "sync", "truncate", "open", "unlink"] {
        for mode in [Mode::Once("EIO"), Mode::Always("EIO")] {
            faults += each_fault(empty.path(), &["init"], class, mode, |folder, ran| {
                assert_eq!(
                    ran.status() != 0,
                    !ran.stderr().is_empty(),
                    "{}",
                    ran.stderr()
                );
                let again = run(folder, &["init"], None);
                assert_eq!(again.status(), 0, "{}", again.stderr());
                completes(folder, &Stored::read(folder));
            });
        }
    }
    preload::say(&format!("faults injected in init: {faults}"));
}

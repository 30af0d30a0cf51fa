//! The process is killed at every instant at which it is about to change something, or has written half of it. What it
//! leaves is sound, no order dangles, and running again completes it.

use crate::crash::stored::{SEED, Stored};
use crate::crash::truth::assert_true;
use crate::crash::{FEW_THREADS, INSERT, Mode, Watched, fault, ready};
use crate::kit::{Folder, TABLES, many, say, text};

#[test]
fn an_insert_that_is_killed_at_any_call_is_completed_by_the_next() {
    if !ready() {
        return;
    }
    let empty = Folder::initialized();
    let kills = each_kill(&empty, INSERT, "any", Mode::Kill, 1);
    say(&format!("kills at any call: {kills}"));
    assert!(kills >= 200, "only {kills} calls were seen");
}

#[test]
fn an_insert_that_is_killed_within_any_write_is_completed_by_the_next() {
    if !ready() {
        return;
    }
    let empty = Folder::initialized();
    let kills = each_kill(&empty, INSERT, "write", Mode::Torn, 1);
    say(&format!("kills within a write: {kills}"));
    assert!(kills >= 50, "only {kills} writes were seen");
}

#[test]
fn an_insert_with_few_threads_that_is_killed_is_completed_by_the_next() {
    if !ready() {
        return;
    }
    let empty = Folder::initialized();
    for threads in ["1", "3"] {
        let arguments = [INSERT, &["--threads", threads]].concat();
        let kills = each_kill(&empty, &arguments, "any", Mode::Kill, 3);
        say(&format!("kills with {threads} threads: {kills}"));
        assert!(kills >= 20, "only {kills} calls were seen");
    }
}

#[test]
fn an_insert_that_is_killed_while_it_recovers_from_a_kill_is_completed_by_the_next() {
    if !ready() {
        return;
    }
    let empty = Folder::initialized();
    let mut kills = 0;
    for at in [60, 110, 160, 210] {
        let killed = empty.copy();
        assert!(kill(&killed, INSERT, "any", Mode::Kill, at).hit);
        kills += each_kill(&killed, INSERT, "any", Mode::Kill, 7);
    }
    say(&format!("kills after a kill: {kills}"));
    assert!(kills >= 50, "only {kills} calls were seen");
}

#[test]
fn an_init_that_is_killed_at_any_call_is_completed_by_the_next() {
    if !ready() {
        return;
    }
    let mut kills = 0;
    for (class, mode) in [("any", Mode::Kill), ("write", Mode::Torn)] {
        for at in 1.. {
            let folder = Folder::named("a/b");
            if !kill(&folder, &["init"], class, mode, at).hit {
                break;
            }
            kills += 1;
            folder.tradexa(&["init"]).assert().success();
            completes_the_seed(&folder);
        }
    }
    say(&format!("kills of init: {kills}"));
    assert!(kills >= 50, "only {kills} calls were seen");
}

#[test]
fn the_rejects_of_a_load_that_is_killed_are_whole_or_in_nobodys_way() {
    if !ready() {
        return;
    }
    let empty = Folder::initialized();
    let arguments = ["--rejects", "rejects", "--threads", "2"];
    let mut kills = 0;
    for at in 1.. {
        let folder = empty.copy();
        if !kill(
            &folder,
            &[INSERT, &arguments].concat(),
            "any",
            Mode::Kill,
            at,
        )
        .hit
        {
            break;
        }
        kills += 1;
        let written = TABLES.map(|table| folder.csv_in("rejects", table));
        if written.iter().all(Option::is_none) {
            folder.insert(&arguments).succeeded();
        }
        for (table, rejects) in TABLES.into_iter().zip([1, 1, 3]) {
            if let Some(file) = folder.csv_in("rejects", table) {
                let lines = text(&file).lines().count();
                assert_eq!(lines, 1 + rejects, "{table}, after {kills} kills");
            }
        }
    }
    say(&format!("kills of a load with rejects: {kills}"));
    assert!(kills >= 50, "only {kills} calls were seen");
}

/// Kills a run on copies of a folder at its calls of a class, every `step`-th of them; then looks at what is left, and
/// runs again. Returns how many kills that were.
fn each_kill(
    original: &Folder,
    arguments: &[&str],
    class: &'static str,
    mode: Mode,
    step: usize,
) -> usize {
    let mut kills = 0;
    for at in (1..).step_by(step) {
        let folder = original.copy();
        if !kill(&folder, arguments, class, mode, at).hit {
            break;
        }
        kills += 1;
        completes_the_seed(&folder);
    }
    kills
}

/// Runs the program until its K-th call of a class.
fn kill(
    folder: &Folder,
    arguments: &[&str],
    class: &'static str,
    mode: Mode,
    at: usize,
) -> Watched {
    let killed = folder.faulty(arguments, fault(class, at, mode));
    assert_eq!(
        killed.run.status.is_none(),
        killed.hit,
        "{}",
        killed.run.stderr
    );
    killed
}

/// What is stored is sound; inserting the seed completes it, and says so.
fn completes_the_seed(folder: &Folder) {
    let before = Stored::read(folder);
    let again = folder.insert(FEW_THREADS).succeeded();
    let after = Stored::read(folder);
    assert_true(&again, &before, &after);
    assert_eq!(after.counts(), SEED);
}

/// How many rows the larger load has per table.
const ROWS: usize = 3000;

#[test]
fn a_larger_load_that_is_killed_is_completed_by_the_next() {
    if !ready() {
        return;
    }
    let empty = Folder::with_csv(many(ROWS));
    let arguments = [INSERT, &["--threads", "8", "--from", "input"]].concat();
    let mut kills = 0;
    for at in (1..).step_by(11) {
        let folder = empty.copy();
        if !kill(&folder, &arguments, "any", Mode::Kill, at).hit {
            break;
        }
        kills += 1;
        let before = Stored::read(&folder).counts();
        let again = folder.load(&["--threads", "8"]).succeeded();
        assert_eq!(Stored::read(&folder).counts(), [ROWS; 3]);
        for (table, before) in TABLES.into_iter().zip(before) {
            assert_eq!(again.count(table, "unchanged"), before as u64);
            assert_eq!(again.count(table, "inserted"), (ROWS - before) as u64);
        }
    }
    say(&format!("kills of a larger load: {kills}"));
    assert!(kills >= 20, "only {kills} calls were seen");
}

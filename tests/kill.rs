//! The process is killed at every instant at which it is about to change something, or has written half of it. What it
//! leaves is sound, no order dangles, and running again completes it.

#![cfg(target_os = "linux")]

mod preload;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use preload::stored::{SEED, Stored};
use preload::{Fault, INSERT, Mode, Run, copy, folder, initialized, report, run};
use tempfile::TempDir;

#[test]
fn an_insert_that_is_killed_at_any_call_is_completed_by_the_next() {
    let empty = initialized();
    let kills = each_kill(&empty, INSERT, "any", Mode::Kill, 1);
    preload::say(&format!("kills at any call: {kills}"));
    assert!(kills >= 200, "only {kills} calls were seen");
}

#[test]
fn an_insert_that_is_killed_within_any_write_is_completed_by_the_next() {
    let empty = initialized();
    let kills = each_kill(&empty, INSERT, "write", Mode::Torn, 1);
    preload::say(&format!("kills within a write: {kills}"));
    assert!(kills >= 50, "only {kills} writes were seen");
}

#[test]
fn an_insert_with_few_threads_that_is_killed_is_completed_by_the_next() {
    let empty = initialized();
    for threads in ["1", "3"] {
        let arguments = [INSERT, &["--threads", threads]].concat();
        let kills = each_kill(&empty, &arguments, "any", Mode::Kill, 3);
        preload::say(&format!("kills with {threads} threads: {kills}"));
        assert!(kills >= 20, "only {kills} calls were seen");
    }
}

#[test]
fn an_insert_that_is_killed_while_it_recovers_from_a_kill_is_completed_by_the_next() {
    let empty = initialized();
    let mut kills = 0;
    for at in [60, 110, 160, 210] {
        let killed = copy(empty.path());
        assert!(kill(&killed, INSERT, "any", Mode::Kill, at).hit);
        kills += each_kill(&killed, INSERT, "any", Mode::Kill, 7);
    }
    preload::say(&format!("kills after a kill: {kills}"));
}

#[test]
fn an_init_that_is_killed_at_any_call_is_completed_by_the_next() {
    let mut kills = 0;
    for (class, mode) in [("any", Mode::Kill), ("write", Mode::Torn)] {
        for at in 1.. {
            let folder = folder();
            if !kill(&folder, &["init"], class, mode, at).hit {
                break;
            }
            kills += 1;
            let again = run(folder.path(), &["init"], None);
            assert_eq!(again.status(), 0, "{}", again.stderr());
            completes_the_seed(folder.path());
        }
    }
    preload::say(&format!("kills of init: {kills}"));
    assert!(kills >= 50, "only {kills} calls were seen");
}

/// Kills a run on copies of a folder at its calls of a class, every `step`-th of them; then looks at what is left, and
/// runs again. Returns how many kills that were.
fn each_kill(
    original: &TempDir,
    arguments: &[&str],
    class: &'static str,
    mode: Mode,
    step: usize,
) -> usize {
    let mut kills = 0;
    for at in (1..).step_by(step) {
        let folder = copy(original.path());
        if !kill(&folder, arguments, class, mode, at).hit {
            break;
        }
        kills += 1;
        completes_the_seed(folder.path());
    }
    kills
}

/// Runs the program until its K-th call of a class.
fn kill(folder: &TempDir, arguments: &[&str], class: &'static str, mode: Mode, at: usize) -> Run {
    let file = None;
    let fault = Fault {
        class,
        file,
        at,
        mode,
    };
    let run = run(folder.path(), arguments, Some(fault));
    println!("{fault:?}: {}", run.output.status); // Shown if what follows fails.
    assert_eq!(
        run.output.status.code().is_none(),
        run.hit,
        "{}",
        run.stderr()
    );
    run
}

/// What is stored is sound; inserting the seed completes it, and says so.
fn completes_the_seed(folder: &Path) {
    let before = Stored::read(folder);
    let again = run(folder, INSERT, None);
    assert_eq!(again.status(), 0, "{}", again.stderr());
    let after = Stored::read(folder);
    report::assert_true(&again, &before, &after);
    assert_eq!(after.counts(), SEED);
}

/// How many rows the larger load has per table.
const ROWS: usize = 3000;

#[test]
fn a_larger_load_that_is_killed_is_completed_by_the_next() {
    let input = larger_load();
    let from = input.path().to_str().expect("a path");
    let arguments = [INSERT, &["--threads", "8", "--from", from]].concat();
    let empty = initialized();
    let mut kills = 0;
    for at in (1..).step_by(11) {
        let folder = copy(empty.path());
        if !kill(&folder, &arguments, "any", Mode::Kill, at).hit {
            break;
        }
        kills += 1;
        let before = Stored::read(folder.path()).counts();
        let again = run(folder.path(), &arguments, None);
        assert_eq!(again.status(), 0, "{}", again.stderr());
        assert_eq!(Stored::read(folder.path()).counts(), [ROWS; 3]);
        let report = again.report().expect("a report");
        for (table, before) in before.into_iter().enumerate() {
            assert_eq!(report["tables"][table]["unchanged"], before);
            assert_eq!(report["tables"][table]["inserted"], ROWS - before);
        }
    }
    preload::say(&format!("kills of a larger load: {kills}"));
    assert!(kills >= 20, "only {kills} calls were seen");
}

/// CSV files with rows that keep the rules, the orders in another order than the rows they refer to.
fn larger_load() -> TempDir {
    let folder = folder();
    let mut users = "id,name,email\n".to_string();
    let mut products = "id,name,price\n".to_string();
    let mut orders = "id,user_id,product_id,quantity\n".to_string();
    for id in 1..=ROWS {
        writeln!(users, "{id},User {id},user{id}@example.com").expect("a line");
        writeln!(products, "{id},Product {id},{id}.5").expect("a line");
        let (user, product) = (ROWS + 1 - id, id * 7 % ROWS + 1);
        writeln!(orders, "{id},{user},{product},{id}").expect("a line");
    }
    for (name, rows) in [("users", users), ("products", products), ("orders", orders)] {
        fs::write(folder.path().join(format!("{name}.csv")), rows).expect("a file");
    }
    folder
}

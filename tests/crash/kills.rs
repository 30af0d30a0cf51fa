//! The process is killed whenever it is about to change something, or is halfway through writing it. The databases it
//! leaves behind are intact, no reference dangles, and running it again completes the load.

use crate::crash::report_check::completes;
use crate::crash::stored::Stored;
use crate::crash::{Attempts, Mode, Watched, at_each_call, fault, ready};
use crate::kit::{Folder, SUBJECTS, Subject, say, text};

/// Runs `kills` for every subject, and prints how many processes were killed. Each subject must make at least
/// `at_least` calls.
fn for_all(what: &str, at_least: usize, kills: impl Fn(&'static Subject) -> Attempts) {
    if !ready() {
        return;
    }
    for subject in SUBJECTS {
        let Attempts { attempts, calls } = kills(subject);
        say(&format!("{}: kills {what}: {attempts}", subject.name));
        assert!(calls >= at_least, "only {calls} calls were seen");
    }
}

#[test]
fn an_insert_that_is_killed_at_any_call_is_completed_by_the_next() {
    for_all("at any call", 150, |subject| {
        let empty = Folder::empty(subject);
        each_kill(&empty, subject.insert(), "any", Mode::Kill, 1)
    });
}

#[test]
fn an_insert_that_is_killed_within_any_write_is_completed_by_the_next() {
    for_all("within a write", 50, |subject| {
        let empty = Folder::empty(subject);
        each_kill(&empty, subject.insert(), "write", Mode::Torn, 1)
    });
}

#[test]
fn an_insert_with_few_threads_that_is_killed_is_completed_by_the_next() {
    for threads in ["1", "3"] {
        for_all(&format!("with {threads} threads"), 60, |subject| {
            let arguments = [subject.insert(), &["--threads", threads]].concat();
            each_kill(&Folder::empty(subject), &arguments, "any", Mode::Kill, 3)
        });
    }
}

#[test]
fn an_insert_that_is_killed_while_it_recovers_from_a_kill_is_completed_by_the_next() {
    for_all("after a kill", 100, |subject| {
        let empty = Folder::empty(subject);
        let mut kills = Attempts::default();
        for at in [60, 80, 110, 140] {
            let killed = empty.copy();
            assert!(kill(&killed, subject.insert(), "any", Mode::Kill, at).hit);
            kills += each_kill(&killed, subject.insert(), "any", Mode::Kill, 7);
        }
        kills
    });
}

#[test]
fn an_init_that_is_killed_at_any_call_is_completed_by_the_next() {
    for_all("of init", 30, |subject| {
        let original = Folder::of(subject, "a/b");
        let mut kills = Attempts::default();
        for (class, mode) in [("any", Mode::Kill), ("write", Mode::Torn)] {
            kills += at_each_call(subject.step, |at| {
                let folder = original.copy();
                let hit = kill(&folder, &["init"], class, mode, at).hit;
                folder.tradexa(&["init"]).assert().success();
                completes(&folder, &Stored::read(&folder));
                hit
            });
        }
        kills
    });
}

#[test]
fn the_rejects_of_a_killed_load_are_complete_or_do_not_get_in_the_way() {
    for_all("of a load with rejects", 50, |subject| {
        let empty = Folder::empty(subject);
        let rejects = ["--rejects", "rejects", "--threads", "2"];
        let arguments = [subject.insert(), &rejects].concat();
        at_each_call(subject.step, |at| {
            let folder = empty.copy();
            if !kill(&folder, &arguments, "any", Mode::Kill, at).hit {
                return false;
            }
            let tables = &subject.tables;
            let written = tables
                .each_ref()
                .map(|table| folder.csv_in("rejects", table.name));
            if written.iter().all(Option::is_none) {
                folder.insert(&rejects).ended_well(subject);
            }
            for table in tables {
                if let Some(file) = folder.csv_in("rejects", table.name) {
                    let lines = text(&file).lines().count();
                    let rejects = table.skipped.len() + table.refused.len();
                    assert_eq!(lines, 1 + rejects, "{}, after a kill at {at}", table.name);
                }
            }
            true
        })
    });
}

/// Kills a run on copies of a folder at its calls of a class, every `step`-th of them, or of those that its subject
/// says; then looks at what is left, and runs again.
fn each_kill(
    original: &Folder,
    arguments: &[&str],
    class: &'static str,
    mode: Mode,
    step: usize,
) -> Attempts {
    at_each_call(step * original.subject.step, |at| {
        let folder = original.copy();
        let hit = kill(&folder, arguments, class, mode, at).hit;
        completes(&folder, &Stored::read(&folder));
        hit
    })
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

/// How many rows the larger load has per table.
const ROWS: usize = 3000;

#[test]
fn a_larger_load_that_is_killed_is_completed_by_the_next() {
    for_all("of a larger load", 200, |subject| {
        let empty = Folder::empty(subject);
        empty.give("input", (subject.many)(ROWS));
        let load = ["insert", "--from", "input", "--format", "json"];
        let arguments = [&load[..], &["--threads", "8"]].concat();
        at_each_call(11 * subject.step, |at| {
            let folder = empty.copy();
            let hit = kill(&folder, &arguments, "any", Mode::Kill, at).hit;
            let before = Stored::read(&folder).counts();
            let again = folder.load(&["--threads", "8"]).succeeded();
            assert_eq!(Stored::read(&folder).counts(), [ROWS; 3]);
            for (table, before) in subject.tables.iter().zip(before) {
                let counts = [ROWS - before, before, 0, 0].map(|count| count as u64);
                assert_eq!(again.outcomes(table.name), counts, "{}", table.name);
            }
            hit
        })
    });
}

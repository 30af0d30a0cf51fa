//! A signal arrives after any call. Either it ends the process as it would by default, or the process stops, reports
//! what it did and returns the matching exit status, or it had already finished. In every case, running it again
//! completes the load.

use crate::crash::stored::{Rows, Stored};
use crate::crash::{Attempts, Mode, at_each_call, fault, ready};
use crate::kit::stored::row;
use crate::kit::{self, Folder, Run, SUBJECTS, Subject, say};

/// How many rows there are per table.
const ROWS: usize = 300;

/// How many runs ended in each way. A load takes only milliseconds, so of a few dozen runs, no more can be expected
/// than that at least one was interrupted before it was done.
#[derive(Default, Debug)]
struct Ends {
    at_once: usize,
    interrupted: usize,
    /// The interrupted runs that left something to do.
    incomplete: usize,
    done: usize,
}

/// Signals after every `step`-th call of a load, or of those that its subject says. The load ends with this exit status
/// if it is interrupted.
fn each_moment(subject: &'static Subject, mode: Mode, status: i32, step: usize) -> Ends {
    let empty = Folder::empty(subject);
    empty.give("input", (subject.many)(ROWS));
    let load = ["insert", "--from", "input", "--format", "json"];
    let few = ["--threads", "8", "--limit", "1000"];
    let arguments = [&load[..], &few].concat();
    let mut ends = Ends::default();
    at_each_call(step * subject.step, |at| {
        let folder = empty.copy();
        let ran = folder.faulty(&arguments, fault("any", at, mode));
        if !ran.hit {
            return false;
        }
        let stored = Stored::read(&folder);
        match ran.run.status {
            None => {
                ends.at_once += 1;
                assert_eq!((ran.run.stdout.as_str(), stored.counts()), ("", [0; 3]));
            }
            Some(0) => {
                ends.done += 1;
                assert_eq!(ran.run.report["interrupted"], false);
                assert_eq!(stored.counts(), [ROWS; 3]);
            }
            other => {
                ends.interrupted += 1;
                ends.incomplete += usize::from(stored.counts() != [ROWS; 3]);
                assert_eq!(other, Some(status), "{}", ran.run.stderr);
                is_true(&ran.run, subject, &stored);
            }
        }
        let again = folder.load(&[]).succeeded();
        for (table, before) in subject.tables.iter().zip(stored.counts()) {
            let counts = [ROWS - before, before, 0, 0].map(|count| count as u64);
            assert_eq!(again.outcomes(table.name), counts, "{}", table.name);
        }
        true
    });
    say(&format!(
        "{}: loads that got a signal: {ends:?}",
        subject.name
    ));
    ends
}

/// The report of an interrupted load says what is stored, and that there may be more to do.
fn is_true(run: &Run, subject: &Subject, stored: &Stored) {
    assert_eq!(run.report["interrupted"], true);
    assert!(run.stderr.starts_with("tradexa: "), "{}", run.stderr);
    for (table, stored) in subject.tables.iter().zip(&stored.0) {
        let listed = Rows::from_iter(run.listed(table.name).into_iter().map(row));
        assert_eq!(&listed, stored, "{}", table.name);
        assert_eq!(run.count(table.name, "inserted"), stored.len() as u64);
        assert_eq!(run.count(table.name, "unchanged"), 0);
    }
}

#[test]
fn a_load_that_is_interrupted_at_any_call_says_what_it_did_and_is_completed_by_the_next() {
    if !ready() || kit::ignores_interrupts() {
        return;
    }
    let ends = SUBJECTS.map(|subject| each_moment(subject, Mode::Interrupt, 130, 5));
    assert!(ends.iter().any(|ends| ends.incomplete > 0), "{ends:?}");
}

#[test]
fn a_load_that_is_terminated_at_any_call_says_what_it_did_and_is_completed_by_the_next() {
    if !ready() {
        return;
    }
    let ends = SUBJECTS.map(|subject| each_moment(subject, Mode::Terminate, 143, 11));
    assert!(ends.iter().any(|ends| ends.incomplete > 0), "{ends:?}");
}

#[test]
fn an_init_and_a_check_that_are_interrupted_end_at_once_and_can_be_run_again() {
    if !ready() || kit::ignores_interrupts() {
        return;
    }
    for subject in SUBJECTS {
        let mut ends = Attempts::default();
        for (command, original) in [
            ("init", Folder::of(subject, "databases")),
            ("check", Folder::empty(subject)),
        ] {
            ends += at_each_call(3 * subject.step, |at| {
                let folder = original.copy();
                let ran = folder.faulty(&[command], fault("any", at, Mode::Interrupt));
                if ran.hit {
                    assert_eq!(ran.run.status, None, "{}", ran.run.stderr);
                }
                folder.tradexa(&["init"]).assert().success();
                folder.tradexa(&["check"]).assert().success();
                ran.hit
            });
        }
        let Attempts { attempts, calls } = ends;
        say(&format!(
            "{}: interrupts of init and check: {attempts}",
            subject.name
        ));
        assert!(calls >= 30, "only {calls} calls were seen");
    }
}

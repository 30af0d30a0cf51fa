//! A signal comes after any call. The process ends as it always did, or stops, reports what it did and says so by its
//! exit status, or it was done; whatever it was, running again completes it.

use crate::crash::stored::{Rows, Stored};
use crate::crash::{INSERT, Mode, fault, ready};
use crate::kit;
use crate::kit::stored::row;
use crate::kit::{Folder, Run, TABLES, many, say};

/// How many rows there are per table.
const ROWS: usize = 300;

/// How often a run ended in which way.
#[derive(Default, Debug)]
struct Ends {
    at_once: usize,
    interrupted: usize,
    /// Those of the interrupted ones that left something to do.
    incomplete: usize,
    done: usize,
}

/// Signals after every `step`-th call of a load, which ends with this exit status if it is interrupted.
fn each_moment(mode: Mode, status: i32, step: usize) -> Ends {
    let empty = Folder::with_csv(many(ROWS));
    let arguments = [
        INSERT,
        &["--from", "input", "--threads", "8", "--limit", "1000"],
    ]
    .concat();
    let mut ends = Ends::default();
    for at in (1..).step_by(step) {
        let folder = empty.copy();
        let ran = folder.faulty(&arguments, fault("any", at, mode));
        if !ran.hit {
            break;
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
                is_true(&ran.run, &stored);
            }
        }
        let again = folder.insert(&["--from", "input"]).succeeded();
        let [users, products, orders] = stored.counts().map(|stored| stored as u64);
        let of = |stored| [ROWS as u64 - stored, stored, 0, 0];
        assert_eq!(again.counts(), [of(users), of(products), of(orders)]);
    }
    say(&format!("loads that got a signal: {ends:?}"));
    ends
}

/// The report of an interrupted load says what is stored, and that there may be more to do.
fn is_true(run: &Run, stored: &Stored) {
    assert_eq!(run.report["interrupted"], true);
    assert!(run.stderr.starts_with("tradexa: "), "{}", run.stderr);
    for (table, stored) in TABLES.into_iter().zip(&stored.0) {
        let listed = run.listed(table).into_iter();
        let listed: Rows = listed
            .map(|it| (it["id"].as_i64().unwrap(), row(it)))
            .collect();
        assert_eq!(&listed, stored, "{table}");
        assert_eq!(run.count(table, "inserted"), stored.len() as u64);
        assert_eq!(run.count(table, "unchanged"), 0);
    }
}

#[test]
fn a_load_that_is_interrupted_at_any_call_says_what_it_did_and_is_completed_by_the_next() {
    if !ready() {
        return;
    }
    let ends = each_moment(Mode::Interrupt, 130, 5);
    assert!(ends.interrupted >= 10 && ends.incomplete >= 3, "{ends:?}");
}

#[test]
fn a_load_that_is_terminated_at_any_call_says_what_it_did_and_is_completed_by_the_next() {
    if !ready() {
        return;
    }
    let ends = each_moment(Mode::Terminate, 143, 11);
    assert!(ends.interrupted >= 5 && ends.incomplete >= 1, "{ends:?}");
}

#[test]
fn an_init_and_a_check_that_are_interrupted_end_at_once_and_can_be_run_again() {
    if !ready() || kit::ignores_interrupts() {
        return;
    }
    let mut ends = 0;
    for command in ["init", "check"] {
        for at in (1..).step_by(3) {
            let folder = match command {
                "init" => Folder::new(),
                _ => Folder::initialized(),
            };
            let ran = folder.faulty(&[command], fault("any", at, Mode::Interrupt));
            if !ran.hit {
                break;
            }
            ends += 1;
            assert_eq!(ran.run.status, None, "{}", ran.run.stderr);
            folder.tradexa(&["init"]).assert().success();
            folder.tradexa(&["check"]).assert().success();
        }
    }
    say(&format!("interrupts of init and check: {ends}"));
    assert!(ends >= 30, "only {ends} calls were seen");
}

//! Random user-defined tables and random rows with every kind of fault: what the program stores and reports must match
//! what SQLite accepts when all the tables are in one database with `foreign_keys = ON`.
//!
//! `PROPTEST_CASES=10000` tries that many cases. One that fails is shrunk to a small one that fails too, and printed
//! with what is right; `PROPTEST_RNG_SEED=… PROPTEST_CASES=1`, with the seed that the failure names, does the same
//! again.

#[path = "../kit/mod.rs"]
mod kit;

mod generate;
mod kinds;
mod oracle;
mod oracle_tests;
mod program;
mod schema;
mod update;

use std::collections::HashMap;
use std::env;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::SystemTime;

use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};

use generate::case;
use kit::say;
use schema::{Case, Layout};

/// How many cases are tried, unless `PROPTEST_CASES` says otherwise.
const CASES: u64 = 100;

const MAX_SECONDS_TO_SHRINK: u32 = 120;

#[test]
fn user_defined_tables_hold_what_sqlite_accepts() {
    try_cases("tables in a file each", asked_for(), |case| {
        program::perform(&case.clone().with(Layout::FilePerTable));
    });
}

#[test]
fn one_file_holds_what_sqlite_takes() {
    try_cases("tables in one file", asked_for(), |case| {
        program::perform(&case.clone().with(Layout::OneFile));
    });
}

#[test]
fn the_oracle_agrees_with_sqlite() {
    ask_the_oracle(asked_for());
}

#[test]
fn every_fault_is_generated() {
    // Always the same cases: others may lack what is rare.
    let counts = ask_the_oracle(0..200);
    let accepted = counts["accepted"] as f64 / counts["rows"] as f64;
    assert!(
        (0.3..0.7).contains(&accepted),
        "{accepted} of the rows are accepted"
    );
    let absent: Vec<_> = counts.iter().filter(|(_, count)| **count == 0).collect();
    let rare = ["open", "STRICT"];
    assert!(
        absent.iter().all(|(what, _)| rare.contains(what)),
        "{absent:?}"
    );
    for fault in oracle::FAULTS {
        assert!(counts.contains_key(fault), "no row has this fault: {fault}");
    }
}

/// Has the oracle answer these cases, in both layouts, and says how often each thing occurred in them.
fn ask_the_oracle(seeds: Range<u64>) -> HashMap<&'static str, usize> {
    let counts = Mutex::new(HashMap::new());
    try_cases("the oracle alone", seeds, |case| {
        oracle::answer(&case.clone().with(Layout::OneFile), None);
        let answer = oracle::answer(case, None);
        let mut counts = counts.lock().unwrap();
        oracle::count(&answer, &mut counts);
        schema::count(case, &mut counts);
    });
    let counts = counts.into_inner().unwrap();
    let mut lines: Vec<_> = counts
        .iter()
        .map(|(what, count)| format!("{what} {count}"))
        .collect();
    lines.sort();
    say(&lines.join(", "));
    counts
}

/// The seeds of the cases to try.
fn asked_for() -> Range<u64> {
    let number = |name| env::var(name).ok().map(|it| it.parse().expect(name));
    let first = number("PROPTEST_RNG_SEED").unwrap_or_else(new_seed);
    first..first + number("PROPTEST_CASES").unwrap_or(CASES)
}

#[test]
fn a_failing_case_shrinks_to_a_small_one() {
    let has_check = |table: &schema::Table| !table.checks.is_empty() && !table.records().is_empty();
    let seeds = 0..100;
    let case = seeds
        .into_iter()
        .find_map(|seed| failure(seed, |case| assert!(!case.tables.iter().any(has_check))));
    let case = case.expect("a case with a check and a row");
    let [table] = &case.tables[..] else {
        panic!("more than one table is left:\n{}", case.describe());
    };
    let left = (
        table.columns.len(),
        table.checks.len(),
        table.records().len(),
    );
    assert_eq!(left, (2, 1, 1), "{}", case.describe());
}

/// Tries the cases of these seeds, on all cores, and shows a small one that fails.
fn try_cases(what: &str, seeds: Range<u64>, perform: impl Fn(&Case) + Sync) {
    let (next, failed) = (AtomicU64::new(seeds.start), Mutex::new(None));
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while failed.lock().unwrap().is_none() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        break;
                    }
                    if let Some(case) = failure(seed, &perform) {
                        *failed.lock().unwrap() = Some((seed, case));
                    }
                }
            });
        }
    });
    if let Some((seed, case)) = failed.into_inner().unwrap() {
        say(&format!(
            "The case of PROPTEST_RNG_SEED={seed} PROPTEST_CASES=1 fails. The smallest one found that fails too:"
        ));
        say(&case.describe());
        // Shows the failure itself, which proptest keeps quiet while it shrinks.
        perform(&case);
        panic!("the small case has passed this time: its failure depends on timing");
    }
    let (count, first) = (seeds.end - seeds.start, seeds.start);
    say(&format!("{what}: {count} cases, from seed {first}"));
}

/// Tries the case of a seed. If that fails, returns a small case that fails too.
fn failure(seed: u64, perform: impl Fn(&Case)) -> Option<Case> {
    let config = Config {
        cases: 1,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: u32::MAX - 1, // The maximum itself means four times the cases.
        max_shrink_time: MAX_SECONDS_TO_SHRINK * 1000,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&case(), |case| {
        perform(&case);
        Ok(())
    });
    match result {
        Ok(()) => None,
        Err(TestError::Fail(_, case)) => Some(case),
        Err(TestError::Abort(reason)) => panic!("no case was generated: {reason}"),
    }
}

/// A seed that no earlier run has used.
fn new_seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.expect("a time after 1970").as_millis() as u64 * 1000
}

//! Random histories: loads of files with clashing ids, with and without `--update`, kills, locks, other programs that
//! write, change and delete, backups that are put back, repeated loads, checks. Every report and all files are compared
//! with a simple model of the rules.
//!
//! `PROPTEST_CASES=10000` performs that many histories. One that fails is shrunk to a short history that fails too;
//! `PROPTEST_RNG_SEED=… PROPTEST_CASES=1`, with the seed that the failure names, does the same again.

#[path = "../kit/mod.rs"]
mod kit;

mod history;
mod model;
mod perform;
mod rejects;
#[cfg(unix)]
#[allow(dead_code, reason = "the crash tests need all of it")]
#[path = "../kit/crash/stored.rs"]
mod stored;
#[cfg(unix)] // Signals.
mod user_tables;
mod world;

use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::SystemTime;

use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};

use history::{Step, history};
use kit::say;
use world::World;

/// How many histories are performed, unless `PROPTEST_CASES` says otherwise.
const HISTORIES: u64 = 100;

/// A history whose failure depends on timing could shrink forever.
const MAX_SECONDS_TO_SHRINK: u32 = 120;

#[test]
fn every_report_is_true_and_no_order_dangles_in_any_history() {
    let number = |name| env::var(name).ok().map(|it| it.parse().expect(name));
    let count = number("PROPTEST_CASES").unwrap_or(HISTORIES);
    let first = number("PROPTEST_RNG_SEED").unwrap_or_else(new_seed);
    let (next, failed) = (AtomicU64::new(first), Mutex::new(None));
    let performed = Performed::default();
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while failed.lock().unwrap().is_none() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        break;
                    }
                    if let Some(steps) = failure(seed, &performed) {
                        *failed.lock().unwrap() = Some((seed, steps));
                    }
                }
            });
        }
    });
    if let Some((seed, steps)) = failed.into_inner().unwrap() {
        say(&format!(
            "The history of PROPTEST_RNG_SEED={seed} PROPTEST_CASES=1 fails. The shortest one found that fails too:"
        ));
        for step in &steps {
            say(&format!("    {step:?}"));
        }
        // Shows the failure itself, which proptest keeps quiet while it shrinks.
        perform(&steps);
        panic!("the short history has passed this time: its failure depends on timing");
    }
    let Performed {
        loads,
        unfinished,
        updated,
    } = performed;
    let [loads, unfinished, updated] = [loads, unfinished, updated].map(AtomicUsize::into_inner);
    say(&format!(
        "histories: {count}, from seed {first}, with {loads} loads, {unfinished} of them cut off before they were done, \
         and {updated} updated rows"
    ));
    assert!(count < HISTORIES || unfinished > 0, "no load was cut off");
    assert!(count < HISTORIES || updated > 0, "no row was updated");
}

#[test]
fn a_failing_history_shrinks_to_a_short_one() {
    let loads_an_order = |step: &Step| matches!(step, Step::Load(load) if load.files[2].iter().flatten().count() > 0);
    let found = TestRunner::new(shrinking(1, 100)).run(&history(), |steps| {
        assert!(!steps.iter().any(loads_an_order));
        Ok(())
    });
    let Err(TestError::Fail(_, steps)) = found else {
        panic!("no history loads an order");
    };
    let [Step::Load(load)] = &steps[..] else {
        panic!("more than the load is left: {steps:?}");
    };
    let order = ["1", "1", "1", "1"].map(String::from).to_vec();
    assert_eq!(load.files, [None, None, Some(vec![order])]);
}

/// How much has been performed.
#[derive(Default)]
struct Performed {
    loads: AtomicUsize,
    unfinished: AtomicUsize,
    updated: AtomicUsize,
}

/// Performs the history of a seed. If that fails, returns a short history that fails too.
fn failure(seed: u64, performed: &Performed) -> Option<Vec<Step>> {
    let result = TestRunner::new(shrinking(seed, 1)).run(&history(), |steps| {
        let world = perform(&steps);
        performed.loads.fetch_add(world.loads, Ordering::Relaxed);
        performed
            .unfinished
            .fetch_add(world.unfinished, Ordering::Relaxed);
        performed
            .updated
            .fetch_add(world.updated, Ordering::Relaxed);
        Ok(())
    });
    match result {
        Ok(()) => None,
        Err(TestError::Fail(_, steps)) => Some(steps),
        Err(TestError::Abort(reason)) => panic!("no history was generated: {reason}"),
    }
}

fn shrinking(seed: u64, cases: u32) -> Config {
    Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: u32::MAX - 1, // The maximum itself means four times the cases.
        max_shrink_time: MAX_SECONDS_TO_SHRINK * 1000,
        ..Config::default()
    }
}

/// Performs all steps, comparing what each one does with the model.
fn perform(steps: &[Step]) -> World {
    let mut world = World::new();
    for step in steps {
        world.perform(step);
    }
    world
}

/// A seed that no earlier run has used.
fn new_seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.expect("a time after 1970").as_millis() as u64 * 1000
}

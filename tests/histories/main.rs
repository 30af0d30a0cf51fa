//! Random histories: loads of files with clashing ids, kills, locks, other programs that write and delete, backups that
//! are put back, reruns, checks. Every report and the files are held against a simple model of the rules.
//!
//! A history is drawn from a seed. `TRADEXA_HISTORY=seed` runs one again, and `TRADEXA_HISTORIES=n` that many.

#[path = "../kit/mod.rs"]
mod kit;

mod draw;
mod model;
mod perform;
mod rejects;
mod world;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::SystemTime;

use draw::history;
use kit::say;
use world::World;

/// How many histories there are, unless told otherwise.
const HISTORIES: u64 = 100;

#[test]
fn every_report_of_any_history_is_true_and_no_order_dangles() {
    let number = |name| env::var(name).ok().map(|it| it.parse().expect(name));
    let (first, count) = match number("TRADEXA_HISTORY") {
        Some(seed) => (seed, 1),
        None => (any_seed(), number("TRADEXA_HISTORIES").unwrap_or(HISTORIES)),
    };
    let (next, failed) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    let (loads, unfinished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let at_once = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        break;
                    }
                    match is_true(seed) {
                        Some(world) => {
                            loads.fetch_add(world.loads, Ordering::Relaxed);
                            unfinished.fetch_add(world.unfinished, Ordering::Relaxed);
                        }
                        None => failed.lock().unwrap().push(seed),
                    }
                }
            });
        }
    });
    let (loads, unfinished) = (loads.into_inner(), unfinished.into_inner());
    say(&format!(
        "histories: {count}, from seed {first}, with {loads} loads, {unfinished} of them cut off before they were done"
    ));
    let failed = failed.into_inner().unwrap();
    assert!(count < HISTORIES || unfinished > 0, "no load was cut off");
    assert!(
        failed.is_empty(),
        "run one again with TRADEXA_HISTORY={failed:?}"
    );
}

/// Runs the history of a seed, and returns what came of it; if it fails, says at which step.
fn is_true(seed: u64) -> Option<World> {
    let steps = history(seed);
    let mut world = World::new();
    for (place, step) in steps.iter().enumerate() {
        let performed = catch_unwind(AssertUnwindSafe(|| world.perform(step)));
        if performed.is_err() {
            say(&format!(
                "TRADEXA_HISTORY={seed} failed at step {place} of {steps:#?}"
            ));
            return None;
        }
    }
    Some(world)
}

/// Another seed in every run.
fn any_seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.expect("a time after 1970").as_millis() as u64 * 1000
}

#[test]
fn a_seed_draws_the_same_history_again() {
    assert_eq!(format!("{:?}", history(7)), format!("{:?}", history(7)));
    assert_ne!(format!("{:?}", history(7)), format!("{:?}", history(8)));
}

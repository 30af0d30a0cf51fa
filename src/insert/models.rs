//! The fair lock, the ledger and group commit under loom, which runs a model once for every order in which its threads can run (up to
//! [`PREEMPTIONS`] switches away from a thread that could continue). It fails if no thread can continue, or if two
//! threads touch a [`Cell`] without synchronizing.
//!
//! ```text
//! CARGO_TARGET_DIR=target/loom RUSTFLAGS="--cfg loom" cargo test --bin tradexa models
//! ```
//!
//! Panics are tested in `tests.rs`: loom's threads share one real thread, and with it the state of panicking.

mod group_commit;

use std::iter;
use std::sync::Arc;

use loom::cell::Cell;
use loom::thread::{JoinHandle, spawn, yield_now};

use super::fair_lock::FairLock;
use super::ledger::{Gaps, Ledger, Settled};
use crate::sync::{Mutex, lock};

/// Most known bugs show with two; see "Iterative context bounding" (Musuvathi and Qadeer, 2007).
const PREEMPTIONS: usize = 4;

fn model(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(PREEMPTIONS);
    builder.check(body);
}

/// Waits for threads to end.
fn join<T>(threads: impl IntoIterator<Item = JoinHandle<T>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}

/// What is not stored of a share that fails, or of one that does not.
fn gaps(failed: bool) -> Gaps {
    Gaps {
        failed,
        missing: false,
    }
}

/// Adds one, in two steps that no other thread may come between.
fn count_up(cell: &Cell<usize>) {
    cell.set(cell.get() + 1);
}

#[test]
fn one_thread_at_a_time_has_the_fair_lock() {
    model(|| {
        let shared = Arc::new((FairLock::default(), Cell::new(0)));
        let acquire = |shared: &(FairLock, Cell<usize>)| {
            let _guard = shared.0.lock();
            count_up(&shared.1);
        };
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let shared = Arc::clone(&shared);
                spawn(move || acquire(&shared))
            })
            .collect();
        acquire(&shared);
        join(threads);
        let _guard = shared.0.lock();
        assert_eq!(shared.1.get(), 3);
    });
}

#[test]
fn a_thread_can_acquire_the_fair_lock_again() {
    model(|| {
        let shared = Arc::new((FairLock::default(), Cell::new(0)));
        let acquire_twice = |shared: &(FairLock, Cell<usize>)| {
            for _ in 0..2 {
                let _guard = shared.0.lock();
                count_up(&shared.1);
            }
        };
        let its = Arc::clone(&shared);
        let thread = spawn(move || acquire_twice(&its));
        acquire_twice(&shared);
        join([thread]);
        assert_eq!(shared.1.get(), 4);
    });
}

#[test]
fn the_fair_lock_is_first_come_first_served() {
    model(|| {
        let shared = Arc::new((FairLock::default(), Mutex::new(Vec::new())));
        let guard = shared.0.lock();
        let threads: Vec<_> = (0..2)
            .map(|name| {
                let its = Arc::clone(&shared);
                let thread = spawn(move || {
                    let _guard = its.0.lock();
                    lock(&its.1).push(name);
                });
                while shared.0.requests() < name + 2 {
                    yield_now();
                }
                thread
            })
            .collect();
        drop(guard);
        join(threads);
        assert_eq!(*lock(&shared.1), [0, 1]);
    });
}

#[test]
fn a_thread_learns_of_a_failure_before_or_after_it_begins_to_wait() {
    for fails in [false, true] {
        model(move || {
            let shared = Arc::new((Ledger::default(), Cell::new(false)));
            let share = shared.0.register(iter::once(1));
            let its = Arc::clone(&shared);
            let waiter = spawn(move || {
                let settled = its.0.wait(u64::MAX, [1]);
                assert_eq!(settled == Settled::AllStored, !fails);
                assert!(its.1.get(), "the row is written before it is resolved");
            });
            shared.1.set(true);
            shared.0.resolve(share, gaps(fails));
            join([waiter]);
        });
    }
}

#[test]
fn all_threads_that_wait_for_a_row_wake() {
    model(|| {
        let ledger = Arc::new(Ledger::default());
        let share = ledger.register(iter::once(1));
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let ledger = Arc::clone(&ledger);
                spawn(move || assert_eq!(ledger.wait(u64::MAX, [1]), Settled::SomeMissing))
            })
            .collect();
        ledger.resolve(share, gaps(true));
        join(waiters);
    });
}

#[test]
fn a_thread_can_wait_for_two_rows_that_resolve_in_any_order() {
    model(|| {
        let ledger = Arc::new(Ledger::default());
        let shares = [1, 2].map(|id| (id, ledger.register(iter::once(id))));
        let writers: Vec<_> = shares
            .into_iter()
            .rev()
            .map(|(id, share)| {
                let ledger = Arc::clone(&ledger);
                spawn(move || ledger.resolve(share, gaps(id == 2)))
            })
            .collect();
        assert_eq!(ledger.wait(u64::MAX, [1, 2]), Settled::SomeMissing);
        join(writers);
    });
}

#[test]
fn a_thread_waits_for_each_row_of_a_share_only_once() {
    model(|| {
        let ledger = Arc::new(Ledger::default());
        let share = ledger.register([2, 1].into_iter());
        let its = Arc::clone(&ledger);
        let waiter = spawn(move || [its.wait(u64::MAX, [1]), its.wait(u64::MAX, [2])]);
        ledger.resolve(share, gaps(true));
        let missing = [Settled::SomeMissing, Settled::SomeMissing];
        assert_eq!(waiter.join().unwrap(), missing);
    });
}

#[test]
fn a_thread_does_not_wait_for_shares_without_its_row() {
    model(|| {
        let ledger = Arc::new(Ledger::default());
        let (first, _second) = (
            ledger.register(iter::once(1)),
            ledger.register(iter::once(2)),
        );
        let its = Arc::clone(&ledger);
        let waiter = spawn(move || assert_eq!(its.wait(u64::MAX, [1]), Settled::AllStored));
        ledger.resolve(first, Gaps::default());
        join([waiter]);
    });
}

/// One table as `table_load.rs` has it. Only the thread with the lock touches the cell, which stands for the database.
#[derive(Default)]
struct Load {
    write_lock: FairLock,
    ledger: Ledger,
    stored: Cell<usize>,
}

impl Load {
    /// What a writer does: it writes while holding the lock, releases the lock on every path, and then resolves its
    /// share.
    fn write(&self, share: u64, fails: bool) {
        {
            let _guard = self.write_lock.lock();
            if !fails {
                count_up(&self.stored);
            }
        }
        self.ledger.resolve(share, gaps(fails));
    }

    /// What the writer of a row that refers to `id` does; whether it wrote the row.
    fn write_after(&self, parents: &Load, id: i64) -> bool {
        let settled = parents.ledger.wait(u64::MAX, [id]);
        if settled == Settled::SomeMissing && parents.stored.get() == 0 {
            return false;
        }
        let _guard = self.write_lock.lock();
        assert!(parents.stored.get() > 0, "the parent is stored");
        count_up(&self.stored);
        true
    }
}

/// Something that lives as long as the program, because loom's threads cannot borrow anything else. It leaks.
fn shared<T: Default>() -> &'static T {
    Box::leak(Box::default())
}

#[test]
fn a_row_is_written_after_its_parent_or_not_at_all() {
    for fails in [false, true] {
        model(move || {
            let (users, orders) = (shared::<Load>(), shared::<Load>());
            let share = users.ledger.register(iter::once(1));
            let user = spawn(move || users.write(share, fails));
            let order = spawn(|| orders.write_after(users, 1));
            assert_eq!(order.join().unwrap(), !fails);
            join([user]);
            assert_eq!(orders.stored.get(), usize::from(!fails));
        });
    }
}

#[test]
fn waiting_rows_do_not_keep_their_parents_from_being_written() {
    model(|| {
        let (users, orders) = (shared::<Load>(), shared::<Load>());
        let share = users.ledger.register(iter::once(2));
        let order = spawn(|| orders.write_after(users, 2));
        let user = spawn(move || users.write(share, false));
        assert!(order.join().unwrap());
        join([user]);
    });
}

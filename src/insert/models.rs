//! Turns, slots, ledger and order under loom, which runs a model once for every order that its threads can run in (up
//! to [`PREEMPTIONS`] switches away from a thread that could go on), and fails if no thread can go on, or if two threads
//! touch a [`Cell`] and neither waited for the other.
//!
//! ```text
//! CARGO_TARGET_DIR=target/loom RUSTFLAGS="--cfg loom" cargo test --bin tradexa models
//! ```
//!
//! That a thread which panics lets go of its turn and its slot is tested in `tests.rs`: loom's threads share one real
//! thread, and with it whether that panics.

use std::iter;
use std::sync::Arc;

use loom::cell::Cell;
use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use loom::thread::{JoinHandle, spawn, yield_now};

use super::ledger::Ledger;
use super::order::Order;
use super::slots::Slots;
use super::turns::Turns;
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

/// Adds one, in two steps that another thread must not come between.
fn count_up(cell: &Cell<usize>) {
    cell.set(cell.get() + 1);
}

/// A row that is settled: inserted, or failed.
fn settle(ledger: &Ledger, share: u64, id: i64, fails: bool) {
    ledger.settle(share, fails.then_some(id));
}

/// Whether one row could not be inserted, once it is settled.
fn failed(ledger: &Ledger, id: i64) -> bool {
    !ledger.wait([id]).is_empty()
}

#[test]
fn turns_are_taken_by_one_thread_at_a_time_and_by_all_of_them() {
    model(|| {
        let shared = Arc::new((Turns::default(), Cell::new(0)));
        let take_one = |shared: &(Turns, Cell<usize>)| {
            let _turn = shared.0.take();
            count_up(&shared.1);
        };
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let its = Arc::clone(&shared);
                spawn(move || take_one(&its))
            })
            .collect();
        take_one(&shared);
        join(threads);
        let _turn = shared.0.take();
        assert_eq!(shared.1.get(), 3);
    });
}

#[test]
fn a_thread_can_take_turn_after_turn() {
    model(|| {
        let shared = Arc::new((Turns::default(), Cell::new(0)));
        let take_two = |shared: &(Turns, Cell<usize>)| {
            for _ in 0..2 {
                let _turn = shared.0.take();
                count_up(&shared.1);
            }
        };
        let its = Arc::clone(&shared);
        let thread = spawn(move || take_two(&its));
        take_two(&shared);
        join([thread]);
        assert_eq!(shared.1.get(), 4);
    });
}

#[test]
fn who_asked_first_has_the_first_turn() {
    model(|| {
        let shared = Arc::new((Turns::default(), Mutex::new(Vec::new())));
        let turn = shared.0.take();
        let threads: Vec<_> = (0..2)
            .map(|name| {
                let its = Arc::clone(&shared);
                let thread = spawn(move || {
                    let _turn = its.0.take();
                    lock(&its.1).push(name);
                });
                while shared.0.asked() < name + 2 {
                    yield_now();
                }
                thread
            })
            .collect();
        drop(turn);
        join(threads);
        assert_eq!(*lock(&shared.1), [0, 1]);
    });
}

#[test]
fn shares_are_noted_by_their_numbers_whichever_is_done_first() {
    model(|| {
        let shared = Arc::new((Order::new(), Mutex::new(Vec::new())));
        let note = |shared: &(Order<u64>, Mutex<Vec<u64>>), number| {
            (shared.0).note(number, number, |number| lock(&shared.1).push(number));
        };
        let threads: Vec<_> = [3, 2]
            .map(|number| {
                let its = Arc::clone(&shared);
                spawn(move || note(&its, number))
            })
            .into();
        note(&shared, 1);
        join(threads);
        assert_eq!(*lock(&shared.1), [1, 2, 3]);
    });
}

#[test]
fn no_more_threads_have_a_slot_than_may_have_one() {
    model(|| {
        let shared = Arc::new((Slots::default(), AtomicUsize::new(0)));
        let live = |shared: &(Slots, AtomicUsize), most| {
            let _slot = shared.0.take(1, most);
            assert!(shared.1.fetch_add(1, SeqCst) < most);
            shared.1.fetch_sub(1, SeqCst);
        };
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let its = Arc::clone(&shared);
                spawn(move || live(&its, 2))
            })
            .collect();
        live(&shared, 2);
        join(threads);
        live(&shared, 1);
    });
}

#[test]
fn a_slot_is_waited_for_until_another_thread_ends() {
    model(|| {
        let shared = Arc::new((Slots::default(), Cell::new(0)));
        let live = |shared: &(Slots, Cell<usize>)| {
            let _slot = shared.0.take(1, 1);
            count_up(&shared.1);
        };
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let its = Arc::clone(&shared);
                spawn(move || live(&its))
            })
            .collect();
        live(&shared);
        join(threads);
        let _slot = shared.0.take(1, 1);
        assert_eq!(shared.1.get(), 3);
    });
}

#[test]
fn the_slot_of_a_thread_that_could_not_be_spawned_is_free_again() {
    model(|| {
        let slots = shared::<Slots>();
        let slot = slots.take(1, 1);
        let body = move || drop(slot);
        let thread = spawn(body);
        // What is captured by a thread that is not spawned is dropped by the one that wanted to spawn it.
        let slot = slots.take(1, 1);
        drop(move || drop(slot));
        let _slot = slots.take(1, 1);
        join([thread]);
    });
}

#[test]
fn who_waits_gets_to_know_whether_it_asks_before_or_after_the_row_is_settled() {
    for fails in [false, true] {
        model(move || {
            let shared = Arc::new((Ledger::default(), Cell::new(false)));
            let share = shared.0.expect(iter::once(1));
            let its = Arc::clone(&shared);
            let waiter = spawn(move || {
                assert_eq!(failed(&its.0, 1), fails);
                assert!(its.1.get(), "the row is written before it is settled");
            });
            shared.1.set(true);
            settle(&shared.0, share, 1, fails);
            join([waiter]);
        });
    }
}

#[test]
fn all_who_wait_for_one_row_get_to_know() {
    model(|| {
        let ledger = Arc::new(Ledger::default());
        let share = ledger.expect(iter::once(1));
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let ledger = Arc::clone(&ledger);
                spawn(move || assert!(failed(&ledger, 1)))
            })
            .collect();
        settle(&ledger, share, 1, true);
        join(waiters);
    });
}

#[test]
fn who_waits_for_two_rows_gets_to_know_of_both_in_any_order() {
    model(|| {
        let ledger = Arc::new(Ledger::default());
        let shares = [1, 2].map(|id| (id, ledger.expect(iter::once(id))));
        let settlers: Vec<_> = shares
            .into_iter()
            .rev()
            .map(|(id, share)| {
                let ledger = Arc::clone(&ledger);
                spawn(move || settle(&ledger, share, id, id == 2))
            })
            .collect();
        assert_eq!(ledger.wait([1, 2]), [1]);
        join(settlers);
    });
}

#[test]
fn who_waits_is_not_kept_by_rows_of_the_same_share_that_are_settled_together() {
    model(|| {
        let ledger = Arc::new(Ledger::default());
        let share = ledger.expect([2, 1].into_iter());
        let its = Arc::clone(&ledger);
        let waiter = spawn(move || [failed(&its, 1), failed(&its, 2)]);
        settle(&ledger, share, 2, true);
        assert_eq!(waiter.join().unwrap(), [false, true]);
    });
}

#[test]
fn who_waits_is_woken_by_the_share_of_its_row_and_not_kept_by_another() {
    model(|| {
        let ledger = Arc::new(Ledger::default());
        let (first, _second) = (ledger.expect(iter::once(1)), ledger.expect(iter::once(2)));
        let its = Arc::clone(&ledger);
        let waiter = spawn(move || assert!(!failed(&its, 1)));
        settle(&ledger, first, 1, false);
        join([waiter]);
    });
}

#[test]
fn bytes_are_waited_for_but_one_user_alone_may_have_any_number() {
    model(|| {
        let shared = Arc::new((Slots::default(), AtomicUsize::new(0)));
        let live = |shared: &(Slots, AtomicUsize), bytes| {
            let _slot = shared.0.take(bytes, 10);
            let before = shared.1.fetch_add(bytes, SeqCst);
            assert!(before == 0 || before + bytes <= 10);
            shared.1.fetch_sub(bytes, SeqCst);
        };
        let threads: Vec<_> = [20, 4]
            .into_iter()
            .map(|bytes| {
                let its = Arc::clone(&shared);
                spawn(move || live(&its, bytes))
            })
            .collect();
        live(&shared, 6);
        join(threads);
    });
}

/// One table, as `lane.rs` has it: the stored row is a cell that only the thread with the turn touches.
#[derive(Default)]
struct Lane {
    turns: Turns,
    slots: Slots,
    ledger: Ledger,
    stored: Cell<usize>,
}

impl Lane {
    /// What the thread of a row does: it writes in its turn, gives up the turn on every path, and then settles.
    fn write(&self, share: u64, id: i64, fails: bool) {
        {
            let _turn = self.turns.take();
            if !fails {
                count_up(&self.stored);
            }
        }
        settle(&self.ledger, share, id, fails);
    }

    /// What the thread of a row that refers to `id` does; whether it was written.
    fn write_after(&self, parents: &Lane, id: i64) -> bool {
        if failed(&parents.ledger, id) {
            return false;
        }
        let _turn = self.turns.take();
        assert!(parents.stored.get() > 0, "the parent is stored");
        count_up(&self.stored);
        true
    }
}

/// Something that lives as long as the program, for what borrows in a thread that loom wants to live as long. It leaks.
fn shared<T: Default>() -> &'static T {
    Box::leak(Box::default())
}

/// Spawns a thread with a slot of its own, as `feeder.rs` does: the slot is waited for before the thread is spawned.
fn spawn_with_slot<T: 'static>(
    lane: &'static Lane,
    most: usize,
    body: impl FnOnce() -> T + 'static,
) -> JoinHandle<T> {
    let slot = lane.slots.take(1, most);
    spawn(move || {
        let _slot = slot;
        body()
    })
}

#[test]
fn a_row_is_written_after_the_one_it_refers_to_or_not_at_all() {
    for fails in [false, true] {
        model(move || {
            let (users, orders) = (shared::<Lane>(), shared::<Lane>());
            let share = users.ledger.expect(iter::once(1));
            let user = spawn_with_slot(users, 1, move || users.write(share, 1, fails));
            let order = spawn_with_slot(orders, 1, || orders.write_after(users, 1));
            assert_eq!(order.join().unwrap(), !fails);
            join([user]);
            assert_eq!(orders.stored.get(), usize::from(!fails));
        });
    }
}

#[test]
fn rows_that_wait_for_others_do_not_keep_those_from_a_slot_or_a_turn() {
    model(|| {
        let (users, orders) = (shared::<Lane>(), shared::<Lane>());
        let shares = [1, 2].map(|id| users.ledger.expect(iter::once(id)));
        let order = spawn_with_slot(orders, 1, || orders.write_after(users, 2));
        let first = spawn_with_slot(users, 1, move || users.write(shares[0], 1, true));
        let second = spawn_with_slot(users, 1, move || users.write(shares[1], 2, false));
        assert!(order.join().unwrap());
        join([first, second]);
    });
}

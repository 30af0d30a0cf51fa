//! What goes wrong for some records goes wrong for them and for those that refer to them, and for nothing else.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::*;
use crate::insert::lane::Fed;
use crate::insert::ledger::Ledger;
use crate::insert::slots::Slots;
use crate::insert::turns::Turns;
use crate::insert::writer::{Done, carry_out, write};
use crate::row::{Batch, Rows};

const OFFERS_OF_3: &str = "id,note,supplier_id,price\n1,,1,1\n2,,2,1\n3,,3,1\n";

/// The rows of a CSV text that all follow the rules.
fn rows(table: &'static Table, text: &str) -> Rows {
    let mut reader = Reader::new(table, input(text), &Dialect::default()).unwrap();
    let mut batch = Batch::new(reader.header());
    while reader.read(&mut batch).unwrap() {}
    let rows = Rules::new(table, false).check_batch(batch, |_, _| Ok(true));
    assert_eq!(rows.rejected, []);
    rows
}

/// Has the suppliers 1, 2 and 3 written by threads of which that of supplier 2 panics; then loads an offer of each.
fn load_with_a_panic(folder: &Path) -> Vec<Became> {
    let lanes = lanes(folder, 64);
    let suppliers = rows(&SUPPLIERS, "id,name\n1,Acme\n2,Lost\n3,Bolt\n");
    let cargo = Arc::new((suppliers, lanes[0].bytes.take(1, 1)));
    let done = Done::new();
    for place in 0..3 {
        let (lane, suppliers) = (&lanes[0], &cargo.0);
        let share = lane.ledger.expect([suppliers.id(place)].into_iter());
        carry_out(
            lane,
            &done,
            &cargo,
            place..place + 1,
            share,
            || match place {
                1 => panic!("as asked"),
                _ => write(lane, suppliers, &[place]),
            },
        );
    }
    lanes[0].fed.set(Fed::default()).unwrap();
    let offers = rows(&OFFERS, OFFERS_OF_3);
    let share = lanes[1].ledger.expect(1..=3);
    let cargo = Arc::new((offers, lanes[1].bytes.take(1, 1)));
    let work = || write(&lanes[1], &cargo.0, &[0, 1, 2]);
    carry_out(&lanes[1], &Done::new(), &cargo, 0..3, share, work);
    became(&lanes)
}

#[test]
fn a_thread_that_panics_fails_its_record_and_those_that_refer_to_it() {
    let folder = folder();
    let became = load_with_a_panic(folder.path());
    assert_eq!(became[0].failed, because([(3, "its thread panicked")]));
    let expected = because([(3, "supplier 2 could not be inserted")]);
    assert_eq!(became[1].failed, expected);
    assert_eq!(stored(folder.path(), &SUPPLIERS), ["1|Acme", "3|Bolt"]);
    assert_eq!(stored(folder.path(), &OFFERS), ["1||1|1.0", "3||3|1.0"]);
}

#[test]
fn what_refers_to_a_row_that_was_stored_before_does_not_need_its_thread() {
    let folder = folder();
    let nothing = "id,note,supplier_id,price\n";
    load_texts(folder.path(), "id,name\n2,stored before\n", nothing, 64);
    let became = load_with_a_panic(folder.path());
    assert_eq!(became[0].failed, because([(3, "its thread panicked")]));
    assert_eq!(became[1], Became::inserted(3));
}

#[test]
#[cfg_attr(windows, ignore = "a file that is open cannot be removed there")]
fn a_database_that_is_gone_fails_its_records_and_those_that_refer_to_them() {
    let folder = folder();
    load_texts(
        folder.path(),
        "id,name\n1,Acme\n",
        "id,note,supplier_id,price\n",
        64,
    );
    let lanes = lanes(folder.path(), 64);
    std::fs::remove_file(folder.path().join("suppliers.db")).unwrap();
    let offers = "id,note,supplier_id,price\n1,,1,1\n2,,2,1\n";
    load(
        &lanes,
        [TWO_SUPPLIERS, offers].map(|text| Some(input(text))),
    );
    let became = became(&lanes);
    assert_eq!((became[0].inserted, became[0].failed.len()), (0, 2));
    for (_, reason) in &became[0].failed {
        assert!(
            reason.starts_with("suppliers.db cannot be opened"),
            "{reason}"
        );
    }
    let expected = because([(3, "supplier 2 could not be inserted")]);
    assert_eq!((became[1].inserted, &became[1].failed), (1, &expected));
}

/// A file that breaks after its text.
struct Broken(Cursor<Vec<u8>>);

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn what_refers_to_a_row_that_could_not_be_read_fails() {
    let folder = folder();
    let lanes = lanes(folder.path(), 64);
    let suppliers = Broken(Cursor::new(b"id,name\n1,Acme\n".to_vec()));
    load(
        &lanes,
        [Some(Box::new(suppliers)), Some(input(OFFERS_OF_3))],
    );
    let became = became(&lanes);
    assert_eq!(became[0], Became::inserted(1));
    let expected = because([
        (3, "supplier 2 could not be inserted"),
        (4, "supplier 3 could not be inserted"),
    ]);
    assert_eq!((became[1].inserted, &became[1].failed), (1, &expected));
}

#[test]
fn a_thread_that_panics_lets_go_of_its_turn_and_its_slot() {
    let (turns, slots) = (Turns::default(), Slots::default());
    thread::scope(|scope| {
        for _ in 0..2 {
            let thread = scope.spawn(|| {
                let _held = (slots.take(1, 1), turns.take());
                panic!("as asked");
            });
            assert!(thread.join().is_err());
        }
    });
    let _held = (slots.take(1, 1), turns.take());
}

#[test]
fn a_ledger_goes_on_after_a_panic_within_it() {
    let ledger = Ledger::default();
    let shares = [1, 2].map(|id| ledger.expect([id].into_iter()));
    ledger.settle(shares[0], [1]);
    let settle = || ledger.settle(shares[1], (2..3).map(|_| panic!("as asked")));
    assert!(catch_unwind(AssertUnwindSafe(settle)).is_err());
    assert_eq!(ledger.wait([1]), [0]);
    ledger.settle(shares[1], None);
    assert_eq!(ledger.wait([2]), [0; 0]);
}

//! What goes wrong for some records goes wrong for them and for those that refer to them, and for nothing else.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::*;
use crate::insert::ledger::Settled;
use crate::validate::Value;

/// A text that makes the thread that is about to write it panic.
const PANIC: &str = "panic in this thread";

/// Called by every writer thread when it has its turn.
pub fn panic_if_asked_to(rows: &Rows) {
    for value in rows.iter().flat_map(|row| row.values()) {
        assert_ne!(value, Value::Text(PANIC.as_bytes()), "as asked");
    }
}

const OFFERS_OF_3: &str = "id,note,supplier_id,price\n1,,1,1\n2,,2,1\n3,,3,1\n";

#[test]
fn a_thread_that_panics_fails_its_record_and_those_that_refer_to_it() {
    let folder = folder();
    let suppliers = format!("id,name\n1,Acme\n2,{PANIC}\n3,Bolt\n");
    let became = load_texts(folder.path(), &suppliers, OFFERS_OF_3, 64);
    assert_eq!(became[0].failed, because([(3, "its thread panicked")]));
    let expected = because([(3, "supplier 2 could not be inserted")]);
    assert_eq!(became[1].failed, expected);
    assert_eq!(stored(folder.path(), &SUPPLIERS), ["1|Acme", "3|Bolt"]);
    assert_eq!(stored(folder.path(), &OFFERS), ["1||1|1.0", "3||3|1.0"]);
}

#[test]
fn a_share_whose_thread_panics_fails_as_a_whole_and_alone() {
    let folder = folder();
    let suppliers = format!("id,name\n1,Acme\n2,{PANIC}\n3,Bolt\n");
    let became = load_texts(folder.path(), &suppliers, OFFERS_OF_3, 1);
    let expected = because([(3, "its thread panicked"), (4, "its thread panicked")]);
    assert_eq!((became[0].inserted, &became[0].failed), (1, &expected));
    let expected = because([
        (3, "supplier 2 could not be inserted"),
        (4, "supplier 3 could not be inserted"),
    ]);
    assert_eq!((became[1].inserted, &became[1].failed), (1, &expected));
}

#[test]
fn what_refers_to_a_row_that_was_stored_before_does_not_need_its_thread() {
    let folder = folder();
    let suppliers = format!("id,name\n2,{PANIC}\n");
    let nothing = "id,note,supplier_id,price\n";
    load_texts(folder.path(), "id,name\n2,stored before\n", nothing, 64);
    let offers = "id,note,supplier_id,price\n2,,2,1\n";
    let became = load_texts(folder.path(), &suppliers, offers, 64);
    assert_eq!(became[0].failed, because([(2, "its thread panicked")]));
    assert_eq!(became[1], Became::inserted(1));
}

#[test]
fn a_database_that_is_gone_fails_its_records_and_those_that_refer_to_them() {
    let folder = folder();
    load_texts(
        folder.path(),
        "id,name\n1,Acme\n",
        "id,note,supplier_id,price\n",
        64,
    );
    let lanes = lanes(folder.path());
    std::fs::remove_file(folder.path().join("suppliers.db")).unwrap();
    let offers = "id,note,supplier_id,price\n1,,1,1\n2,,2,1\n";
    load(
        &lanes,
        [TWO_SUPPLIERS, offers].map(|text| Some(input(text))),
        64,
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
    let lanes = lanes(folder.path());
    let suppliers = Broken(Cursor::new(b"id,name\n1,Acme\n".to_vec()));
    let texts: [Option<Box<dyn Read>>; 2] = [Some(Box::new(suppliers)), Some(input(OFFERS_OF_3))];
    load(&lanes, texts, 64);
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
                let _held = (slots.take(1), turns.take());
                panic!("as asked");
            });
            assert!(thread.join().is_err());
        }
    });
    let _held = (slots.take(1), turns.take());
}

#[test]
fn a_ledger_goes_on_after_a_panic_within_it() {
    let ledger = Ledger::default();
    ledger.expect([1, 2].into_iter());
    ledger.settle([(1, Settled::Failed)].into_iter());
    let settle = || ledger.settle((2..3).map(|_| panic!("as asked")));
    assert!(catch_unwind(AssertUnwindSafe(settle)).is_err());
    assert_eq!(ledger.wait(1), Settled::Failed);
    ledger.settle([(2, Settled::Exists)].into_iter());
    assert_eq!(ledger.wait(2), Settled::Exists);
}

//! What goes wrong for some records goes wrong for them and for those that refer to them, and for nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::*;
use crate::insert::fair_lock::FairLock;
use crate::insert::ledger::{Gaps, Ledger, Settled};
use crate::insert::writer::{Completion, Share, complete, complete_with};
use crate::row::{Batch, Keys, Outcome, Reasons, Rows};
use crate::rules::{Existence, Found, Parents};

const OFFERS_OF_2: &str = "id,note,supplier_id,price\n1,,1,1\n2,,2,1\n";

/// All that rows refer to exists.
struct AllExist;

impl Parents for AllExist {
    fn find(&self, _: usize, keys: &Keys) -> Found {
        Found {
            rows: vec![Existence::Stored; keys.len()],
            unknown: None,
        }
    }
}

/// The rows of a CSV text that all follow the rules.
fn rows(table: &'static Table, text: &str) -> Rows {
    let mut reader = Reader::new(table, input(text), &Dialect::default()).unwrap();
    let mut batch = Batch::new(reader.header());
    while reader.read(&mut batch).unwrap() {}
    let rows = rules(table).check_batch(batch, &AllExist).unwrap();
    assert_eq!(rows.rejected, []);
    rows
}

/// A share of all of these rows.
fn share(load: &TableLoad, rows: Rows) -> Share {
    let mut share = Share {
        number: 0,
        range: rows.positions(),
        rows: Arc::new(rows),
        bytes: 0,
        written: Arc::default(),
        previous: None,
    };
    share.number = load.ledger.register(share.row_numbers());
    share
}

/// The outcomes of rows that were not inserted, in words.
fn not_inserted(completion: &Completion) -> Vec<(u64, String)> {
    let rows = completion.not_inserted.iter().map(|(position, outcome)| {
        let Outcome::Failed(reasons) = outcome else {
            panic!("{outcome:?}");
        };
        let rows = &completion.share.rows;
        let named = |columns: &[usize]| rows.named(columns, *position);
        let line = rows.record(*position).line;
        (line, Reasons(reasons, &named).to_string())
    });
    rows.collect()
}

#[test]
fn a_share_lets_the_next_one_write_even_if_it_writes_nothing_or_panics() {
    let folder = folder();
    let loads = loads(folder.path(), 64);
    let lost = share(&loads[0], rows(&SUPPLIERS, "id,name\n2,Lost\n"));
    let written = Arc::clone(&lost.written);
    complete_with(&loads[0], lost, |_, _, _| panic!("as asked"));
    assert!(written.get().is_some());
    loads[0].end.set(EndOfInput::default()).unwrap();
    let offers = share(
        &loads[1],
        rows(&OFFERS, "id,note,supplier_id,price\n1,,2,1\n"),
    );
    let written = Arc::clone(&offers.written);
    let expected = because([(2, "supplier_id 2 could not be inserted into suppliers")]);
    assert_eq!(not_inserted(&complete(&loads[1], offers)), expected);
    assert!(written.get().is_some());
}

/// Writes supplier 1, has the thread of supplier 2 panic, and writes an offer of each. Returns which of both tables were
/// not inserted.
fn load_with_a_panic(folder: &Path) -> [Vec<(u64, String)>; 2] {
    let loads = loads(folder, 64);
    let supplier = rows(&SUPPLIERS, "id,name\n1,Acme\n");
    let inserted = complete(&loads[0], share(&loads[0], supplier));
    assert_eq!(inserted.not_inserted, []);
    let supplier = rows(&SUPPLIERS, "id,name\n2,Lost\n");
    let share_of_2 = share(&loads[0], supplier);
    let lost = complete_with(&loads[0], share_of_2, |_, _, _| panic!("as asked"));
    loads[0].end.set(EndOfInput::default()).unwrap();
    let offers = rows(&OFFERS, OFFERS_OF_2);
    let offers = complete(&loads[1], share(&loads[1], offers));
    [not_inserted(&lost), not_inserted(&offers)]
}

#[test]
fn a_thread_that_panics_fails_its_record_and_those_that_refer_to_it() {
    let folder = folder();
    let [suppliers, offers] = load_with_a_panic(folder.path());
    assert_eq!(suppliers, because([(2, "the writer thread panicked")]));
    let reason = "supplier_id 2 could not be inserted into suppliers";
    assert_eq!(offers, because([(3, reason)]));
    assert_eq!(stored(folder.path(), &SUPPLIERS), ["1|Acme"]);
    assert_eq!(stored(folder.path(), &OFFERS), ["1||1|1.0"]);
}

#[test]
fn what_refers_to_a_row_that_was_stored_before_does_not_need_its_thread() {
    let folder = folder();
    let nothing = "id,note,supplier_id,price\n";
    load_texts(folder.path(), "id,name\n2,stored before\n", nothing, 64);
    let [suppliers, offers] = load_with_a_panic(folder.path());
    assert_eq!(suppliers, because([(2, "the writer thread panicked")]));
    assert_eq!(offers, []);
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
    let loads = loads(folder.path(), 64);
    std::fs::remove_file(folder.path().join("suppliers.db")).unwrap();
    let offers = "id,note,supplier_id,price\n1,,1,1\n2,,2,1\n";
    let texts = [TWO_SUPPLIERS, offers].map(|text| Some(input(text)));
    let loaded = load(&loads, texts);
    assert_eq!((loaded[0].inserted, loaded[0].failed.len()), (0, 2));
    for (_, reason) in &loaded[0].failed {
        assert!(
            reason.starts_with("suppliers.db was moved or replaced during the run"),
            "{reason}"
        );
    }
    let expected = because([(3, "supplier_id 2 could not be inserted into suppliers")]);
    assert_eq!((loaded[1].inserted, &loaded[1].failed), (1, &expected));
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
    let loads = loads(folder.path(), 64);
    let suppliers = Broken(Cursor::new(b"id,name\n1,Acme\n".to_vec()));
    let texts: [Option<Box<dyn Read + Send>>; 2] =
        [Some(Box::new(suppliers)), Some(input(OFFERS_OF_2))];
    let loaded = load(&loads, texts);
    assert_eq!(loaded[0], Outcomes::inserted(1));
    let reason = "supplier_id 2 could not be inserted into suppliers";
    let expected = because([(3, reason)]);
    assert_eq!((loaded[1].inserted, &loaded[1].failed), (1, &expected));
}

#[test]
fn a_failed_row_alone_does_not_make_a_load_interrupted() {
    let folder = folder();
    let loads = loads(folder.path(), 64);
    let suppliers = Broken(Cursor::new(b"id,name\n1,Acme\n".to_vec()));
    let texts: [Option<Box<dyn Read + Send>>; 2] =
        [Some(Box::new(suppliers)), Some(input(OFFERS_OF_2))];
    assert_eq!(load(&loads, texts)[1].failed.len(), 1);
    loads[0].interrupt.flag().store(true, Ordering::Relaxed);
    assert!(!loads.iter().any(|load| load.was_interrupted()));
}

#[test]
fn a_thread_that_panics_releases_the_write_lock() {
    let write_lock = FairLock::default();
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let _guard = write_lock.lock();
            panic!("as asked");
        });
        assert!(thread.join().is_err());
    });
    let _guard = write_lock.lock();
}

#[test]
fn a_ledger_still_works_after_a_panic_while_it_was_locked() {
    let ledger = Ledger::default();
    let register = || ledger.register((1..2).map(|_| panic!("as asked")));
    assert!(catch_unwind(AssertUnwindSafe(register)).is_err());
    let share = ledger.register([1].into_iter());
    let gaps = Gaps {
        failed: true,
        missing: false,
    };
    ledger.resolve(share, gaps);
    assert_eq!(ledger.wait(u64::MAX, [1]), Settled::SomeMissing);
}

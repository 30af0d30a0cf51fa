//! From some record on, a thread takes a share of many.

use super::*;
use crate::insert::producer::BATCH_ROWS;

/// A batch is full at this many bytes.
const BATCH_BYTES: usize = 4 << 20;

/// Rows in each table: some alone, and three shares and a part of one where each row takes [`BYTES`].
const ROWS: usize = 3 * BATCH_BYTES / BYTES + 100;
const BYTES: usize = 1024;

/// Suppliers, and offers that each refer to one, in another order; every record has [`BYTES`] bytes.
fn texts() -> [Option<Box<dyn Read + Send>>; 2] {
    let mut suppliers = String::from("id,name\n");
    let mut offers = String::from("id,note,supplier_id,price\n");
    for id in 1..=ROWS {
        suppliers += &format!("{id:08},{}\n", "x".repeat(BYTES - 8));
        let (note, supplier) = ("x".repeat(BYTES - 17), ROWS + 1 - id);
        offers += &format!("{id:08},{note},{supplier:08},1\n");
    }
    [suppliers, offers].map(|text| Some(input(&text)))
}

/// Loads all rows with this many threads alive per database at most. Returns how many threads wrote them and what is
/// stored then.
fn load_all(most: usize) -> (usize, [Vec<String>; 2]) {
    let folder = folder();
    let loads = loads(folder.path(), most);
    let all = || Outcomes::inserted(ROWS as u64);
    assert_eq!(load(&loads, texts()), [all(), all()]);
    let spawned = threads(&loads);
    drop(loads);
    let stored = [&SUPPLIERS, &OFFERS].map(|table| stored(folder.path(), table));
    (spawned, stored)
}

#[test]
fn shares_store_what_single_threads_store() {
    let (spawned, expected) = load_all(1000);
    assert!(spawned > 2 * 1000, "{spawned}");
    assert_eq!(expected[0].len(), ROWS);
    for threads in [1, 2, 3] {
        let (spawned, stored) = load_all(threads);
        let shares = spawned - 2 * threads;
        assert!((2 * 3..2 * 8).contains(&shares), "{threads}: {shares}");
        assert!(stored == expected, "{threads} threads store something else");
    }
}

#[test]
fn a_full_batch_is_one_share() {
    let rows = BATCH_ROWS + 2;
    let suppliers: String = (1..=rows).map(|id| format!("{id},x\n")).collect();
    let folder = folder();
    let loads = loads(folder.path(), 1);
    let text = input(&format!("id,name\n{suppliers}"));
    let loaded = load(&loads, [Some(text), None]);
    assert_eq!(loaded[0], Outcomes::inserted(rows as u64));
    // One alone, a full batch, and one more.
    assert_eq!(threads(&loads), 3);
}

#[test]
fn records_that_are_not_accepted_take_no_thread() {
    let folder = folder();
    let loads = loads(folder.path(), 64);
    let text = "id,name\n0,x\n1,\n1,Acme\n1,x\nx\n2,Bolt\n";
    let loaded = load(&loads, [Some(input(text)), None]);
    assert_eq!((loaded[0].skipped.len(), threads(&loads)), (4, 2));
}

#[test]
fn records_that_turn_out_unchanged_or_taken_take_a_thread_each() {
    let folder = folder_with_two_suppliers();
    let loads = loads(folder.path(), 64);
    let text = "id,name\n1,Acme\n2,Other\n3,Bolt\n";
    load(&loads, [Some(input(text)), None]);
    assert_eq!(threads(&loads), 3);
}

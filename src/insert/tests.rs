//! Models that only these tests know, taken from CSV text through validation into real databases.

mod faults;
mod shares;

use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::atomic::Ordering;

use tempfile::TempDir;

use super::*;
use crate::csv::{Dialect, Reader};
use crate::database::{self, Database, Patience};
use crate::platform::Interrupt;
use crate::row::{Rejections, Tally};
use crate::rules::Rules;
use crate::schema::{ID, Rule, Table, integer, real, text};

static SUPPLIERS: Table = Table {
    name: "suppliers",
    row: "supplier",
    columns: &[ID, text("name", &[Rule::NotEmpty])],
    seed: "",
};

static OFFERS: Table = Table {
    name: "offers",
    row: "offer",
    columns: &[
        ID,
        text("note", &[]),
        integer("supplier_id", &[Rule::References(&SUPPLIERS)]),
        real("price", &[Rule::Positive]),
    ],
    seed: "",
};

/// What became of the records of one table.
#[derive(Debug, PartialEq)]
struct Became {
    inserted: u64,
    unchanged: u64,
    /// The line and the reasons of each.
    skipped: Vec<(u64, String)>,
    failed: Vec<(u64, String)>,
}

impl Became {
    /// All of this many records were inserted.
    fn inserted(count: u64) -> Became {
        Became {
            inserted: count,
            unchanged: 0,
            skipped: Vec::new(),
            failed: Vec::new(),
        }
    }
}

/// The databases of suppliers and offers, empty, in a folder of their own.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    for table in [&SUPPLIERS, &OFFERS] {
        database::create(table, folder.path(), &Patience::default()).unwrap();
    }
    folder
}

/// The lanes of suppliers and offers into a folder, with at most so many threads alive per database.
fn lanes(folder: &Path, threads: usize) -> Vec<Arc<Lane>> {
    let mut lanes = Vec::new();
    for table in [&SUPPLIERS, &OFFERS] {
        let database = Database::open(table, folder, &Patience::default()).unwrap();
        let store = Store::Write {
            database: database.prepare().unwrap(),
            threads,
        };
        let results = Results {
            tally: Tally::new(table, None, usize::MAX, None),
            rejects: None,
        };
        let interrupt = Arc::new(Interrupt::default());
        let lane = Lane::new(store, results, &lanes, interrupt);
        lanes.push(Arc::new(lane));
    }
    lanes
}

/// Loads the text of a CSV file per lane, if there is one, and returns how many threads wrote it.
fn load(lanes: &[Arc<Lane>], texts: [Option<Box<dyn Read + Send>>; 2]) -> usize {
    let feeds = lanes.iter().zip(texts).map(|(lane, text)| Feed {
        reader: text.map(|text| Reader::new(lane.table, text, &Dialect::default()).unwrap()),
        rules: Rules::new(lane.table, false),
    });
    run(lanes, feeds.collect(), || {});
    let spawned = lanes
        .iter()
        .map(|lane| lane.spawned.load(Ordering::Relaxed));
    spawned.sum()
}

/// What became of the records of each lane.
fn became(lanes: &[Arc<Lane>]) -> Vec<Became> {
    let listed = |rejections: &Rejections| -> Vec<_> {
        let rows = rejections.rows.iter().map(|rejected| {
            let reasons = rejected.reasons.iter().map(|reason| reason.text.as_str());
            (rejected.line, reasons.collect::<Vec<_>>().join("; "))
        });
        rows.collect()
    };
    let became = lanes.iter().map(|lane| {
        let tally = &lane.results().tally;
        Became {
            inserted: tally.inserted,
            unchanged: tally.unchanged,
            skipped: listed(&tally.skipped),
            failed: listed(&tally.failed),
        }
    });
    became.collect()
}

/// Loads suppliers and offers, each given as CSV text.
fn load_texts(folder: &Path, suppliers: &str, offers: &str, threads: usize) -> Vec<Became> {
    let lanes = lanes(folder, threads);
    let texts = [suppliers, offers].map(|text| Some(input(text)));
    load(&lanes, texts);
    became(&lanes)
}

fn input(text: &str) -> Box<dyn Read + Send> {
    Box::new(Cursor::new(text.as_bytes().to_vec()))
}

/// All that is stored, each row as SQLite prints it, its columns joined by `|`.
fn stored(folder: &Path, table: &'static Table) -> Vec<String> {
    let reader = database::Reader::open(table, folder, &Patience::default()).unwrap();
    let mut rows = Vec::new();
    let read = reader.scan(|row| {
        let cells = (0..table.columns.len()).map(|column| row.printed(column).unwrap());
        rows.push(cells.collect::<Vec<_>>().join("|"));
    });
    read.unwrap();
    rows
}

/// The lines and the reasons of records that were not stored.
fn because<const N: usize>(reasons: [(u64, &str); N]) -> Vec<(u64, String)> {
    reasons.map(|(line, why)| (line, why.to_string())).into()
}

const TWO_SUPPLIERS: &str = "name,id\nAcme,1\n\"B, Ltd\",2\n";

fn folder_with_two_suppliers() -> TempDir {
    let folder = folder();
    let no_offers = "id,note,supplier_id,price\n";
    load_texts(folder.path(), TWO_SUPPLIERS, no_offers, 64);
    folder
}

#[test]
fn a_model_that_is_declared_is_loaded_with_its_rules_and_references() {
    let folder = folder();
    let offers =
        "supplier_id,price,id,note\n2,1.5,1,\n9,2,2,\nx,0,3,\n1,3,1,again\n+1,1e2,4,\"a, b\"\n";
    let suppliers = format!("{TWO_SUPPLIERS} ,3\n");
    let became = load_texts(folder.path(), &suppliers, offers, 64);
    assert_eq!(became[0].skipped, because([(4, "name is empty")]));
    assert_eq!(
        became[1].skipped,
        because([
            (3, "supplier 9 does not exist"),
            (
                4,
                "supplier_id is not a whole number: \"x\"; price must be greater than 0, got 0"
            ),
            (5, "id 1 is already used on line 2"),
        ])
    );
    assert_eq!((became[0].inserted, became[1].inserted), (2, 2));
    assert_eq!(stored(folder.path(), &SUPPLIERS), ["1|Acme", "2|B, Ltd"]);
    assert_eq!(
        stored(folder.path(), &OFFERS),
        ["1||2|1.5", "4|a, b|1|100.0"]
    );
}

#[test]
fn a_row_that_was_skipped_does_not_exist_for_those_that_refer_to_it() {
    let folder = folder();
    let offers = "id,note,supplier_id,price\n1,,1,1\n";
    let became = load_texts(folder.path(), "id,name\n1,\n", offers, 64);
    let expected = because([(2, "supplier 1 does not exist")]);
    assert_eq!(became[1].skipped, expected);
    assert_eq!(stored(folder.path(), &OFFERS), [""; 0]);
}

#[test]
fn rows_that_were_stored_before_exist_and_are_unchanged() {
    let folder = folder();
    let offers = "id,note,supplier_id,price\n1,,1,1\n";
    load_texts(folder.path(), TWO_SUPPLIERS, offers, 64);
    let more = "id,note,supplier_id,price\n1,,1,1\n2,,2,2\n";
    let became = load_texts(folder.path(), "id,name\n1,Acme\n", more, 64);
    assert_eq!((became[0].inserted, became[0].unchanged), (0, 1));
    assert_eq!((became[1].inserted, became[1].unchanged), (1, 1));
}

#[test]
fn a_row_whose_id_is_taken_is_skipped_and_its_id_still_exists() {
    let folder = folder_with_two_suppliers();
    let offers = "id,note,supplier_id,price\n1,,1,1\n";
    let became = load_texts(folder.path(), "id,name\n1,Other\n", offers, 64);
    let taken = "id 1 is already taken by a different row in suppliers.db";
    assert_eq!(became[0].skipped, because([(2, taken)]));
    assert_eq!(became[1], Became::inserted(1));
    assert_eq!(stored(folder.path(), &SUPPLIERS)[0], "1|Acme");
}

#[test]
fn a_table_without_a_file_has_the_rows_that_are_stored() {
    let folder = folder_with_two_suppliers();
    let lanes = lanes(folder.path(), 64);
    let offers = "id,note,supplier_id,price\n1,,2,1\n2,,3,1\n";
    assert_eq!(load(&lanes, [None, Some(input(offers))]), 1);
    let became = became(&lanes);
    assert_eq!(became[0], Became::inserted(0));
    let expected = because([(3, "supplier 3 does not exist")]);
    assert_eq!((became[1].inserted, &became[1].skipped), (1, &expected));
}

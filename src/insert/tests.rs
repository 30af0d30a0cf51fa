//! Tables that only these tests declare, loaded from CSV text through validation into real databases.

mod faults;
mod shares;

use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use tempfile::TempDir;

use super::*;
use crate::csv::{Dialect, Reader};
use crate::database::{self, Database, LockTimeout};
use crate::report::{Listing, Rejections, Tally};
use crate::row::{Header, RowSource, RowView};
use crate::rules::Rules;
use crate::schema::{Column, ID, Reference, Rule, TABLE, Table, integer, real, text};

static SUPPLIERS: Table = Table {
    name: "suppliers",
    row: "supplier",
    columns: &[ID, text("name", &[Rule::NotEmpty])],
    ..TABLE
};

static OFFERS: Table = Table {
    name: "offers",
    row: "offer",
    columns: &[
        ID,
        Column {
            required: false,
            ..text("note", &[])
        },
        integer("supplier_id", &[Rule::Exists(0)]),
        real("price", &[Rule::Positive]),
    ],
    references: &[Reference {
        columns: &[2],
        parent: "suppliers",
        key: 0,
    }],
    ..TABLE
};

/// The outcomes of the records of one table.
#[derive(Debug, PartialEq)]
struct Outcomes {
    inserted: u64,
    unchanged: u64,
    /// The line and the reasons of each.
    skipped: Vec<(u64, String)>,
    failed: Vec<(u64, String)>,
}

impl Outcomes {
    /// This many records, all of them inserted.
    fn inserted(count: u64) -> Outcomes {
        Outcomes {
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
        database::create(table, folder.path(), &LockTimeout::default()).unwrap();
    }
    folder
}

/// The loads of suppliers and offers into a folder, with at most this many threads alive per database.
fn loads(folder: &Path, threads: usize) -> Vec<Arc<TableLoad>> {
    let mut loads = Vec::new();
    for table in [&SUPPLIERS, &OFFERS] {
        let database = Database::open(table, folder, &LockTimeout::default()).unwrap();
        let target = Target::Database {
            database: Arc::new(Database::prepare(vec![database]).unwrap()),
            threads,
        };
        let load = TableLoad::new(table, target, &loads, Arc::default());
        loads.push(Arc::new(load));
    }
    loads
}

/// The rules for a file that has all columns of a table.
fn rules(table: &'static Table) -> Rules {
    let parents = table.references.iter().map(|_| &SUPPLIERS).collect();
    Rules::new(table, parents, false, Some(&Header::of(table))).unwrap()
}

/// Loads the text of a CSV file per table, if there is one.
fn load(loads: &[Arc<TableLoad>], texts: [Option<Box<dyn Read + Send>>; 2]) -> Vec<Outcomes> {
    let inputs = loads.iter().zip(texts).map(|(load, text)| Input {
        reader: text.map(|text| Reader::new(load.table, text, &Dialect::default()).unwrap()),
        rules: rules(load.table),
        tally: Tally::new(load.table, None, Listing::complete(usize::MAX)),
        rejects: None,
        reject_limit: Arc::default(),
        remarks: Vec::new(),
    });
    let mut inputs: Vec<_> = inputs.collect();
    run(loads, &mut inputs, || {});
    inputs.iter().map(|input| outcomes(&input.tally)).collect()
}

/// How many threads have written so far.
fn threads(loads: &[Arc<TableLoad>]) -> usize {
    let threads = loads.iter();
    threads
        .map(|load| load.threads.load(Ordering::Relaxed))
        .sum()
}

fn outcomes(tally: &Tally) -> Outcomes {
    let listed = |rejections: &Rejections| -> Vec<_> {
        let rows = rejections.rows.iter();
        rows.map(|rejected| (rejected.line, rejected.reasons.join("; ")))
            .collect()
    };
    Outcomes {
        inserted: tally.inserted,
        unchanged: tally.unchanged,
        skipped: listed(&tally.skipped),
        failed: listed(&tally.failed),
    }
}

/// Loads suppliers and offers, each given as CSV text.
fn load_texts(folder: &Path, suppliers: &str, offers: &str, threads: usize) -> Vec<Outcomes> {
    let texts = [suppliers, offers].map(|text| Some(input(text)));
    load(&loads(folder, threads), texts)
}

fn input(text: &str) -> Box<dyn Read + Send> {
    Box::new(Cursor::new(text.as_bytes().to_vec()))
}

/// All that is stored, each row as SQLite prints it, its columns joined by `|`.
fn stored(folder: &Path, table: &'static Table) -> Vec<String> {
    let reader = database::Reader::open(table, folder, &LockTimeout::default()).unwrap();
    let mut rows = Vec::new();
    let read = reader.scan(|stored| {
        for position in 0..stored.len() {
            let row = stored.row(position);
            let cells = (0..table.columns.len()).map(|column| row.text(column));
            rows.push(cells.collect::<Vec<_>>().join("|"));
        }
        Ok(())
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
    let loaded = load_texts(folder.path(), &suppliers, offers, 64);
    assert_eq!(loaded[0].skipped, because([(4, "name is empty")]));
    assert_eq!(
        loaded[1].skipped,
        because([
            (3, "supplier_id 9 does not exist in suppliers"),
            (
                4,
                "supplier_id is not a whole number: \"x\"; price must be greater than 0, got 0"
            ),
            (5, "id 1 is already used on line 2"),
        ])
    );
    assert_eq!((loaded[0].inserted, loaded[1].inserted), (2, 2));
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
    let loaded = load_texts(folder.path(), "id,name\n1,\n", offers, 64);
    let expected = because([(2, "supplier_id 1 does not exist in suppliers")]);
    assert_eq!(loaded[1].skipped, expected);
    assert_eq!(stored(folder.path(), &OFFERS), [""; 0]);
}

#[test]
fn rows_that_were_stored_before_exist_and_are_unchanged() {
    let folder = folder();
    let offers = "id,note,supplier_id,price\n1,,1,1\n";
    load_texts(folder.path(), TWO_SUPPLIERS, offers, 64);
    let more = "id,note,supplier_id,price\n1,,1,1\n2,,2,2\n";
    let loaded = load_texts(folder.path(), "id,name\n1,Acme\n", more, 64);
    assert_eq!((loaded[0].inserted, loaded[0].unchanged), (0, 1));
    assert_eq!((loaded[1].inserted, loaded[1].unchanged), (1, 1));
}

#[test]
fn a_row_whose_id_is_taken_is_skipped_and_its_id_still_exists() {
    let folder = folder_with_two_suppliers();
    let offers = "id,note,supplier_id,price\n1,,1,1\n";
    let loaded = load_texts(folder.path(), "id,name\n1,Other\n", offers, 64);
    let taken = "id 1 is already taken by a different row in suppliers.db (name differs)";
    assert_eq!(loaded[0].skipped, because([(2, taken)]));
    assert_eq!(loaded[1], Outcomes::inserted(1));
    assert_eq!(stored(folder.path(), &SUPPLIERS)[0], "1|Acme");
}

#[test]
fn a_table_without_a_file_has_the_rows_that_are_stored() {
    let folder = folder_with_two_suppliers();
    let loads = loads(folder.path(), 64);
    let offers = "id,note,supplier_id,price\n1,,2,1\n2,,3,1\n";
    let loaded = load(&loads, [None, Some(input(offers))]);
    assert_eq!(threads(&loads), 1);
    assert_eq!(loaded[0], Outcomes::inserted(0));
    let expected = because([(3, "supplier_id 3 does not exist in suppliers")]);
    assert_eq!((loaded[1].inserted, &loaded[1].skipped), (1, &expected));
}

/// A CSV file. Just before its rows are read, another program stores a supplier.
struct Meanwhile {
    header: Cursor<&'static [u8]>,
    rows: Cursor<&'static [u8]>,
    folder: PathBuf,
}

impl Read for Meanwhile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.header.read(buffer)?;
        if read > 0 {
            return Ok(read);
        }
        if self.rows.position() == 0 {
            let other = rusqlite::Connection::open(self.folder.join("suppliers.db")).unwrap();
            let sql = "INSERT INTO suppliers VALUES (1, 'Acme')";
            other.execute_batch(sql).unwrap();
        }
        self.rows.read(buffer)
    }
}

#[test]
fn a_row_that_another_program_stores_meanwhile_exists_even_if_its_table_was_empty() {
    let folder = folder();
    let loads = loads(folder.path(), 64);
    let offers = Meanwhile {
        header: Cursor::new(b"id,note,supplier_id,price\n"),
        rows: Cursor::new(b"1,,1,1\n2,,2,1\n"),
        folder: folder.path().into(),
    };
    let loaded = load(&loads, [None, Some(Box::new(offers))]);
    let expected = because([(3, "supplier_id 2 does not exist in suppliers")]);
    assert_eq!((loaded[1].inserted, &loaded[1].skipped), (1, &expected));
}

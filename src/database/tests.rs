//! What becomes of rows in real databases. Stored rows that a program other than this one wrote are in `foreign.rs`.

mod foreign;

use std::io::Cursor;

use rusqlite::types::Value as Stored;
use tempfile::TempDir;

use super::*;
use crate::record::Batch;
use crate::schema::TABLES;
use crate::source::Reader;
use crate::validate::{Rows, Validator};
use Fate::{Inserted, Taken, Unchanged};

/// A database of users (0), products (1) or orders (2) in a folder of its own.
struct Fixture {
    folder: TempDir,
    database: Database,
}

impl Fixture {
    /// One with an empty table.
    fn new(table: usize) -> Fixture {
        let folder = TempDir::new().unwrap();
        create(TABLES[table], folder.path(), Duration::ZERO).unwrap();
        Fixture::open(table, folder)
    }

    /// One that SQL made.
    fn made_by(table: usize, sql: &str) -> Fixture {
        let folder = TempDir::new().unwrap();
        let path = path(TABLES[table], folder.path());
        Connection::open(path).unwrap().execute_batch(sql).unwrap();
        Fixture::open(table, folder)
    }

    fn open(table: usize, folder: TempDir) -> Fixture {
        let database = Database::open(TABLES[table], folder.path(), Duration::ZERO).unwrap();
        database.prepare().unwrap();
        Fixture { folder, database }
    }

    /// What becomes of the rows of CSV text without its header.
    fn insert(&self, csv: &str) -> Vec<Fate> {
        let writer = self.database.writer().unwrap();
        writer.insert(self.rows(csv).iter()).unwrap()
    }

    fn rows(&self, csv: &str) -> Rows {
        let table = self.database.table;
        let text = format!("{}\n{csv}", table.column_names().replace(' ', ""));
        let mut reader = Reader::new(table, Box::new(Cursor::new(text.into_bytes()))).unwrap();
        let mut batch = Batch::new(reader.header());
        while reader.read(&mut batch).unwrap() {}
        let exists = |_: &'static Table, _| Ok::<_, ()>(true);
        Validator::new(table, false).validate(batch, exists, |record, why| {
            panic!("line {}: {why:?}", record.line)
        })
    }

    /// The row with an id as SQLite prints it, its columns joined by `|`; nothing if there is none.
    fn read(&self, id: i64) -> String {
        let row = self.database.read(id).unwrap().unwrap_or_default();
        let printed: Vec<_> = row.into_iter().map(|(_, printed)| printed).collect();
        printed.join("|")
    }

    /// All ids that are stored.
    fn ids(&self) -> Vec<i64> {
        let keeper = lock(&self.database.keeper);
        let sql = format!("SELECT id FROM {} ORDER BY id", self.database.table.name);
        let mut statement = keeper.prepare(&sql).unwrap();
        let ids = statement.query_map([], |row| row.get(0)).unwrap();
        ids.map(Result::unwrap).collect()
    }
}

/// Users with these ids, named after them.
fn users(ids: impl IntoIterator<Item = i64>) -> String {
    let rows = ids
        .into_iter()
        .map(|id| format!("{id},user {id},{id}@b.co\n"));
    rows.collect()
}

#[test]
fn a_new_row_is_inserted_as_it_is_given() {
    let users = Fixture::new(0);
    assert_eq!(
        users.insert("+07,\" Zoë \"\"Z\"\"\n\",a@b.co\n"),
        [Inserted]
    );
    assert_eq!(users.read(7), "7| Zoë \"Z\"\n|a@b.co");
    let products = Fixture::new(1);
    assert_eq!(
        products.insert("1,Pen,1e3\n2,Ink,0.1\n"),
        [Inserted, Inserted]
    );
    let row = products.database.read(1).unwrap().unwrap();
    assert_eq!(row[2], (Stored::Real(1000.0), "1000.0".to_string()));
    assert_eq!(products.read(2), "2|Ink|0.1");
}

#[test]
fn a_row_with_the_very_same_values_is_unchanged() {
    let orders = Fixture::new(2);
    assert_eq!(orders.insert("1,2,3,4\n"), [Inserted]);
    assert_eq!(orders.insert("1,+2,03,4\n"), [Unchanged]);
    let products = Fixture::new(1);
    assert_eq!(products.insert("1,Pen,1000\n"), [Inserted]);
    assert_eq!(products.insert("1,Pen,1e3\n"), [Unchanged]);
}

#[test]
fn a_row_that_differs_in_any_value_is_taken_and_the_stored_one_stays() {
    let products = Fixture::new(1);
    products.insert("1,Pen,0.3\n");
    for other in [
        "1,Pen,0.30000000000000004\n",
        "1,pen,0.3\n",
        "1,\"Pen \",0.3\n",
    ] {
        assert_eq!(products.insert(other), [Taken], "{other}");
    }
    assert_eq!(products.read(1), "1|Pen|0.3");
    let orders = Fixture::new(2);
    orders.insert("1,2,3,4\n");
    for other in ["1,9,3,4\n", "1,2,9,4\n", "1,2,3,9\n", "1,3,2,4\n"] {
        assert_eq!(orders.insert(other), [Taken], "{other}");
    }
    assert_eq!(orders.read(1), "1|2|3|4");
}

#[test]
fn every_row_of_a_transaction_has_a_fate_of_its_own() {
    let fixture = Fixture::new(0);
    fixture.insert(&users([2, 3]));
    let fates = fixture.insert("1,a,a@b.co\n2,user 2,2@b.co\n3,x,3@b.co\n4,d,d@b.co\n");
    assert_eq!(fates, [Inserted, Unchanged, Taken, Inserted]);
    assert_eq!(fixture.ids(), [1, 2, 3, 4]);
}

#[test]
fn groups_that_count_on_from_the_greatest_id_are_inserted_with_their_ids() {
    let fixture = Fixture::new(0);
    assert_eq!(fixture.insert(&users(1..=120)), vec![Inserted; 120]);
    assert_eq!(fixture.insert(&users(121..=230)), vec![Inserted; 110]);
    assert_eq!(fixture.ids(), Vec::from_iter(1..=230));
    for id in [1, 50, 51, 120, 121, 170, 230] {
        assert_eq!(fixture.read(id), format!("{id}|user {id}|{id}@b.co"));
    }
}

#[test]
fn groups_in_any_order_are_inserted_with_their_ids() {
    let fixture = Fixture::new(0);
    let ids = (1..=60).rev().chain((100..400).step_by(3)).chain(61..=99);
    let count = ids.clone().count();
    assert_eq!(fixture.insert(&users(ids.clone())), vec![Inserted; count]);
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    assert_eq!(fixture.ids(), ids);
    assert_eq!(fixture.read(103), "103|user 103|103@b.co");
}

#[test]
fn groups_that_count_on_from_what_was_the_greatest_id_keep_their_ids() {
    let fixture = Fixture::new(0);
    let ids = (100..150).chain(1..=50);
    assert_eq!(fixture.insert(&users(ids)), vec![Inserted; 100]);
    assert_eq!(fixture.ids(), Vec::from_iter((1..=50).chain(100..150)));
}

#[test]
fn a_taken_id_within_a_group_leaves_the_rest_of_the_group_to_be_inserted() {
    for place in [1, 25, 50] {
        let fixture = Fixture::new(0);
        fixture.insert(&format!("{place},another,x@b.co\n"));
        let mut expected = vec![Inserted; 120];
        expected[place - 1] = Taken;
        assert_eq!(fixture.insert(&users(1..=120)), expected, "{place}");
        assert_eq!(fixture.ids(), Vec::from_iter(1..=120));
        assert_eq!(
            fixture.read(place as i64),
            format!("{place}|another|x@b.co")
        );
    }
}

#[test]
fn rows_that_are_stored_already_are_unchanged_within_groups_too() {
    let fixture = Fixture::new(0);
    fixture.insert(&users(40..=70));
    let fates = fixture.insert(&users(1..=110));
    let unchanged = 39..70;
    for (place, fate) in fates.iter().enumerate() {
        assert_eq!(*fate == Unchanged, unchanged.contains(&place), "{place}");
    }
    assert_eq!(fixture.insert(&users(1..=110)), vec![Unchanged; 110]);
}

#[test]
fn ids_reach_to_the_greatest_i64() {
    let fixture = Fixture::new(0);
    let ids = i64::MAX - 109..=i64::MAX;
    fixture.insert(&users([i64::MAX - 110]));
    assert_eq!(fixture.insert(&users(ids.clone())), vec![Inserted; 110]);
    assert_eq!(fixture.ids(), Vec::from_iter(i64::MAX - 110..=i64::MAX));
    assert_eq!(fixture.insert(&users(ids)), vec![Unchanged; 110]);
}

#[test]
fn groups_are_inserted_where_the_greatest_i64_is_stored() {
    let fixture = Fixture::new(0);
    fixture.insert(&users([i64::MAX]));
    assert_eq!(fixture.insert(&users(1..=60)), vec![Inserted; 60]);
    assert_eq!(fixture.ids().len(), 61);
}

#[test]
fn what_is_rehearsed_becomes_of_the_rows_that_are_inserted() {
    let fixture = Fixture::new(0);
    fixture.insert(&users([2, 3]));
    let csv = "1,a,a@b.co\n2,user 2,2@b.co\n3,x,3@b.co\n";
    let rehearsed = fixture.database.rehearse(fixture.rows(csv).iter()).unwrap();
    assert_eq!(fixture.ids(), [2, 3], "nothing is written");
    assert_eq!(rehearsed, fixture.insert(csv));
}

#[test]
fn contains_and_read_know_what_is_stored() {
    let fixture = Fixture::new(0);
    fixture.insert(&users([5, i64::MAX]));
    for (id, stored) in [
        (5, true),
        (i64::MAX, true),
        (4, false),
        (0, false),
        (i64::MIN, false),
    ] {
        assert_eq!(fixture.database.contains(id).unwrap(), stored, "{id}");
        assert_eq!(fixture.database.read(id).unwrap().is_some(), stored, "{id}");
    }
}

#[test]
fn contains_sees_what_is_stored_later_however_often_it_was_asked() {
    let fixture = Fixture::new(0);
    fixture.insert(&users([1]));
    for _ in 0..1100 {
        assert!(fixture.database.contains(1).unwrap());
        assert!(!fixture.database.contains(2).unwrap());
    }
    fixture.insert(&users([2]));
    assert!(fixture.database.contains(2).unwrap());
}

#[test]
fn a_database_that_is_gone_is_an_error_and_is_not_created_again() {
    let fixture = Fixture::new(0);
    let path = path(TABLES[0], fixture.folder.path());
    std::fs::remove_file(&path).unwrap();
    let problem = fixture.database.writer().map(drop);
    assert!(
        matches!(problem, Err(Problem::CannotOpen(_))),
        "{problem:?}"
    );
    assert!(!path.exists());
}

//! Looking up what is stored.

use proptest::prelude::*;

use super::*;
use crate::database::lookup::select_between;
use crate::schema::{self, Collation, Role, TABLE, text};

#[test]
fn compare_predicts_the_outcomes_of_an_insert() {
    let fixture = Fixture::new(0);
    fixture.insert(&users([2, 3]));
    let lines = "1,a,a@b.co\n2,user 2,2@b.co\n3,x,3@b.co\n";
    let rows = fixture.rows(lines);
    let compared = fixture.reader().compare(&rows, &sorted(&rows)).unwrap();
    assert_eq!(fixture.ids(), [2, 3], "nothing is written");
    assert_eq!(compared, [(1, Unchanged), (2, taken(&["name"]))]);
    assert_eq!(each(&rows, compared), fixture.insert(lines));
}

#[test]
fn of_each_row_the_columns_that_differ_are_told() {
    let fixture = Fixture::new(0);
    fixture.insert(&users(1..=4));
    let rows = fixture.rows("1,x,1@b.co\n2,user 2,x@b.co\n3,x,x@b.co\n4,x,4@b.co\n");
    let compared = fixture.reader().compare(&rows, &sorted(&rows)).unwrap();
    let differing: [&[_]; 4] = [&["name"], &["email"], &["name", "email"], &["name"]];
    assert_eq!(each(&rows, compared), differing.map(taken));
}

#[test]
fn rows_between_two_keys_are_read_by_the_index_even_if_the_table_was_small_when_analyzed() {
    let key = schema::Key {
        columns: &[0],
        collations: &[Collation::Binary],
        role: Role::Primary,
        filter: None,
    };
    static CODES: Table = Table {
        name: "codes",
        columns: &[text("code", &[])],
        ..TABLE
    };
    let connection = Connection::open_in_memory().unwrap();
    let sql = "CREATE TABLE codes (code TEXT PRIMARY KEY); INSERT INTO codes VALUES ('a'); ANALYZE";
    connection.execute_batch(sql).unwrap();
    let sql = format!("EXPLAIN QUERY PLAN {}", select_between(&CODES, &key));
    let mut plan = connection.prepare(&sql).unwrap();
    let steps = plan.query_map(["a", "b"], |row| row.get::<_, String>("detail"));
    let steps: Vec<_> = steps.unwrap().map(Result::unwrap).collect();
    let expected = "SEARCH codes USING COVERING INDEX sqlite_autoindex_codes_1 (code>? AND code<?)";
    assert_eq!(steps, [expected]);
}

#[test]
fn lookups_work_at_both_ends_of_the_stored_ids() {
    let fixture = Fixture::made_by(
        0,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT);
         INSERT INTO users (id) VALUES (-9223372036854775808), (-3), (0), (5), (9223372036854775807)",
    );
    let asked = [
        i64::MIN,
        i64::MIN + 1,
        -3,
        -2,
        0,
        4,
        5,
        5,
        6,
        i64::MAX - 1,
        i64::MAX,
    ];
    let there = stored(fixture.reader(), &asked);
    assert_eq!(there, [i64::MIN, -3, 0, 5, 5, i64::MAX]);
    for id in asked {
        let found = fixture.reader().row(&RowId::Rowid(id), |_| ()).unwrap();
        assert_eq!(found, there.contains(&id), "{id}");
    }
    assert_eq!(stored(fixture.reader(), &[]), [0; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn exactly_the_stored_ids_are_found_whatever_the_gaps(
        there in prop::collection::btree_set(1..2000i64, 0..300),
        asked in prop::collection::btree_set(-5..2005i64, 0..300),
    ) {
        let fixture = Fixture::new(0);
        fixture.insert(&users(there.iter().copied()));
        let asked = Vec::from_iter(asked);
        let expected: Vec<_> = asked.iter().copied().filter(|id| there.contains(id)).collect();
        prop_assert_eq!(stored(fixture.reader(), &asked), expected);
    }

    #[test]
    fn exactly_the_rows_that_are_not_stored_are_inserted_whatever_the_gaps(
        stored in prop::collection::btree_set(1..1000i64, 0..200),
        given in prop::collection::btree_set(1..1000i64, 1..300),
    ) {
        let fixture = Fixture::new(0);
        fixture.insert(&users(stored.iter().copied()));
        let outcomes = fixture.insert(&users(given.iter().copied()));
        for (id, outcome) in given.iter().zip(outcomes) {
            prop_assert_eq!(outcome == Unchanged, stored.contains(id));
            prop_assert_eq!(outcome == inserted(), !stored.contains(id));
        }
        prop_assert_eq!(fixture.ids(), Vec::from_iter(stored.union(&given).copied()));
    }
}

#[test]
fn what_is_stored_later_is_seen() {
    let fixture = Fixture::new(0);
    assert_eq!(stored(fixture.reader(), &[1, 2]), [0; 0]);
    fixture.insert(&users([2]));
    assert_eq!(stored(fixture.reader(), &[1, 2]), [2]);
}

#[test]
fn a_snapshot_does_not_show_what_is_stored_later() {
    let fixture = Fixture::new(0);
    let reader = Reader::open(TABLES[0], fixture.folder.path(), &none()).unwrap();
    reader.hold_snapshot().unwrap();
    fixture.insert(&users([1]));
    assert_eq!(stored(&reader, &[1]), [0; 0]);
    assert_eq!(stored(fixture.reader(), &[1]), [1]);
}

#[test]
fn a_damaged_page_is_one_error_and_what_is_elsewhere_can_be_read() {
    let fixture = Fixture::new(0);
    fixture.insert(&users(1..=3000));
    drop(fixture.database);
    let path = path(TABLES[0], fixture.folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    // The page size, in the file's header (<https://www.sqlite.org/fileformat2.html#page_size>).
    let size = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    let start = bytes.len() - 2 * size;
    bytes[start..][..size].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let reader = Reader::open(TABLES[0], fixture.folder.path(), &none()).unwrap();
    let all = Vec::from_iter(1..=3000);
    let all: Vec<_> = all.into_iter().map(Key::Integer).collect();
    let problem = reader.stored(0, &all).unwrap_err();
    assert!(matches!(problem, Problem::Corrupt(_)), "{problem:?}");
    assert_eq!(stored(&reader, &[1, 2]), [1, 2]);
}

#[test]
fn a_missing_database_or_table_counts_as_empty_only_where_that_is_asked_for() {
    let folder = TempDir::new().unwrap();
    for _ in 0..2 {
        let open = Reader::open(TABLES[0], folder.path(), &none());
        assert!(matches!(open, Err(Problem::Missing | Problem::NoTable(_))));
        let reader = Reader::open_or_empty(TABLES[0], folder.path(), None, &none()).unwrap();
        assert_eq!(stored(&reader, &[1]), [0; 0]);
        let path = path(TABLES[0], folder.path());
        Connection::open(path)
            .unwrap()
            .execute_batch("CREATE TABLE IF NOT EXISTS x (y)")
            .unwrap();
    }
}

#[test]
fn reading_an_unused_database_leaves_no_files_and_detects_that_it_comes_into_use() {
    let fixture = Fixture::new(0);
    fixture.insert(&users([1]));
    drop(fixture.database);
    let reader = Reader::open(TABLES[0], fixture.folder.path(), &none()).unwrap();
    assert_eq!(stored(&reader, &[1]), [1]);
    let files = std::fs::read_dir(fixture.folder.path()).unwrap().count();
    assert_eq!(files, 1);
    assert!(!reader.was_disturbed());
    let other = Connection::open(path(TABLES[0], fixture.folder.path())).unwrap();
    other.execute_batch("DELETE FROM users").unwrap();
    assert!(reader.was_disturbed());
}

//! Tables and rows that another program wrote: declared with the same columns, but with more in them.

use super::*;

/// Users declared like this, with the id's and the email's constraints.
fn table(id: &str, email: &str) -> String {
    format!("CREATE TABLE users (id INTEGER PRIMARY KEY {id}, name TEXT, email TEXT {email});")
}

fn is_refused(outcome: &Outcome) -> bool {
    matches!(outcome, Failed(reasons) if reasons[0].to_string().starts_with("refused by users.db: "))
}

#[test]
fn rows_keep_their_ids_where_sqlite_would_give_others() {
    let counter = "INSERT INTO users VALUES (1000, '', ''); DELETE FROM users;";
    let fixture = Fixture::made_by(0, &(table("AUTOINCREMENT", "") + counter));
    assert_eq!(fixture.insert(&users(1..=120)), vec![inserted(); 120]);
    assert_eq!(fixture.ids(), Vec::from_iter(1..=120));
    assert_eq!(fixture.read(77), "77|user 77|77@b.co");
}

#[test]
fn rows_keep_their_ids_where_sqlite_has_none_left_to_give() {
    let counter = format!(
        "INSERT INTO users VALUES ({}, '', ''); DELETE FROM users;",
        i64::MAX
    );
    let fixture = Fixture::made_by(0, &(table("AUTOINCREMENT", "") + &counter));
    assert_eq!(fixture.insert(&users(1..=60)), vec![inserted(); 60]);
    assert_eq!(fixture.ids(), Vec::from_iter(1..=60));
}

#[test]
fn ids_that_are_not_greater_than_0_do_not_keep_rows_from_being_inserted() {
    for stored in ["(0, '', ''), (-5, '', '')", "(-5, '', '')", "(-1, '', '')"] {
        let rows = format!("INSERT INTO users VALUES {stored};");
        let fixture = Fixture::made_by(0, &(table("", "") + &rows));
        assert_eq!(fixture.insert(&users(1..=60)), vec![inserted(); 60]);
        assert_eq!(fixture.read(60), "60|user 60|60@b.co", "{stored}");
    }
}

#[test]
fn a_row_that_a_constraint_forbids_is_refused_and_the_others_are_inserted() {
    let fixture = Fixture::made_by(0, &table("", "UNIQUE"));
    fixture.insert("900,x,30@b.co\n");
    let outcomes = fixture.insert(&users(1..=60));
    for (position, outcome) in outcomes.iter().enumerate() {
        assert_eq!(is_refused(outcome), position == 29, "{outcome:?}");
    }
    assert_eq!(fixture.ids().len(), 60);
    let [Failed(reasons)] = &fixture.insert("30,user 30,30@b.co\n")[..] else {
        panic!("it is refused again");
    };
    assert_eq!(
        reasons[0].to_string(),
        "refused by users.db: UNIQUE constraint failed: users.email"
    );
}

#[test]
fn a_share_can_hold_refused_and_taken_and_unchanged_rows() {
    let fixture = Fixture::made_by(
        0,
        &table("", "CHECK (email <> '20@b.co' AND email <> '120@b.co')"),
    );
    fixture.insert("5,another,a@b.co\n10,user 10,10@b.co\n110,user 110,110@b.co\n");
    let outcomes = fixture.insert(&users(1..=130));
    for (id, outcome) in (1..).zip(&outcomes) {
        match id {
            5 => assert_eq!(*outcome, taken(&["name", "email"])),
            10 | 110 => assert_eq!(*outcome, Unchanged),
            20 | 120 => assert!(is_refused(outcome), "{outcome:?}"),
            _ => assert_eq!(*outcome, inserted(), "{id}"),
        }
    }
    assert_eq!(fixture.ids().len(), 128);
}

#[test]
fn a_row_for_which_an_index_has_no_value_is_refused_and_the_others_are_inserted() {
    let index = "CREATE INDEX names ON users(json_extract(name, '$'));";
    let fixture = Fixture::made_by(0, &(table("", "") + index));
    // They are appended, inserted among others, and inserted alone.
    for ids in [1..=120, 1000..=1120, 500..=620, 200..=200] {
        let wrong = *ids.end() - 20.min(ids.clone().count() as i64 - 1);
        let lines = ids.clone().map(|id| {
            let name = if id == wrong { "{" } else { "7" };
            format!("{id},{name},{id}@b.co\n")
        });
        let outcomes = fixture.insert(&lines.collect::<String>());
        for (id, outcome) in ids.zip(&outcomes) {
            assert_eq!(is_refused(outcome), id == wrong, "{id} {outcome:?}");
        }
    }
    assert_eq!(fixture.ids().len(), 120 + 121 + 121 - 3);
    fixture.reader().check_integrity().unwrap();
}

#[test]
fn no_constraint_makes_a_stored_row_change_or_a_row_vanish() {
    for clause in ["REPLACE", "IGNORE", "ROLLBACK", "FAIL", "ABORT"] {
        let clause = format!("ON CONFLICT {clause}");
        let id = Fixture::made_by(0, &table(&clause, ""));
        let email = Fixture::made_by(0, &table("", &format!("UNIQUE {clause}")));
        for count in [1, 60] {
            id.insert("1,old,old@b.co\n");
            let outcomes = id.insert(&users(1..=count));
            assert_eq!(
                (&outcomes[0], outcomes.len()),
                (&taken(&["name", "email"]), count as usize)
            );
            assert_eq!(id.read(1), "1|old|old@b.co");

            email.insert("900,old,1@b.co\n");
            let outcomes = email.insert(&users(1..=count));
            assert!(is_refused(&outcomes[0]), "{clause} {count}: {outcomes:?}");
            assert_eq!(email.read(900), "900|old|1@b.co");
            assert_eq!(email.ids().len(), count as usize, "{clause}");
        }
    }
}

#[test]
fn a_row_with_values_of_another_type_is_a_different_row() {
    for (name, email, differing) in [
        ("NULL", "'a@b.co'", "name"),
        ("x'41'", "'a@b.co'", "name"),
        ("'A'", "NULL", "email"),
    ] {
        let row = format!("INSERT INTO users VALUES (1, {name}, {email});");
        let fixture = Fixture::made_by(0, &(table("", "") + &row));
        assert_eq!(
            fixture.insert("1,A,a@b.co\n"),
            [taken(&[differing])],
            "{row}"
        );
    }
    let products = Fixture::made_by(
        1,
        "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price REAL);
         INSERT INTO products VALUES (1, 'Pen', 'x'), (2, 'Pen', 5), (3, 'Pen', '5');",
    );
    let outcomes = products.insert("1,Pen,5\n2,Pen,5\n3,Pen,5\n");
    let taken = taken_in(1, &["price"]);
    assert_eq!(outcomes, [taken, Unchanged, Unchanged]);
}

#[test]
fn stored_values_have_their_types_and_are_printed_as_sqlite_does() {
    let rows = "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price REAL);
        INSERT INTO products VALUES (1, NULL, 1e3), (2, x'41ff', 'x'), (3, 7, 1e300), (4, 'a', 0.1);";
    let fixture = Fixture::made_by(1, rows);
    let mut seen = Vec::new();
    for id in 1..=4 {
        let read = fixture.reader().row(&RowId::Rowid(id), |row| {
            let values = format!("{:?} {:?}", row.value(1), row.value(2));
            let printed = [1, 2].map(|column| row.printed(column).unwrap().into_owned());
            seen.push((values, printed.join("|")));
        });
        assert!(read.unwrap());
    }
    let expected = [
        ("Null Real(1000.0)", "|1000.0"),
        ("Blob([65, 255]) Text([120])", "41FF|x"),
        ("Text([55]) Real(1e300)", "7|1.0e+300"),
        ("Text([97]) Real(0.1)", "a|0.1"),
    ];
    assert_eq!(seen, expected.map(|(a, b)| (a.to_string(), b.to_string())));
}

/// Users, and what SQL adds, with a collation in place of `nocase` that only another program knows.
fn with_unknown_collation(sql: &str) -> TempDir {
    let rename = "PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, 'nocase', 'unheard');";
    made_by(0, &(table("", "") + sql + rename))
}

#[test]
fn a_table_is_read_although_another_one_has_an_unknown_collation() {
    let folder = with_unknown_collation(
        "CREATE TABLE foreigners (a TEXT COLLATE nocase, b INTEGER);
         CREATE INDEX theirs ON foreigners(a);
         INSERT INTO foreigners VALUES ('x', 1);
         CREATE VIEW broken AS SELECT * FROM nowhere;",
    );
    assert!(is_initialized(TABLES[0], folder.path(), &none()).unwrap());
    let fixture = Fixture::open(0, folder);
    fixture.reader().check_integrity().unwrap();
    assert_eq!(fixture.insert(&users(1..=60)), vec![inserted(); 60]);
    let reader = Reader::open(TABLES[0], fixture.folder.path(), &none()).unwrap();
    reader.check_integrity().unwrap();
    let whole = fixture
        .other()
        .query_row("PRAGMA integrity_check", [], |_| Ok(()));
    assert!(whole.is_err(), "SQLite's check of the whole file minds it");
}

#[test]
fn an_integrity_check_ignores_problems_of_other_tables() {
    let theirs = "CREATE TABLE foreigners (a INTEGER CHECK (a > 0));
         PRAGMA ignore_check_constraints = ON;
         INSERT INTO foreigners VALUES (-1);";
    let fixture = Fixture::made_by(0, &(table("", "") + theirs));
    fixture.reader().check_integrity().unwrap();
    let whole = fixture
        .other()
        .query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(whole.unwrap(), "CHECK constraint failed in foreigners");
}

#[test]
fn a_table_with_an_index_that_this_sqlite_cannot_keep_up_accepts_no_rows() {
    let folder = with_unknown_collation("CREATE INDEX ours ON users(name COLLATE nocase);");
    let reader = Reader::open(TABLES[0], folder.path(), &none()).unwrap();
    let problem = reader.accepts_rows().unwrap_err().to_string();
    assert_eq!(
        problem,
        "could not be used: no such collation sequence: unheard"
    );
}

#[test]
fn damage_in_the_table_is_found() {
    let folder = made_by(0, &table("", "UNIQUE"));
    let fixture = Fixture::open(0, folder);
    fixture.insert(&users(1..=500));
    let sql = "PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET rootpage = 7 WHERE type = 'index'";
    drop(fixture.database);
    let path = path(TABLES[0], fixture.folder.path());
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
    let found = Reader::open(TABLES[0], fixture.folder.path(), &none())
        .and_then(|reader| reader.check_integrity());
    assert!(matches!(found, Err(Problem::Corrupt(_))), "{found:?}");
}

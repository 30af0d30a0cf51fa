//! Tables and rows that another program wrote: declared with the same columns, but with more in them.

use super::*;

const REFUSED: fn(&Fate) -> bool = |fate| matches!(fate, Fate::Refused(_));

/// Users declared like this, with the id's and the email's constraints.
fn table(id: &str, email: &str) -> String {
    format!("CREATE TABLE users (id INTEGER PRIMARY KEY {id}, name TEXT, email TEXT {email});")
}

#[test]
fn rows_keep_their_ids_where_sqlite_would_give_others() {
    let counter = "INSERT INTO users VALUES (1000, '', ''); DELETE FROM users;";
    let fixture = Fixture::made_by(0, &(table("AUTOINCREMENT", "") + counter));
    assert_eq!(fixture.insert(&users(1..=120)), vec![Inserted; 120]);
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
    assert_eq!(fixture.insert(&users(1..=60)), vec![Inserted; 60]);
    assert_eq!(fixture.ids(), Vec::from_iter(1..=60));
}

#[test]
fn ids_that_are_not_greater_than_0_do_not_keep_groups_from_being_inserted() {
    let rows = "INSERT INTO users VALUES (0, '', ''), (-5, '', '');";
    let fixture = Fixture::made_by(0, &(table("", "") + rows));
    assert_eq!(fixture.insert(&users(1..=60)), vec![Inserted; 60]);
    assert_eq!(fixture.ids().len(), 62);
    let fixture = Fixture::made_by(
        0,
        &(table("", "") + "INSERT INTO users VALUES (-5, '', '');"),
    );
    assert_eq!(fixture.insert(&users(1..=60)), vec![Inserted; 60]);
    assert_eq!(fixture.ids().len(), 61);
}

#[test]
fn a_row_that_a_constraint_forbids_is_refused_and_the_others_are_inserted() {
    let fixture = Fixture::made_by(0, &table("", "UNIQUE"));
    fixture.insert("900,x,30@b.co\n");
    let fates = fixture.insert(&users(1..=60));
    let refused: Vec<_> = fates.iter().map(REFUSED).collect();
    assert_eq!(refused.iter().position(|refused| *refused), Some(29));
    assert_eq!(refused.iter().filter(|refused| **refused).count(), 1);
    assert_eq!(fixture.ids().len(), 60);
    assert_eq!(
        fixture.insert("30,user 30,30@b.co\n"),
        [Fate::Refused(
            "UNIQUE constraint failed: users.email".to_string()
        )]
    );
}

#[test]
fn no_constraint_makes_a_stored_row_change_or_a_row_vanish() {
    for clause in ["REPLACE", "IGNORE", "ROLLBACK", "FAIL"] {
        let clause = format!("ON CONFLICT {clause}");
        let id = Fixture::made_by(0, &table(&clause, ""));
        let email = Fixture::made_by(0, &table("", &format!("UNIQUE {clause}")));
        for count in [1, 60] {
            id.insert("1,old,old@b.co\n");
            let fates = id.insert(&users(1..=count));
            assert_eq!((&fates[0], fates.len()), (&Taken, count as usize));
            assert_eq!(id.read(1), "1|old|old@b.co");

            email.insert("900,old,1@b.co\n");
            let fates = email.insert(&users(1..=count));
            assert!(REFUSED(&fates[0]), "{clause} {count}: {:?}", fates[0]);
            assert_eq!(email.read(900), "900|old|1@b.co");
            assert_eq!(email.ids().len(), count as usize, "{clause}");
        }
    }
}

#[test]
fn values_of_another_type_make_a_row_another_one() {
    for (name, email) in [("NULL", "'a@b.co'"), ("x'41'", "'a@b.co'"), ("'A'", "NULL")] {
        let row = format!("INSERT INTO users VALUES (1, {name}, {email});");
        let fixture = Fixture::made_by(0, &(table("", "") + &row));
        assert_eq!(fixture.insert("1,A,a@b.co\n"), [Taken], "{row}");
    }
    let products = Fixture::made_by(
        1,
        "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price REAL);
         INSERT INTO products VALUES (1, 'Pen', 'x'), (2, 'Pen', 5), (3, 'Pen', '5');",
    );
    let fates = products.insert("1,Pen,5\n2,Pen,5\n3,Pen,5\n");
    assert_eq!(fates, [Taken, Unchanged, Unchanged]);
}

#[test]
fn texts_are_told_in_the_order_of_the_ids_and_only_where_there_is_text() {
    let rows = "INSERT INTO users (id, email) VALUES
        (9, 'last'), (1, 'first'), (2, NULL), (3, x'41'), (4, CAST(x'ff' AS TEXT)), (-1, 'before');";
    let fixture = Fixture::made_by(0, &(table("", "") + rows));
    let mut texts = Vec::new();
    let told = fixture
        .database
        .texts("email", |text, id| texts.push((text.to_string(), id)));
    told.unwrap();
    let expected = [("before", -1), ("first", 1), ("last", 9)];
    assert_eq!(texts, expected.map(|(text, id)| (text.to_string(), id)));
}

#[test]
fn null_is_printed_as_nothing() {
    let fixture = Fixture::made_by(0, &(table("", "") + "INSERT INTO users (id) VALUES (1);"));
    assert_eq!(fixture.read(1), "1||");
}

//! The outcomes of rows that are inserted into databases that this program created.

use super::*;

#[test]
fn a_new_row_is_inserted_as_it_is_given() {
    let users = Fixture::new(0);
    assert_eq!(users.insert("+07, Zoë \"Z\" ,a@b.co\n"), [inserted()]);
    assert_eq!(users.read(7), "7| Zoë \"Z\" |a@b.co");
    let products = Fixture::new(1);
    assert_eq!(
        products.insert("1,Pen,1e3\n2,Ink,0.1\n"),
        [inserted(), inserted()]
    );
    assert_eq!(products.read(1), "1|Pen|1000.0");
    assert_eq!(products.read(2), "2|Ink|0.1");
}

#[test]
fn a_row_with_the_very_same_values_is_unchanged() {
    let orders = Fixture::new(2);
    assert_eq!(orders.insert("1,2,3,4\n"), [inserted()]);
    assert_eq!(orders.insert("1,+2,03,4\n"), [Unchanged]);
    let products = Fixture::new(1);
    assert_eq!(products.insert("1,Pen,1000\n"), [inserted()]);
    assert_eq!(products.insert("1,Pen,1e3\n"), [Unchanged]);
}

#[test]
fn a_row_that_differs_in_any_value_is_taken_and_the_stored_one_stays() {
    let products = Fixture::new(1);
    products.insert("1,Pen,0.3\n");
    for (other, differing) in [
        ("1,Pen,0.30000000000000004\n", "price"),
        ("1,pen,0.3\n", "name"),
        ("1,Pen ,0.3\n", "name"),
    ] {
        assert_eq!(products.insert(other), [taken_in(1, &[differing])]);
    }
    assert_eq!(products.read(1), "1|Pen|0.3");
    let orders = Fixture::new(2);
    orders.insert("1,2,3,4\n");
    for (other, differing) in [
        ("1,9,3,4\n", &["user_id"][..]),
        ("1,2,9,4\n", &["product_id"]),
        ("1,2,3,9\n", &["quantity"]),
        ("1,3,2,4\n", &["user_id", "product_id"]),
    ] {
        assert_eq!(orders.insert(other), [taken_in(2, differing)]);
    }
    assert_eq!(orders.read(1), "1|2|3|4");
}

#[test]
fn every_row_of_a_transaction_has_an_outcome_of_its_own() {
    let fixture = Fixture::new(0);
    fixture.insert(&users([2, 3]));
    let outcomes = fixture.insert("1,a,a@b.co\n2,user 2,2@b.co\n3,x,3@b.co\n4,d,d@b.co\n");
    assert_eq!(
        outcomes,
        [inserted(), Unchanged, taken(&["name"]), inserted()]
    );
    assert_eq!(fixture.ids(), [1, 2, 3, 4]);
}

#[test]
fn rows_whose_ids_continue_from_the_greatest_one_keep_their_ids() {
    let fixture = Fixture::new(0);
    assert_eq!(fixture.insert(&users(1..=120)), vec![inserted(); 120]);
    assert_eq!(fixture.insert(&users(121..=230)), vec![inserted(); 110]);
    assert_eq!(fixture.ids(), Vec::from_iter(1..=230));
    for id in [1, 50, 51, 120, 121, 170, 230] {
        assert_eq!(fixture.read(id), format!("{id}|user {id}|{id}@b.co"));
    }
}

#[test]
fn rows_with_ids_that_are_consecutive_only_among_themselves_keep_them() {
    let fixture = Fixture::new(0);
    fixture.insert(&users([500]));
    // A gap, a full group that counts on from what was there before the gap, and one from what was inserted last.
    let ids = Vec::from_iter((1..=50).chain(52..=101).chain(102..=151).chain(501..=550));
    assert_eq!(fixture.insert(&users(ids.clone())), vec![inserted(); 200]);
    assert_eq!(fixture.ids().len(), 201);
    for id in ids {
        assert_eq!(fixture.read(id), format!("{id}|user {id}|{id}@b.co"));
    }
}

#[test]
fn rows_that_are_given_in_any_order_are_inserted_with_their_ids() {
    let fixture = Fixture::new(0);
    let ids = (1..=60).rev().chain((100..400).step_by(3)).chain(61..=99);
    let count = ids.clone().count();
    assert_eq!(fixture.insert(&users(ids.clone())), vec![inserted(); count]);
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    assert_eq!(fixture.ids(), ids);
    assert_eq!(fixture.read(103), "103|user 103|103@b.co");
}

#[test]
fn rows_whose_places_are_not_sorted_by_id_keep_their_ids_too() {
    let fixture = Fixture::new(0);
    let rows = fixture.rows(&users((100..150).chain(1..=50)));
    let positions = Vec::from_iter(0..100);
    let commit = fixture
        .database
        .writer(false)
        .unwrap()
        .insert(&rows, &positions, no_dependents);
    assert_eq!(commit.unwrap().sync().unwrap().others, []);
    assert_eq!(fixture.ids(), Vec::from_iter((1..=50).chain(100..150)));
}

#[test]
fn a_taken_id_leaves_all_other_rows_to_be_inserted() {
    for id in [1, 25, 50, 51, 77, 120] {
        let fixture = Fixture::new(0);
        fixture.insert(&format!("{id},another,x@b.co\n"));
        let mut expected = vec![inserted(); 120];
        expected[id - 1] = taken(&["name", "email"]);
        assert_eq!(fixture.insert(&users(1..=120)), expected, "{id}");
        assert_eq!(fixture.ids(), Vec::from_iter(1..=120));
        assert_eq!(fixture.read(id as i64), format!("{id}|another|x@b.co"));
    }
}

#[test]
fn rows_that_are_stored_already_are_unchanged_among_those_that_are_not() {
    let fixture = Fixture::new(0);
    fixture.insert(&users((40..=70).chain([200, 202])));
    let ids = Vec::from_iter((1..=110).chain(190..=210));
    let outcomes = fixture.insert(&users(ids.clone()));
    for (id, outcome) in ids.iter().zip(&outcomes) {
        let stored = (40..=70).contains(id) || [200, 202].contains(id);
        assert_eq!(*outcome == Unchanged, stored, "{id}");
        assert_eq!(*outcome == inserted(), !stored, "{id}");
    }
    assert_eq!(fixture.insert(&users(ids)), vec![Unchanged; 131]);
}

#[test]
fn only_the_rows_at_the_given_places_are_inserted() {
    let fixture = Fixture::new(0);
    let rows = fixture.rows(&users([3, 1, 2, 4]));
    let commit = fixture
        .database
        .writer(false)
        .unwrap()
        .insert(&rows, &[1, 0], no_dependents);
    assert_eq!(commit.unwrap().sync().unwrap().others, []);
    assert_eq!(fixture.ids(), [1, 3]);
    let commit = fixture
        .database
        .writer(false)
        .unwrap()
        .insert(&rows, &[1, 2], no_dependents);
    assert_eq!(commit.unwrap().sync().unwrap().others, [(1, Unchanged)]);
    assert_eq!(fixture.ids(), [1, 2, 3]);
}

#[test]
fn two_rows_with_one_id_are_an_error_and_none_is_inserted() {
    let fixture = Fixture::new(0);
    let rows = fixture.rows(&users([1, 2, 2]));
    let writer = fixture.database.writer(false).unwrap();
    writer.insert(&rows, &[0, 1, 2], no_dependents).unwrap_err();
    assert_eq!(fixture.ids(), [0; 0]);
}

#[test]
fn ids_reach_to_the_greatest_i64() {
    let fixture = Fixture::new(0);
    let ids = i64::MAX - 109..=i64::MAX;
    fixture.insert(&users([i64::MAX - 110]));
    assert_eq!(fixture.insert(&users(ids.clone())), vec![inserted(); 110]);
    assert_eq!(fixture.ids(), Vec::from_iter(i64::MAX - 110..=i64::MAX));
    assert_eq!(fixture.insert(&users(ids)), vec![Unchanged; 110]);
}

#[test]
fn rows_are_inserted_where_the_greatest_i64_is_stored() {
    let fixture = Fixture::new(0);
    fixture.insert(&users([i64::MAX]));
    assert_eq!(fixture.insert(&users(1..=60)), vec![inserted(); 60]);
    assert_eq!(fixture.ids().len(), 61);
}

/// Inserts users with these ids over a connection that is handed on.
fn insert_and_hand_on(
    fixture: &Fixture,
    ids: std::ops::RangeInclusive<i64>,
) -> Result<(), Problem> {
    let rows = fixture.rows(&users(ids));
    let writer = fixture.database.writer(true)?;
    writer
        .insert(&rows, &sorted(&rows), no_dependents)?
        .sync()
        .map(drop)
}

#[test]
fn a_connection_is_handed_on_from_writer_to_writer() {
    let fixture = Fixture::new(0);
    insert_and_hand_on(&fixture, 1..=60).unwrap();
    let writer = fixture.database.writer(true).unwrap();
    assert_eq!(writer.connection.total_changes(), 60);
    fixture
        .other()
        .execute_batch("DELETE FROM users WHERE id = 60")
        .unwrap();
    let rows = fixture.rows(&users([60, 61]));
    let commit = writer.insert(&rows, &[0, 1], no_dependents).unwrap();
    assert_eq!(commit.sync().unwrap().others, []);
    assert_eq!(fixture.ids(), Vec::from_iter(1..=61));
}

#[test]
fn a_connection_that_failed_is_not_handed_on() {
    let fixture = Fixture::new(0);
    insert_and_hand_on(&fixture, 1..=60).unwrap();
    let lock = fixture.other();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    insert_and_hand_on(&fixture, 61..=62).unwrap_err();
    drop(lock);
    let writer = fixture.database.writer(true).unwrap();
    assert_eq!(writer.connection.total_changes(), 0);
}

#[test]
#[cfg_attr(windows, ignore = "a file that is open cannot be renamed there")]
fn a_connection_to_a_file_that_was_moved_away_is_not_used() {
    let fixture = Fixture::new(0);
    insert_and_hand_on(&fixture, 1..=60).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let file = fixture.path().with_extension(format!("db{suffix}"));
        std::fs::rename(&file, file.with_extension(format!("old{suffix}"))).unwrap();
    }
    let gone = insert_and_hand_on(&fixture, 61..=62);
    assert!(matches!(gone, Err(Problem::CannotOpen(_))), "{gone:?}");
    create(TABLES[0], fixture.folder.path(), &none()).unwrap();
    insert_and_hand_on(&fixture, 61..=62).unwrap_err();
    let another = fixture.database.writer(true).map(drop);
    assert!(matches!(another, Err(Problem::Replaced)), "{another:?}");
}

#[test]
#[cfg_attr(windows, ignore = "a file that is open cannot be removed there")]
fn a_database_that_is_gone_is_an_error_and_is_not_created_again() {
    let fixture = Fixture::new(0);
    std::fs::remove_file(fixture.path()).unwrap();
    let problem = fixture.database.writer(false).map(drop);
    assert!(
        matches!(problem, Err(Problem::CannotOpen(_))),
        "{problem:?}"
    );
    assert!(!fixture.path().exists());
}

/// A row of users that may replace a stored one, checked as if that one had this email, which the file does not have.
fn replacing(fixture: &Fixture, line: &str, email: Option<&str>) -> Rows {
    let mut rows = fixture.rows(line);
    rows.cells[2] = Cell::Default;
    rows.defaults = vec![OwnedValue::Null; 3].into();
    rows.updates = Some(vec![None; 3].into());
    let email = email.map(|email| [OwnedValue::Text(email.as_bytes().into())].into());
    rows.kept = KeptValues {
        columns: [2].into(),
        rows: vec![email],
    };
    rows
}

#[test]
fn a_row_replaces_only_one_that_is_as_it_was_when_the_rules_were_checked() {
    let fixture = Fixture::new(0);
    fixture.insert("1,Ann,a@b.co\n");
    for (line, email) in [
        ("1,Eve,-\n", Some("old@b.co")),
        ("1,Eve,-\n", None),
        ("2,Eve,-\n", Some("a@b.co")),
    ] {
        let rows = replacing(&fixture, line, email);
        assert_eq!(
            fixture.write(&rows),
            [changed_meanwhile()],
            "{line} {email:?}"
        );
    }
    assert_eq!(
        (fixture.ids(), &*fixture.read(1)),
        (vec![1], "1|Ann|a@b.co")
    );
    let rows = replacing(&fixture, "1,Eve,-\n", Some("a@b.co"));
    assert_eq!(fixture.write(&rows), [Outcome::Updated([1].into())]);
    assert_eq!(fixture.read(1), "1|Eve|a@b.co");
}

#[test]
fn a_row_that_has_changed_meanwhile_fails_also_after_one_that_is_replaced() {
    let fixture = Fixture::new(0);
    fixture.insert("1,Ann,a@b.co\n2,Bob,b@b.co\n");
    let mut rows = replacing(&fixture, "1,Eve,-\n2,Eve,-\n", Some("a@b.co"));
    rows.cells[5] = Cell::Default;
    let kept = rows.kept.rows[0].clone();
    rows.kept.rows = vec![kept.clone(), kept];
    assert_eq!(
        fixture.write(&rows),
        [Outcome::Updated([1].into()), changed_meanwhile()]
    );
    assert_eq!(fixture.read(2), "2|Bob|b@b.co");
}

//! Who uses an id or an email.

use super::*;

/// Notes stored users with these ids and emails.
fn note(rules: &mut Rules, users: &[(i64, &[u8])]) {
    let rows = users
        .iter()
        .map(|(id, email)| vec![Value::Integer(*id), Value::Null, Value::Text(email)]);
    rules.note_stored(&Stored(rows.collect())).unwrap();
}

const ANN: &[u8] = b"ann@example.com";

#[test]
fn an_id_is_used_by_the_first_row_that_has_it() {
    let records: [&[&[u8]]; 4] = [
        &[b"3", b"Ann", ANN],
        &[b"3", b"Ann", ANN],
        &[b"4", b"Bob", ANN],
        &[b"+03", b"Bob", ANN],
    ];
    let (accepted, rejected) = check_all(&mut users(false), &records);
    assert_eq!(accepted, [3, 4]);
    let reason = |id| format!("id {id} is already used on line 2");
    assert_eq!(rejected, [(3, reason("3")), (5, reason("3"))]);
}

#[test]
fn a_used_id_comes_before_the_reasons_of_later_columns() {
    let records: [&[&[u8]]; 2] = [&[b"3", b"Ann", ANN], &[b"3", b"", b"bob"]];
    let (_, rejected) = check_all(&mut users(true), &records);
    let expected = "id 3 is already used on line 2; name is empty; email is not valid: \"bob\"";
    assert_eq!(rejected, [(3, expected.to_string())]);
}

#[test]
fn a_row_that_breaks_a_rule_uses_neither_its_id_nor_its_email() {
    let records: [&[&[u8]]; 5] = [
        &[b"3", b"", ANN],
        &[b"3", b"Ann", b"bob"],
        &[b"3", b"Ann", ANN, b"surplus"],
        &[b"x", b"Ann", ANN],
        &[b"3", b"Ann", ANN],
    ];
    let mut rules = users(true);
    let (accepted, rejected) = check_all(&mut rules, &records);
    assert_eq!((accepted, rejected.len()), (vec![3], 4));
    assert_eq!(rules.take_used()[0].find(&ids([3, 0])), [Some(3), None]);
}

#[test]
fn ids_and_emails_are_remembered_from_batch_to_batch() {
    let mut rules = users(true);
    check_all(&mut rules, &[&[b"3", b"Ann", ANN]]);
    let (_, rejected) = check_all(&mut rules, &[&[b"3", b"Ann", b"a@b.co"]]);
    assert_eq!(
        rejected,
        [(2, "id 3 is already used on line 2".to_string())]
    );
    let (_, rejected) = check_all(&mut rules, &[&[b"4", b"Ann", ANN]]);
    let expected = "email \"ann@example.com\" is already used by id 3";
    assert_eq!(rejected, [(2, expected.to_string())]);
}

#[test]
fn emails_may_be_shared_unless_they_must_be_unique() {
    let records: [&[&[u8]]; 2] = [&[b"1", b"Ann", ANN], &[b"2", b"Ann", ANN]];
    assert_eq!(check_all(&mut users(false), &records).0, [1, 2]);
    assert_eq!(check_all(&mut users(true), &records).0, [1]);
}

#[test]
fn emails_are_compared_without_regard_to_the_case_of_ascii_letters_only() {
    let records: [&[&[u8]]; 4] = [
        &[b"1", b"Ann", "ann@exämple.com".as_bytes()],
        &[b"2", b"Ann", "ANN@exämple.COM".as_bytes()],
        &[b"3", b"Ann", "ann@exÄmple.com".as_bytes()],
        &[b"4", b"Ann", " ann@exämple.com".as_bytes()],
    ];
    let (accepted, rejected) = check_all(&mut users(true), &records);
    assert_eq!(accepted, [1, 3]);
    let expected = [
        (3, "email \"ANN@exämple.COM\" is already used by id 1"),
        (5, "email is not valid: \" ann@exämple.com\""),
    ];
    assert_eq!(
        rejected,
        expected.map(|(line, why)| (line, why.to_string()))
    );
}

#[test]
fn an_email_that_is_stored_belongs_to_the_first_owner_named() {
    let mut rules = users(true);
    note(
        &mut rules,
        &[(5, b"Ann@example.com"), (7, b"ann@example.com")],
    );
    let records: [&[&[u8]]; 3] = [
        &[b"7", b"Ann", ANN],
        &[b"5", b"Ann", ANN],
        &[b"8", b"Ann", ANN],
    ];
    let (accepted, rejected) = check_all(&mut rules, &records);
    assert_eq!(accepted, [5], "the owner itself may have it");
    let reason = "email \"ann@example.com\" is already used by id 5".to_string();
    assert_eq!(rejected, [(2, reason.clone()), (4, reason)]);
}

#[test]
fn an_email_that_is_both_invalid_and_used_has_two_reasons() {
    let mut rules = users(true);
    note(&mut rules, &[(1, b"bob")]);
    let (_, rejected) = check_all(&mut rules, &[&[b"x", b"Bob", b"bob"]]);
    let expected = "id is not a whole number: \"x\"; email is not valid: \"bob\"; \
                    email \"bob\" is already used by id 1";
    assert_eq!(rejected, [(2, expected.to_string())]);
}

#[test]
fn owners_are_not_kept_unless_emails_must_be_unique() {
    let mut rules = users(false);
    assert_eq!(rules.stored_columns(), None);
    note(&mut rules, &[(5, b"ann@example.com")]);
    assert_eq!(check_all(&mut rules, &[&[b"1", b"Ann", ANN]]).0, [1]);
}

#[test]
fn only_the_columns_of_keys_are_needed_of_stored_rows() {
    let columns = [0, 1].map(|table| rules(TABLES[table], true).stored_columns());
    assert_eq!(columns, [Some(vec![0, 2]), None]);
}

//! The rules, value by value and in their words. The properties that hold for any records are in `properties.rs`.

mod properties;
mod uses;

use std::convert::Infallible;

use super::*;
use crate::record::Header;
use crate::schema::TABLES;

/// Validates records, each given as its cells, the first one on line 2. The ids 1 to 9 exist in all tables. Returns the
/// ids of the accepted rows and, by line, the reasons of the others.
fn validate(validator: &mut Validator, records: &[&[&[u8]]]) -> (Vec<i64>, Vec<(u64, String)>) {
    let mut batch = Batch::new(Header::of(validator.table).into());
    for (line, cells) in (2..).zip(records) {
        let ends: Vec<_> = (1..=cells.len())
            .map(|count| cells[..count].concat().len())
            .collect();
        batch.push(line, &cells.concat(), &ends);
    }
    let mut rejected = Vec::new();
    let exists = |_: &'static Table, id| Ok::<_, Infallible>((1..10).contains(&id));
    let rows = validator.validate(batch, exists, |record, rejection| match rejection {
        Rejection::Rules(violations) => {
            let reasons: Vec<_> = violations.iter().map(ToString::to_string).collect();
            rejected.push((record.line, reasons.join("; ")));
        }
        Rejection::Unknown(error) => match error {},
    });
    (rows.iter().map(|row| row.id()).collect(), rejected)
}

fn users(unique_email: bool) -> Validator {
    Validator::new(TABLES[0], unique_email)
}

/// The reasons why a record of a table is not accepted, joined by `; `; nothing if it is.
fn reasons(table: &str, cells: &[impl AsRef<[u8]>]) -> String {
    let table = TABLES.iter().find(|known| known.name == table).unwrap();
    let cells: Vec<_> = cells.iter().map(AsRef::as_ref).collect();
    let (accepted, rejected) = validate(&mut Validator::new(table, false), &[&cells]);
    assert_eq!(accepted.len() + rejected.len(), 1);
    let reasons = rejected.into_iter().map(|(_, reasons)| reasons);
    reasons.collect()
}

/// Checks the reasons for each value of a column, in a record that keeps the rules but for that.
#[track_caller]
fn check(table: &str, column: usize, good: [&str; 4], expected: &[(&str, &str)]) {
    let width = if table == "orders" { 4 } else { 3 };
    for (text, reason) in expected {
        let mut cells = good;
        cells[column] = text;
        assert_eq!(reasons(table, &cells[..width]), *reason, "{text:?}");
    }
}

const USER: [&str; 4] = ["1", "Ann", "ann@example.com", ""];
const PRODUCT: [&str; 4] = ["1", "Pen", "1.5", ""];
const ORDER: [&str; 4] = ["1", "2", "3", "4"];

#[test]
fn a_whole_number_is_digits_with_an_optional_sign() {
    let not_whole = |text| (text, format!("id is not a whole number: {text:?}"));
    let wrong = [
        "", "+", "-", "--1", "+-1", "1-", "x", "1.0", "1e3", "0x10", "1_000", "1,000", " 1", "1 ",
        "\u{a0}1", "１", "٣", "²", "∞", "NaN", "\n1", "1\t",
    ];
    for (text, reason) in wrong.map(not_whole) {
        check("users", 0, USER, &[(text, &reason)]);
    }
    for right in ["1", "+1", "007", "+0000000000000000000000000001"] {
        check("users", 0, USER, &[(right, "")]);
    }
}

#[test]
fn a_whole_number_reaches_to_the_limits_of_i64_and_is_out_of_range_beyond() {
    let (small, large) = ("-9223372036854775809", "9223372036854775808");
    let expected = [
        ("9223372036854775807", ""),
        ("+9223372036854775807", ""),
        (large, &format!("id is out of range: {large:?}")),
        (
            "-9223372036854775808",
            "id must be greater than 0, got -9223372036854775808",
        ),
        (small, &format!("id is out of range: {small:?}")),
        (
            "+99999999999999999999999999999999999999999999",
            "id is out of range: \"+99999999999999999999999999999999999999999999\"",
        ),
    ];
    check("users", 0, USER, &expected);
}

#[test]
fn an_id_is_greater_than_0() {
    let expected = [
        ("0", "id must be greater than 0, got 0"),
        ("-0", "id must be greater than 0, got -0"),
        ("+0", "id must be greater than 0, got +0"),
        ("-3", "id must be greater than 0, got -3"),
    ];
    check("products", 0, PRODUCT, &expected);
}

#[test]
fn a_quantity_is_a_whole_number_greater_than_0() {
    let expected = [
        ("1", ""),
        ("0", "quantity must be greater than 0, got 0"),
        ("-1", "quantity must be greater than 0, got -1"),
        ("2.5", "quantity is not a whole number: \"2.5\""),
        (
            "9223372036854775808",
            "quantity is out of range: \"9223372036854775808\"",
        ),
    ];
    check("orders", 3, ORDER, &expected);
}

#[test]
fn a_name_is_empty_when_it_has_nothing_but_unicode_white_space() {
    let empty = [
        "",
        " ",
        "\t\r\n",
        "\u{a0}",
        "\u{3000}\u{2003}",
        "\u{85}\u{2028}",
    ];
    for text in empty {
        check("users", 1, USER, &[(text, "name is empty")]);
        check("products", 1, PRODUCT, &[(text, "name is empty")]);
    }
    // A zero-width space and a byte order mark are no white space to Unicode.
    for text in [" a ", "-", "\u{200b}", "\u{feff}", "\"", "日本"] {
        check("users", 1, USER, &[(text, "")]);
    }
}

#[test]
fn a_price_is_a_finite_number() {
    let wrong = [
        "",
        "x",
        "inf",
        "-inf",
        "infinity",
        "NaN",
        "nan",
        "1e400",
        "-1e400",
        "1,5",
        " 1",
        "1 ",
        "0x10",
        "1_0",
        "１",
        "1e",
        ".",
        "+",
        "$1",
        "1.7976931348623159e308",
    ];
    for text in wrong {
        let reason = format!("price is not a number: {text:?}");
        check("products", 2, PRODUCT, &[(text, &reason)]);
    }
    let right = [
        "1",
        "1.",
        ".5",
        "+1",
        "007",
        "1e3",
        "1E-3",
        "1.7976931348623157e308",
        "5e-324",
        "2.2250738585072011e-308",
        "0.1",
    ];
    for text in right {
        check("products", 2, PRODUCT, &[(text, "")]);
    }
}

#[test]
fn a_price_is_greater_than_0() {
    // The last two are too small for an f64 and come out as 0.
    for text in [
        "0", "-0", "0.0", "-50", "-5e-324", "-1e308", "0e999", "1e-400", "2e-324",
    ] {
        let reason = format!("price must be greater than 0, got {text}");
        check("products", 2, PRODUCT, &[(text, &reason)]);
    }
}

#[test]
fn an_email_has_one_at_something_before_it_and_two_labels_after_it() {
    let wrong = [
        "", "bob", "@", "@b.co", "a@", "a@b", "a@.", "a@.co", "a@b.", "a@b..co", "a@.b.co",
        "a@b.co.", "a@@b.co", "a@b@c.co", "a@b.co@", "a.b.co",
    ];
    for text in wrong {
        let reason = format!("email is not valid: {text:?}");
        check("users", 2, USER, &[(text, &reason)]);
    }
    for text in [
        "a@b.co",
        "A.B+c@d.e.f",
        ".@b.c",
        "\"@b.c",
        "é@ü.日本",
        "a@-.-",
        "a@1.2",
    ] {
        check("users", 2, USER, &[(text, "")]);
    }
}

#[test]
fn an_email_has_no_white_space_anywhere() {
    for space in [
        ' ', '\t', '\n', '\r', '\u{a0}', '\u{85}', '\u{2003}', '\u{3000}',
    ] {
        for text in [
            "_a@b.co", "a_b@b.co", "a_@b.co", "a@_b.co", "a@b._.co", "a@b.co_",
        ] {
            let text = text.replace('_', &space.to_string());
            let reason = format!("email is not valid: {text:?}");
            check("users", 2, USER, &[(&text, &reason)]);
        }
    }
}

#[test]
fn a_reference_is_a_whole_number_of_a_row_that_exists() {
    let user = [
        ("9", ""),
        ("+9", ""),
        ("10", "user 10 does not exist"),
        ("0", "user 0 does not exist"),
        ("-3", "user -3 does not exist"),
        ("x", "user_id is not a whole number: \"x\""),
        ("1.0", "user_id is not a whole number: \"1.0\""),
        (
            "9223372036854775808",
            "user_id is out of range: \"9223372036854775808\"",
        ),
    ];
    check("orders", 1, ORDER, &user);
    let product = [
        ("1", ""),
        ("11", "product 11 does not exist"),
        ("", "product_id is not a whole number: \"\""),
    ];
    check("orders", 2, ORDER, &product);
}

#[test]
fn a_reason_quotes_the_text_in_the_escaping_of_rust() {
    let expected = [(
        "\"a\\\t\u{1b}é\u{301}\u{200b}'",
        r#"email is not valid: "\"a\\\t\u{1b}é\u{301}\u{200b}'""#,
    )];
    check("users", 2, USER, &expected);
}

#[test]
fn broken_utf8_is_the_only_reason_for_its_cell_while_other_cells_are_judged() {
    for broken in [
        &b"\xff"[..],
        b"a\x80",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xe2\x82",
        b"\0\xff",
    ] {
        let cells: [&[u8]; 3] = [broken, broken, b"bob"];
        let expected =
            "id is not valid UTF-8; name is not valid UTF-8; email is not valid: \"bob\"";
        assert_eq!(reasons("users", &cells), expected, "{broken:?}");
    }
}

#[test]
fn a_nul_is_the_only_reason_for_its_cell_while_other_cells_are_judged() {
    for text in ["\0", "a\0", "\0@", "1\0", " \0 "] {
        let expected = "id is not a whole number: \"x\"; name contains a NUL character; \
                        email contains a NUL character";
        assert_eq!(reasons("users", &["x", text, text]), expected, "{text:?}");
    }
    let expected = "user_id contains a NUL character; product 99 does not exist";
    assert_eq!(reasons("orders", &["1", "1\0", "99", "1"]), expected);
}

#[test]
fn all_reasons_are_given_in_the_order_of_the_columns() {
    let expected = "id must be greater than 0, got 0; name is empty; email is not valid: \"bob\"";
    assert_eq!(reasons("users", &["0", " ", "bob"]), expected);
    let expected = "id is not a whole number: \"a\"; user 10 does not exist; \
                    product_id is not a whole number: \"b\"; quantity must be greater than 0, got -1";
    assert_eq!(reasons("orders", &["a", "10", "b", "-1"]), expected);
}

#[test]
fn the_number_of_fields_is_the_only_reason_of_a_short_or_a_long_record() {
    let cells = ["0", "", "bob", "x", "y"];
    for found in [0, 1, 2, 4, 5] {
        let expected = format!("expected 3 fields, found {found}");
        assert_eq!(reasons("users", &cells[..found]), expected);
    }
    assert_eq!(reasons("orders", &cells[..3]), "expected 4 fields, found 3");
}

#[test]
fn a_record_whose_references_cannot_be_looked_up_is_rejected_as_unknown() {
    let mut orders = Validator::new(TABLES[2], false);
    let mut batch = Batch::new(Header::of(TABLES[2]).into());
    batch.push(7, b"1234", &[1, 2, 3, 4]);
    let mut rejected = Vec::new();
    let exists = |table: &'static Table, id| Err(format!("{} {id}", table.name));
    let rows = orders.validate(batch, exists, |record, rejection| {
        rejected.push((record.line, format!("{rejection:?}")));
    });
    assert!(rows.is_empty());
    assert_eq!(rejected, [(7, r#"Unknown("users 2")"#.to_string())]);
    assert!(!orders.accepted(1), "a rejected row uses no id");
}

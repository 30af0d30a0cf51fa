//! The rules, value by value and in their words. The properties that hold for any records are in `properties.rs`.

mod properties;
mod uses;

use std::borrow::Cow;

use super::*;
use crate::row::{Defect, Key, Notation, Reasons, offset};
use crate::schema::{Column, ID, Reference, TABLE, TABLES, integer, text};

/// The rules for a file that has all columns of a table.
fn rules(table: &'static Table, unique: bool) -> Rules {
    let parents = table.references.iter().map(|reference| {
        let mut tables = TABLES.iter().copied();
        tables.find(|table| table.name == reference.parent).unwrap()
    });
    Rules::new(table, parents.collect(), unique, Some(&Header::of(table))).unwrap()
}

/// The ids 1 to 9 exist in all tables.
struct Existing;

impl Parents for Existing {
    fn find(&self, _: usize, keys: &Keys) -> Found {
        let exists = (0..keys.len()).map(|position| match keys.get(position) {
            Some(Key::Integer(1..10)) => Existence::Stored,
            _ => Existence::Missing,
        });
        Found {
            rows: exists.collect(),
            unknown: None,
        }
    }
}

/// No table can be read. The reason is the index of the reference.
struct Unreadable;

impl Parents for Unreadable {
    fn find(&self, reference: usize, keys: &Keys) -> Found {
        Found {
            rows: vec![Existence::Unknown; keys.len()],
            unknown: Some(Reason::failure(reference.to_string())),
        }
    }
}

/// Records of a table as a batch, each given as its cells, the first one on line 2.
fn batch<C: AsRef<[u8]>>(table: &'static Table, records: &[impl AsRef<[C]>]) -> Batch {
    let mut batch = Batch::new(Header::of(table).into());
    for (line, cells) in (2..).zip(records) {
        batch.push_fields(line, cells.as_ref());
    }
    batch
}

/// The reasons of the record at this position as one text.
fn text_of(rows: &Rows, position: u32, reasons: &[Reason]) -> String {
    Reasons(reasons, &|columns| rows.named(columns, position)).to_string()
}

/// Checks products with these cells that are written like this: their typed values, or why there are none.
fn check_notation(notation: Notation, cells: &[[&str; 3]]) -> Vec<String> {
    let header = Header {
        notation,
        ..Header::of(TABLES[1])
    };
    let mut batch = Batch::new(header.into());
    for (line, cells) in (2..).zip(cells) {
        batch.push_fields(line, cells);
    }
    let rows = rules(TABLES[1], false)
        .check_batch(batch, &Existing)
        .unwrap();
    let results = (0..cells.len() as u32).map(|position| {
        let rejected = (rows.rejected.iter()).find(|(rejected, _)| *rejected == position);
        match rejected {
            Some((_, Outcome::Skipped(reasons))) => text_of(&rows, position, reasons),
            Some((_, outcome)) => panic!("{outcome:?}"),
            None => format!("{:?}", rows.values(position).nth(2)),
        }
    });
    results.collect()
}

#[test]
fn decimals_are_separated_by_the_character_that_was_given() {
    let notation = Notation {
        decimal: ',',
        ..Notation::default()
    };
    let prices = [
        "1,5", "-1,5", "1.234", "1.234,5", "1,5e2", "7", "1e-400", "1,2,3",
    ];
    let rows: Vec<_> = (prices.iter().enumerate())
        .map(|(id, price)| [["1", "2", "3", "4", "5", "6", "7", "8"][id], "a", price])
        .collect();
    assert_eq!(
        check_notation(notation, &rows),
        [
            "Some(Real(1.5))",
            "price must be greater than 0, got -1,5",
            "price is not a number: \"1.234\"",
            "price is not a number: \"1.234,5\"",
            "Some(Real(150.0))",
            "Some(Real(7.0))",
            "price is out of range: \"1e-400\"",
            "price is not a number: \"1,2,3\"",
        ]
    );
}

#[test]
fn a_cell_that_stands_for_null_is_empty() {
    let notation = Notation {
        null: vec!["NULL".to_string(), "-".to_string()],
        ..Notation::default()
    };
    let rows = [
        ["NULL", "a", "1"],
        ["1", "NULL", "1"],
        ["2", "-", "NULL"],
        ["3", "null", "1"],
        ["4", "", ""],
        ["-", "x", "-1"],
    ];
    assert_eq!(
        check_notation(notation, &rows),
        [
            "id is empty",
            "name is empty",
            "name is empty; price is empty",
            "Some(Real(1.0))",
            "name is empty; price is empty",
            "id is empty; price must be greater than 0, got -1",
        ]
    );
}

/// Checks records, each given as its cells, the first one on line 2. The ids 1 to 9 exist in all tables. Returns the
/// ids of the accepted rows and, by line, the reasons of the others.
fn check_all(rules: &mut Rules, records: &[&[&[u8]]]) -> (Vec<i64>, Vec<(u64, String)>) {
    let batch = batch(rules.table, records);
    let rows = rules.check_batch(batch, &Existing).unwrap();
    let rejected = &rows.rejected;
    let rejected = rejected.iter().map(|(position, outcome)| match outcome {
        Outcome::Skipped(reasons) => {
            let record = rows.record(*position);
            (record.line, text_of(&rows, *position, reasons))
        }
        _ => panic!("{outcome:?}"),
    });
    let rejected = rejected.collect();
    (
        rows.accepted
            .iter()
            .map(|position| rows.number(*position))
            .collect(),
        rejected,
    )
}

fn users(unique_email: bool) -> Rules {
    rules(TABLES[0], unique_email)
}

/// The reasons why a record of a table is not accepted, joined by `; `; nothing if it is.
fn reasons(table: &str, cells: &[impl AsRef<[u8]>]) -> String {
    let table = TABLES.iter().find(|known| known.name == table).unwrap();
    let cells: Vec<_> = cells.iter().map(AsRef::as_ref).collect();
    let (accepted, rejected) = check_all(&mut rules(table, false), &[&cells]);
    assert_eq!(accepted.len() + rejected.len(), 1);
    let reasons = rejected.into_iter().map(|(_, reasons)| reasons);
    reasons.collect()
}

/// Checks the reasons for each value of a column, in a record that otherwise follows the rules.
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
        "+", "-", "--1", "+-1", "1-", "x", "1.0", "1e3", "0x10", "1_000", "1,000", " 1", "1 ",
        "\u{a0}1", "１", "٣", "²", "∞", "NaN", "\n1", "1\t",
    ];
    for (text, reason) in wrong.map(not_whole) {
        check("users", 0, USER, &[(text, &reason)]);
    }
    check(
        "users",
        0,
        USER,
        &[("", "id is empty"), (" ", "id is empty")],
    );
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
fn a_name_is_empty_when_it_has_nothing_but_white_space_and_format_characters() {
    let empty = [
        "",
        " ",
        "\t\r\n",
        "\u{a0}",
        "\u{3000}\u{2003}",
        "\u{85}\u{2028}",
        "\u{200b}",
        "\u{feff}",
        "\u{ad}\u{2060} \u{200d}",
        "\u{e0001}",
    ];
    for text in empty {
        check("users", 1, USER, &[(text, "name is empty")]);
        check("products", 1, PRODUCT, &[(text, "name is empty")]);
    }
    for text in [" a ", "-", "a\u{200b}", "\u{feff}\u{301}", "\"", "日本"] {
        check("users", 1, USER, &[(text, "")]);
    }
}

#[test]
fn a_price_is_a_finite_number() {
    let wrong = [
        "x", "inf", "-inf", "infinity", "NaN", "nan", "1,5", " 1", "1 ", "0x10", "1_0", "１", "1e",
        ".", "+", "$1",
    ];
    for text in wrong {
        let reason = format!("price is not a number: {text:?}");
        check("products", 2, PRODUCT, &[(text, &reason)]);
    }
    for text in [
        "1e400",
        "-1e400",
        "1.7976931348623159e308",
        "1e-400",
        "-2e-324",
    ] {
        let reason = format!("price is out of range: {text:?}");
        check("products", 2, PRODUCT, &[(text, &reason)]);
    }
    check("products", 2, PRODUCT, &[("", "price is empty")]);
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
    for text in [
        "0", "-0", "0.0", "-50", "-5e-324", "-1e308", "0e999", "0e-999",
    ] {
        let reason = format!("price must be greater than 0, got {text}");
        check("products", 2, PRODUCT, &[(text, &reason)]);
    }
}

#[test]
fn an_email_has_one_at_something_before_it_and_two_labels_after_it() {
    check(
        "users",
        2,
        USER,
        &[("", "email is empty"), (" ", "email is empty")],
    );
    let wrong = [
        "bob", "@", "@b.co", "a@", "a@b", "a@.", "a@.co", "a@b.", "a@b..co", "a@.b.co", "a@b.co.",
        "a@@b.co", "a@b@c.co", "a@b.co@", "a.b.co",
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
fn an_email_has_no_white_space_control_or_format_character_anywhere() {
    for space in [
        ' ',
        '\t',
        '\n',
        '\r',
        '\u{a0}',
        '\u{85}',
        '\u{2003}',
        '\u{3000}',
        '\u{1b}',
        '\u{7f}',
        '\u{9b}',
        '\u{200b}',
        '\u{200d}',
        '\u{feff}',
        '\u{2060}',
        '\u{ad}',
        '\u{202e}',
        '\u{e0041}',
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
        ("10", "user_id 10 does not exist in users"),
        ("0", "user_id 0 does not exist in users"),
        ("-3", "user_id -3 does not exist in users"),
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
        ("11", "product_id 11 does not exist in products"),
        ("", "product_id is empty"),
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
    let expected = "user_id contains a NUL character; product_id 99 does not exist in products";
    assert_eq!(reasons("orders", &["1", "1\0", "99", "1"]), expected);
}

#[test]
fn all_reasons_are_given_in_the_order_of_the_columns() {
    let expected = "id must be greater than 0, got 0; name is empty; email is not valid: \"bob\"";
    assert_eq!(reasons("users", &["0", " ", "bob"]), expected);
    let expected = "id is not a whole number: \"a\"; user_id 10 does not exist in users; \
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
fn a_record_whose_references_cannot_be_looked_up_fails_and_uses_no_id() {
    let mut orders = rules(TABLES[2], false);
    let records: [&[&[u8]]; 1] = [&[b"1", b"2", b"3", b"4"]];
    let rows = orders.check_batch(batch(TABLES[2], &records), &Unreadable);
    let rows = rows.unwrap();
    assert!(rows.accepted.is_empty());
    let reasons = ["0", "1"].map(Reason::failure);
    assert_eq!(rows.rejected, [(0, Outcome::Failed(reasons.into()))]);
    assert_eq!(orders.take_used()[0].find(&ids([1])), [None]);
}

#[test]
fn a_record_that_breaks_a_rule_is_skipped_even_if_a_reference_cannot_be_looked_up() {
    let mut orders = rules(TABLES[2], false);
    let records: [&[&[u8]]; 1] = [&[b"1", b"2", b"3", b"0"]];
    let rows = orders.check_batch(batch(TABLES[2], &records), &Unreadable);
    let rows = rows.unwrap();
    let rejected = &rows.rejected;
    let Outcome::Skipped(reasons) = &rejected[0].1 else {
        panic!("{rejected:?}");
    };
    let expected = "quantity must be greater than 0, got 0";
    assert_eq!(text_of(&rows, 0, reasons), expected);
}

#[test]
fn a_line_that_cannot_be_split_has_that_reason_alone() {
    for defect in [Defect::TextAfterQuote, Defect::UnclosedQuote] {
        let mut batch = Batch::new(Header::of(TABLES[0]).into());
        batch.push_defect(2, b"x,\"y", defect);
        let rows = users(false).check_batch(batch, &Existing).unwrap();
        let rejected = &rows.rejected;
        let expected = Outcome::skipped(Reason::Defect(defect));
        assert_eq!(*rejected, [(0, expected)]);
    }
}

/// Stored rows.
struct Stored<'v>(Vec<Vec<Value<'v>>>);

#[derive(Clone, Copy)]
struct StoredRow<'a, 'v>(&'a [Value<'v>]);

impl<'v> RowSource for Stored<'v> {
    type Row<'a>
        = StoredRow<'a, 'v>
    where
        'v: 'a;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn row(&self, position: usize) -> StoredRow<'_, 'v> {
        StoredRow(&self.0[position])
    }

    fn line(&self, _: usize) -> u64 {
        0
    }

    fn is_text(&self) -> bool {
        false
    }
}

impl<'a, 'v: 'a> RowView<'a> for StoredRow<'a, 'v> {
    fn defect(self) -> Option<Reason> {
        None
    }

    fn value(self, column: usize) -> Value<'a> {
        self.0[column]
    }

    fn text(self, column: usize) -> Cow<'a, str> {
        match self.0[column] {
            Value::Null => Cow::Borrowed(""),
            Value::Text(bytes) => String::from_utf8_lossy(bytes),
            _ => format!("<{column}>").into(),
        }
    }
}

#[test]
fn a_stored_value_of_another_type_breaks_a_rule() {
    let (id, name, price) = (Value::Integer(1), Value::Text(b"Pen"), Value::Real(1.5));
    for (values, reasons) in [
        ([id, name, price], ""),
        ([id, Value::Null, price], "name is empty"),
        (
            [id, Value::Blob(b"Pen"), price],
            "name is not text: \"<1>\"",
        ),
        ([id, name, Value::Null], "price is empty"),
        (
            [id, name, Value::Text(b"x")],
            "price is not a number: \"x\"",
        ),
        (
            [id, name, Value::Blob(b"1")],
            "price is not a number: \"<2>\"",
        ),
        (
            [id, name, Value::Real(f64::INFINITY)],
            "price is not a number: \"<2>\"",
        ),
        (
            [id, name, Value::Real(-1.5)],
            "price must be greater than 0, got <2>",
        ),
        (
            [Value::Integer(-3), name, price],
            "id must be greater than 0, got <0>",
        ),
        ([id, Value::Text(b"\xff"), price], "name is not valid UTF-8"),
    ] {
        let mut rules = Rules::new(TABLES[1], vec![], false, None).unwrap();
        let mut found = String::new();
        let stored = Stored(vec![values.to_vec()]);
        let each = |_, reasons: &[Reason]| {
            found = Reasons(reasons, &|_| unreachable!()).to_string();
        };
        rules.check_stored(&stored, &Existing, each).unwrap();
        assert_eq!(found, reasons, "{values:?}");
    }
}

/// Ids, as rows refer to them.
fn ids(ids: impl IntoIterator<Item = i64>) -> Keys {
    Keys::Integers(ids.into_iter().map(Some).collect())
}

/// The lines of the records of a batch that follow the rules, and the reasons of the others.
fn sort_out(rules: &mut Rules, batch: Batch) -> (Vec<u64>, Vec<String>) {
    let rows = rules.check_batch(batch, &Existing).unwrap();
    let line = |position: &u32| rows.record(*position).line;
    let rejected = rows
        .rejected
        .iter()
        .map(|(position, outcome)| match outcome {
            Outcome::Skipped(reasons) => text_of(&rows, *position, reasons),
            outcome => panic!("{outcome:?}"),
        });
    (rows.accepted.iter().map(line).collect(), rejected.collect())
}

#[test]
fn a_line_that_could_not_be_split_is_no_row_of_a_single_text() {
    static NOTES: Table = Table {
        name: "notes",
        columns: &[text("note", &[])],
        keys: &[],
        ..TABLE
    };
    let mut batch = batch(&NOTES, &[["a"]]);
    batch.push_defect(3, b"\"b", Defect::UnclosedQuote);
    let mut rules = Rules::new(&NOTES, Vec::new(), false, Some(&Header::of(&NOTES))).unwrap();
    let (accepted, reasons) = sort_out(&mut rules, batch);
    assert_eq!(accepted, [2]);
    assert_eq!(reasons, ["quote is not closed"]);
}

#[test]
fn a_row_of_rejects_needs_all_fields_besides_its_reason() {
    let header = Header {
        reason: Some(3),
        ..Header::of(TABLES[0])
    };
    let mut batch = Batch::new(header.into());
    batch.push_fields(2, ["1", "Ann", "ann@b.co", "name is empty"]);
    batch.push_fields(3, ["2", "Bo", "bo@b.co"]);
    let (accepted, reasons) = sort_out(&mut rules(TABLES[0], false), batch);
    assert_eq!(accepted, [2]);
    assert_eq!(reasons, ["expected 3 fields, found 2"]);
}

#[test]
fn a_field_that_is_written_as_null_is_null_in_any_record() {
    let mut batch = batch(TABLES[0], &[["1", "Ann", "ann@b.co"]]);
    batch.push(3, 8, |all, ends, nulls| {
        nulls.push(4);
        all.extend_from_slice(b"2,N,b@b.co");
        let last = offset(all.len());
        ends.extend([last - 9, last - 7, last]);
    });
    let (accepted, reasons) = sort_out(&mut rules(TABLES[0], false), batch);
    assert_eq!(accepted, [2]);
    assert_eq!(reasons, ["name is empty"]);
}

#[test]
fn the_default_of_a_reference_must_exist_as_well() {
    static VISITS: Table = Table {
        name: "visits",
        columns: &[
            ID,
            Column {
                default: Some("99"),
                ..integer("user_id", &[Rule::Exists(0)])
            },
        ],
        references: TABLES_OF_VISITS,
        ..TABLE
    };
    static TABLES_OF_VISITS: &[Reference] = &[Reference {
        columns: &[1],
        parent: "users",
        key: 0,
    }];
    let header = Header {
        columns: vec![0, usize::MAX],
        names: vec!["id".to_string()],
        given: vec![b"id".to_vec()],
        ..Header::of(&VISITS)
    };
    let mut rules = Rules::new(&VISITS, vec![TABLES[0]], false, Some(&header)).unwrap();
    let mut batch = Batch::new(header.into());
    batch.push_fields(2, ["1"]);
    let (accepted, reasons) = sort_out(&mut rules, batch);
    assert_eq!(accepted, [0; 0]);
    assert_eq!(reasons, ["user_id 99 does not exist in users"]);
}

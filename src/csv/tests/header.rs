//! Headers, and what is wrong with a file as a whole.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::row::{EXTRA, Header, LINE};

/// Reads the header of a file of users.
fn header(text: &[u8], dialect: &Dialect) -> Result<Header, String> {
    let input = Box::new(Cursor::new(text.to_vec()));
    let reader = Reader::new(TABLES[0], input, dialect).map_err(|problem| problem.to_string())?;
    Ok(Header::clone(&reader.header()))
}

fn ignoring_extra_columns() -> Dialect {
    Dialect {
        ignore_extra_columns: true,
        ..Dialect::default()
    }
}

/// What is wrong with the columns of a header, without the columns that were expected.
fn differences(text: &str) -> String {
    let problem = problem(text);
    let differences = problem.strip_prefix("has the wrong columns in its header: ");
    let differences = differences.unwrap_or_else(|| panic!("{problem}"));
    differences.split(" (expected ").next().unwrap().to_string()
}

#[test]
fn columns_come_in_any_order() {
    let header = header(b"email,id,name\nx,1,a\n", &Dialect::default()).unwrap();
    assert_eq!(header.names, ["email", "id", "name"]);
    assert_eq!((&header.columns[..], header.width()), (&[1, 2, 0][..], 3));
    assert_eq!(header.reason, None);
}

#[test]
fn names_match_without_regard_to_case_and_white_space_around_them() {
    let text = "ID, Name\t,\"\u{a0}\nEMAIL \", REASON ";
    let header = header(text.as_bytes(), &Dialect::default()).unwrap();
    assert_eq!(header.names, ["id", "name", "email"]);
    let given = ["ID", " Name\t", "\u{a0}\nEMAIL "].map(Vec::from);
    assert_eq!((&header.given[..], header.reason), (&given[..], Some(3)));
}

#[test]
fn other_names_are_other_columns() {
    for name in ["", "i\0d", "\u{feff}id", "\u{1b}", "\u{131}d"] {
        let expected = format!("column {name:?} is unknown");
        let message = differences(&format!("name,{name},email\n"));
        assert!(message.starts_with(&expected), "{message}");
        assert!(message.ends_with(", column \"id\" is missing"), "{message}");
    }
    let broken = problem(b"id,name,email,\xff\n");
    assert!(
        broken.contains("column \"\u{fffd}\" is unknown"),
        "{broken}"
    );
}

#[test]
fn the_dialect_says_whether_cells_are_trimmed() {
    for trim in [false, true] {
        let header = header(b"id,name,email", &trimming(trim)).unwrap();
        assert_eq!(header.notation.trim, trim);
    }
}

#[test]
fn all_that_differs_in_a_header_is_listed_at_once() {
    assert_eq!(
        problem("id,nick,ID,nick,reason,Reason\n1\n"),
        "has the wrong columns in its header: column \"nick\" is unknown, column \"ID\" is repeated, \
         column \"nick\" is repeated, column \"Reason\" is repeated, column \"name\" is missing, \
         column \"email\" is missing (expected id, name, email; rename the columns)"
    );
    assert_eq!(
        problem("id,name\n"),
        "has the wrong columns in its header: column \"email\" is missing (expected id, name, email)"
    );
}

#[test]
fn an_unknown_column_that_is_close_to_a_missing_one_is_suggested() {
    let files = [
        ("id,name,E-Mail", "E-Mail", "email"),
        ("id,name,mail", "mail", "email"),
        ("id,nmae,email", "nmae", "name"),
        ("I.D.,name,email", "I.D.", "id"),
    ];
    for (header, given, meant) in files {
        assert_eq!(
            problem(header),
            format!(
                "has the wrong columns in its header: column {given:?} is unknown (did you mean {meant:?}?), \
                 column {meant:?} is missing (expected id, name, email; rename the columns)"
            )
        );
    }
    let ignored = header(b"phone,id,name,E-Mail,note", &ignoring_extra_columns());
    assert_eq!(
        ignored.unwrap_err(),
        "has the wrong columns in its header: column \"E-Mail\" is unknown (did you mean \"email\"?), \
         column \"email\" is missing (expected id, name, email; rename the columns)"
    );
    let not_missing = differences("id,name,email,e-mail");
    assert_eq!(not_missing, "column \"e-mail\" is unknown");
    let far = differences("id,nick,email");
    assert_eq!(
        far,
        "column \"nick\" is unknown, column \"name\" is missing"
    );
}

#[test]
fn of_each_kind_ten_columns_are_listed_and_the_others_counted() {
    let unknown: Vec<_> = (0..13).map(|n| format!("c{n}")).collect();
    let shown: Vec<_> = (unknown[..10].iter())
        .map(|name| format!("column {name:?} is unknown, "))
        .collect();
    let repeated = ",id".repeat(11);
    assert_eq!(
        differences(&format!("{}{repeated}", unknown.join(","))),
        format!(
            "{}3 more columns are unknown, {}\
             column \"name\" is missing, column \"email\" is missing",
            shown.concat(),
            "column \"id\" is repeated, ".repeat(10)
        )
    );
    let more = differences(&format!("{},c13{repeated},id", unknown[..10].join(",")));
    assert!(more.contains(", 1 more column is unknown, "), "{more}");
    assert!(more.contains(", 1 more column is repeated, "), "{more}");
}

#[test]
fn a_long_name_is_cut_in_messages() {
    let long = "é".repeat(300);
    let expected = format!("column \"{}\"… is unknown", "é".repeat(100));
    assert_eq!(differences(&format!("id,name,email,{long}")), expected);
    let repeated = differences(&format!("id,name,email,{long},{long}"));
    assert!(repeated.len() < 1000, "{repeated}");
}

#[test]
fn any_number_of_columns_is_read_at_once() {
    // If each were compared to all others, this would take hours.
    let columns: String = (0..400_000).map(|n| format!(",c{n}")).collect();
    let message = differences(&format!("id,name{columns}"));
    assert!(
        message.contains("399990 more columns are unknown"),
        "{message}"
    );
    let text = format!("id,name,email{columns}");
    let header = header(text.as_bytes(), &ignoring_extra_columns()).unwrap();
    assert_eq!(header.names.len(), 400_003);
}

#[test]
fn extra_columns_are_passed_over_on_request() {
    let text = b"Phone,ID,\xff,name,,EMAIL,,phone,reason\n";
    let header = header(text, &ignoring_extra_columns()).unwrap();
    // Those that are repeated are told apart.
    let (seventh, eighth) = (" (field 7)", "phone (field 8)");
    let names = [
        "Phone", "id", "\u{fffd}", "name", "", "email", seventh, eighth,
    ];
    assert_eq!(header.names, names);
    let given: [&[u8]; 8] = [
        b"Phone", b"ID", b"\xff", b"name", b"", b"EMAIL", b"", b"phone",
    ];
    assert_eq!(header.given, given);
    assert_eq!(header.columns, [1, 3, 5]);
    assert_eq!((header.reason, header.width()), (Some(8), 8));
}

#[test]
fn an_extra_column_has_no_name_that_the_json_report_uses_for_something_else() {
    let header = header(b"id,name,email,_extra,_line", &ignoring_extra_columns()).unwrap();
    assert_eq!(header.names[3..], ["_extra (field 4)", "_line (field 5)"]);
}

#[test]
fn a_column_that_is_called_like_a_made_up_name_keeps_a_name_of_its_own() {
    let text = "id,name,email,x (field 5),x,x (field 6),X,_extra,_extra (field 8)";
    let header = header(text.as_bytes(), &ignoring_extra_columns()).unwrap();
    let names = [
        "x (field 5)",
        "x",
        "x (field 6)",
        "X (field 7)",
        "_extra (field 8) (field 8)",
        "_extra (field 8)",
    ];
    assert_eq!(header.names[3..], names);
}

proptest! {
    #[test]
    fn every_field_has_a_name_of_its_own_whatever_the_header_says(
        extra in prop::collection::vec("(x|X|_extra|_line)( [(]field [4-9][)]){0,2}", 0..8),
    ) {
        let text = format!("id,name,email,{}", extra.join(","));
        let header = header(text.as_bytes(), &ignoring_extra_columns()).unwrap();
        let reserved = [EXTRA, LINE].map(String::from);
        let distinct: HashSet<_> = header.names.iter().chain(&reserved).collect();
        prop_assert_eq!(distinct.len(), header.names.len() + 2, "{:?}", header.names);
    }
}

#[test]
fn a_column_of_the_table_is_not_repeated_even_if_extra_columns_are_ignored() {
    for (text, repeated) in [
        ("id,name,x,x,email, Name", " Name"),
        ("id,name,email,reason,reason", "reason"),
    ] {
        let message = header(text.as_bytes(), &ignoring_extra_columns()).unwrap_err();
        let expected = format!(
            "has the wrong columns in its header: column {repeated:?} is repeated (expected id, name, email)"
        );
        assert_eq!(message, expected);
    }
    let message = header(b"id,e-mail", &ignoring_extra_columns()).unwrap_err();
    assert!(message.contains("column \"email\" is missing"), "{message}");
}

#[test]
fn a_header_with_another_delimiter_says_so() {
    let files = [
        (
            "id;name;email\n",
            b',',
            r#"semicolons as the separator: add --delimiter ";""#,
        ),
        (
            "ID ; Name;E-Mail\n",
            b',',
            r#"semicolons as the separator: add --delimiter ";""#,
        ),
        (
            "\"id\";\"name\";\"email\"\n",
            b',',
            r#"semicolons as the separator: add --delimiter ";""#,
        ),
        (
            "\u{feff}name\tid\temail\r\n",
            b',',
            "tabs as the separator: add --delimiter tab",
        ),
        (
            "no|id|name|email, phone\n",
            b',',
            r#"vertical bars as the separator: add --delimiter "|""#,
        ),
        (
            "id,name,email\n",
            b';',
            r#"commas as the separator: add --delimiter ",""#,
        ),
        (
            "id;name\n",
            b'\t',
            r#"semicolons as the separator: add --delimiter ";""#,
        ),
    ];
    for (text, delimiter, expected) in files {
        let message = header(text.as_bytes(), &separated_by(delimiter)).unwrap_err();
        assert_eq!(message, format!("seems to use {expected}"));
    }
    let unrelated = problem("a;b;c\n");
    assert!(
        unrelated.starts_with("has the wrong columns"),
        "{unrelated}"
    );
    let one_column = problem("id;name,name\n");
    assert!(
        one_column.starts_with("has the wrong columns"),
        "{one_column}"
    );
}

#[test]
fn a_file_in_utf_16_says_so() {
    let text = "id,name,email\n1,a,x\n";
    let little: Vec<_> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<_> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = [
        [&b"\xff\xfe"[..], &little].concat(),
        [&b"\xfe\xff"[..], &big].concat(),
    ];
    for text in [&little, &big, &marked[0], &marked[1]] {
        for piece in [1, 2, 3, 100] {
            let message = read(text, piece).unwrap_err();
            assert_eq!(message, "is in UTF-16");
        }
    }
}

#[test]
fn a_header_with_quotes_that_do_not_match_says_so() {
    assert_eq!(
        problem("\n\"id,name,email\n1,a,x\n"),
        "has a header that cannot be read, on line 2: quote is not closed"
    );
    assert_eq!(
        problem("id,\"name\" ,email\n1,a,x\n"),
        "has a header that cannot be read, on line 1: text after a closing quote"
    );
}

#[test]
fn a_file_without_a_header_is_empty() {
    for text in ["", "\n", "\r\n\r\n", "\u{feff}", "\u{feff}\n"] {
        let expected = "is empty: expected a header with the columns id, name, email";
        assert_eq!(problem(text), expected, "{text:?}");
    }
}

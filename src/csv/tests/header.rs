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
    for name in ["i\0d", "\u{feff}id", "\u{1b}", "\u{131}d"] {
        let expected = format!("column {name:?} is unknown");
        let message = differences(&format!("name,{name},email\n"));
        assert!(message.starts_with(&expected), "{message}");
        assert!(message.ends_with(", column \"id\" is missing"), "{message}");
    }
}

#[test]
fn a_header_that_is_not_utf_8_is_reported_for_its_encoding_and_not_its_columns() {
    for text in [
        &b"id,name,email,Gr\xf6\xdfe\n"[..],
        b"id;Gr\xf6\xdfe;email\n",
        b"Nr,Gr\xf6\xdfe\n",
        b"id,\"Gr\xf6\xdfe\" x,email\n",
    ] {
        assert_eq!(
            problem(text),
            "has a header that is not UTF-8: name its encoding with --encoding, \
             most likely windows-1252 (Größe) or windows-1250 for Central Europe"
        );
    }
    // Other mistakes are named first.
    let page = problem(b"<!DOCTYPE html>\n<p>Gr\xf6\xdfe\n");
    assert!(page.starts_with("is a web page"), "{page}");
    let below = problem(b"\xdcbersicht\nid,name,email\n");
    assert!(below.contains("add --skip-lines 1"), "{below}");
    let row = problem(b"1,J\xf6rg,x\n");
    assert!(row.contains("add --no-header"), "{row}");
}

#[test]
fn a_column_whose_name_cannot_be_read_is_not_ignored_if_another_is_missing() {
    static SIZES: Table = Table {
        name: "sizes",
        row: "size",
        columns: &[
            crate::schema::text("code", &[]),
            crate::schema::text("size", &[]),
        ],
        keys: &[],
        ..crate::schema::TABLE
    };
    let input = Box::new(Cursor::new(b"code,Gr\xf6\xdfe\n".to_vec()));
    let read = Reader::new(&SIZES, input, &ignoring_extra_columns());
    let message = read.unwrap_err().to_string();
    assert!(
        message.starts_with("has a header that is not UTF-8"),
        "{message}"
    );
}

/// Why a file cannot be read in this encoding.
fn problem_in(bytes: &[u8], label: &str) -> String {
    let dialect = Dialect {
        encoding: encoding_rs::Encoding::for_label(label.as_bytes()),
        ..Dialect::default()
    };
    let input = Pieces::of(bytes, bytes.len());
    read_with(input, &dialect, Limits::USUAL).unwrap_err()
}

#[test]
fn a_header_that_is_not_in_the_encoding_that_is_named_says_so() {
    let message = problem_in(b"id,name,email,Temp \xb0\n1,K\xf6ln,x,y\n", "gbk");
    assert_eq!(
        message,
        "has a header that is not GBK: --encoding may name the wrong one, so try another, \
         most likely windows-1252 (°) or windows-1250 for Central Europe"
    );
    let utf8 = "id,name,email,Größe\n".as_bytes();
    let message = problem_in(utf8, "shift_jis");
    assert!(
        message.starts_with("seems to be in UTF-8 and not in Shift_JIS: leave --encoding out"),
        "{message}"
    );
}

#[test]
fn iso_2022_jp_is_named_in_a_header_and_read_in_any_pieces() {
    let header = encoding_rs::ISO_2022_JP.encode("id,name,email,市\n").0;
    assert_eq!(
        problem(&header),
        "is in ISO-2022-JP: add --encoding iso-2022-jp"
    );
    let text = "id,name,email\n1,田中,x\n2,\"東\n京\",y\n";
    let bytes = encoding_rs::ISO_2022_JP.encode(text).0;
    let rows = vec![vec!["1", "田中", "x"], vec!["2", "東\n京", "y"]];
    assert_eq!(decoded(&bytes, "iso-2022-jp").unwrap(), rows);
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
         column \"email\" is missing (expected id, name, email; rename the columns, or name them with --column)"
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
                 column {meant:?} is missing (expected id, name, email; rename the columns, or name them with --column)"
            )
        );
    }
    let ignored = header(b"phone,id,name,E-Mail,note", &ignoring_extra_columns());
    assert_eq!(
        ignored.unwrap_err(),
        "has the wrong columns in its header: column \"E-Mail\" is unknown (did you mean \"email\"?), \
         column \"email\" is missing (expected id, name, email; rename the columns, or name them with --column)"
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
fn ten_columns_of_each_kind_are_listed_and_the_others_counted() {
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
fn a_column_that_already_has_a_made_up_name_keeps_a_name_of_its_own() {
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
            r#"semicolons as the separator: add --delimiter ";""#,
        ),
        (
            "ID ; Name;E-Mail\n",
            r#"semicolons as the separator: add --delimiter ";""#,
        ),
        (
            "\"id\";\"name\";\"email\"\n",
            r#"semicolons as the separator: add --delimiter ";""#,
        ),
        (
            "\u{feff}name\tid\temail\r\n",
            "tabs as the separator: add --delimiter tab",
        ),
        (
            "no|id|name|email, phone\n",
            r#"vertical bars as the separator: add --delimiter "|""#,
        ),
    ];
    for (text, expected) in files {
        assert_eq!(problem(text), format!("seems to use {expected}"));
    }
    let unrelated = problem("a,b;c\n");
    assert!(
        unrelated.starts_with("has the wrong columns"),
        "{unrelated}"
    );
}

#[test]
fn any_delimiter_is_found_that_splits_the_header_into_names_of_the_table() {
    for (delimiter, expected) in [
        ("^", r#""^" as the separator: add --delimiter "^""#),
        (":", r#"":" as the separator: add --delimiter ":""#),
        ("~", r#""~" as the separator: add --delimiter "~""#),
        (" ", r#"spaces as the separator: add --delimiter " ""#),
        ("$", r#""$" as the separator: add --delimiter '$'"#),
        (
            "\u{1}",
            r#"the character U+0001 as the separator: add --delimiter "\x01""#,
        ),
        (
            "\u{1f}",
            r#"the character U+001F as the separator: add --delimiter "\x1f""#,
        ),
    ] {
        let text = ["id", "name", "email"].join(delimiter) + "\n";
        assert_eq!(problem(&text), format!("seems to use {expected}"));
    }
    // Names in another language do not hide the delimiter.
    let foreign = "seems to use semicolons as the separator: add --delimiter \";\"";
    assert_eq!(problem("Nr;Bezeichnung;Adresse\n1;a;x\n"), foreign);
}

#[test]
fn an_underscore_in_a_name_is_not_a_delimiter() {
    let message = differences("user_id,name_email\n");
    assert!(
        message.starts_with("column \"user_id\" is unknown"),
        "{message}"
    );
}

#[test]
fn a_header_below_many_lines_of_titles_is_found() {
    let text = "# key: value\n".repeat(150) + "id,name,email\n";
    let message = problem(text);
    assert!(
        message.ends_with("on line 151: add --skip-lines 150"),
        "{message}"
    );
}

#[test]
fn a_header_below_titles_is_found() {
    for (text, expected) in [
        (
            "Customers\n\nid,name,email\n1,a,x\n",
            "line 3: add --skip-lines 2",
        ),
        (
            "\nAll customers, 2026\r\nid,name,email\r\n",
            "line 3: add --skip-lines 2",
        ),
        (
            "Report\nID;Name;E-Mail\n",
            "line 2: add --skip-lines 1 --delimiter \";\"",
        ),
        (
            "sep=;\nReport\nid;name;email\n",
            "line 3: add --skip-lines 2",
        ),
    ] {
        let start = "has no header on its first line: the header seems to be on ";
        assert_eq!(problem(text), format!("{start}{expected}"), "{text:?}");
    }
}

#[test]
fn a_first_line_that_looks_like_a_row_is_not_a_header() {
    let start = "has no header: the first line looks like a row: add --no-header";
    assert_eq!(problem("1,Ann,ann@example.com\n"), start);
    assert_eq!(
        problem("\"1\";\"Ann\";x\n"),
        format!("{start} --delimiter \";\"")
    );
    assert_eq!(problem("1\tAnn\t\\N\n"), format!("{start} --delimiter tab"));
}

#[test]
fn the_first_row_below_titles_or_numbered_columns_is_found() {
    let start = "has no header: the first row seems to be on line";
    let titled = "Export of 2026\n\n1,Ann,x\n";
    assert_eq!(
        problem(titled),
        format!("{start} 3: add --no-header --skip-lines 2")
    );
    let numbered = "0,1,2\n1,Ann,x\n";
    assert_eq!(
        problem(numbered),
        format!("{start} 2: add --no-header --skip-lines 1")
    );
    let broken = "has no header: the first line looks like a row: add --no-header";
    for rows in [
        "1,Ann,\"x\ny\"\n2,Bo,y\n",
        "1,Ann,x,y\n2,Bo,y\n",
        "1,Ann\n2,Bo,y\n",
    ] {
        assert_eq!(problem(rows), broken, "{rows}");
    }
    let titled = "Export of 2026\n1;Ann;x\n";
    let expected = format!("{start} 2: add --no-header --skip-lines 1 --delimiter \";\"");
    assert_eq!(problem(titled), expected);
}

#[test]
fn a_first_line_with_a_known_name_or_with_years_is_not_a_row() {
    for (table, first) in [
        (TABLES[0], "1,name,3"),
        (TABLES[2], "2023,2024,2025,2026"),
        (TABLES[2], "\"2026\",\"2025\",\"2024\",\"2023\""),
    ] {
        let input = Box::new(Cursor::new(format!("{first}\n1,2,3,4\n").into_bytes()));
        let problem = Reader::new(table, input, &Dialect::default()).unwrap_err();
        let message = problem.to_string();
        assert!(message.starts_with("has the wrong columns"), "{message}");
    }
}

#[test]
fn white_space_around_the_quotes_of_a_header_requires_trimming() {
    let message = "has white space around the quotes of its header: add --trim";
    for text in [
        "\"id\", \"name\", \"email\"\n",
        "id,\"name\" ,email\n",
        "\t\"id\",name,email\n",
    ] {
        assert_eq!(problem(text), message, "{text:?}");
        assert!(header(text.as_bytes(), &trimming(true)).is_ok(), "{text:?}");
    }
}

#[test]
fn a_file_that_is_something_else_says_what_and_what_to_do() {
    let files: [(&[u8], &str); 12] = [
        (
            b"PK\x03\x04\x14\0\x06\0",
            "a workbook or another ZIP archive",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0",
            "a workbook or another ZIP archive",
        ),
        (b"SQLite format 3\0\x10\0", "a SQLite database"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"BZh91AY&SY\0\0", "a compressed archive"),
        (b"\x28\xb5\x2f\xfd\0", "a compressed archive"),
        (b"\xfd7zXZ\0\0", "a compressed archive"),
        (b"<!DOCTYPE html>\n<html>", "a web page or XML"),
        (b"\n  <?xml version=\"1.0\"?>", "a web page or XML"),
        (b"<table><tr><td>id</td></tr>", "a web page or XML"),
        (b"[\n  {\"id\": 1}]", "JSON"),
        (b"{\"users\": []}", "JSON"),
    ];
    for (text, expected) in files {
        let message = problem(text);
        let start = format!("is {expected}");
        assert!(message.starts_with(&start), "{message}");
        assert!(
            message.contains("export") || message.contains("unpack"),
            "{message}"
        );
        assert!(!message.contains("rename"), "{message}");
    }
}

/// The bytes of a text in UTF-16 or UTF-32, in either order of bytes.
fn wide(text: &str, bytes: usize, is_big: bool) -> Vec<u8> {
    let reverse = |mut unit: Vec<u8>| {
        if is_big {
            unit.reverse();
        }
        unit
    };
    if bytes == 2 {
        let units = text.encode_utf16().map(|unit| unit.to_le_bytes().to_vec());
        units.flat_map(reverse).collect()
    } else {
        let units = text.chars().map(|c| u32::from(c).to_le_bytes().to_vec());
        units.flat_map(reverse).collect()
    }
}

#[test]
fn a_file_in_utf_16_or_utf_32_says_so_and_in_which_order_its_bytes_are() {
    for text in ["id,name,email\n1,a,x\n", "номер,name,email\n1,a,x\n"] {
        for (bytes, is_big, expected) in [
            (2, false, "is in UTF-16LE: add --encoding utf-16le"),
            (2, true, "is in UTF-16BE: add --encoding utf-16be"),
            (4, false, "is in UTF-32LE"),
            (4, true, "is in UTF-32BE"),
        ] {
            let marked = wide(&format!("\u{feff}{text}"), bytes, is_big);
            assert_eq!(problem(marked), expected);
            // By its first letters alone, Cyrillic in UTF-32 can be told from nothing else, but its 0s can.
            assert_eq!(problem(wide(text, bytes, is_big)), expected, "{text}");
        }
    }
    // NULs in rows are none of the header's, whatever ends the lines.
    let nuls = b"id,name,email\r1,a\0,x\r2,b\0,y\r";
    assert_eq!(read(nuls, 100).unwrap().len(), 2);
    for piece in [1, 2, 3, 100] {
        let little = wide("id,name,email\n1,a,x\n", 2, false);
        assert_eq!(
            read(&little, piece).unwrap_err(),
            "is in UTF-16LE: add --encoding utf-16le"
        );
    }
}

/// Users in this encoding: the fields of their records.
fn decoded(bytes: &[u8], label: &str) -> Result<Vec<Vec<String>>, String> {
    let dialect = Dialect {
        encoding: encoding_rs::Encoding::for_label(label.as_bytes()),
        ..Dialect::default()
    };
    let read = |piece| read_with(Pieces::of(bytes, piece), &dialect, buffer_of(piece));
    let whole = read(8192);
    for piece in [4, 5, 64] {
        assert_eq!(read(piece), whole, "in pieces of {piece}");
    }
    let text = |field: Vec<u8>| String::from_utf8_lossy(&field).into_owned();
    let records = whole?.into_iter();
    Ok(records
        .map(|(_, fields, _)| fields.into_iter().map(text).collect())
        .collect())
}

#[test]
fn a_file_is_decoded_from_the_encoding_that_is_named() {
    let text = "id,name,email\n1,Jörg \"Ö\",x\n2,\"a,\nß\",y\n";
    let rows = vec![vec!["1", "Jörg \"Ö\"", "x"], vec!["2", "a,\nß", "y"]];
    let latin: Vec<_> = text.chars().map(|c| c as u8).collect();
    assert_eq!(decoded(&latin, "windows-1252").unwrap(), rows);
    for is_big in [false, true] {
        let label = if is_big { "utf-16be" } else { "utf-16le" };
        assert_eq!(decoded(&wide(text, 2, is_big), label).unwrap(), rows);
        let marked = wide(&format!("\u{feff}{text}"), 2, is_big);
        for label in ["utf-16", "windows-1252", label] {
            assert_eq!(decoded(&marked, label).unwrap(), rows, "{label}");
        }
    }
    let utf8 = format!("\u{feff}{text}");
    assert_eq!(decoded(utf8.as_bytes(), "windows-1252").unwrap(), rows);
    let japanese = b"id,name,email\n1,\x83\x5c\x95\x5c,x\n";
    assert_eq!(
        decoded(japanese, "shift_jis").unwrap(),
        [["1", "ソ表", "x"]]
    );
}

#[test]
fn the_actual_utf_16_is_named_and_a_file_that_is_not_in_utf_16_is_reported() {
    let text = "id,name,email\n1,a,x\n";
    for label in ["utf-16le", "windows-1252", "utf-8"] {
        let message = decoded(&wide(text, 2, true), label).unwrap_err();
        assert_eq!(
            message, "is in UTF-16BE: add --encoding utf-16be",
            "{label}"
        );
    }
    let message = decoded(text.as_bytes(), "utf-16le").unwrap_err();
    assert!(
        message.starts_with("is not in UTF-16LE: leave --encoding out"),
        "{message}"
    );
}

#[test]
fn what_cannot_be_decoded_stays_invalid_and_says_in_which_encoding() {
    let dialect = Dialect {
        encoding: encoding_rs::Encoding::for_label(b"shift_jis"),
        ..Dialect::default()
    };
    let input = Box::new(Cursor::new(b"id,name,email\n1,a\x81,\xffx\n".to_vec()));
    let mut reader = Reader::new(TABLES[0], input, &dialect).unwrap();
    let mut batch = Batch::new(reader.header());
    while reader.read(&mut batch).unwrap() {}
    assert_eq!(reader.header().notation.encoding, "Shift_JIS");
    let fields: Vec<_> = batch.record(0).fields().collect();
    assert_eq!(fields, [&b"1"[..], b"a\xff", b"\xffx"]);
}

#[test]
fn a_first_line_names_the_delimiter_as_spreadsheets_write_it() {
    for (line, delimiter) in [
        ("sep=;\n", ";"),
        ("SEP=|\r\n", "|"),
        ("\u{feff}sep=\t\n", "\t"),
        ("\"sep=;\"\r", ";"),
        ("sep=,\n", ","),
    ] {
        let text = format!("{line}id{delimiter}name{delimiter}email\n1{delimiter}a{delimiter}x\n");
        for piece in [1, 3, 100] {
            let records = read(text.as_bytes(), piece).unwrap();
            let fields = ["1", "a", "x"].map(|field| field.as_bytes().to_vec());
            assert_eq!(records, [(3, fields.to_vec(), None)], "{text:?}");
        }
    }
    let given = header(b"sep=;\nid|name|email\n", &separated_by(b'|')).unwrap();
    assert_eq!(given.preamble, b"");
    let own = header(b"sep=;\nid;name;email\n", &Dialect::default()).unwrap();
    assert_eq!(own.preamble, b"sep=;\n");
    let message = problem("sep=ab\nid,name,email\n");
    assert!(message.contains("line 2: add --skip-lines 1"), "{message}");
}

#[test]
fn a_file_with_a_different_delimiter_than_the_one_given_must_be_loaded_separately() {
    let message = header(b"id,name,email\n", &separated_by(b';')).unwrap_err();
    assert!(
        message.starts_with("seems to use commas as the separator, not what --delimiter says"),
        "{message}"
    );
    assert!(message.contains("with --file"), "{message}");
}

#[test]
fn a_header_is_not_taken_for_a_row_or_passed_over() {
    let skipping = Dialect {
        skip_lines: 2,
        ..Dialect::default()
    };
    let without = Dialect {
        no_header: true,
        ..Dialect::default()
    };
    for (dialect, option, line) in [(&skipping, "--skip-lines", 2), (&without, "--no-header", 1)] {
        let title = if line == 2 { "Export of today\n" } else { "" };
        for names in ["id,name,email", "EMAIL, \"id\",Name", "id,name"] {
            let text = format!("{title}{names}\n1,a,x\n2,b,y\n");
            for text in [text.replace('\n', "\r\n"), text] {
                let message = header(text.as_bytes(), dialect).unwrap_err();
                let expected = format!("has its header on line {line}, but {option} says");
                assert!(message.starts_with(&expected), "{message}");
            }
        }
    }
    let titles = b"name: users\n1,name,email\nid,name,email\n";
    header(titles, &skipping).unwrap();
    header(b"1,name,email\n2,b,y\n", &without).unwrap();
}

#[test]
fn a_first_line_with_escaped_quotes_says_how_to_read_it() {
    let message = problem("x,\"say \\\"hi\\\"\",x\n");
    assert!(message.contains("add --backslash-escapes"), "{message}");
    assert!(message.contains("--no-header"), "{message}");
    let unclosed = problem("x,\"say \"hi\",x\n");
    assert!(!unclosed.contains("--backslash-escapes"), "{unclosed}");
}

#[test]
fn columns_without_a_name_are_counted() {
    let message = differences("id,,name, ,\"\",mail\n");
    let expected = "3 columns have no name, column \"mail\" is unknown (did you mean \"email\"?)";
    assert!(message.starts_with(expected), "{message}");
    assert!(differences("id,name,email,\n").starts_with("1 column has no name"));
}

#[test]
fn a_first_line_without_any_name_may_be_a_row() {
    for first in ["a,b,c", "\"Lee, Sam\",,x@y.de"] {
        let message = problem(format!("{first}\n"));
        assert!(
            message.contains("or add --no-header if the first line is a row"),
            "{message}"
        );
    }
    for first in ["a,b", "a,b,c,d", "id,b,c"] {
        let message = problem(format!("{first}\n"));
        assert!(!message.contains("--no-header"), "{message}");
    }
}

#[test]
fn tables_drawn_for_people_and_other_kinds_of_quoting_are_not_csv() {
    let (drawn, sql) = ("drawn for people", "is SQL, not CSV");
    for (text, expected) in [
        ("id  name  email\n--  ----  -----\n1   a     x\n", drawn),
        (
            " id | name | email\n----+------+-------\n  1 | a    | x\n",
            drawn,
        ),
        ("+----+------+\n| id | name |\n", drawn),
        ("| id | name | email |\n|----|:----:|-------|\n", drawn),
        ("┌────┬──────┐\n│ id │ name │\n", drawn),
        ("id   name    email\n1    a       x\n", drawn),
        ("id\x1fname\x1femail\x1e1\x1fa\x1fx\x1e", "U+001E"),
        ("'id','name','email'\n1,'a','x'\n", "in SQL's quotes"),
        (
            "\"id,name,email\"\n\"1,a,x\"\n",
            "lines are in quotes as a whole",
        ),
        ("   id = 1\n name = a\nemail = x\n", drawn),
        ("*************************** 1. row ***\n   id: 1\n", drawn),
        ("-[ RECORD 1 ]\nid   | 1\n", drawn),
        ("INSERT INTO users VALUES(1,'a','x');\n", sql),
        ("PRAGMA foreign_keys=OFF;\n", sql),
        ("-- MySQL dump 10.13\n", sql),
        ("--\n-- PostgreSQL database dump\n--\n", sql),
        ("--\r\n-- PostgreSQL database dump\r\n--\r\n", sql),
        ("\"\\\"id\\\",\\\"name\\\",\\\"email\\\"\"\n", "jq needs -r"),
        (
            "\"\"\"id\"\",\"\"name\"\",\"\"email\"\"\"\n",
            "lines are in quotes as a whole",
        ),
        (
            "#Version: 1.0\n#Fields: id name email\n1 a x\n",
            "format of the W3C",
        ),
        (
            "List\n-----\n|id|name|email|\n-----\n| 1|a   |x    |\n",
            drawn,
        ),
        ("create table users (id INT);\n", sql),
    ] {
        let message = problem(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn lines_are_skipped_whatever_they_contain() {
    let skipping = |skip_lines| Dialect {
        skip_lines,
        ..Dialect::default()
    };
    let text = b"title \"open\r\n\rid,name,email\n1,a,x\n";
    for piece in [1, 2, 100] {
        let input = Pieces::of(text, piece);
        let records = read_with(input, &skipping(2), buffer_of(piece)).unwrap();
        assert_eq!(records[0].0, 4);
    }
    let all = header(b"title\n1,a,x\n", &skipping(9)).unwrap_err();
    assert!(all.starts_with("is empty"), "{all}");
    let separated = header(b"sep=;\ntitle\nid;name;email\n", &skipping(2)).unwrap();
    assert_eq!(separated.names, ["id", "name", "email"]);
}

#[test]
fn a_file_without_a_header_has_the_columns_of_the_table() {
    let dialect = Dialect {
        no_header: true,
        ..Dialect::default()
    };
    let records = |text: &[u8]| read_with(Pieces::of(text, 1), &dialect, buffer_of(1));
    let fields = ["1", "a", "x"]
        .map(|field| field.as_bytes().to_vec())
        .to_vec();
    let expected = vec![(1, fields, None)];
    assert_eq!(records(b"1,a,x\n"), Ok(expected.clone()));
    assert_eq!(records(b"\xef\xbb\xbf1,a,x"), Ok(expected));
    assert_eq!(records(b""), Ok(Vec::new()));
    let given = header(b"1,a,x\n", &dialect).unwrap().given;
    assert_eq!(given, [&b"id"[..], b"name", b"email"]);
    let message = header(b"1\ta\tx\n", &dialect).unwrap_err();
    assert_eq!(
        message,
        "seems to use tabs as the separator: add --delimiter tab"
    );
}

#[test]
fn a_column_may_have_another_name_in_the_file() {
    let dialect = Dialect {
        renamed: vec![Renamed {
            table: "users",
            column: "email",
            header: "E-Mail Address".to_string(),
        }],
        ..Dialect::default()
    };
    let found = header(b"e-mail address ,id,Name\n", &dialect).unwrap();
    assert_eq!(found.names, ["email", "id", "name"]);
    assert_eq!(found.given[0], b"e-mail address ");
    let message = header(b"id,name,email\n", &dialect).unwrap_err();
    assert!(message.contains("column \"email\" is unknown"), "{message}");
    assert!(
        message.contains("column \"E-Mail Address\" is missing"),
        "{message}"
    );
}

#[test]
fn a_header_with_quotes_that_do_not_match_says_so() {
    assert_eq!(
        problem("\n\"id,name,email\n1,a,x\n"),
        "has a header that cannot be read, on line 2: quote is not closed"
    );
    assert_eq!(
        problem("id,\"name\"x,email\n1,a,x\n"),
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

//! Lines, line ends and quotes.

use super::*;
use Defect::*;

/// Checks the line and the fields (joined by `|`) of all records, in pieces of many sizes.
#[track_caller]
fn check(text: &str, expected: &[(u64, &str)]) {
    check_defects(
        text,
        &expected
            .iter()
            .map(|(l, f)| (*l, *f, None))
            .collect::<Vec<_>>(),
    );
}

/// The same, with what is wrong with the quotes.
#[track_caller]
fn check_defects(text: &str, expected: &[(u64, &str, Option<Defect>)]) {
    for piece in (1..40).chain([8192]) {
        let records = read(text.as_bytes(), piece).unwrap();
        let joined: Vec<_> = (records.iter())
            .map(|(line, fields, defect)| {
                let text = String::from_utf8(fields.join(&b'|')).unwrap();
                (*line, text, *defect)
            })
            .collect();
        let joined: Vec<_> = joined
            .iter()
            .map(|(l, f, d)| (*l, f.as_str(), *d))
            .collect();
        assert_eq!(joined, expected, "in pieces of {piece}");
    }
}

#[test]
fn the_header_is_line_1() {
    check(
        "id,name,email\n1,a,x\n2,b,y\n",
        &[(2, "1|a|x"), (3, "2|b|y")],
    );
}

#[test]
fn a_file_may_end_without_a_line_end() {
    check("id,name,email\n1,a,x\n2,b,y", &[(2, "1|a|x"), (3, "2|b|y")]);
    check("id,name,email\n1,a,", &[(2, "1|a|")]);
    check("id,name,email\n1,a,\"x\"", &[(2, "1|a|x")]);
    check("id,name,email", &[]);
}

#[test]
fn crlf_is_one_line_end() {
    check(
        "id,name,email\r\n1,a,x\r\n2,b,y\r\n",
        &[(2, "1|a|x"), (3, "2|b|y")],
    );
}

#[test]
fn a_lone_carriage_return_is_a_line_end() {
    check(
        "id,name,email\r1,a,x\r2,b,y\r",
        &[(2, "1|a|x"), (3, "2|b|y")],
    );
    check(
        "id,name,email\r\n\r1,a,x\n\r2,b,y",
        &[(3, "1|a|x"), (5, "2|b|y")],
    );
}

#[test]
fn blank_lines_are_not_records_but_count_as_lines() {
    check(
        "id,name,email\n\n1,a,x\n\n\n2,b,y\n\n",
        &[(3, "1|a|x"), (6, "2|b|y")],
    );
    check("id,name,email\r\n\r\n\r\n1,a,x\r\n\r\n", &[(4, "1|a|x")]);
    check("id,name,email\r\r\r1,a,x\r\r", &[(4, "1|a|x")]);
}

#[test]
fn a_file_may_start_with_blank_lines() {
    check("\n\r\n\rid,name,email\n1,a,x\n", &[(5, "1|a|x")]);
}

#[test]
fn a_line_with_white_space_is_a_record_of_one_field() {
    check("id,name,email\n \n\t\n", &[(2, " "), (3, "\t")]);
}

#[test]
fn a_record_whose_cells_are_all_empty_is_a_blank_line() {
    check(
        "id,name,email\n,,\n1,a,x\n\"\",,\"\"\n\"\"\n,,,,,\n2,b,y\n",
        &[(3, "1|a|x"), (7, "2|b|y")],
    );
    check(",,\n\"\",\nid,name,email\n1,a,x\n", &[(4, "1|a|x")]);
    check(
        "id,name,email\n ,,\n,\"\"\"\",\n",
        &[(2, " ||"), (3, "|\"|")],
    );
    let records = read_with(
        Pieces::of(b"id,name,email\n , \"\" ,\t\n", 1),
        &trimming(true),
        buffer_of(1),
    );
    assert_eq!(records.unwrap(), []);
}

#[test]
fn a_byte_order_mark_at_the_start_of_a_record_is_not_text() {
    check(
        "\u{feff}id,name,email\n1,a,x\n\u{feff}\"2\",\"b,c\",y\n\u{feff}\n\u{feff}\u{feff}3,c,\u{feff}z\n",
        &[(2, "1|a|x"), (3, "2|b,c|y"), (5, "3|c|\u{feff}z")],
    );
    check("id,name,email\n1,a,x\r\u{feff}\n\u{feff}", &[(2, "1|a|x")]);
    let cut = read(b"id,name,email\n\xef\xbb", 1).unwrap();
    assert_eq!(cut, [(2, vec![b"\xef\xbb".to_vec()], None)]);
}

/// Reads users whose cells are trimmed, in pieces of any size: the trimmed cells, or the reason why there are none.
fn trimmed(text: &str) -> Vec<String> {
    let read = |piece| {
        let input = Box::new(Pieces::of(text.as_bytes(), piece));
        let mut reader = Reader::with(TABLES[0], input, &trimming(true), buffer_of(piece)).unwrap();
        let mut batch = Batch::new(reader.header());
        while reader.read(&mut batch).unwrap() {}
        let rows = batch.records().map(|record| match record.defect {
            Some(defect) => defect.to_string(),
            None => {
                let cells = (0..3).map(|column| String::from_utf8_lossy(record.cell(column)));
                cells.collect::<Vec<_>>().join("|")
            }
        });
        rows.collect::<Vec<_>>()
    };
    let whole = read(8192);
    for piece in 1..8 {
        assert_eq!(read(piece), whole, "in pieces of {piece}");
    }
    whole
}

#[test]
fn white_space_around_quotes_is_not_part_of_a_trimmed_cell() {
    for blank in [
        " ",
        "  ",
        "\t",
        "\u{a0}",
        "\u{3000}\u{2003} ",
        "\u{b}\u{85}",
    ] {
        let text = format!(
            "{blank}\"id\"{blank}, \"name\",{blank}\"email\"{blank}\n\
             1,{blank}\"Lee, \"\"Sam\"\"\"{blank},\"x\"{blank}\r\n\
             {blank}\"2\",{blank}\"two\nlines\"{blank},{blank}y{blank}\n\
             3,{blank},{blank}\"z\"{blank}"
        );
        let rows = ["1|Lee, \"Sam\"|x", "2|two\nlines|y", "3||z"];
        assert_eq!(trimmed(&text), rows, "{blank:?}");
    }
}

#[test]
fn text_around_quotes_is_not_white_space() {
    let text = "id,name,email\n1, \"a\" b,x\n2, \"a,x\n3,a \"b\" ,x\n4, \"a\"\u{e4},x\n5,\u{200b}\"a\",x\n";
    let rows = [
        "text after a closing quote",
        "text after a closing quote",
        "3|a \"b\"|x",
        "text after a closing quote",
        "5|\u{200b}\"a\"|x",
    ];
    let mut expected = rows.to_vec();
    expected[1] = "text after a closing quote";
    assert_eq!(trimmed(text), expected);
}

#[test]
fn a_delimiter_is_not_white_space() {
    let dialect = Dialect {
        delimiter: Some(b'\t'),
        ..trimming(true)
    };
    let text = b"id\tname\temail\n1\t\t \"x\ty\" \n";
    let rows = read_with(Pieces::of(text, 1), &dialect, buffer_of(1)).unwrap();
    let fields = ["1", "", "x\ty"].map(|field| field.as_bytes().to_vec());
    assert_eq!(rows, [(2, fields.to_vec(), None)]);
}

/// What is said about the records of this text.
fn remarks(text: &str, dialect: &Dialect) -> Vec<String> {
    read_to_end(TABLES[0], text, dialect).remarks()
}

/// A reader that has read all of a text.
fn read_to_end(table: &'static Table, text: &str, dialect: &Dialect) -> Reader {
    let input = Box::new(Cursor::new(text.as_bytes().to_vec()));
    let mut reader = Reader::new(table, input, dialect).unwrap();
    let mut batch = Batch::new(reader.header());
    while reader.read(&mut batch).unwrap() {}
    reader.inspect(&batch);
    reader
}

#[test]
fn white_space_before_quotes_is_named_where_cells_are_not_trimmed() {
    let text = "id,name,email\n1, \"a\",x\n2,\t\"b\",y\n";
    let said = remarks(text, &Dialect::default());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("--trim"), "{said:?}");
    assert_eq!(remarks(text, &trimming(true)), [""; 0]);
    let plain = "id,name,email\n1,a b, x\n2,\"b\",\u{e4}\n";
    assert_eq!(remarks(plain, &Dialect::default()), [""; 0]);
}

#[test]
fn lines_in_quotes_that_would_be_rows_are_named() {
    let said = remarks(
        "id,name,email\n1,\"A,3\n2,B,3\n3,TV 24\",5\n4,\"a\nb, c\",x\r\n5,\"A\r\n6,B,\",x\r\n",
        &Dialect::default(),
    );
    assert_eq!(said.len(), 2, "{said:?}");
    for (said, lines) in said.iter().zip(["line 2 to line 4", "line 7 to line 8"]) {
        let start = format!(
            "has a quoted cell that runs from {lines} and contains lines that look like rows"
        );
        assert!(said.starts_with(&start), "{said}");
    }
}

#[test]
fn a_line_in_quotes_that_begins_as_a_row_is_named_whatever_else_is_wrong_with_it() {
    for rows in [
        "1,Al,\"\n2,Bo\n3,Cy,\"\n",
        "1,Al,\"\n2,Bo,x,y\n3,Cy,\"\n",
        "1,Al,\"\n2,Bo,\n3,Cy,\"\n",
    ] {
        let said = remarks(&format!("id,name,email\n{rows}"), &Dialect::default());
        assert_eq!(said.len(), 1, "{rows}: {said:?}");
        assert!(said[0].contains("from line 2 to line 4"), "{said:?}");
    }
    for text in [
        "id,name,email\n1,\"3 apples\n2 pears, fresh\n\",x\n",
        "name,id,email\n\"a\n1, 2, 3\",1,x\n",
    ] {
        assert_eq!(remarks(text, &Dialect::default()), [""; 0], "{text}");
    }
}

#[test]
fn empty_cells_with_and_without_quotes_are_named_if_both_are_null() {
    let text = "id,name,email\n1,\"\",x\n2,,y\n";
    let said = remarks(text, &Dialect::default());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("empty cells in text columns, some quoted and some not"),
        "{said:?}"
    );
    assert_eq!(remarks(text, &with_null("\\N")), [""; 0]);
    for one in ["1,\"\",x\n2,\"\",y\n", "1,,x\n2,,y\n", "\"\",a,x\n,b,y\n"] {
        let text = format!("id,name,email\n{one}");
        assert_eq!(remarks(&text, &Dialect::default()), [""; 0], "{one}");
    }
}

#[test]
fn cells_in_quotes_that_are_read_as_null_are_named() {
    let text = "id,name,email\n1,\"NA\",x\n2,NA,y\n";
    let said = remarks(text, &with_null("NA"));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("has quoted cells that --null read as NULL"),
        "{said:?}"
    );
    let plain = "id,name,email\n1,\"N\",x\n2,NA,y\n";
    assert_eq!(remarks(plain, &with_null("NA")), [""; 0]);
}

#[test]
fn points_before_three_digits_are_named_where_no_commas_separate_cells() {
    let said = |rows: &str, dialect: &Dialect| {
        let delimiter = char::from(dialect.separator()).to_string();
        let text = format!("id;name;price\n{rows}").replace(';', &delimiter);
        read_to_end(TABLES[1], &text, dialect).remarks()
    };
    let semicolons = separated_by(b';');
    for delimiter in *b"\t|" {
        let said = said("1;a;1.250\n", &separated_by(delimiter));
        assert_eq!(said.len(), 1, "{said:?}");
    }
    assert_eq!(said("1;a;1.250\n", &separated_by(b',')), [""; 0]);
    for rows in ["1;a;1.250\n2;b;12\n", "1;a;12.500\n", "1;a;1.250.000\n"] {
        let said = said(rows, &semicolons);
        assert_eq!(said.len(), 1, "{rows}: {said:?}");
        assert!(said[0].contains("before three digits"), "{said:?}");
    }
    for rows in [
        "1;a;1.250\n2;b;1.5\n",
        "1;a;1250.500\n",
        "1;a;12\n",
        "1;a;0.125\n",
        "1;a.bcd;12\n",
    ] {
        assert_eq!(said(rows, &semicolons), [""; 0], "{rows}");
    }
    let mut commas = semicolons;
    commas.notation.decimal = ',';
    assert_eq!(said("1;a;1.250\n", &commas), [""; 0]);
}

#[test]
fn a_header_among_the_rows_is_named() {
    let text = "id,name,email\n1,a,x\nid,name,email\n2,b,y\nid,name,email\n";
    let said = remarks(text, &Dialect::default());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("its header again on line 3"), "{said:?}");
    for again in [
        "ID,Name,EMAIL",
        "id, name, email ",
        "\"id\",\"name\",\"email\"",
    ] {
        let said = remarks(
            &format!("id,name,email\n{again}\n1,a,x\n"),
            &Dialect::default(),
        );
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("its header again on line 2"), "{said:?}");
    }
    let other = "id,name,email\nid,name\n1,name,email\n";
    assert_eq!(remarks(other, &Dialect::default()), [""; 0]);
}

#[test]
fn another_header_among_the_rows_is_named() {
    let said = |text: &str| read_to_end(TABLES[2], text, &Dialect::default()).remarks();
    for (text, line) in [
        // The same columns in another order, and other columns of the table.
        (
            "id,user_id,product_id,quantity\n1,2,3,4\n\nuser_id,ID,quantity,product_id\n",
            4,
        ),
        (
            "id,user_id,product_id,quantity\n1,2,3,4\nquantity,id,id,id\n",
            3,
        ),
        // Columns that the table does not have.
        ("id,user_id,product_id,quantity\nid,user_id,day,color\n", 2),
    ] {
        let said = said(text);
        assert_eq!(said.len(), 1, "{said:?}");
        let start = format!("has another header on line {line}, and the cells below it");
        assert!(said[0].starts_with(&start), "{said:?}");
    }
    let rows = "id,user_id,product_id,quantity\nid,2,3,4\nid,user_id\n";
    assert_eq!(said(rows), [""; 0]);
}

#[test]
fn a_line_that_was_drawn_below_a_header_is_named() {
    let said = remarks(
        "id,name,email\n--, ----,-----\n1,a,x\n",
        &Dialect::default(),
    );
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("a line that is not data on line 2"),
        "{said:?}"
    );
    for row in ["-,-,-", "--a,b,c", "--,--"] {
        let said = remarks(&format!("id,name,email\n{row}\n"), &Dialect::default());
        assert_eq!(said, [""; 0], "{row}");
    }
    let table = &*Box::leak(Box::new(Table {
        columns: &TABLES[0].columns[1..2],
        keys: &[],
        ..*TABLES[0]
    }));
    for (rows, line) in [("Ann\n(1 row affected)\n", 3), ("----\nAnn\n", 2)] {
        let said = read_to_end(table, &format!("name\n{rows}"), &Dialect::default()).remarks();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(&format!("on line {line}")), "{said:?}");
    }
}

fn with_null(null: &str) -> Dialect {
    Dialect {
        notation: Notation {
            null: vec![null.to_string()],
            ..Notation::default()
        },
        ..Dialect::default()
    }
}

#[test]
fn the_first_10_records_with_rows_in_quotes_are_named_and_the_others_counted() {
    let text = "1,\"A,3\n2,B\",3\n".repeat(13);
    let said = remarks(&format!("id,name,email\n{text}"), &Dialect::default());
    assert_eq!(said.len(), 11, "{said:?}");
    assert!(said[9].contains("from line 20 to line 21"), "{said:?}");
    assert_eq!(said[10], "has 3 more quoted cells like that");
}

/// Reads users with backslash escapes, in pieces of any size: the cells, and `NULL` for those that are NULL.
fn escaped(text: &[u8]) -> Vec<String> {
    let notation = Notation {
        backslash_escapes: true,
        ..Notation::default()
    };
    let dialect = Dialect {
        notation,
        ..separated_by(b'\t')
    };
    let read = |piece| {
        let input = Box::new(Pieces::of(text, piece));
        let mut reader = Reader::with(TABLES[0], input, &dialect, buffer_of(piece)).unwrap();
        let mut batch = Batch::new(reader.header());
        while reader.read(&mut batch).unwrap() {}
        let rows = batch.records().map(|record| match record.defect {
            Some(defect) => format!("{}: {defect}", record.line),
            None => {
                let cells = (0..3).map(|column| match record.value(column, true) {
                    Some(cell) => String::from_utf8_lossy(cell),
                    None => "NULL".into(),
                });
                format!("{}: {}", record.line, cells.collect::<Vec<_>>().join("|"))
            }
        });
        rows.collect::<Vec<_>>()
    };
    let whole = read(8192);
    for piece in 1..8 {
        assert_eq!(read(piece), whole, "in pieces of {piece}");
    }
    whole
}

#[test]
fn backslashes_escape_in_quotes_and_outside() {
    let rows = escaped(
        b"id\tname\temail\n\
        1\tO\\'Neil\t\"5\\\" \"\"TV\"\n\
        2\ttab\\\tline\\\nend\tn\\nt\\tr\\rb\\bf\\fv\\vz\\0\n\
        3\t\"a\\\tb\\\\\"\tx\\\\\n\
        4\t\\\"q\\\"\tcr\\\r\nlf\n\
        5\t\t\"\"\n\
        6\t\\N\t\"\\N\"\n\
        7\t\\\\N\tx\\N\n\
        8\tend\tx\\",
    );
    assert_eq!(
        rows,
        [
            "2: 1|O'Neil|5\" \"TV",
            "3: 2|tab\tline\nend|n\nt\tr\rb\u{8}f\u{c}v\u{b}z\0",
            "5: 3|a\tb\\|x\\",
            "6: 4|\"q\"|cr\r\nlf",
            "8: 5||",
            "9: 6|NULL|NULL",
            "10: 7|\\N|xN",
            "11: 8|end|x\\",
        ]
    );
}

#[test]
fn an_escaped_quote_does_not_close_and_costs_one_line_if_no_other_does() {
    let rows = escaped(b"id\tname\temail\n1\t\"a\\\"\tx\n2\tb\ty\n");
    assert_eq!(rows, ["2: quote is not closed", "3: 2|b|y"]);
}

#[test]
fn quotes_after_backslashes_that_break_rows_are_named() {
    let text = "id,name,email\n1,\"5\\\" TV\",x\n2,\"a\",y\n";
    let said = remarks(text, &Dialect::default());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("--backslash-escapes"), "{said:?}");
    let text = "id,name,email\n1,\"5\" TV\",x\n2,\"C:\\\",y\n3,a\\b,z\n";
    assert_eq!(remarks(text, &Dialect::default()), [""; 0]);
}

#[test]
fn backslashes_that_look_like_escapes_are_named() {
    let escapes = "--backslash-escapes";
    for (cell, option) in [
        ("O\\'Neil", escapes),
        ("5\\\" TV", escapes),
        ("\\N", "--null '\\N'"),
        ("C:\\\\x", escapes),
    ] {
        let said = remarks(&format!("id,name,email\n1,{cell},x\n"), &Dialect::default());
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(option), "{said:?}");
    }
    for cell in [
        "C:\\temp\\New",
        "\\\\server\\share",
        "\\Nothing",
        "x\\N",
        "\\",
    ] {
        let text = format!("id,name,email\n1,{cell},x\n");
        assert_eq!(remarks(&text, &Dialect::default()), [""; 0], "{cell}");
    }
    let notation = Notation {
        null: vec!["\\N".to_string()],
        ..Notation::default()
    };
    let dialect = Dialect {
        notation,
        ..Dialect::default()
    };
    assert_eq!(remarks("id,name,email\n1,\\N,x\n", &dialect), [""; 0]);
}

#[test]
fn line_ends_and_tabs_written_with_a_backslash_are_named() {
    for delimiter in *b"\t,|" {
        for cell in ["two\\nlines", "a\\ttab", "\\\\x4142", "\\\\N"] {
            let cells = ["1", cell, "x"].join(&char::from(delimiter).to_string());
            let header = ["id", "name", "email"].join(&char::from(delimiter).to_string());
            let said = remarks(&format!("{header}\n{cells}\n"), &separated_by(delimiter));
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(said[0].contains("--backslash-escapes"), "{said:?}");
        }
    }
}

#[test]
fn escapes_are_not_advised_for_a_file_whose_backslashes_are_plain() {
    let said = remarks("id,name,email\n1,C:\\new\\Users,\\N\n", &Dialect::default());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("add --null '\\N'"), "{said:?}");
    assert!(!said[0].contains("--backslash-escapes"), "{said:?}");
}

#[test]
fn plain_backslashes_that_were_read_as_escapes_are_named() {
    let escaping = Dialect {
        notation: Notation {
            backslash_escapes: true,
            ..Notation::default()
        },
        ..Dialect::default()
    };
    for cell in ["C:\\new\\Users", "\"C:\\Users\"", "\\d+"] {
        let said = remarks(&format!("id,name,email\n1,{cell},x\n"), &escaping);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains("load it without --backslash-escapes"),
            "{said:?}"
        );
    }
    let meant = "id,name,email\n1,a\\nb\\\\Users\\,\\'c\\\",\\N\n2,\\b\\f\\v\\r\\0,\\t,x\n";
    assert_eq!(remarks(meant, &escaping), [""; 0]);
}

#[test]
fn ignoring_empty_fields_beyond_the_header_is_advised_only_if_all_rows_have_them() {
    let rows = |rows: &str| format!("id,name,email\n{rows}");
    let said = remarks(&rows("1,a,x,\n2,b,y,\n"), &Dialect::default());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("--ignore-extra-columns"), "{said:?}");
    let ignoring = Dialect {
        ignore_extra_columns: true,
        ..Dialect::default()
    };
    assert_eq!(remarks(&rows("1,a,x,\n2,b,y,\n"), &ignoring), [""; 0]);
    for dialect in [Dialect::default(), ignoring] {
        let said = remarks(&rows("1,Lee, Sam,\n2,b,y\n"), &dialect);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("not in quotes"), "{said:?}");
        assert!(!said[0].contains("--ignore-extra-columns"), "{said:?}");
    }
}

#[test]
fn a_field_more_in_every_row_than_in_the_header_is_named() {
    let rows = |rows: &str| format!("id,name,email\n{rows}");
    let said = remarks(&rows("\"1\",1,a,x\n\"2\",2,b,y\n"), &Dialect::default());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("row.names = FALSE"), "{said:?}");
    let some_empty = remarks(&rows("\"1\",1,a,x\n\"2\",2,b,\"\"\n"), &Dialect::default());
    assert_eq!(some_empty, said);
    for others in ["1,a,x\n2,b,y,z\n", "1,2\n1,2,3,4\n", "1,2,3,4,5\n1,2,3,4\n"] {
        assert_eq!(
            remarks(&rows(others), &Dialect::default()),
            [""; 0],
            "{others}"
        );
    }
}

#[test]
fn quotes_that_only_some_rows_have_are_named_where_tabs_or_bars_separate_cells() {
    let rows = |rows: &str| format!("id\tname\temail\n{rows}");
    let tabs = separated_by(b'\t');
    for delimiter in ["\t", "|"] {
        let text = rows("1\t\"a\"\tx\n2\tb\ty\n").replace('\t', delimiter);
        let said = remarks(&text, &separated_by(delimiter.as_bytes()[0]));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("double the quotes in them"), "{said:?}");
    }
    for meant in [
        "1\t\"a\"\tx\n2\t\"b\"\ty\n",
        "1\t\"a\tb\"\tx\n2\tb\ty\n",
        "1\t\"a, b\"\tx\n2\tb\ty\n",
        "1\t\"a\\ b\"\tx\n2\tb\ty\n",
        "1\t\"\"\tx\n2\tb\ty\n",
    ] {
        assert_eq!(remarks(&rows(meant), &tabs), [""; 0], "{meant}");
    }
}

#[test]
fn quoted_cells_are_named_where_a_quote_inside_another_shows_that_nothing_is_quoted() {
    for delimiter in [",", ";", "\t"] {
        let text = "id,name,email\n1,12\" pipe,x\n2,\"b\",y\n".replace(',', delimiter);
        let said = remarks(&text, &separated_by(delimiter.as_bytes()[0]));
        assert_eq!(said.len(), 1, "{said:?}");
        let start = "has quoted cells and others with quotes only inside them";
        assert!(said[0].starts_with(start), "{said:?}");
    }
    for meant in [
        "1,12\" pipe,x\n2,\"b, c\",y\n",
        "1,\"12\"\" pipe\",x\n2,\"b\",y\n",
    ] {
        let text = format!("id,name,email\n{meant}");
        assert_eq!(remarks(&text, &Dialect::default()), [""; 0], "{meant}");
    }
}

#[test]
fn cells_that_may_stand_for_no_value_are_named() {
    let said = remarks(
        "id,name,email\n1,Ann,x\n2,NULL,NA\nNA,x,y\n",
        &Dialect::default(),
    );
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("add --null NULL or --null NA, whichever"),
        "{said:?}"
    );
    for (cell, option) in [
        ("None", "--null None,"),
        ("(null)", "--null \"(null)\","),
        ("#N/A", "--null \"#N/A\","),
    ] {
        let said = remarks(
            &format!("id,name,email\n1,Ann,x\n2,{cell},x\n"),
            &Dialect::default(),
        );
        assert!(said.len() == 1 && said[0].contains(option), "{said:?}");
    }
    for cell in ["NULLS", "ANNA", "NA ", "x NULL", "Nan", "(nil)", "#NAME"] {
        let text = format!("id,name,email\n1,Ann,x\n2,{cell},x\n");
        assert_eq!(remarks(&text, &Dialect::default()), [""; 0], "{cell}");
    }
    let notation = Notation {
        null: vec!["NA".to_string()],
        ..Notation::default()
    };
    let dialect = Dialect {
        notation,
        ..Dialect::default()
    };
    assert_eq!(
        remarks("id,name,email\n1,Ann,x\n2,NA,x\n", &dialect),
        [""; 0]
    );
}

#[test]
fn cells_that_mean_something_else_to_other_programs_are_named() {
    for (cell, says) in [
        ("=\"\"007\"\"", "to spreadsheets"),
        ("'O''Neil'", "in single quotes"),
    ] {
        let cell = if cell.starts_with('=') {
            format!("\"{cell}\"")
        } else {
            cell.to_string()
        };
        let said = remarks(
            &format!("id,name,email\n1,Ann,x\n2,{cell},x\n"),
            &Dialect::default(),
        );
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(says), "{said:?}");
    }
    for cell in ["=1+1", "'tis", "O'Neil"] {
        let text = format!("id,name,email\n1,Ann,x\n2,{cell},x\n");
        assert_eq!(remarks(&text, &Dialect::default()), [""; 0], "{cell}");
    }
}

#[test]
fn several_spaces_before_or_after_a_cell_are_padding_unless_cells_are_trimmed() {
    let has_padding = |cell: &str, dialect: &Dialect| {
        read_to_end(
            TABLES[0],
            &format!("id,name,email\n1,Ann,x\n2,{cell},x\n"),
            dialect,
        )
        .has_padding()
    };
    for padded in ["Ann   ", "   Ann"] {
        assert!(has_padding(padded, &Dialect::default()), "{padded}");
        assert!(!has_padding(padded, &trimming(true)), "{padded}");
    }
    for cell in ["Ann  Lee", " Ann "] {
        assert!(!has_padding(cell, &Dialect::default()), "{cell}");
    }
}

#[test]
fn a_comma_in_padded_quotes_is_blamed_on_the_quotes_alone() {
    let text = "id,name,email\n1, \"Lee, Ann\", \"x\"\n";
    let reader = read_to_end(TABLES[0], text, &Dialect::default());
    let said = reader.remarks();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("begin with white space and a quote"),
        "{said:?}"
    );
    assert!(!reader.has_padding());
}

#[test]
fn one_space_before_each_cell_is_padding_and_before_some_is_not() {
    let has_padding = |rows: &str| {
        let text = format!("id,name,email\n{rows}");
        read_to_end(TABLES[0], &text, &Dialect::default()).has_padding()
    };
    for rows in ["1, a, x\n2, b, y\n", "1, a,\n2,, y\n"] {
        assert!(has_padding(rows), "{rows}");
    }
    for rows in ["1, a, x\n2, b,y\n", "1,a, x\n", " 1,a,x\n 2,,\n"] {
        assert!(!has_padding(rows), "{rows}");
    }
}

#[test]
fn a_number_that_may_stand_for_null_is_named_without_mentioning_texts() {
    let text = "id,user_id,product_id,quantity\n1,2,3,NAN\n";
    let said = read_to_end(TABLES[2], text, &Dialect::default()).remarks();
    assert_eq!(said.len(), 1, "{said:?}");
    let start = "has cells that are NAN, which were taken literally: add --null NAN, if that means no value (--update";
    assert!(said[0].starts_with(start), "{said:?}");
}

#[test]
fn a_quote_after_the_last_backslash_of_a_path_is_not_an_escape() {
    for rows in ["1,\"N,\"C:\\Data\\\"\n", "1,C:\\Data\\\",x\n"] {
        let said = remarks(&format!("id,name,email\n{rows}"), &Dialect::default());
        assert_eq!(said, [""; 0], "{rows}");
    }
}

#[test]
fn line_ends_in_quotes_belong_to_the_field_and_count_as_lines() {
    check(
        "id,name,email\n1,\"a\nb\",x\n2,\"a\r\nb\",y\n3,\"a\rb\",z\n4,\"\n\n\",\"\n\"\n5,a,x\n",
        &[
            (2, "1|a\nb|x"),
            (4, "2|a\r\nb|y"),
            (6, "3|a\rb|z"),
            (8, "4|\n\n|\n"),
            (12, "5|a|x"),
        ],
    );
}

#[test]
fn a_record_starts_where_its_quoted_first_field_starts() {
    check(
        "id,name,email\n\"\n1\",a,x\n2,b,y\n",
        &[(2, "\n1|a|x"), (4, "2|b|y")],
    );
}

#[test]
fn commas_and_doubled_quotes_in_quotes_belong_to_the_field() {
    check(
        "id,name,email\n1,\"a,b\",\"say \"\"x\"\"\"\n2,\"\"\"\",\"\"\"\"\"\"\n",
        &[(2, "1|a,b|say \"x\""), (3, "2|\"|\"\"")],
    );
}

#[test]
fn quotes_in_a_field_that_does_not_start_with_one_are_text() {
    check(
        "id,name,email\n1,5\" \"nail\",x\n2, \"b\",y\"\"\n",
        &[(2, "1|5\" \"nail\"|x"), (3, "2| \"b\"|y\"\"")],
    );
}

#[test]
fn a_quote_that_is_not_closed_costs_its_line() {
    check_defects(
        "id,name,email\n1,a,\"x\n2,b,y\n",
        &[(2, "1,a,\"x", Some(UnclosedQuote)), (3, "2|b|y", None)],
    );
    check_defects(
        "id,name,email\r\n1,a,\"\"\"\r\n\r\n2,b,y\r\"a",
        &[
            (2, "1,a,\"\"\"", Some(TextAfterQuote)),
            (4, "2|b|y", None),
            (5, "\"a", Some(UnclosedQuote)),
        ],
    );
}

#[test]
fn text_after_a_closing_quote_costs_its_line() {
    check_defects(
        "id,name,email\n1,\"a\"b,x\n2,\"b\" ,y\n3,c,\"z\"\"\" \n4,d,w\n",
        &[
            (2, "1,\"a\"b,x", Some(TextAfterQuote)),
            (3, "2,\"b\" ,y", Some(TextAfterQuote)),
            (4, "3,c,\"z\"\"\" ", Some(TextAfterQuote)),
            (5, "4|d|w", None),
        ],
    );
}

#[test]
fn a_stray_quote_costs_its_line_although_the_next_one_is_lines_away() {
    check_defects(
        "id,name,email\n1,\"a,x\n2,b,y\n3,\"c\",z\n4,\"d\n\n\",w\n5,\"e\n\",\"v\"v\n",
        &[
            (2, "1,\"a,x", Some(TextAfterQuote)),
            (3, "2|b|y", None),
            (4, "3|c|z", None),
            (5, "4|d\n\n|w", None),
            (8, "5,\"e", Some(TextAfterQuote)),
            (9, "\",\"v\"v", Some(TextAfterQuote)),
        ],
    );
}

#[test]
fn a_line_with_a_defect_keeps_its_doubled_quotes() {
    check_defects(
        "id,name,email\n1,\"\"\"a\"\"\",\"x\n2,b,y\n",
        &[
            (2, "1,\"\"\"a\"\"\",\"x", Some(UnclosedQuote)),
            (3, "2|b|y", None),
        ],
    );
}

#[test]
fn a_byte_order_mark_at_the_start_of_a_file_is_not_text() {
    check("\u{feff}id,name,email\n1,a,x\n", &[(2, "1|a|x")]);
    check(
        "\u{feff}\"id\",name,email\n1,\u{feff}a,x\n",
        &[(2, "1|\u{feff}a|x")],
    );
    check("\u{feff}\r\nid,name,email\n1,a,x\n", &[(3, "1|a|x")]);
}

#[test]
fn fields_are_separated_as_the_dialect_says() {
    for delimiter in [b';', b'\t', b'|', b' ', 0x1f] {
        let separator = char::from(delimiter);
        let text = "id,name,email\n1,\"a,b\",\"x\"\n2,b\",y\n".replace(',', &separator.to_string());
        let records = read_with(
            Pieces::of(text.as_bytes(), 3),
            &separated_by(delimiter),
            buffer_of(4),
        )
        .unwrap();
        let fields: Vec<_> = records.into_iter().map(|(_, fields, _)| fields).collect();
        let quoted = format!("a{separator}b").into_bytes();
        assert_eq!(
            fields,
            [
                [b"1".to_vec(), quoted, b"x".to_vec()],
                [b"2".to_vec(), b"b\"".to_vec(), b"y".to_vec()],
            ]
        );
    }
}

#[test]
fn a_reason_is_left_out_wherever_it_stands() {
    check("reason,id,name,email\nwhy,1,a,x\n", &[(2, "1|a|x")]);
    check(
        "id,reason,name,email\n1,\"w\nhy\",a,x\n2,,b,y\n",
        &[(2, "1|a|x"), (4, "2|b|y")],
    );
    check(
        "id,name,email,Reason \n1,a,x,\"why; and why\"\n",
        &[(2, "1|a|x")],
    );
}

#[test]
fn a_long_record_ends_with_its_reason_and_keeps_its_other_fields() {
    check(
        "id,name,email,reason\n1,a,x,more,most,why\n",
        &[(2, "1|a|x|more|most")],
    );
    check(
        "id,reason,name,email\n1,why,a,x,more\n",
        &[(2, "1|a|x|more")],
    );
}

#[test]
fn the_last_field_of_a_short_record_is_the_reason_where_that_is_the_last_column() {
    check(
        "id,name,email,reason\n1,a,why\nwhy\n",
        &[(2, "1|a"), (3, "")],
    );
    check("id,name,reason,email\n1,a\n", &[(2, "1|a")]);
}

#[test]
fn fields_are_counted_without_the_reason() {
    let text = b"id,name,email,reason\n1,why\n1,a,x,why\n1,a,x,more,why\n";
    let input = Box::new(&text[..]);
    let mut reader = Reader::new(TABLES[0], input, &Dialect::default()).unwrap();
    let mut batch = Batch::new(reader.header());
    while reader.read(&mut batch).unwrap() {}
    assert_eq!(reader.header().width(), 3);
    assert_eq!(
        [0, 1, 2].map(|index| batch.record(index).found()),
        [1, 3, 4]
    );
    let lacking = batch.record(0).cell(2);
    assert_eq!(lacking, b"", "what a short record lacks is empty");
}

#[test]
fn the_text_of_a_batch_is_utf_8_only_if_that_of_each_record_is() {
    // The two bytes of é in two records, and after a doubled quote, where something is left over.
    for (text, valid) in [
        (&b"id,name,email\n1,a,\xc3\n\xa9,b,y\n"[..], false),
        (b"id,name,email\n1,a,\"\xc3\n\xa9,b,y\n", false),
        (b"id,name,email\n1,a,\"\"\"\xc3\xa9\"\n2,b,y\n", true),
    ] {
        let mut reader = Reader::new(TABLES[0], Box::new(text), &Dialect::default()).unwrap();
        let mut batch = Batch::new(reader.header());
        while reader.read(&mut batch).unwrap() {}
        assert_eq!(batch.len(), 2);
        assert_eq!(str::from_utf8(batch.text()).is_ok(), valid);
    }
}

#[test]
fn fields_and_records_may_be_longer_than_any_buffer() {
    let long = "é".repeat(10_000);
    let many = "x,".repeat(1000);
    let text = format!("id,name,email\n1,\"{long}\",x\n2,{many}\n");
    for piece in [1, 100, 8192] {
        let records = read(text.as_bytes(), piece).unwrap();
        assert_eq!(records[0].1[1], long.as_bytes());
        assert_eq!((records[1].0, records[1].1.len()), (3, 1002));
    }
}

/// How a quoted field with this content is read after a well-formed record, if at most eight bytes are allowed between
/// quotes: its text and its defect.
fn quoted(content: &str, piece: usize) -> (Vec<u8>, Option<Defect>) {
    let text = format!("id,name,email\n1,a,x\n2,\"{content}\",y\n3,c,z\n");
    let limits = Limits {
        quoted: 8,
        ..buffer_of(piece)
    };
    let input = Pieces::of(text.as_bytes(), piece);
    let mut records = read_with(input, &Dialect::default(), limits).unwrap();
    assert_eq!(records.last().unwrap().1.join(&b','), b"3,c,z");
    let (_, mut fields, defect) = records.swap_remove(1);
    (fields.swap_remove(fields.len().min(2) - 1), defect)
}

#[test]
fn a_quote_must_be_closed_within_the_limit() {
    for piece in 1..30 {
        let allowed = [
            ("12345678", "12345678"),
            ("1\n3\"\"67", "1\n3\"67"),
            ("1\n\"\"\"\"", "1\n\"\""),
        ];
        for (content, expected) in allowed {
            assert_eq!(quoted(content, piece), (expected.into(), None));
        }
        for (content, line) in [
            ("123456789", "2,\"123456789\",y"),
            ("1234567\"\"", "2,\"1234567\"\"\",y"),
            ("1\n345678\"\"", "2,\"1"),
        ] {
            assert_eq!(quoted(content, piece), (line.into(), Some(UnclosedQuote)));
        }
    }
}

#[test]
fn only_the_first_line_of_a_record_with_too_many_fields_is_lost() {
    let limits = Limits {
        fields: 20,
        ..buffer_of(16)
    };
    let quotes = format!("{}\"", ",".repeat(19));
    for (line, rest, defect) in [
        (",".repeat(20), "", TooManyFields),
        ("\"\",".repeat(50), "", TooManyFields),
        // Here the line has ended in quotes.
        (quotes, "3,b,\",,\n", TooManyFields),
    ] {
        let text = format!("id,name,email\n1{}\n{line}\n{rest}2,b,y\n", ",".repeat(19));
        for piece in [1, 7, 1000] {
            let input = Pieces::of(text.as_bytes(), piece);
            let records = read_with(input, &Dialect::default(), limits).unwrap();
            assert_eq!((records[0].1.len(), records[0].2), (20, None));
            let lost = (3, vec![line.clone().into_bytes()], Some(defect));
            assert_eq!(records[1], lost);
            let last = records.last().unwrap();
            assert_eq!((last.1.join(&b','), last.2), (b"2,b,y".to_vec(), None));
        }
    }
}

#[test]
fn a_record_without_an_end_is_an_error_that_names_its_line() {
    let limits = Limits {
        record: 100,
        ..buffer_of(16)
    };
    let dialect = Dialect::default();
    for text in [
        "x".repeat(1000),
        ",".repeat(1000),
        "\"\",".repeat(1000),
        format!("\"a\"b{}", "x".repeat(1000)),
    ] {
        let text = format!("id,name,email\n\n{text}");
        let error = read_with(Pieces::of(text.as_bytes(), 7), &dialect, limits).unwrap_err();
        let expected = "the record on line 3 does not end within 100 bytes";
        assert_eq!(error, expected);
    }
    // Here a line has ended, in quotes that might be stray ones.
    let text = format!("id,name,email\n1,\"\n{}2,b,y\n", "\",\"\n".repeat(50));
    let records = read_with(Pieces::of(text.as_bytes(), 7), &dialect, limits).unwrap();
    assert_eq!(records[0], (2, vec![b"1,\"".to_vec()], Some(UnclosedQuote)));
}

/// A file that is interrupted before each read, and that breaks after its text if `broken`.
struct Faulty {
    text: Pieces,
    interrupted: bool,
    broken: bool,
}

impl Faulty {
    fn read(text: &str, broken: bool) -> Result<Vec<Fields>, String> {
        let text = Pieces::of(text.as_bytes(), 4);
        let interrupted = false;
        let faulty = Faulty {
            text,
            interrupted,
            broken,
        };
        read_with(faulty, &Dialect::default(), Limits::USUAL)
    }
}

impl Read for Faulty {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match self.text.read(buffer)? {
            0 if self.broken => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn reading_goes_on_after_an_interruption() {
    let records = Faulty::read("id,name,email\n1,a,x\n2,b,y", false).unwrap();
    assert_eq!(records.len(), 2);
}

#[test]
fn an_error_of_the_file_is_an_error_wherever_it_happens() {
    let gone = Err("the disk is gone".to_string());
    assert_eq!(Faulty::read("id,name,email\n1,a,x\n", true), gone);
    assert_eq!(Faulty::read("id,name,email\n1,a,\"x", true), gone);
    assert_eq!(Faulty::read("id,name,email\n1,a,\"x\"x", true), gone);
    let header = Err("could not be read: the disk is gone".to_string());
    assert_eq!(Faulty::read("id,na", true), header);
    assert_eq!(Faulty::read("id", true), header);
}

/// A file that counts how often it is read after it has ended.
struct Growing(usize);

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let pieces = ["id,name,email\n1,a,", "", "x\n2,b,y\n"];
        let piece = pieces.get(self.0).copied().unwrap_or_default();
        self.0 += 1;
        buffer[..piece.len()].copy_from_slice(piece.as_bytes());
        Ok(piece.len())
    }
}

#[test]
fn a_file_that_has_ended_is_not_read_on_when_it_grows() {
    let records = read_with(Growing(0), &Dialect::default(), Limits::USUAL).unwrap();
    assert_eq!(records.len(), 1);
}

#[test]
fn a_record_is_read_before_the_next_one_is_there() {
    let (input, mut output) = io::pipe().unwrap();
    io::Write::write_all(&mut output, b"id,name,email\r\n1,a,x\r").unwrap();
    let mut reader = Reader::new(TABLES[0], Box::new(input), &Dialect::default()).unwrap();
    let mut batch = Batch::new(reader.header());
    assert!(reader.read(&mut batch).unwrap());
    io::Write::write_all(&mut output, b"\n2,b,y\r\n").unwrap();
    assert!(reader.read(&mut batch).unwrap());
    drop(output);
    assert!(!reader.read(&mut batch).unwrap());
    assert_eq!((batch.record(0).line, batch.record(1).line), (2, 3));
}

/// Reads this line, which has a stray quote, as often as `lines` says, and returns how many records have a defect. If
/// each defect meant searching the rest of the file again, this would take hours.
fn defects(line: &str, lines: usize) -> usize {
    let text = format!("id,name,email\n{}", line.repeat(lines));
    let records = read(text.as_bytes(), 128 * 1024).unwrap();
    records
        .iter()
        .filter(|(.., defect)| defect.is_some())
        .count()
}

#[test]
fn stray_quotes_do_not_make_reading_quadratic() {
    let lines = 200_000;
    // A quote in every line that each quote before it takes for a closing one.
    assert_eq!(defects("1,\"a,x\n", lines), lines);
    // Each record goes on to the end of the file, a quoted field per line.
    assert_eq!(defects("x\",\"\n", lines), lines);
    assert_eq!(defects("x\",\"\",\"\n", lines), lines);
    // The same, with every other line having a defect of its own.
    assert_eq!(defects("x\",\"\n\",\"x\",\"\n", lines / 2), lines);
    // Nothing but the last line is bad, but it is long until that is known.
    assert_eq!(defects("1,a\"\"b,x\n", lines), 0);
}

/// Whether each record of this text has as many fields as its header allows, where extra columns are ignored.
fn fit(text: &str) -> Vec<bool> {
    let dialect = Dialect {
        ignore_extra_columns: true,
        ..Dialect::default()
    };
    let input = Box::new(Cursor::new(text.as_bytes().to_vec()));
    let mut reader = Reader::new(TABLES[0], input, &dialect).unwrap();
    let mut batch = Batch::new(reader.header());
    while reader.read(&mut batch).unwrap() {}
    batch.records().map(|record| record.fits_header()).collect()
}

#[test]
fn columns_without_a_name_and_empty_fields_beyond_the_header_can_be_ignored() {
    let rows = "1,a,x\n2,b,y,\n3,c,z,,,\n4,d\n5,e,v,w\n";
    assert_eq!(
        fit(&format!("id,name,email\n{rows}")),
        [true, true, true, false, false]
    );
    assert_eq!(
        fit(&format!("id,name,email,\n{rows}")),
        [true, true, true, false, true]
    );
    assert_eq!(
        fit(&format!("id,name,email, ,\n{rows}")),
        [true, true, true, false, true]
    );
    let rejects = "1,a,x,old\n2,b,y,,old\n3,c,z,,,old\n4,d,old\n5,e,v,w,old\n";
    assert_eq!(
        fit(&format!("id,name,email,,reason\n{rejects}")),
        [true, true, true, false, true]
    );
    let inner = fit("id,,name,email\n1,,a,x\n2,b,y\n");
    assert_eq!(inner, [true, false]);
}

#[test]
fn empty_fields_beyond_the_header_are_named_where_they_are_an_error() {
    let said = remarks("id,name,email\n1,a,x,\n2,b,y,,\n", &Dialect::default());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("--ignore-extra-columns"), "{said:?}");
    let other = "id,name,email\n1,a,x,z\n2,b\n3,c,z\n";
    assert_eq!(remarks(other, &Dialect::default()), [""; 0]);
    let reason = "id,name,email,reason\n3,c,z,old\n";
    assert_eq!(remarks(reason, &Dialect::default()), [""; 0]);
}

#[test]
fn a_file_that_seems_to_be_utf_8_is_named_where_another_encoding_is_given() {
    let dialect = Dialect {
        encoding: Some(encoding_rs::WINDOWS_1252),
        ..Dialect::default()
    };
    let said = remarks("id,name,email\n1,Jörg,x\n", &dialect);
    assert_eq!(said.len(), 1, "{said:?}");
    let start = "seems to be in UTF-8 and was read as windows-1252";
    assert!(said[0].starts_with(start), "{said:?}");
    for text in [
        "id,name,email\n1,Jorg,x\n",
        "\u{feff}id,name,email\n1,Jörg,x\n",
    ] {
        assert_eq!(remarks(text, &dialect), [""; 0]);
    }
}

#[test]
fn escape_sequences_of_iso_2022_jp_are_named() {
    let text = "id,name,email\n1,\u{1b}$BEDCf\u{1b}(B,x\n";
    let said = remarks(text, &Dialect::default());
    let start = "seems to be in ISO-2022-JP and was read as UTF-8: add --encoding iso-2022-jp (";
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with(start), "{said:?}");
    let colour = "id,name,email\n1,\u{1b}[1mAnn\u{1b}[0m,x\n";
    assert_eq!(remarks(colour, &Dialect::default()), [""; 0]);
}

#[test]
fn an_empty_text_is_a_row_where_it_is_the_only_cell_and_is_not_null() {
    static NOTES: Table = Table {
        name: "notes",
        row: "note",
        columns: &[crate::schema::text("note", &[])],
        keys: &[],
        ..crate::schema::TABLE
    };
    for (null, rows) in [(None, 1), (Some("NULL".to_string()), 2)] {
        let dialect = Dialect {
            notation: Notation {
                null: null.into_iter().collect(),
                ..Notation::default()
            },
            ..Dialect::default()
        };
        let input = Box::new(Cursor::new(b"note\n\"\"\n\na\n".to_vec()));
        let mut reader = Reader::new(&NOTES, input, &dialect).unwrap();
        let mut batch = Batch::new(reader.header());
        while reader.read(&mut batch).unwrap() {}
        assert_eq!(batch.len(), rows, "{dialect:?}");
    }
}

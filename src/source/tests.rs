//! Reading CSV text: lines, line ends, quotes, headers. What holds for any text is in `properties.rs`.

mod properties;

use super::*;
use crate::schema::TABLES;

/// A record: the line where it starts, and its fields without the `reason`.
type Fields = (u64, Vec<Vec<u8>>);

/// A file that is read in pieces of at most so many bytes.
struct Pieces(Cursor<Vec<u8>>, usize);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

/// Reads users from CSV text in pieces of this many bytes.
fn read(text: &[u8], piece: usize) -> Result<Vec<Fields>, String> {
    read_from(Box::new(Pieces(Cursor::new(text.to_vec()), piece)))
}

fn read_from(input: Box<dyn Read>) -> Result<Vec<Fields>, String> {
    let mut reader = Reader::new(TABLES[0], input).map_err(|problem| problem.to_string())?;
    let mut batch = Batch::new(reader.header());
    while reader.read(&mut batch).map_err(|error| error.to_string())? {}
    let records = (0..batch.len()).map(|index| batch.record(index));
    Ok(records
        .map(|record| (record.line, record.fields().map(<[u8]>::to_vec).collect()))
        .collect())
}

/// Checks the line and the fields (joined by `|`) of all records, in pieces of many sizes.
#[track_caller]
fn check(text: &str, expected: &[(u64, &str)]) {
    for piece in (1..40).chain([8192]) {
        let records = read(text.as_bytes(), piece).unwrap();
        let joined: Vec<_> = (records.iter())
            .map(|(line, fields)| (*line, String::from_utf8(fields.join(&b'|')).unwrap()))
            .collect();
        let joined: Vec<_> = joined.iter().map(|(l, f)| (*l, f.as_str())).collect();
        assert_eq!(joined, expected, "in pieces of {piece}");
    }
}

/// Why a file with this text cannot be used.
fn problem(text: &str) -> String {
    read(text.as_bytes(), 8192).unwrap_err()
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
fn blank_lines_are_no_records_and_count_as_lines() {
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
    check("id,name,email\n\"\"\n", &[(2, "")]);
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
        "id,name,email\n1,\"a,b\",\"say \"\"x\"\"\"\n",
        &[(2, "1|a,b|say \"x\"")],
    );
}

#[test]
fn a_quote_that_is_not_closed_lasts_to_the_end_of_the_file() {
    check("id,name,email\n1,a,\"x\n2,b,y\n", &[(2, "1|a|x\n2,b,y\n")]);
}

#[test]
fn a_byte_order_mark_at_the_start_is_no_text() {
    check("\u{feff}id,name,email\n1,a,x\n", &[(2, "1|a|x")]);
    check(
        "\u{feff}\"id\",name,email\n1,\u{feff}a,x\n",
        &[(2, "1|\u{feff}a|x")],
    );
    check("\u{feff}\r\nid,name,email\n1,a,x\n", &[(3, "1|a|x")]);
}

#[test]
fn columns_come_in_any_order() {
    let text = b"email,id,name\nx,1,a\n".to_vec();
    let mut reader = Reader::new(TABLES[0], Box::new(Cursor::new(text))).unwrap();
    let header = reader.header();
    assert_eq!(
        (&header.names[..], header.width()),
        (&["email", "id", "name"][..], 3)
    );
    let mut batch = Batch::new(header);
    assert!(reader.read(&mut batch).unwrap());
    let record = batch.record(0);
    assert_eq!(
        [0, 1, 2].map(|column| record.cell(column)),
        [b"1", b"a", b"x"]
    );
    assert!(!reader.read(&mut batch).unwrap());
}

#[test]
fn a_reason_is_left_out_wherever_it_stands() {
    check("reason,id,name,email\nwhy,1,a,x\n", &[(2, "1|a|x")]);
    check(
        "id,reason,name,email\n1,\"w\nhy\",a,x\n2,,b,y\n",
        &[(2, "1|a|x"), (4, "2|b|y")],
    );
    check(
        "id,name,email,reason\n1,a,x,\"why; and why\"\n",
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
fn a_short_record_has_no_reason() {
    check(
        "id,name,email,reason\n1,a,x\n2\n",
        &[(2, "1|a|x"), (3, "2")],
    );
}

#[test]
fn fields_are_counted_with_the_reason() {
    let text = b"id,name,email,reason\n1,a\n1,a,x,why\n1,a,x,more,why\n".to_vec();
    let mut reader = Reader::new(TABLES[0], Box::new(Cursor::new(text))).unwrap();
    let mut batch = Batch::new(reader.header());
    while reader.read(&mut batch).unwrap() {}
    assert_eq!(reader.header().width(), 4);
    assert_eq!([0, 1, 2].map(|index| batch.record(index).found), [2, 4, 5]);
    assert_eq!(
        batch.record(0).cell(2),
        b"",
        "what a short record lacks is empty"
    );
}

#[test]
fn all_that_differs_in_a_header_is_listed_at_once() {
    assert_eq!(
        problem("id,ID,nick,id,nick,reason,reason\n1\n"),
        "has other columns in its header: column \"ID\" is unknown, column \"nick\" is unknown, \
         column \"id\" is repeated, column \"nick\" is repeated, column \"reason\" is repeated, \
         column \"name\" is missing, column \"email\" is missing (expected id, name, email)"
    );
}

#[test]
fn the_names_of_columns_are_exact() {
    let header = "has other columns in its header: ";
    for name in ["Id", " id", "id ", "", "i\0d", "\u{feff}id", "\u{1b}"] {
        let expected = format!(
            "{header}column {name:?} is unknown, column \"id\" is missing (expected id, name, email)"
        );
        assert_eq!(problem(&format!("name,{name},email\n")), expected);
    }
    let broken = read(b"id,name,email,\xff\n", 8192).unwrap_err();
    assert!(broken.starts_with(&format!("{header}column \"\u{fffd}\" is unknown")));
}

#[test]
fn a_file_without_a_header_is_empty() {
    for text in ["", "\n", "\r\n\r\n", "\u{feff}", "\u{feff}\n"] {
        let expected = "is empty: expected a header with the columns id, name, email";
        assert_eq!(problem(text), expected, "{text:?}");
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

/// A file that is interrupted before each read, and that breaks after its text if `broken`.
struct Faulty {
    text: Pieces,
    interrupted: bool,
    broken: bool,
}

impl Faulty {
    fn read(text: &str, broken: bool) -> Result<Vec<Fields>, String> {
        let text = Pieces(Cursor::new(text.as_bytes().to_vec()), 4);
        let interrupted = false;
        read_from(Box::new(Faulty {
            text,
            interrupted,
            broken,
        }))
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
    let header = Faulty::read("id,na", true);
    assert_eq!(
        header,
        Err("could not be read: the disk is gone".to_string())
    );
}

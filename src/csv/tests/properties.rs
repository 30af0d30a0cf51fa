//! What holds for any text.

use csv_core::ReadRecordResult;
use proptest::prelude::*;

use super::*;
use crate::csv::reader::BYTE_ORDER_MARK;

/// A field's bytes, among them all that CSV gives a meaning to.
fn field() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(&b",;\"\r\n"[..]),
        2 => prop::sample::select(&b"ab \0\xff\xef\xbb\xbf"[..]),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..6)
}

/// Bytes with quotes, delimiters and line ends in all sorts of order.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(&["\"", "\"\"", ",", "\n", "\r\n", "\r", "a", "x\",\"\n", "\",\""][..])
            .prop_map(|piece| piece.as_bytes().to_vec()),
        1 => field(),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn delimiter() -> impl Strategy<Value = u8> {
    prop::sample::select(&b",;\t| ^"[..])
}

/// Writes a field in quotes, if it needs them or if it should have them.
fn quote(field: &[u8], delimiter: u8, always: bool) -> Vec<u8> {
    let is_special = |byte: &u8| b"\"\r\n".contains(byte) || *byte == delimiter;
    if !always && !field.iter().any(is_special) {
        return field.to_vec();
    }
    let doubled = field.iter().flat_map(|byte| match byte {
        b'"' => vec![b'"', b'"'],
        byte => vec![*byte],
    });
    [b'"'].into_iter().chain(doubled).chain([b'"']).collect()
}

/// The line that comes after this text: `\n`, `\r\n` and `\r` each end one.
fn line_after(text: &[u8]) -> u64 {
    let feeds = text.iter().filter(|byte| **byte == b'\n').count();
    let returns = text.iter().filter(|byte| **byte == b'\r').count();
    let pairs = text.windows(2).filter(|pair| *pair == b"\r\n").count();
    (1 + feeds + returns - pairs) as u64
}

/// The fields of all records, as csv-core reads them.
fn read_by_csv_core(text: &[u8], delimiter: u8) -> Vec<Vec<Vec<u8>>> {
    let mut parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
    let mut records = Vec::new();
    let (mut fields, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 1]);
    let mut rest = text;
    let (mut written, mut ended) = (0, 0);
    loop {
        let (result, read, bytes, count) =
            parser.read_record(rest, &mut fields[written..], &mut ends[ended..]);
        rest = &rest[read..];
        (written, ended) = (written + bytes, ended + count);
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::Record => {
                let mut start = 0;
                let split = ends[..ended].iter().map(|end| {
                    let field = fields[start..*end].to_vec();
                    start = *end;
                    field
                });
                records.push(split.collect());
                (written, ended) = (0, 0);
            }
            ReadRecordResult::End => return records,
            other => panic!("{other:?}"),
        }
    }
}

/// What any text is read as, by its definition: each record starts on the line behind the one before, and is tried from
/// there on to its end.
fn read_by_definition(text: &[u8], limit: usize) -> Vec<Fields> {
    let mut records = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if b"\r\n".contains(&text[at]) {
            at += 1;
            continue;
        }
        if text[at..].starts_with(BYTE_ORDER_MARK) {
            at += BYTE_ORDER_MARK.len();
            continue;
        }
        let line = line_after(&text[..at]);
        match one_record(&text[at..], limit) {
            Ok((fields, length)) => {
                if !is_blank(&fields) {
                    records.push((line, fields, None));
                }
                at += length;
            }
            Err(defect) => {
                let rest = &text[at..];
                let length = rest.iter().position(|byte| b"\r\n".contains(byte));
                let length = length.unwrap_or(rest.len());
                records.push((line, vec![rest[..length].to_vec()], Some(defect)));
                at += length;
            }
        }
    }
    records
}

/// Whether a record is passed over as a blank line is.
fn is_blank(fields: &[Vec<u8>]) -> bool {
    fields.iter().all(Vec::is_empty)
}

fn one_record(text: &[u8], limit: usize) -> Result<(Vec<Vec<u8>>, usize), Defect> {
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let mut field = Vec::new();
        if text.get(at) == Some(&b'"') {
            let content = at + 1;
            at = content;
            loop {
                match &text[at..] {
                    _ if at - content > limit => return Err(Defect::UnclosedQuote),
                    [] => return Err(Defect::UnclosedQuote),
                    [b'"', b'"', ..] => at += 1,
                    [b'"', b',' | b'\r' | b'\n', ..] | [b'"'] => break,
                    [b'"', ..] => return Err(Defect::TextAfterQuote),
                    _ => {}
                }
                field.push(text[at]);
                at += 1;
            }
            at += 1;
        } else {
            while let Some(byte) = text.get(at).filter(|byte| !b",\r\n".contains(byte)) {
                field.push(*byte);
                at += 1;
            }
        }
        fields.push(field);
        match text.get(at) {
            Some(b',') => at += 1,
            _ => return Ok((fields, at)),
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_with_its_lines_as_csv_core_reads_it(
        records in prop::collection::vec(
            (prop::collection::vec((field(), any::<bool>()), 2..5), "(\n|\r\n|\r)(\n|\r){0,2}"),
            0..8,
        ),
        start in "\u{feff}?(\n|\r){0,3}",
        ended in any::<bool>(),
        delimiter in delimiter(),
    ) {
        let mut text = start.into_bytes();
        text.extend("id,name,email\n".bytes().map(|byte| if byte == b',' { delimiter } else { byte }));
        let (mut expected, mut all) = (Vec::new(), Vec::new());
        for (index, (fields, line_end)) in records.iter().enumerate() {
            let quoted: Vec<_> = (fields.iter())
                .map(|(field, always)| quote(field, delimiter, *always))
                .collect();
            let fields: Vec<_> = fields.iter().map(|(field, _)| field.clone()).collect();
            if !is_blank(&fields) {
                expected.push((line_after(&text), fields.clone(), None));
            }
            all.push(fields);
            text.extend(quoted.join(&delimiter));
            if ended || index + 1 < records.len() {
                text.extend_from_slice(line_end.as_bytes());
            }
        }
        for size in (1..20).chain([8192]) {
            let input = Pieces::of(&text, size);
            let read = read_with(input, &separated_by(delimiter), buffer_of(size));
            prop_assert_eq!(read.as_ref(), Ok(&expected), "in pieces of {}", size);
        }
        let by_csv_core = read_by_csv_core(&text, delimiter);
        prop_assert_eq!(&by_csv_core[1..], all);
    }

    #[test]
    fn any_text_is_read_as_defined_in_pieces_of_any_size(
        rest in text(),
        limit in prop_oneof![Just(3_usize), Just(1000)],
        buffer in 1..20_usize,
    ) {
        let header = b"id,name,email\n";
        let text = [&header[..], &rest].concat();
        let expected = read_by_definition(&text, limit).split_off(1);
        for piece in (1..10).chain([8192]) {
            let limits = Limits { quoted: limit, ..buffer_of(buffer) };
            let read = read_with(Pieces::of(&text, piece), &Dialect::default(), limits);
            prop_assert_eq!(read.as_ref(), Ok(&expected), "in pieces of {}", piece);
        }
    }

    #[test]
    fn any_text_is_read_alike_in_pieces_of_any_size_in_any_dialect(
        rest in text(),
        escapes in prop::collection::vec(prop::sample::select(&["\\", "\\\"", "\\\n", "\\N", " ", "\t", "\u{a0}", "\u{3000}", "\r\n", "\u{feff}"][..]), 0..20),
        places in prop::collection::vec(any::<prop::sample::Index>(), 20),
        trim in any::<bool>(),
        backslash_escapes in any::<bool>(),
        ignore_extra_columns in any::<bool>(),
        skip_lines in 0..3_u64,
    ) {
        let notation = Notation { trim, backslash_escapes, ..Notation::default() };
        let dialect = Dialect { notation, ignore_extra_columns, skip_lines, ..Dialect::default() };
        let mut rest = rest;
        for (escape, place) in escapes.iter().zip(places) {
            let at = place.index(rest.len() + 1);
            rest.splice(at..at, escape.bytes());
        }
        let header = "\"title\n".repeat(skip_lines as usize) + "id,name,email\n";
        let text = [header.as_bytes(), &rest].concat();
        let read = |piece| {
            let input = Box::new(Pieces::of(&text, piece));
            let mut reader = Reader::with(TABLES[0], input, &dialect, buffer_of(piece)).unwrap();
            let mut batch = Batch::new(reader.header());
            while reader.read(&mut batch).unwrap() {}
            let records = batch.records().map(|record| {
                let fields = record.fields_and_nulls().map(|(field, null)| (field.to_vec(), null));
                (record.line, record.defect, fields.collect::<Vec<_>>())
            });
            let records: Vec<_> = records.collect();
            (records, reader.remarks())
        };
        let whole = read(8192);
        let end = line_after(&text);
        let mut lines = whole.0.iter().map(|(line, ..)| *line);
        prop_assert!(lines.clone().is_sorted() && lines.all(|line| line <= end));
        for piece in 1..10 {
            prop_assert_eq!(&read(piece), &whole, "in pieces of {}", piece);
        }
    }

    #[test]
    fn any_header_is_read_without_a_panic_and_alike_in_pieces_of_any_size(
        start in prop::sample::select(&["", "\u{feff}", "id,name,email", "\nreason,name,id,email\r"][..]),
        rest in text(),
    ) {
        let text = [start.as_bytes(), &rest].concat();
        // What is said of a wrong header goes by what there is to see.
        let read = |piece| read(&text, piece).map_err(|_| "wrong");
        let whole = read(8192);
        for piece in 1..10 {
            prop_assert_eq!(&read(piece), &whole, "in pieces of {}", piece);
        }
    }

    #[test]
    fn a_defect_costs_one_line(
        lines in prop::collection::vec("[ab,\"]{1,8}", 1..12),
    ) {
        let text = format!("id,name,email\n{}", lines.join("\n"));
        let read = read(text.as_bytes(), 8192).unwrap();
        let is_blank = |line: u64| {
            let text = lines.get(line as usize - 2).map(|text| one_record(text.as_bytes(), 1000));
            text.is_some_and(|record| record.is_ok_and(|(fields, _)| is_blank(&fields)))
        };
        let mut next = 2;
        for (line, fields, defect) in &read {
            while is_blank(next) {
                next += 1;
            }
            prop_assert_eq!(*line, next, "no line is left out");
            next += 1;
            match defect {
                Some(_) => prop_assert_eq!(&fields[0], lines[*line as usize - 2].as_bytes()),
                None => next += line_after(&fields.concat()) - 1,
            }
        }
        while is_blank(next) {
            next += 1;
        }
        prop_assert_eq!(next, lines.len() as u64 + 2);
    }
}

//! What is written in any dialect by another program is read as what was written.

use std::io::Write;

use encoding_rs::Encoding;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

/// How a program writes its files.
#[derive(Debug, Clone)]
struct Writer {
    delimiter: char,
    /// Whether all cells are in quotes; those that need quotes always are, unless quotes are escaped.
    quotes: bool,
    line_end: &'static str,
    backslash_escapes: bool,
    null: Option<&'static str>,
    encoding: &'static str,
    mark: bool,
    has_header: bool,
    titles: usize,
    padding: &'static str,
    gzip: bool,
    separator_line: bool,
    extra: bool,
    last_line_end: bool,
}

fn writer() -> impl Strategy<Value = Writer> {
    let text = (
        prop::sample::select(vec![',', ';', '\t', '|', '^', '\u{1}']),
        any::<bool>(),
        prop::sample::select(vec!["\n", "\r\n"]),
        any::<bool>(),
        prop::sample::select(vec![None, Some("NULL"), Some("-")]),
        prop::sample::select(vec![
            "utf-8",
            "windows-1252",
            "utf-16le",
            "utf-16be",
            "shift_jis",
        ]),
        any::<bool>(),
    );
    let file = (
        any::<bool>(),
        0..3_usize,
        prop::sample::select(vec!["", " ", "\u{a0}", " \t "]),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    (text, file).prop_map(|(text, file)| {
        let (delimiter, quotes, line_end, backslash_escapes, null, encoding, mark) = text;
        let (has_header, titles, padding, gzip, separator_line, extra, last_line_end) = file;
        Writer {
            delimiter,
            quotes,
            line_end,
            backslash_escapes,
            null,
            encoding,
            mark,
            has_header,
            titles,
            // Some encodings have no such space, and a tab cannot stand around cells that tabs separate.
            padding: match (padding, delimiter, encoding) {
                ("\u{a0}", _, "shift_jis") | (" \t ", '\t', _) => " ",
                _ => padding,
            },
            gzip,
            separator_line,
            extra: extra && has_header,
            last_line_end,
        }
    })
}

/// Cells with everything that has a meaning in some dialect, except spaces at their ends.
fn cell() -> impl Strategy<Value = Option<String>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec!["a", "7", "é", "\u{b6}", "x y", "1,5"]),
        3 => prop::sample::select(vec!["\"", "\\", ",", ";", "\t", "|", "^", "\u{1}", "\\N", "N", "'"]),
        1 => prop::sample::select(vec!["\n", "\r\n", "\r", "sep=;", "#"]),
    ];
    let text = prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat());
    prop_oneof![9 => text.prop_map(Some), 1 => Just(None)]
}

impl Writer {
    /// What the options of a load say about these files.
    fn dialect(&self) -> Dialect {
        Dialect {
            delimiter: (!self.separator_line).then_some(self.delimiter as u8),
            notation: Notation {
                trim: !self.padding.is_empty(),
                backslash_escapes: self.backslash_escapes,
                null: self.null.iter().map(|null| null.to_string()).collect(),
                ..Notation::default()
            },
            ignore_extra_columns: self.extra,
            encoding: Encoding::for_label(self.encoding.as_bytes()),
            no_header: !self.has_header,
            skip_lines: (self.titles + usize::from(self.separator_line && self.titles > 0)) as u64,
            renamed: Vec::new(),
        }
    }

    fn cell(&self, cell: Option<&str>, out: &mut String) {
        let padding = self.padding;
        let Some(text) = cell else {
            let null = match (self.null, self.backslash_escapes) {
                (Some(null), _) => null,
                (None, true) => "\\N",
                (None, false) => "",
            };
            return *out += &format!("{padding}{null}{padding}");
        };
        let is_special = |c: char| c == self.delimiter || "\"\r\n".contains(c);
        if self.backslash_escapes {
            let quote = if self.quotes { "\"" } else { "" };
            *out += &format!("{padding}{quote}");
            for character in text.chars() {
                match character {
                    '\n' if !self.quotes => *out += "\\n",
                    '\r' => *out += "\\r",
                    _ if character == '\\' || is_special(character) => {
                        out.extend(['\\', character]);
                    }
                    _ => out.push(character),
                }
            }
            *out += &format!("{quote}{padding}");
        } else if self.quotes || text.contains(is_special) {
            *out += &format!("{padding}\"{}\"{padding}", text.replace('"', "\"\""));
        } else {
            *out += &format!("{padding}{text}{padding}");
        }
    }

    /// Writes a file of users; the id is the number of the row.
    fn write(&self, rows: &[[Option<String>; 2]]) -> Vec<u8> {
        let mut text = String::new();
        if self.separator_line {
            text += &format!("sep={}{}", self.delimiter, self.line_end);
        }
        for _ in 0..self.titles {
            text += &format!("A \"title{}", self.line_end);
        }
        let mut line = |cells: &[Option<&str>], extra: Option<&str>| {
            for (index, cell) in cells
                .iter()
                .copied()
                .chain([extra].into_iter().filter(|_| self.extra))
                .enumerate()
            {
                if index > 0 {
                    text.push(self.delimiter);
                }
                self.cell(cell, &mut text);
            }
            text += self.line_end;
        };
        if self.has_header {
            line(&[Some("email"), Some("id"), Some("name")], Some("other"));
        }
        for (id, [name, email]) in (1..).zip(rows) {
            let id = id.to_string();
            let [id, name, email] = [Some(id.as_str()), name.as_deref(), email.as_deref()];
            let cells = if self.has_header {
                [email, id, name]
            } else {
                [id, name, email]
            };
            line(&cells, Some("more"));
        }
        if !self.last_line_end {
            text.truncate(text.len() - self.line_end.len());
        }
        let bytes = self.encode(&text);
        if self.gzip {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&bytes).unwrap();
            encoder.finish().unwrap()
        } else {
            bytes
        }
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        let mark = if self.mark { "\u{feff}" } else { "" };
        let marked = format!("{mark}{text}");
        match self.encoding {
            "utf-8" => marked.into_bytes(),
            "utf-16le" => marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "utf-16be" => marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            label => {
                let encoding = Encoding::for_label(label.as_bytes()).unwrap();
                encoding.encode(text).0.into_owned()
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_another_program_writes_in_any_dialect_is_read_as_what_it_wrote(
        writer in writer(),
        rows in prop::collection::vec([cell(), cell()], 1..6),
        piece in prop::sample::select(vec![5, 6, 17, 8192]),
    ) {
        let trims = !writer.padding.is_empty();
        let null = writer.null.map(str::to_string).or((!writer.backslash_escapes).then(String::new));
        // A writer does not write what it cannot tell from NULL, or from the white space that it adds.
        let keeps = |cell: &Option<String>| match cell {
            None => None,
            Some(text) if writer.encoding == "shift_jis" && !text.is_ascii() => Some("b".to_string()),
            Some(text) if trims && text.trim() != text => Some("b".to_string()),
            Some(text) if null.as_ref() == Some(text) => None,
            Some(text) => Some(text.clone()),
        };
        let rows: Vec<_> = rows.iter().map(|cells| cells.each_ref().map(keeps)).collect();
        let file = writer.write(&rows);
        let input = Box::new(Pieces::of(&file, piece));
        let reader = Reader::with(TABLES[0], input, &writer.dialect(), buffer_of(piece));
        let mut reader = reader.map_err(|problem| TestCaseError::fail(problem.to_string()))?;
        let mut batch = Batch::new(reader.header());
        while reader.read(&mut batch).unwrap() {}
        let text = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
        let read: Vec<_> = batch.records().map(|record| {
            assert!(record.fits_header() && record.defect.is_none(), "{record:?}");
            (text(record.cell(0)), [1, 2].map(|column| record.value(column, true).map(text)))
        }).collect();
        let expected: Vec<_> = (1..).zip(rows).map(|(id, cells)| (id.to_string(), cells)).collect();
        prop_assert_eq!(read, expected, "{:?}", String::from_utf8_lossy(&file));
    }
}

//! Recognizes what a file is if it is not CSV as expected.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use memchr::memchr2;

use super::{Dialect, Problem, header};
use crate::row::Header;
use crate::schema::{Kind, Table};

/// The most common separators, and what messages call them.
const USUAL: [(u8, &str); 4] = [
    (b';', "semicolons"),
    (b'\t', "tabs"),
    (b'|', "vertical bars"),
    (b',', "commas"),
];

/// How many lines, and bytes, are searched for a header.
const LINES: usize = 200;
const BYTES: usize = 64 * 1024;

/// The first bytes of binary formats, each with what the file is called and what to do about it.
const BINARY: [(&[u8], &str); 10] = [
    (b"SQLite format 3\0", DATABASE),
    (b"PK\x03\x04", WORKBOOK),
    (b"PK\x05\x06", WORKBOOK),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", WORKBOOK),
    (b"%PDF-", "a PDF document, not CSV: export the table itself"),
    (b"\x1f\x8b", ARCHIVE),
    (b"\x28\xb5\x2f\xfd", ARCHIVE),
    (b"\xfd7zXZ\0", ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (b"Rar!\x1a\x07", ARCHIVE),
];
const WORKBOOK: &str =
    "a workbook or another ZIP archive, not CSV: save the sheet as CSV, or unpack the archive";
const ARCHIVE: &str = "a compressed archive that cannot be read: unpack it first, or use gzip";
const DATABASE: &str = "a SQLite database, not CSV: export the table with `sqlite3 -csv -header`";

const DRAWN: &str = "a table drawn for people, not CSV: export it again as CSV";

/// How dumps of databases begin.
const SQL: [&[u8]; 9] = [
    b"-- ",
    b"--\n",
    b"--\r",
    b"/*",
    b"PRAGMA ",
    b"BEGIN TRANSACTION",
    b"CREATE TABLE ",
    b"INSERT INTO ",
    b"COPY ",
];

/// The problem with a file that begins like this and is not text in a supported encoding.
pub fn binary(start: &[u8]) -> Option<Problem> {
    let bzip2 = start.starts_with(b"BZh") && start.get(4..10) == Some(b"1AY&SY");
    let signature = BINARY.iter().find(|(bytes, _)| start.starts_with(bytes));
    let what = signature
        .map(|(_, what)| *what)
        .or(bzip2.then_some(ARCHIVE));
    what.map(Problem::NotCsv)
        .or_else(|| utf32(start).map(Problem::Utf32))
}

/// The name of the kind of UTF-32 that a file is in, by its byte order mark or by where its bytes are 0.
fn utf32(start: &[u8]) -> Option<&'static str> {
    let characters = start.as_chunks::<4>().0;
    // Names in any language begin with characters of the basic plane.
    let characters = &characters[..characters.len().min(16)];
    let all = |is: fn(&[u8; 4]) -> bool| !characters.is_empty() && characters.iter().all(is);
    match start {
        [0xff, 0xfe, 0, 0, ..] => Some("UTF-32LE"),
        [0, 0, 0xfe, 0xff, ..] => Some("UTF-32BE"),
        _ if all(|bytes| matches!(bytes, [_, _, 0, 0] if *bytes != [0; 4])) => Some("UTF-32LE"),
        _ if all(|bytes| matches!(bytes, [0, 0, _, _] if *bytes != [0; 4])) => Some("UTF-32BE"),
        _ => None,
    }
}

/// The kind of UTF-16 that a file without a byte order mark is in, by where the bytes of its first line are 0: delimiters
/// and line ends have such a byte in any script.
pub fn utf16(start: &[u8]) -> Option<&'static Encoding> {
    let end = memchr2(b'\n', b'\r', start);
    let end = end.map_or(start.len(), |end| (end + 1).next_multiple_of(2));
    let units = start[..end.min(start.len())].as_chunks::<2>().0;
    let first = units.iter().filter(|unit| unit[0] == 0).count();
    let second = units.iter().filter(|unit| unit[1] == 0).count();
    match (first, second) {
        (0, 2..) => Some(UTF_16LE),
        (2.., 0) => Some(UTF_16BE),
        _ => None,
    }
}

/// What a text that begins like this is, and what to do about it, if it is known not to be CSV.
fn other_text(text: &[u8]) -> Option<Problem> {
    let text = text.trim_ascii_start();
    let begins = |start: &&[u8]| {
        let text = text.get(..start.len());
        text.is_some_and(|text| text.eq_ignore_ascii_case(start))
    };
    if SQL.iter().any(begins) {
        let what = "SQL, not CSV: export the tables as CSV from the database that it comes from";
        return Some(Problem::NotCsv(what));
    }
    if [&b"#Version:"[..], b"#Software:", b"#Fields:"]
        .iter()
        .any(begins)
    {
        let what = "a log in the extended format of the W3C, not CSV: delete the lines that begin with #, except for the names \
                    after #Fields:, and add --delimiter \" \"";
        return Some(Problem::NotCsv(what));
    }
    let second = text.get(1..).unwrap_or_default().trim_ascii_start();
    let what = match (text.first()?, second.first()) {
        (b'<', Some(b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z')) => {
            "a web page or XML, not CSV: the download may be a login page or an error, so export it again as CSV"
        }
        (b'{', Some(b'"' | b'}')) | (b'[', Some(b'{' | b'[' | b'"' | b']')) => {
            "JSON, not CSV: export it again as CSV"
        }
        _ => return None,
    };
    Some(Problem::NotCsv(what))
}

/// What a text is, and what to do about it, if it seems to be a table that a program has drawn for people, or output of
/// the sqlite3 shell in a mode other than CSV.
fn other_table(table: &Table, dialect: &Dialect, text: &[u8]) -> Option<Problem> {
    let mut lines = lines(text);
    let (first, second) = (lines.next()?, lines.next().unwrap_or_default());
    let is_padded = first.windows(2).any(|pair| pair == b"  ");
    let quoted = first.split(|byte| *byte == dialect.separator());
    let names = quoted.map(|name| name.strip_prefix(b"'")?.strip_suffix(b"'"));
    let names: Option<Vec<_>> = names.collect();
    let is_quoted = names.is_some_and(|names| {
        known_names(
            table,
            dialect,
            &names.join(&dialect.separator()),
            dialect.separator(),
        ) > 0
    });
    let is_property = || {
        let text = String::from_utf8_lossy(first);
        let is_name = |name: &str| known_names(table, dialect, name.as_bytes(), 0) > 0;
        text.split_once(" = ")
            .is_some_and(|(name, _)| is_name(name))
    };
    let inner = first
        .strip_prefix(b"\"")
        .and_then(|line| line.strip_suffix(b"\""));
    let is_quoted_line = inner.is_some_and(|inner| {
        let inner = String::from_utf8_lossy(inner);
        let inner = inner.replace("\\\"", "").replace("\"\"", "");
        let is_row =
            || first.contains(&b'\\') && row_delimiter(table, dialect, inner.as_bytes()).is_some();
        !inner.contains('"')
            && (known_names(table, dialect, inner.as_bytes(), dialect.separator()) > 1 || is_row())
    });
    let what = if is_quoted_line {
        "a file whose lines are in quotes as a whole, not CSV: export it again (jq needs -r), or remove those quotes"
    } else if is_rule(first)
        || is_rule(second)
        || is_property()
        || first.starts_with(b"*****")
        || first.starts_with(b"-[ RECORD")
        || is_padded && known_names(table, dialect, first, b' ') > 1
    {
        DRAWN
    } else if first.contains(&b'\x1e') {
        "text whose rows end with the character U+001E, not CSV: export it again as CSV"
    } else if is_quoted {
        "in SQL's quotes, not CSV: export it again as CSV, such as with `sqlite3 -csv -header`"
    } else {
        return None;
    };
    Some(Problem::NotCsv(what))
}

/// Whether a line consists of nothing but characters that draw lines.
fn is_rule(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let is_drawn = |c: char| "-+|=: ".contains(c) || ('\u{2500}'..='\u{257f}').contains(&c);
    text.chars().filter(|c| !c.is_whitespace()).count() > 1 && text.chars().all(is_drawn)
}

/// Whether all fields of a line name columns of the table, two at least.
pub fn is_header(table: &Table, dialect: &Dialect, line: &[u8]) -> bool {
    let delimiter = dialect.separator();
    let fields = line
        .split(|byte| *byte == delimiter)
        .take(table.columns.len() + 1);
    let fields = fields.count();
    fields > 1 && known_names(table, dialect, line, delimiter) == fields
}

/// What is wrong with a file whose first line lacks columns of its table, given the text from that line on and the
/// number of the line. `None` if that line seems to be the header.
pub fn diagnose(table: &Table, dialect: &Dialect, text: &[u8], line: u64) -> Option<Problem> {
    let text = &text[..text.len().min(BYTES)];
    other_text(text)
        .or_else(|| other_table(table, dialect, text))
        .or_else(|| padded_quotes(table, dialect, text))
        .or_else(|| header_elsewhere(table, dialect, text, line))
        .or_else(|| no_header(table, dialect, text, line))
        .or_else(|| unknown_names(table, dialect, text))
}

/// The problem of a header with white space between its quotes and its delimiters.
fn padded_quotes(table: &Table, dialect: &Dialect, text: &[u8]) -> Option<Problem> {
    let first = lines(text).next()?;
    let delimiter = dialect.separator();
    let is_padded = |name: &[u8]| {
        let trimmed = String::from_utf8_lossy(name).trim().to_string();
        trimmed.len() < name.len() && trimmed.starts_with('"') && trimmed.ends_with('"')
    };
    let is_padded = first.split(|byte| *byte == delimiter).any(is_padded);
    let names = known_names(table, dialect, first, delimiter);
    let is_header = !dialect.notation.trim && is_padded && names == table.columns.len();
    is_header.then_some(Problem::PaddedQuotes)
}

/// The problem with a file whose header is found only if lines are split at another delimiter, or further down.
fn header_elsewhere(table: &Table, dialect: &Dialect, text: &[u8], line: u64) -> Option<Problem> {
    let current = dialect.separator();
    let columns = table.columns.len();
    let known = |text: &[u8], delimiter: u8| known_names(table, dialect, text, delimiter);
    let first = lines(text).next()?;
    let at_first = known(first, current);
    let mut best = (at_first, 0, current);
    for (index, line) in lines(text).take(LINES).enumerate() {
        for delimiter in delimiters(current, line) {
            let names = known(line, delimiter);
            let is_usual = USUAL.iter().any(|(usual, _)| *usual == delimiter);
            let is_header = names >= 2 || names == columns || index == 0 && is_usual && names > 0;
            if is_header && names > best.0 {
                best = (names, index, delimiter);
            }
        }
    }
    let (names, index, delimiter) = best;
    if names == at_first {
        return None;
    }
    let delimiter = Delimiter(delimiter);
    let is_other = delimiter.0 != current;
    if index == 0 {
        return Some(Problem::Delimiter(delimiter));
    }
    if lines(text).nth(index + 1).is_some_and(is_rule) {
        return Some(Problem::NotCsv(DRAWN));
    }
    let line = line + index as u64;
    Some(Problem::HeaderBelow {
        line,
        skip: line - 1,
        delimiter: is_other.then_some(delimiter),
    })
}

/// The problem with a first line without any known name, and with only one field unless it is split at another
/// delimiter.
fn unknown_names(table: &Table, dialect: &Dialect, text: &[u8]) -> Option<Problem> {
    let first = lines(text).next()?;
    let (other, _) = USUAL.iter().find(|(usual, _)| first.contains(usual))?;
    let is_one = table.columns.len() > 1 && !first.contains(&dialect.separator());
    let is_unknown = known_names(table, dialect, first, dialect.separator()) == 0;
    (is_one && is_unknown).then_some(Problem::Delimiter(Delimiter(*other)))
}

/// The problem with a file in which the first line, or a later one that no header precedes, looks like a row.
fn no_header(table: &Table, dialect: &Dialect, text: &[u8], line: u64) -> Option<Problem> {
    let current = dialect.separator();
    let mut all = lines(text).take(LINES).enumerate();
    let (index, delimiter) = all.find_map(|(index, line)| {
        let delimiter = row_delimiter(table, dialect, line)?;
        Some((index, delimiter))
    })?;
    let first = lines(text).next()?;
    let begins_as_row = || {
        let field = first.split(|byte| *byte == delimiter.0).next();
        let kind = table.columns.first().map(|column| column.kind);
        kind.is_some_and(Kind::is_number) && field.is_some_and(has_number)
    };
    // Only titles are skipped: a line with cells of its own is a header, or a row that is not as it should be.
    let is_title = |line: &[u8]| !line.contains(&delimiter.0) && !line.contains(&b'"');
    let skip = match index {
        _ if known_names(table, dialect, first, delimiter.0) > 0 => return None,
        0 if has_years(first, delimiter.0) => return None,
        0 => u64::from(counts(first, delimiter.0)),
        _ if lines(text).take(index).all(is_title) => index as u64,
        _ if begins_as_row() => 0,
        _ => return None,
    };
    Some(Problem::NoHeader {
        skip: (skip > 0).then_some(line - 1 + skip),
        delimiter: Some(delimiter).filter(|delimiter| delimiter.0 != current),
    })
}

/// Whether the fields of a line are 0, 1, 2 and so on, as pandas calls columns without names.
fn counts(line: &[u8], delimiter: u8) -> bool {
    let mut fields = line.split(|byte| *byte == delimiter).enumerate();
    fields.clone().count() > 2 && fields.all(|(index, field)| field == index.to_string().as_bytes())
}

/// Whether two or more fields of a line are years that follow each other, as names of columns are.
fn has_years(line: &[u8], delimiter: u8) -> bool {
    let fields = line.split(|byte| *byte == delimiter);
    let years = fields.map(|field| {
        let text = String::from_utf8_lossy(field);
        let year = text.trim_matches(['"', ' ']).parse::<u32>();
        year.ok().filter(|year| (1800..2200).contains(year))
    });
    let years: Vec<_> = years.collect();
    years.windows(2).any(|pair| match pair {
        [Some(one), Some(next)] => one.abs_diff(*next) == 1,
        _ => false,
    })
}

/// What separates the fields of a line that looks like a row of all columns of the table.
pub fn row_delimiter(table: &Table, dialect: &Dialect, line: &[u8]) -> Option<Delimiter> {
    let header = header::of(table, dialect);
    let line = &line[..line.len().min(BYTES)];
    let candidates = delimiters(dialect.separator(), line);
    let mut rows = candidates.into_iter().filter(|delimiter| {
        // Some programs end each line with a delimiter.
        let line = line.strip_suffix(&[*delimiter]).unwrap_or(line);
        let fields: Vec<_> = line.split(|byte| byte == delimiter).collect();
        let mut cells = table.columns.iter().zip(&fields);
        let has_number = cells.any(|(column, field)| {
            matches!(column.kind, Kind::Integer | Kind::Real)
                && field.iter().any(u8::is_ascii_digit)
        });
        has_number && is_row(table, &header, &fields)
    });
    rows.next().map(Delimiter)
}

/// How many columns of the table a line names if it is split at this delimiter.
fn known_names(table: &Table, dialect: &Dialect, line: &[u8], delimiter: u8) -> usize {
    let names: Vec<_> = line
        .split(|byte| *byte == delimiter)
        .map(|name| {
            let name = String::from_utf8_lossy(name);
            let name =
                name.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\u{feff}');
            header::fold(name)
        })
        .collect();
    let columns = table.columns.iter();
    columns
        .filter(|column| names.contains(&header::fold(dialect.header_name(table, column.name))))
        .count()
}

/// The candidate delimiters for a line: the current one, the usual ones, and any other character in the line that is a
/// valid delimiter.
fn delimiters(current: u8, line: &[u8]) -> Vec<u8> {
    let mut delimiters = vec![current];
    let usual = USUAL.iter().map(|(usual, _)| usual);
    for byte in usual.chain(line) {
        let is_candidate =
            super::is_delimiter(*byte) && !matches!(byte, b'_' | b'-' | b'.' | b'\\');
        if is_candidate && !delimiters.contains(byte) && line.contains(byte) {
            delimiters.push(*byte);
        }
    }
    delimiters
}

/// The lines of a text. Each has an end, but for the last one.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let Some(length) = super::split::line_length(text) else {
            return Some(text);
        };
        let end = if text[length..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        rest = Some(&text[length + end..]);
        Some(&text[..length])
    })
}

/// What separates fields, as messages and `--delimiter` name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(pub u8);

impl Delimiter {
    /// What it is called.
    pub fn name(self) -> String {
        let usual = USUAL.iter().find(|(usual, _)| *usual == self.0);
        match (usual, self.0) {
            (Some((_, name)), _) => (*name).to_string(),
            (None, b' ') => "spaces".to_string(),
            (None, byte) if byte.is_ascii_graphic() => format!("\"{}\"", char::from(byte)),
            (None, byte) => format!("the character U+{byte:04X}"),
        }
    }

    /// As an option for any shell.
    pub fn option(self) -> String {
        let word = match self.0 {
            b'\t' => "tab".to_string(),
            byte @ (b'$' | b'`' | b'!' | b'\\') => format!("'{}'", char::from(byte)),
            byte if byte.is_ascii_graphic() || byte == b' ' => format!("\"{}\"", char::from(byte)),
            byte => format!("\"\\x{byte:02x}\""),
        };
        format!("--delimiter {word}")
    }
}

/// Whether these fields could be a row of a file with this header: there are as many as it has columns, with numbers
/// where the table has numbers.
pub fn is_row(table: &Table, header: &Header, fields: &[&[u8]]) -> bool {
    let mut columns = table.columns.iter().zip(&header.columns);
    fields.len() == header.names.len() + usize::from(header.reason.is_some())
        && columns.all(|(column, index)| match (column.kind, fields.get(*index)) {
            (Kind::Integer | Kind::Real, Some(field)) => is_number(field),
            _ => true,
        })
}

/// Whether a cell looks like a number.
pub fn has_number(cell: &[u8]) -> bool {
    is_number(cell) && cell.iter().any(u8::is_ascii_digit)
}

/// Whether a cell is empty or looks like a number, however its decimals are written.
fn is_number(cell: &[u8]) -> bool {
    let text = String::from_utf8_lossy(cell);
    let text = text.trim_matches(|c: char| c == '"' || c.is_whitespace());
    let digits = text.trim_start_matches(['+', '-']);
    text.is_empty()
        || matches!(text, "NULL" | "\\N")
        || digits.starts_with(|c: char| c.is_ascii_digit())
            && digits
                .chars()
                .all(|c| c.is_ascii_digit() || ".,eE+-".contains(c))
}

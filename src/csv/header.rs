//! Finds the columns of a table in the header of a CSV file, or says everything that differs.

use std::collections::HashSet;

use super::{Dialect, Problem};
use crate::row::{EXTRA, Header, LINE, REASON};
use crate::schema::Table;

/// What may separate fields: the byte, its name, and how `--delimiter` takes it.
const DELIMITERS: [(u8, &str, &str); 4] = [
    (b';', "semicolons", "\";\""),
    (b'\t', "tabs", "tab"),
    (b'|', "vertical bars", "\"|\""),
    (b',', "commas", "\",\""),
];

/// How many columns a message lists of each kind, and how many characters it shows of a name.
const LISTED: usize = 10;
const SHOWN: usize = 100;

/// Maps the fields of a header to the columns of the table, given also the text that they come from.
///
/// Names match without regard to ASCII case and to white space around them.
///
/// # Errors
///
/// If a column is missing or repeated, or if one is not of the table; the latter only if the dialect does not ignore
/// it.
pub fn parse<'a>(
    table: &Table,
    dialect: &Dialect,
    text: &[u8],
    fields: impl Iterator<Item = &'a [u8]>,
) -> Result<Header, Problem> {
    let mut header = Header {
        columns: vec![usize::MAX; table.columns.len()],
        notation: dialect.notation.clone(),
        ..Header::default()
    };
    let (mut unknown, mut repeated) = (Vec::new(), Vec::new());
    let mut earlier = HashSet::new();
    let fields: Vec<_> = fields.collect();
    let names: Vec<_> = (fields.iter().copied())
        .map(String::from_utf8_lossy)
        .collect();
    let all: HashSet<_> = names.iter().map(|name| &**name).collect();
    for (index, (given, name)) in fields.into_iter().zip(&names).enumerate() {
        let folded = fold(name);
        let column = (table.columns.iter()).position(|column| column.name == folded);
        let known = column.is_some() || folded == REASON;
        let is_repeated = !earlier.insert(folded.clone());
        if is_repeated && (known || !dialect.ignore_extra_columns) {
            repeated.push(shown(name));
        } else if folded == REASON {
            header.reason = Some(index);
            continue;
        } else if let Some(column) = column {
            header.columns[column] = index;
        } else {
            unknown.push(name.to_string());
        }
        // In JSON, fields need names of their own.
        let shared = is_repeated || matches!(&**name, EXTRA | LINE);
        header.names.push(match column {
            Some(_) => folded,
            None if shared => {
                let suffix = format!(" (field {})", index + 1);
                let mut own = format!("{name}{suffix}");
                while all.contains(&*own) {
                    own += &suffix;
                }
                own
            }
            None => name.to_string(),
        });
        header.given.push(given.to_vec());
    }
    let missing: Vec<_> = (table.columns.iter().zip(&header.columns))
        .filter(|(_, index)| **index == usize::MAX)
        .map(|(column, _)| column.name)
        .collect();
    if dialect.ignore_extra_columns {
        unknown.retain(|name| meant(name, &missing).is_some());
    }
    if unknown.is_empty() && repeated.is_empty() && missing.is_empty() {
        return Ok(header);
    }
    if missing.len() == table.columns.len()
        && let Some(problem) = other_delimiter(table, dialect, text)
    {
        return Err(problem);
    }
    Err(differences(table, &unknown, &repeated, &missing))
}

/// The error of a header that has columns of the table only if it is split at another delimiter, if it is one.
pub fn other_delimiter(table: &Table, dialect: &Dialect, text: &[u8]) -> Option<Problem> {
    let is_column = |name: &[u8]| {
        let name = String::from_utf8_lossy(name);
        let name = fold(name.trim().trim_matches('"'));
        table.columns.iter().any(|column| column.name == name)
    };
    let (_, name, option) = DELIMITERS.into_iter().find(|(delimiter, ..)| {
        *delimiter != dialect.separator()
            && text.contains(delimiter)
            && text.split(|byte| byte == delimiter).any(is_column)
    })?;
    Some(Problem::Delimiter { name, option })
}

/// Whether a file that starts like this is in UTF-16: it has a byte order mark, or ASCII characters of two bytes.
pub fn is_utf16(start: &[u8]) -> bool {
    match start {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [0, a, 0, b, ..] | [a, 0, b, 0, ..] => *a != 0 && *b != 0,
        _ => false,
    }
}

fn differences(
    table: &Table,
    unknown: &[String],
    repeated: &[String],
    missing: &[&str],
) -> Problem {
    let mut differences = Vec::new();
    list(&mut differences, unknown, "unknown", |name| {
        let meant = meant(name, missing).map(|column| format!(" (did you mean {column:?}?)"));
        format!(
            "column {} is unknown{}",
            shown(name),
            meant.unwrap_or_default()
        )
    });
    list(&mut differences, repeated, "repeated", |name| {
        format!("column {name} is repeated")
    });
    list(&mut differences, missing, "missing", |name| {
        format!("column {name:?} is missing")
    });
    let mut expected = table.column_names();
    expected += match (unknown.is_empty(), missing.is_empty()) {
        (true, _) => "",
        (false, true) => "; --ignore-extra-columns ignores others",
        (false, false) => "; rename the columns",
    };
    Problem::Columns {
        differences: differences.join(", "),
        expected,
    }
}

/// Lists the first of these names, and how many more there are.
fn list<T>(lines: &mut Vec<String>, names: &[T], what: &str, line: impl Fn(&T) -> String) {
    lines.extend(names.iter().take(LISTED).map(line));
    if names.len() > LISTED {
        let more = names.len() - LISTED;
        let columns = if more == 1 {
            "column is"
        } else {
            "columns are"
        };
        lines.push(format!("{more} more {columns} {what}"));
    }
}

/// A name as names are compared.
fn fold(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

/// A name as it stands in a message: quoted, escaped, and not too long.
fn shown(name: &str) -> String {
    match name.char_indices().nth(SHOWN) {
        None => format!("{name:?}"),
        Some((end, _)) => format!("{:?}…", &name[..end]),
    }
}

/// The letters and digits of a name, to compare `E-Mail` to `email`.
fn letters(name: &str) -> String {
    (name.chars().filter(|character| character.is_alphanumeric()))
        .take(SHOWN)
        .flat_map(char::to_lowercase)
        .collect()
}

/// The missing column that may be meant by an unknown one.
fn meant<'a>(name: &str, missing: &[&'a str]) -> Option<&'a str> {
    let name = letters(name);
    (missing.iter().copied()).find(|column| is_close(&name, &letters(column)))
}

/// Whether one may be meant by the other: one slip for every three letters is allowed.
fn is_close(name: &str, column: &str) -> bool {
    strsim::osa_distance(name, column) <= column.len() / 3
}

//! Finds the columns of a table in the header of a CSV file, or says everything that differs.

use std::collections::HashSet;

use super::{Dialect, Problem};
use crate::row::{EXTRA, Header, LINE, REASON};
use crate::schema::{Column, Table};

/// How many columns a message lists of each kind, and how many characters it shows of a name.
const LISTED: usize = 10;
const SHOWN: usize = 100;

/// Maps the fields of a header to the columns of the table.
///
/// Names match regardless of ASCII case and of white space around them.
///
/// # Errors
///
/// If a column is missing or repeated, or if the table does not have it and the dialect does not ignore such columns.
pub fn parse<'a>(
    table: &Table,
    dialect: &Dialect,
    fields: impl Iterator<Item = &'a [u8]>,
) -> Result<Header, Problem> {
    let mut header = Header {
        columns: vec![usize::MAX; table.columns.len()],
        notation: dialect.notation.clone(),
        ..Header::default()
    };
    let reason = reason_name(table, dialect);
    let (mut unknown, mut repeated) = (Vec::new(), Vec::new());
    let mut earlier = HashSet::new();
    let fields: Vec<_> = fields.collect();
    let names: Vec<_> = (fields.iter().copied())
        .map(String::from_utf8_lossy)
        .collect();
    let all: HashSet<_> = names.iter().map(|name| &**name).collect();
    for (index, (given, name)) in fields.into_iter().zip(&names).enumerate() {
        let folded = fold(name);
        let is_column = |column: &Column| {
            !column.generated && fold(dialect.header_name(table, column.name)) == folded
        };
        let column = table.columns.iter().position(is_column);
        let known = column.is_some() || folded == reason;
        let is_repeated = !earlier.insert(folded.clone());
        let is_nameless = folded.is_empty();
        if is_repeated && !is_nameless && (known || !dialect.ignore_extra_columns) {
            repeated.push(shown(name));
        } else if folded == reason {
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
            Some(column) => table.columns[column].name.to_string(),
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
    let absent = (0..table.columns.len()).filter(|column| !header.has(*column));
    let renamable = absent
        .clone()
        .find(|column| !table.columns[*column].generated);
    let has_none = absent.clone().count() == table.columns.len();
    let missing = absent.filter(|column| has_none || table.must_have(*column));
    let missing: Vec<_> = missing
        .map(|column| dialect.header_name(table, table.columns[column].name))
        .collect();
    if dialect.ignore_extra_columns {
        unknown.retain(|name| meant(name, &missing).is_some());
    }
    if dialect.ignore_extra_columns {
        let is_nameless = |given: &&Vec<u8>| String::from_utf8_lossy(given).trim().is_empty();
        header.spare = Some(header.given.iter().rev().take_while(is_nameless).count());
    }
    if unknown.is_empty() && repeated.is_empty() && missing.is_empty() {
        return Ok(header);
    }
    let expected = dialect.header_names(table);
    let is_like_row = has_none && names.len() == table.columns.len();
    let ignore = match renamable {
        None => "; --ignore-extra-columns ignores others".to_string(),
        Some(column) => format!(
            "; map columns that have other names in the file with --column, as in --column {}.{}=HEADER, \
             or ignore the rest with --ignore-extra-columns",
            table.name, table.columns[column].name
        ),
    };
    let rename = if is_like_row {
        "; rename the columns, name them with --column, or add --no-header if the first line is a row"
    } else {
        "; rename the columns, or name them with --column"
    };
    let advice = match (unknown.is_empty(), missing.is_empty()) {
        (true, _) => "",
        (false, true) => &ignore,
        (false, false) => rename,
    };
    Err(differences(
        expected + advice,
        &unknown,
        &repeated,
        &missing,
    ))
}

/// The name of the column that rejects add to those of a table, and that is ignored when they are read: `reason`, or
/// another one if a column of the table has that name in its file.
pub fn reason_name(table: &Table, dialect: &Dialect) -> String {
    let columns = table.columns.iter();
    let taken: HashSet<_> = columns
        .map(|column| fold(dialect.header_name(table, column.name)))
        .collect();
    let others = (2..).map(|number| format!("tradexa_{REASON}_{number}"));
    let names = [REASON.to_string(), format!("tradexa_{REASON}")];
    let mut names = names.into_iter().chain(others);
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

/// The header of a file without one: it has the table's columns in their order.
pub fn of(table: &Table, dialect: &Dialect) -> Header {
    let names: Vec<_> = (table.columns.iter())
        .map(|column| column.name.to_string())
        .collect();
    Header {
        given: names.iter().map(|name| name.clone().into_bytes()).collect(),
        columns: (0..names.len()).collect(),
        names,
        spare: dialect.ignore_extra_columns.then_some(0),
        notation: dialect.notation.clone(),
        ..Header::default()
    }
}

fn differences(
    expected: String,
    unknown: &[String],
    repeated: &[String],
    missing: &[&str],
) -> Problem {
    let mut differences = Vec::new();
    let is_nameless = |name: &&String| name.trim().is_empty();
    let nameless = unknown.iter().filter(is_nameless).count();
    if nameless > 0 {
        let columns = if nameless == 1 {
            "column has"
        } else {
            "columns have"
        };
        differences.push(format!("{nameless} {columns} no name"));
    }
    let unknown: Vec<_> = unknown.iter().filter(|name| !is_nameless(name)).collect();
    list(&mut differences, &unknown, "unknown", |name| {
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

/// A name in the form in which names are compared.
pub fn fold(name: &str) -> String {
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

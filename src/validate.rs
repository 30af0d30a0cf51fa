//! From records to typed rows, or to the list of rules that a record breaks. Pure: no SQLite, no files.

mod ids;
mod rows;
mod violation;

use std::collections::HashMap;

use crate::record::{Batch, Record};
use crate::schema::{Column, Kind, Rule, Table};
use ids::Ids;
use rows::Cell;

pub use rows::{Row, Rows, Value};
pub use violation::Violation;

/// Why a record was not accepted.
#[derive(Debug)]
pub enum Rejection<E> {
    /// It breaks rules: all of them, in the order of the columns.
    Rules(Vec<Violation>),
    /// Whether a row that it refers to exists could not be found out.
    Unknown(E),
}

/// Checks the records of one table against its rules. It remembers the ids that were used and, with unique texts, the
/// owner of each text.
#[derive(Debug)]
pub struct Validator {
    table: &'static Table,
    ids: Ids,
    /// The owner of each text in a column that must be unique on request, if that was requested.
    owners: Option<Owners>,
}

/// Which row has a text: by column and by the text in ASCII lower case.
type Owners = HashMap<(usize, Box<str>), i64>;

impl Validator {
    /// A validator that has seen no row yet. With `unique`, texts must be unique where the schema says "on request".
    pub fn new(table: &'static Table, unique: bool) -> Validator {
        Validator {
            table,
            ids: Ids::default(),
            owners: unique.then(HashMap::new),
        }
    }

    /// The columns whose texts must be unique; none unless that was requested.
    pub fn unique_columns(&self) -> impl Iterator<Item = (usize, &'static Column)> + use<> {
        let requested = self.owners.is_some();
        (self.table.columns.iter().enumerate()).filter(move |(_, column)| {
            let mut rules = column.rules.iter();
            requested && rules.any(|rule| matches!(rule, Rule::UniqueOnRequest))
        })
    }

    /// Notes that a stored row has a text; the first owner of a text keeps it.
    pub fn own(&mut self, column: usize, text: &str, id: i64) {
        if let Some(owners) = &mut self.owners {
            owners.entry(owner_key(column, text)).or_insert(id);
        }
    }

    /// Whether an accepted row has this id.
    pub fn accepted(&self, id: i64) -> bool {
        self.ids.contains(id)
    }

    /// Types the records of a batch. A record that breaks a rule goes to `reject` instead, with all its reasons.
    ///
    /// `exists` tells whether the row with an id exists in a table that this one refers to.
    pub fn validate<E>(
        &mut self,
        batch: Batch,
        mut exists: impl FnMut(&'static Table, i64) -> Result<bool, E>,
        mut reject: impl FnMut(Record, Rejection<E>),
    ) -> Rows {
        let mut accepted = Vec::with_capacity(batch.len());
        let mut cells = Vec::with_capacity(batch.len() * self.table.columns.len());
        for index in 0..batch.len() {
            let record = batch.record(index);
            let before = cells.len();
            match self.check(record, &mut cells, &mut exists) {
                Ok(()) => accepted.push(index),
                Err(rejection) => {
                    cells.truncate(before);
                    reject(record, rejection);
                }
            }
        }
        Rows::new(batch, accepted, cells)
    }

    /// Checks one record and appends its cells.
    fn check<E>(
        &mut self,
        record: Record,
        cells: &mut Vec<Cell>,
        exists: &mut impl FnMut(&'static Table, i64) -> Result<bool, E>,
    ) -> Result<(), Rejection<E>> {
        let expected = record.header.width();
        if record.found != expected {
            let found = record.found;
            let violation = Violation::FieldCount { expected, found };
            return Err(Rejection::Rules(vec![violation]));
        }
        let table = self.table;
        let whole = record.text();
        let mut violations = Vec::new();
        let mut id = None;
        for (index, column) in table.columns.iter().enumerate() {
            let text = match whole.and_then(|whole| record.cell_of(whole, index)) {
                Some(text) => Ok(text),
                None => text(column, record, index),
            };
            let parsed = text.and_then(|text| Ok((text, parse(column, text)?)));
            let (text, cell) = match parsed {
                Ok(parsed) => parsed,
                Err(violation) => {
                    violations.push(violation);
                    continue;
                }
            };
            if let (0, Cell::Integer(number)) = (index, cell) {
                id = Some(number);
            }
            for rule in column.rules {
                let name = column.name;
                let broken = match rule {
                    Rule::Positive if !is_positive(cell) => Some(Violation::NotPositive {
                        column: name,
                        text: text.to_string(),
                    }),
                    Rule::NotEmpty if text.trim().is_empty() => {
                        Some(Violation::Empty { column: name })
                    }
                    Rule::Email if !is_email(text) => Some(Violation::NotEmail {
                        column: name,
                        text: text.to_string(),
                    }),
                    Rule::Positive | Rule::NotEmpty | Rule::Email => None,
                    Rule::UniqueId => self.used_id(name, cell),
                    Rule::UniqueOnRequest => self.used_text(index, text, id),
                    Rule::References(parent) => {
                        missing(parent, cell, exists).map_err(Rejection::Unknown)?
                    }
                };
                violations.extend(broken);
            }
            cells.push(cell);
        }
        if !violations.is_empty() {
            return Err(Rejection::Rules(violations));
        }
        self.use_up(record, id.unwrap_or_default());
        Ok(())
    }

    fn used_id(&mut self, column: &'static str, cell: Cell) -> Option<Violation> {
        let Cell::Integer(id) = cell else { return None };
        let line = self.ids.line(id)?;
        Some(Violation::UsedId { column, id, line })
    }

    fn used_text(&self, column: usize, text: &str, id: Option<i64>) -> Option<Violation> {
        let owners = self.owners.as_ref()?;
        let owner = *owners.get(&owner_key(column, text))?;
        (Some(owner) != id).then(|| Violation::UsedText {
            column: self.table.columns[column].name,
            text: text.to_string(),
            row: self.table.row,
            owner,
        })
    }

    /// A row that keeps the rules uses its id and its unique texts.
    fn use_up(&mut self, record: Record, id: i64) {
        self.ids.insert(id, record.line);
        for (column, _) in self.unique_columns() {
            if let Ok(text) = str::from_utf8(record.cell(column)) {
                self.own(column, text, id);
            }
        }
    }
}

fn missing<E>(
    parent: &'static Table,
    cell: Cell,
    exists: &mut impl FnMut(&'static Table, i64) -> Result<bool, E>,
) -> Result<Option<Violation>, E> {
    let Cell::Integer(id) = cell else {
        return Ok(None);
    };
    let row = parent.row;
    Ok((!exists(parent, id)?).then_some(Violation::Missing { row, id }))
}

/// The text of a cell, if it is text at all.
fn text<'a>(column: &Column, record: Record<'a>, index: usize) -> Result<&'a str, Violation> {
    let bytes = record.cell(index);
    if record.is_blob(index) {
        return Err(mistyped(column, &String::from_utf8_lossy(bytes)));
    }
    let column = column.name;
    let text = str::from_utf8(bytes).map_err(|_| Violation::NotUtf8 { column })?;
    match bytes.contains(&0) {
        true => Err(Violation::Nul { column }),
        false => Ok(text),
    }
}

/// The violation of a cell that is not of its column's kind.
fn mistyped(column: &Column, text: &str) -> Violation {
    let (column, kind, text) = (column.name, column.kind, text.to_string());
    match kind {
        Kind::Integer => Violation::NotWhole { column, text },
        Kind::Real => Violation::NotNumber { column, text },
        Kind::Text => Violation::NotText { column, text },
    }
}

fn parse(column: &Column, text: &str) -> Result<Cell, Violation> {
    match column.kind {
        Kind::Integer => text.parse().map(Cell::Integer).map_err(|_| {
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            match !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                true => Violation::OutOfRange {
                    column: column.name,
                    text: text.to_string(),
                },
                false => mistyped(column, text),
            }
        }),
        Kind::Real => match text.parse() {
            Ok(number) if f64::is_finite(number) => Ok(Cell::Real(number)),
            _ => Err(mistyped(column, text)),
        },
        Kind::Text => Ok(Cell::Text),
    }
}

fn owner_key(column: usize, text: &str) -> (usize, Box<str>) {
    (column, text.to_ascii_lowercase().into_boxed_str())
}

fn is_positive(cell: Cell) -> bool {
    match cell {
        Cell::Integer(number) => number > 0,
        Cell::Real(number) => number > 0.0,
        Cell::Text => true,
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let mut labels = domain.as_bytes().split(|byte| *byte == b'.');
    !local.is_empty()
        && domain.contains('.')
        && labels.all(|label| !label.is_empty() && !label.contains(&b'@'))
        && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests;

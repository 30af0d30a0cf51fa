//! The rules: a record becomes a typed row, or the list of the rules that it breaks. Pure: no SQLite, no files.

mod ids;
mod owners;

use std::borrow::Cow;

use crate::row::{Batch, Outcome, Reason, Record, Rows, Value};
use crate::schema::{Column, Kind, Rule, Table};
use crate::unicode::is_format;

pub use ids::{IdSet, UsedIds};
use owners::Owners;

/// A row to be checked.
pub trait Given {
    /// The value of the cell in the table's column with this index.
    fn value(&self, column: usize) -> Value<'_>;

    /// The text of the same cell, as reasons quote it.
    fn text(&self, column: usize) -> Cow<'_, str>;

    /// What separates the decimals of numbers that are text.
    fn decimal(&self) -> char {
        '.'
    }

    /// The name of the encoding that text had.
    fn encoding(&self) -> &'static str {
        "UTF-8"
    }
}

/// A record whose cells belong to the columns of a table.
struct GivenRecord<'a> {
    table: &'static Table,
    record: Record<'a>,
}

impl Given for GivenRecord<'_> {
    fn value(&self, column: usize) -> Value<'_> {
        let is_text = self.table.columns[column].kind == Kind::Text;
        (self.record.value(column, is_text)).map_or(Value::Null, Value::Text)
    }

    fn text(&self, column: usize) -> Cow<'_, str> {
        String::from_utf8_lossy(self.record.cell(column))
    }

    fn decimal(&self) -> char {
        self.record.header.notation.decimal
    }

    fn encoding(&self) -> &'static str {
        self.record.header.notation.encoding
    }
}

/// Checks the rows of one table. It remembers the ids that were used and, with unique texts, the owner of each text.
#[derive(Debug)]
pub struct Rules {
    table: &'static Table,
    ids: UsedIds,
    /// The columns whose texts must be unique, and which row has which.
    owners: Vec<(usize, Owners)>,
}

impl Rules {
    /// The rules of a table of which no row has been seen yet. With `unique`, texts must be unique where the schema
    /// says "on request".
    pub fn new(table: &'static Table, unique: bool) -> Rules {
        let columns = table.columns.iter().enumerate();
        let on_request = |rule: &Rule| matches!(rule, Rule::UniqueOnRequest);
        let owners = columns.filter(|(_, column)| unique && column.rules.iter().any(on_request));
        Rules {
            table,
            ids: UsedIds::with_lines(),
            owners: owners
                .map(|(index, _)| (index, Owners::default()))
                .collect(),
        }
    }

    /// The indexes of the columns whose texts must be unique.
    pub fn unique_columns(&self) -> Vec<usize> {
        self.owners.iter().map(|(column, _)| *column).collect()
    }

    /// Notes that a stored row has a text; the first owner of a text keeps it.
    pub fn own(&mut self, column: usize, text: &[u8], id: i64) {
        let mut owners = self.owners.iter_mut();
        if let Some((_, owners)) = owners.find(|(unique, _)| *unique == column) {
            owners.insert(text, id);
        }
    }

    /// The ids of the rows that followed the rules, once all rows have been checked.
    pub fn take_ids(&mut self) -> IdSet {
        std::mem::take(&mut self.ids).into_set()
    }

    /// Checks the records of a batch.
    ///
    /// `exists` tells whether the row exists that a column refers to, given the index of the column and the id, or why
    /// that is not known.
    pub fn check_batch(
        &mut self,
        batch: Batch,
        exists: impl Fn(usize, i64) -> Result<bool, Reason>,
    ) -> Rows {
        // It is quicker to look at the text of all records at once than cell by cell.
        let trusted = is_text(batch.text());
        let width = self.table.columns.len();
        let mut accepted = Vec::with_capacity(batch.len());
        let mut numbers = Vec::with_capacity(batch.len() * width);
        let mut rejected = Vec::new();
        for (position, record) in batch.records().enumerate() {
            let checked = match fields(&record) {
                Some(reason) => Err(Outcome::skipped(reason)),
                None => {
                    let keep = |value: Value| numbers.push(value.bits());
                    let given = GivenRecord {
                        table: self.table,
                        record,
                    };
                    self.check(record.line, &given, trusted, &exists, keep)
                }
            };
            match checked {
                Ok(()) => accepted.push(position as u32),
                Err(outcome) => rejected.push((position as u32, outcome)),
            }
            numbers.resize((position + 1) * width, 0);
        }
        Rows {
            table: self.table,
            batch,
            numbers,
            accepted,
            rejected,
        }
    }

    /// Checks one row, and hands the typed values of its columns to `keep`. `trusted` says that all text is known to be
    /// UTF-8 without NUL. A row that follows the rules uses its id and its unique texts from now on.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] with every rule that it breaks, in the order of the columns, or [`Outcome::Failed`] if it
    /// breaks none as far as is known, but whether a row that it refers to exists is not.
    pub fn check(
        &mut self,
        line: u64,
        row: &impl Given,
        trusted: bool,
        exists: impl Fn(usize, i64) -> Result<bool, Reason>,
        mut keep: impl FnMut(Value),
    ) -> Result<(), Outcome> {
        let mut violations = Vec::new();
        let mut unknown = Vec::new();
        let mut id = None;
        for (index, column) in self.table.columns.iter().enumerate() {
            let Some(value) = parse(column, index, row, trusted) else {
                violations.push(unparsable(column, index, row));
                continue;
            };
            if let (0, Value::Integer(number)) = (index, value) {
                id = Some(number);
            }
            for rule in column.rules {
                let text = || row.text(index).into();
                let name = column.name;
                match (rule, value) {
                    (Rule::Positive, Value::Integer(number)) if number > 0 => {}
                    (Rule::Positive, Value::Real(number)) if number > 0.0 => {}
                    (Rule::Positive, _) => violations.push(Reason::NotPositive(name, text())),
                    (Rule::NotEmpty | Rule::Email, Value::Text(text)) if is_blank(text) => {
                        violations.push(Reason::Empty(name));
                        break;
                    }
                    (Rule::Email, Value::Text(bytes)) if !is_email(bytes) => {
                        violations.push(Reason::NotEmail(name, text()));
                    }
                    (Rule::UniqueId, Value::Integer(id)) => {
                        let line = self.ids.line(id);
                        violations.extend(line.map(|line| Reason::UsedId(name, id, line)));
                    }
                    // A stored NULL counts as empty text, which breaks other rules, but nobody has it.
                    (Rule::UniqueOnRequest, Value::Text(bytes))
                        if !self.owners.is_empty() && row.value(index) != Value::Null =>
                    {
                        let mut owners = self.owners.iter();
                        let owners = owners.find(|(column, _)| *column == index);
                        let owner = owners.and_then(|(_, owners)| owners.get(bytes));
                        let owner = owner.filter(|owner| Some(*owner) != id);
                        let used = |owner| Reason::UsedText(name, text(), owner);
                        violations.extend(owner.map(used));
                    }
                    (Rule::References(parent), Value::Integer(id)) => match exists(index, id) {
                        Ok(true) => {}
                        Ok(false) => violations.push(Reason::Missing {
                            column: name,
                            id,
                            parent,
                        }),
                        Err(reason) => unknown.push(reason),
                    },
                    _ => {}
                }
            }
            keep(value);
        }
        if !violations.is_empty() {
            return Err(Outcome::Skipped(violations.into()));
        }
        if !unknown.is_empty() {
            return Err(Outcome::Failed(unknown.into()));
        }
        let id = id.unwrap_or_default();
        self.ids.insert(id, line);
        for (column, owners) in &mut self.owners {
            if let Value::Text(text) = row.value(*column) {
                owners.insert(text, id);
            }
        }
        Ok(())
    }
}

/// The whole numbers in a column of a batch's records, which need not follow any rule.
pub fn whole_numbers(batch: &Batch, column: usize) -> impl Iterator<Item = i64> {
    let cells = batch.records().map(move |record| record.cell(column));
    cells.filter_map(|cell| str::from_utf8(cell).ok()?.parse().ok())
}

/// What is wrong with the fields of a record as a whole, if anything.
fn fields(record: &Record) -> Option<Reason> {
    if let Some(defect) = record.defect {
        return Some(Reason::Defect(defect));
    }
    let (expected, found) = (record.header.expected(), record.found());
    (!record.fits_header()).then_some(Reason::FieldCount { expected, found })
}

/// The value of a cell as its column's kind has it, or `None`, for which [`unparsable`] has the reason.
fn parse<'r>(
    column: &Column,
    index: usize,
    row: &'r impl Given,
    trusted: bool,
) -> Option<Value<'r>> {
    let value = row.value(index);
    match (column.kind, value) {
        (Kind::Integer, Value::Integer(_)) => Some(value),
        (Kind::Real, Value::Real(number)) => number.is_finite().then_some(value),
        (Kind::Real, Value::Integer(number)) => Some(Value::Real(number as f64)),
        (Kind::Text, Value::Null) => Some(Value::Text(&[])),
        (Kind::Text, Value::Text(bytes)) => (trusted || is_text(bytes)).then_some(value),
        (Kind::Integer, Value::Text(bytes)) => {
            str::from_utf8(bytes).ok()?.parse().ok().map(Value::Integer)
        }
        (Kind::Real, Value::Text(bytes)) => {
            number(str::from_utf8(bytes).ok()?, row.decimal()).map(Value::Real)
        }
        _ => None,
    }
}

/// A number that `f64` can hold, given what separates its decimals: finite, and 0 only if all of its digits are.
fn number(text: &str, decimal: char) -> Option<f64> {
    let number = float(text, decimal)?;
    let digits = || {
        text.bytes()
            .take_while(|byte| !byte.eq_ignore_ascii_case(&b'e'))
    };
    let is_zero = || !digits().any(|digit| matches!(digit, b'1'..=b'9'));
    (number.is_finite() && (number != 0.0 || is_zero())).then_some(number)
}

/// What `f64` makes of a text, given what separates its decimals.
fn float(text: &str, decimal: char) -> Option<f64> {
    if decimal == '.' {
        return text.parse().ok();
    }
    let with_point = (!text.contains('.')).then(|| text.replace(decimal, "."))?;
    with_point.parse().ok()
}

/// What is wrong with a cell that does not parse.
fn unparsable(column: &Column, index: usize, row: &impl Given) -> Reason {
    let Column { name, kind, .. } = *column;
    let value = row.value(index);
    match value {
        Value::Text(bytes) if str::from_utf8(bytes).is_err() => {
            return Reason::NotValid(name, row.encoding());
        }
        Value::Text(bytes) if bytes.contains(&0) => return Reason::Nul(name),
        _ => {}
    }
    let text = row.text(index);
    if value == Value::Null || is_blank(text.as_bytes()) {
        return Reason::Empty(name);
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let is_number = match kind {
        Kind::Integer => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
        // `inf` and `NaN` are numbers for `f64`, but have no digits.
        Kind::Real => {
            text.contains(|c: char| c.is_ascii_digit()) && float(&text, row.decimal()).is_some()
        }
        Kind::Text => false,
    };
    match value {
        Value::Text(_) if is_number => Reason::OutOfRange(name, text.into()),
        _ => Reason::WrongKind(name, kind, text.into()),
    }
}

/// Whether bytes are UTF-8 without NUL.
fn is_text(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok() && !bytes.contains(&0)
}

/// Whether there is nothing but Unicode white space and format characters.
fn is_blank(text: &[u8]) -> bool {
    let is_blank = |character: char| character.is_whitespace() || is_format(character);
    !text.iter().any(u8::is_ascii_graphic)
        && str::from_utf8(text).is_ok_and(|text| text.chars().all(is_blank))
}

/// Whether there is one `@` with something before it and two or more non-empty labels, separated by dots, after it, and
/// no white space, control or format character.
fn is_email(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b'@');
    let (Some(local), Some(domain), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let mut labels = domain.split(|byte| *byte == b'.');
    !local.is_empty()
        && domain.contains(&b'.')
        && labels.all(|label| !label.is_empty())
        && !has_unseen(text)
}

fn has_unseen(text: &[u8]) -> bool {
    let is_unseen = |character: char| {
        character.is_whitespace() || character.is_control() || is_format(character)
    };
    !text.iter().all(u8::is_ascii_graphic)
        && str::from_utf8(text).is_ok_and(|text| text.contains(is_unseen))
}

#[cfg(test)]
mod tests;

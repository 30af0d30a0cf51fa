//! The cells of many rows are typed, and what can be said of all rows at once is found out.

use std::sync::Arc;

use super::evaluate::Evaluation;
use super::parse;
use super::used::RowKeys;
use super::value_rules::is_broken;
use super::{Existence, Found, Parents, Rules, Source};
use crate::row::{
    Cell, KeptValues, Key, Keys, OwnedValue, ParentKeys, Reason, RowSource, RowView, Value, fold,
};
use crate::schema::{Reference, Table};

/// The typed cells of some rows, and what is known about them.
pub struct Typed<'a, G> {
    pub given: &'a G,
    pub cells: Vec<Cell>,
    /// Whether it is certain that a row follows all rules but the sequential ones. Other rows are checked closely.
    pub sound: Vec<bool>,
    pub blobs: Vec<u8>,
    defaults: Arc<[OwnedValue]>,
    pub kept: KeptValues,
    /// Why the stored versions of the rows could not be read.
    pub unknown: Option<Reason>,
    pub width: usize,
    pub evaluation: Evaluation,
    pub keys: RowKeys,
    pub parents: Vec<TypedParents>,
    pub source: Source,
}

/// What rows refer to, by one of the table's references.
pub struct TypedParents {
    pub keys: Keys,
    pub found: Found,
    /// The numbers of the parents that are rows of the same table.
    pub own: Vec<Option<i64>>,
}

impl Rules {
    /// Parses all cells, and looks up whatever can be looked up for all rows at once.
    pub(super) fn type_rows<'a, G: RowSource>(
        &self,
        given: &'a G,
        parents: &impl Parents,
        source: Source,
    ) -> rusqlite::Result<Typed<'a, G>> {
        let columns = self.table.columns;
        let width = columns.len();
        let mut typed = Typed {
            given,
            cells: vec![Cell::Default; given.len() * width],
            sound: (0..given.len())
                .map(|position| given.is_whole(position))
                .collect(),
            blobs: Vec::new(),
            defaults: Arc::clone(&self.defaults),
            kept: KeptValues::default(),
            unknown: None,
            width,
            evaluation: Evaluation::default(),
            keys: RowKeys::default(),
            parents: Vec::new(),
            source,
        };
        // It is quicker to look at the text of all records at once than cell by cell.
        let trusted = given.is_text();
        let decimal = given.decimal();
        let present = columns.iter().enumerate();
        for (index, column) in present.filter(|(index, _)| !self.absent[*index]) {
            let (kind, rules) = (column.kind, &self.value_rules[index]);
            let values = given.values(index, kind.is_text());
            let rows = typed.cells.chunks_exact_mut(width).zip(&mut typed.sound);
            for (value, (cells, is_sound)) in values.zip(rows) {
                let cell = match value {
                    Value::Null => null(column.required),
                    Value::Text(text) if source != Source::Database => {
                        parse::parse(kind, text, decimal, trusted, &mut typed.blobs)
                    }
                    value => parse::typed(kind, value, &mut typed.blobs),
                };
                let cell = match cell {
                    // SQLite computes the value, of whatever type.
                    Cell::Invalid if column.generated => Cell::Null,
                    cell => cell,
                };
                *is_sound &= !matches!(cell, Cell::Invalid)
                    && !rules.iter().any(|rule| is_broken(*rule, cell, value));
                cells[index] = cell;
            }
        }
        if !self.kept_columns.is_empty() {
            self.keep_stored(&mut typed, parents);
        }
        if let Some(evaluator) = &self.evaluator {
            // A NULL that is not allowed does not count as a cell of the wrong type.
            let is_valid = |position: &usize| {
                let row = given.row(*position);
                let cells = typed.cells[position * width..][..width].iter().enumerate();
                let mut invalid = cells.filter(|(_, cell)| **cell == Cell::Invalid);
                row.defect().is_none()
                    && invalid.all(|(index, _)| {
                        row.value_or_null(index, columns[index].kind.is_text()) == Value::Null
                    })
            };
            let valid: Vec<_> = (0..given.len()).filter(is_valid).collect();
            typed.evaluation =
                evaluator.evaluate(&valid, |position, column| typed.value(position, column))?;
        }
        typed.keys = self.used.keys(
            given.len(),
            |position, column| typed.value(position, column),
            |position, key| typed.evaluation.counts(position, key),
        );
        for (index, reference) in self.table.references.iter().enumerate() {
            let keys = self.parent_keys(&typed, index)?;
            let found = parents.find(index, &keys);
            let is_own = reference.parent == self.table.name;
            let own = vec![None; if is_own { given.len() } else { 0 }];
            if !is_own {
                for (position, is_sound) in typed.sound.iter_mut().enumerate() {
                    *is_sound &= found.rows[position].is_found() || keys.get(position).is_none();
                }
            }
            typed.parents.push(TypedParents { keys, found, own });
        }
        for position in typed.evaluation.failed_or_unknown() {
            typed.sound[position] = false;
        }
        if typed.unknown.is_some() {
            typed.sound.fill(false);
        }
        Ok(typed)
    }

    /// Looks up the values that stay when these rows replace stored ones.
    fn keep_stored<G: RowSource>(&self, typed: &mut Typed<G>, parents: &impl Parents) {
        let key = self.table.primary_key().map_or(&[][..], |key| key.columns);
        let values = |position: usize| {
            let values = key.iter().map(|column| typed.value(position, *column));
            values.map(OwnedValue::from).collect::<Box<[_]>>()
        };
        let keys: Vec<_> = (0..typed.given.len()).map(values).collect();
        match parents.kept(&self.kept_columns, &keys) {
            Ok(rows) => {
                typed.kept = KeptValues {
                    columns: Arc::clone(&self.kept_columns),
                    rows,
                }
            }
            Err(reason) => typed.unknown = Some(reason),
        }
    }

    /// The keys that rows refer to, with the affinity of the columns there.
    fn parent_keys<G: RowSource>(&self, typed: &Typed<G>, index: usize) -> rusqlite::Result<Keys> {
        let (reference, parent) = (&self.table.references[index], self.parents[index]);
        let converter = &self.converters[index];
        let is_integer = parent.integer_key() == Some(parent.keys[reference.key].columns[0]);
        if converter.is_none() && is_integer && reference.key == 0 {
            let column = reference.columns[0];
            let positions = 0..typed.given.len();
            let ids = positions.map(|position| typed.value(position, column).integer());
            return Ok(Keys::Integers(ids.collect()));
        }
        let mut keys = Keys::encoded();
        for position in 0..typed.given.len() {
            let values = reference
                .columns
                .iter()
                .map(|column| typed.value(position, *column));
            match converter {
                // One that is not valid is NULL, and so there is no key.
                Some(converter) => {
                    let converted = converter.convert(values)?;
                    keys.push(converted.iter().map(OwnedValue::get));
                }
                None => keys.push(values),
            }
        }
        Ok(keys)
    }
}

impl<G: RowSource> Typed<'_, G> {
    /// The typed cell of a row in one column.
    pub fn cell(&self, position: usize, column: usize) -> Cell {
        self.cells[position * self.width + column]
    }

    /// The typed value of a cell; NULL for one that is not valid.
    pub fn value(&self, position: usize, column: usize) -> Value<'_> {
        match self.cell(position, column) {
            Cell::Invalid | Cell::Null => Value::Null,
            Cell::Integer(number) => Value::Integer(number),
            Cell::Real(number) => Value::Real(number),
            Cell::Text => self.given.row(position).value(column),
            Cell::Blob(start, end) => Value::Blob(&self.blobs[start as usize..end as usize]),
            Cell::Default => {
                let kept = self.kept.value(position, column);
                kept.unwrap_or_else(|| self.defaults[column].get())
            }
        }
    }

    /// Whether a row refers to itself.
    pub fn is_own_key(&self, table: &Table, index: usize, position: usize) -> bool {
        let reference = &table.references[index];
        let collations = table.keys[reference.key].collations;
        let own = self.keys.get(position, reference.key);
        let referred = self.parents[index].keys.get(position);
        let folded = |key: Key| {
            let (mut bytes, mut folded) = (Vec::new(), Vec::new());
            fold(key.bytes(&mut bytes), collations, &mut folded).to_vec()
        };
        own.is_some() && own.map(folded) == referred.map(folded)
    }
}

impl TypedParents {
    /// What is needed to wait for the parents.
    pub fn into_keys(self, reference: &Reference) -> ParentKeys {
        let TypedParents { keys, found, own } = self;
        match (keys, reference.columns) {
            (Keys::Integers(_), [column]) => ParentKeys::Integers(*column),
            (keys, _) if own.is_empty() => {
                let numbers = found.rows.iter().map(|existence| match existence {
                    Existence::Accepted(number) => Some(*number),
                    _ => None,
                });
                let numbers = numbers.collect();
                ParentKeys::Encoded { keys, numbers }
            }
            (keys, _) => ParentKeys::Encoded { keys, numbers: own },
        }
    }
}

/// NULL, if that is allowed.
fn null(required: bool) -> Cell {
    if required { Cell::Invalid } else { Cell::Null }
}

//! Rows that keep the rules: their cells are typed, and their text stays in the batch they were read into.

use crate::record::{Batch, Record};

/// A value that keeps its column's kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Real(f64),
    /// UTF-8 without NUL, as given.
    Text(&'a [u8]),
}

/// A parsed cell. A text stays in its record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Real(f64),
    /// UTF-8 without NUL.
    Text,
}

/// The accepted records of a batch, typed.
#[derive(Debug)]
pub struct Rows {
    batch: Batch,
    accepted: Vec<usize>,
    cells: Vec<Cell>,
}

/// One accepted record.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The record as given.
    pub record: Record<'a>,
    cells: &'a [Cell],
}

impl Rows {
    /// The rows of these records of a batch; `cells` are those of all of them, one row after another.
    pub fn new(batch: Batch, accepted: Vec<usize>, cells: Vec<Cell>) -> Rows {
        Rows {
            batch,
            accepted,
            cells,
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.accepted.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.accepted.is_empty()
    }

    /// The rows in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let width = self.cells.len().checked_div(self.len()).unwrap_or(1);
        let cells = self.cells.chunks_exact(width);
        (self.accepted.iter().zip(cells)).map(|(index, cells)| Row {
            record: self.batch.record(*index),
            cells,
        })
    }
}

impl<'a> Row<'a> {
    /// The id.
    pub fn id(&self) -> i64 {
        self.integer(0).unwrap_or_default()
    }

    /// The number in the column with this index, if it is a column of whole numbers.
    pub fn integer(&self, column: usize) -> Option<i64> {
        match self.cells[column] {
            Cell::Integer(number) => Some(number),
            Cell::Real(_) | Cell::Text => None,
        }
    }

    /// The values in the order of the table's columns.
    pub fn values(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let record = self.record;
        (self.cells.iter().enumerate()).map(move |(column, cell)| match cell {
            Cell::Integer(number) => Value::Integer(*number),
            Cell::Real(number) => Value::Real(*number),
            Cell::Text => Value::Text(record.cell(column)),
        })
    }
}

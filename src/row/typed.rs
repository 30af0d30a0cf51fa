//! Rows that follow the rules: their numbers are parsed, and their text stays in the batch they were read into.

use std::ops::Range;

use super::{Batch, Outcome, Record};
use crate::schema::{Kind, Table};

/// The value of one cell: as given (always [`Value::Text`] in a CSV file), typed, or stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// NULL. Only a stored cell can be NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number; finite once it follows the rules.
    Real(f64),
    /// Text; UTF-8 without NUL once it follows the rules.
    Text(&'a [u8]),
    /// Bytes. Only a stored cell can hold them.
    Blob(&'a [u8]),
}

/// The records of a batch, checked: those that follow the rules, typed, and what became of the others.
#[derive(Debug)]
pub struct Rows {
    /// The table they belong to.
    pub table: &'static Table,
    batch: Batch,
    /// The accepted records of the batch, by their places in it.
    accepted: Vec<u32>,
    /// For each cell of each accepted record, its number as the bits that its column's kind says; 0 for text.
    numbers: Vec<u64>,
    /// The others, by their places in the batch.
    rejected: Vec<(u32, Outcome)>,
}

impl Rows {
    /// The rows of these records of a batch, in their order. `numbers` are the [bits](Value::bits) of all their cells,
    /// one row after another.
    pub fn checked(
        table: &'static Table,
        batch: Batch,
        accepted: Vec<u32>,
        numbers: Vec<u64>,
        rejected: Vec<(u32, Outcome)>,
    ) -> Rows {
        Rows {
            table,
            batch,
            accepted,
            numbers,
            rejected,
        }
    }

    /// The batch, its records that were not accepted included.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.accepted.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.accepted.is_empty()
    }

    /// How much memory the rows and their batch take, in bytes.
    pub fn size(&self) -> usize {
        self.batch.size()
            + size_of_val(self.accepted.as_slice())
            + size_of_val(self.numbers.as_slice())
            + self
                .rejected
                .iter()
                .map(|(_, outcome)| outcome.size())
                .sum::<usize>()
    }

    /// The place in the batch of the row at this place.
    pub fn index(&self, place: usize) -> u32 {
        self.accepted[place]
    }

    /// What became of the records that were not accepted, by their places in the batch, from the first of these rows to
    /// the next one after them. The first and the last rows of all also have those before and behind them.
    pub fn rejected(&self, places: &Range<usize>) -> &[(u32, Outcome)] {
        let before = |place: usize| {
            let index = self.accepted.get(place).copied();
            let after = |index| {
                self.rejected
                    .partition_point(|(rejected, _)| *rejected < index)
            };
            index.map_or(self.rejected.len(), after)
        };
        let start = match places.start {
            0 => 0,
            start => before(start),
        };
        &self.rejected[start..before(places.end)]
    }

    /// The record as given of the row at this place among the accepted ones, counted from 0.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    pub fn record(&self, index: usize) -> Record<'_> {
        self.batch.record(self.accepted[index] as usize)
    }

    /// The values of the row at this place, in the order of the table's columns.
    pub fn values(&self, index: usize) -> impl Iterator<Item = Value<'_>> {
        let record = self.record(index);
        let numbers = &self.numbers[index * self.table.columns.len()..];
        let cells = self.table.columns.iter().zip(numbers).enumerate();
        cells.map(move |(place, (column, bits))| match column.kind {
            Kind::Integer => Value::Integer(*bits as i64),
            Kind::Real => Value::Real(f64::from_bits(*bits)),
            Kind::Text => Value::Text(record.cell(place)),
        })
    }

    /// The id of the row at this place.
    pub fn id(&self, index: usize) -> i64 {
        self.integer(index, 0)
    }

    /// The number in a column of whole numbers of the row at this place.
    pub fn integer(&self, index: usize, column: usize) -> i64 {
        self.numbers[index * self.table.columns.len() + column] as i64
    }
}

impl Value<'_> {
    /// A number in 64 bits, to be read back as the kind of its column says; 0 for anything else.
    pub fn bits(self) -> u64 {
        match self {
            Value::Integer(number) => number as u64,
            Value::Real(number) => number.to_bits(),
            Value::Null | Value::Text(_) | Value::Blob(_) => 0,
        }
    }
}

#[cfg(test)]
impl Rows {
    /// A batch of which no record has been accepted yet.
    pub fn new(table: &'static Table, batch: Batch) -> Rows {
        Rows::checked(table, batch, Vec::new(), Vec::new(), Vec::new())
    }

    /// Accepts a record of the batch, given its place and the typed values of all its columns.
    pub fn accept<'v>(&mut self, record: usize, values: impl IntoIterator<Item = Value<'v>>) {
        self.accepted.push(record as u32);
        self.numbers.extend(values.into_iter().map(Value::bits));
    }
}

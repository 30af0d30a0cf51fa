//! Rows that follow the rules: their numbers are parsed, and their text stays in the batch they were read into.

use std::ops::Range;

use super::{Batch, Outcome, Record, offset};
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

/// A checked batch: the typed rows of the records that follow the rules, and the outcomes of the others. Positions are
/// those of the records in the batch, counted from 0.
#[derive(Debug)]
pub struct Rows {
    /// The table they belong to.
    pub table: &'static Table,
    /// The batch.
    pub batch: Batch,
    /// The [bits](Value::bits) of the cells of each record; meaningless for one that was not accepted.
    pub numbers: Vec<u64>,
    /// The positions of the accepted records, in ascending order.
    pub accepted: Vec<u32>,
    /// The outcomes of the other records, with their positions in ascending order.
    pub rejected: Vec<(u32, Outcome)>,
}

impl Rows {
    /// How much memory the rows and their batch take, in bytes.
    pub fn size(&self) -> usize {
        let rejected = self.rejected.iter().map(|(_, outcome)| outcome.size());
        self.batch.size()
            + size_of_val(self.accepted.as_slice())
            + size_of_val(self.numbers.as_slice())
            + rejected.sum::<usize>()
    }

    /// The positions of all records.
    pub fn positions(&self) -> Range<u32> {
        0..offset(self.batch.len())
    }

    /// The positions in this range whose records were accepted.
    pub fn accepted_at(&self, positions: &Range<u32>) -> &[u32] {
        within(&self.accepted, positions, |position| *position)
    }

    /// The outcomes of the records in this range that were not accepted.
    pub fn rejected_at(&self, positions: &Range<u32>) -> &[(u32, Outcome)] {
        within(&self.rejected, positions, |(position, _)| *position)
    }

    /// The record at this position, as given.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    pub fn record(&self, position: u32) -> Record<'_> {
        self.batch.record(position as usize)
    }

    /// The values of the row at this position, in the order of the table's columns.
    pub fn values(&self, position: u32) -> impl Iterator<Item = Value<'_>> {
        let record = self.record(position);
        let numbers = &self.numbers[position as usize * self.table.columns.len()..];
        let cells = self.table.columns.iter().zip(numbers).enumerate();
        cells.map(move |(index, (column, bits))| match column.kind {
            Kind::Integer => Value::Integer(*bits as i64),
            Kind::Real => Value::Real(f64::from_bits(*bits)),
            Kind::Text => Value::Text(record.cell(index)),
        })
    }

    /// The id of the row at this position.
    pub fn id(&self, position: u32) -> i64 {
        self.integer(position, 0)
    }

    /// The number in a column of whole numbers of the row at this position.
    pub fn integer(&self, position: u32, column: usize) -> i64 {
        self.numbers[position as usize * self.table.columns.len() + column] as i64
    }
}

/// The items whose positions are in this range, of items sorted by position.
fn within<'a, T>(items: &'a [T], positions: &Range<u32>, position: impl Fn(&T) -> u32) -> &'a [T] {
    let before = |end: u32| items.partition_point(|item| position(item) < end);
    &items[before(positions.start)..before(positions.end)]
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
        Rows {
            table,
            batch,
            numbers: Vec::new(),
            accepted: Vec::new(),
            rejected: Vec::new(),
        }
    }

    /// Accepts the next record of the batch, given the typed values of all its columns.
    pub fn accept<'v>(&mut self, position: usize, values: impl IntoIterator<Item = Value<'v>>) {
        self.accepted.push(position as u32);
        self.numbers.extend(values.into_iter().map(Value::bits));
    }
}

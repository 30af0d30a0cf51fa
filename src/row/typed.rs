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

/// The records of a batch, checked: those that follow the rules, typed, and what became of the others. A place is that
/// of a record in the batch.
#[derive(Debug)]
pub struct Rows {
    /// The table they belong to.
    pub table: &'static Table,
    /// The batch.
    pub batch: Batch,
    /// The [bits](Value::bits) of the cells of each record; of one that was not accepted they mean nothing.
    pub numbers: Vec<u64>,
    /// The places of the accepted records.
    pub accepted: Vec<u32>,
    /// The others, by their places.
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

    /// The places of all records.
    pub fn positions(&self) -> Range<u32> {
        0..offset(self.batch.len())
    }

    /// Those of these places whose records were accepted.
    pub fn accepted_at(&self, places: &Range<u32>) -> &[u32] {
        within(&self.accepted, places, |place| *place)
    }

    /// What became of the records at these places that were not accepted.
    pub fn rejected_at(&self, places: &Range<u32>) -> &[(u32, Outcome)] {
        within(&self.rejected, places, |(place, _)| *place)
    }

    /// The record at this place, as given.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    pub fn record(&self, place: u32) -> Record<'_> {
        self.batch.record(place as usize)
    }

    /// The values of the row at this place, in the order of the table's columns.
    pub fn values(&self, place: u32) -> impl Iterator<Item = Value<'_>> {
        let record = self.record(place);
        let numbers = &self.numbers[place as usize * self.table.columns.len()..];
        let cells = self.table.columns.iter().zip(numbers).enumerate();
        cells.map(move |(index, (column, bits))| match column.kind {
            Kind::Integer => Value::Integer(*bits as i64),
            Kind::Real => Value::Real(f64::from_bits(*bits)),
            Kind::Text => Value::Text(record.cell(index)),
        })
    }

    /// The id of the row at this place.
    pub fn id(&self, place: u32) -> i64 {
        self.integer(place, 0)
    }

    /// The number in a column of whole numbers of the row at this place.
    pub fn integer(&self, place: u32, column: usize) -> i64 {
        self.numbers[place as usize * self.table.columns.len() + column] as i64
    }
}

/// The items whose places are among these; they are in the order of their places.
fn within<'a, T>(items: &'a [T], places: &Range<u32>, place: impl Fn(&T) -> u32) -> &'a [T] {
    let before = |end: u32| items.partition_point(|item| place(item) < end);
    &items[before(places.start)..before(places.end)]
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
    pub fn accept<'v>(&mut self, place: usize, values: impl IntoIterator<Item = Value<'v>>) {
        self.accepted.push(place as u32);
        self.numbers.extend(values.into_iter().map(Value::bits));
    }
}

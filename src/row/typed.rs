//! Rows that follow the rules: their numbers are parsed, and their text stays in the batch they were read into.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::{Batch, Cell, Key, Keys, Outcome, OwnedValue, Reason, Record, Value, offset};
use crate::schema::{Kind, Table};

/// Rows to be checked: those of a CSV file, or stored ones. Positions count from 0.
pub trait RowSource {
    /// One of them.
    type Row<'a>: RowView<'a>
    where
        Self: 'a;

    /// How many there are.
    fn len(&self) -> usize;

    /// The row at this position.
    fn row(&self, position: usize) -> Self::Row<'_>;

    /// The values of all rows in one column, NULL where a cell stands for that, given whether the column is one of text.
    fn values(&self, column: usize, _is_text: bool) -> impl Iterator<Item = Value<'_>> {
        (0..self.len()).map(move |position| self.row(position).value(column))
    }

    /// Whether nothing is wrong with the row at this position as a whole.
    fn is_whole(&self, position: usize) -> bool {
        self.row(position).defect().is_none()
    }

    /// The line of the file where the row at this position starts; of a stored row, its rowid.
    fn line(&self, position: usize) -> u64;

    /// Whether all text is known to be UTF-8 without NUL.
    fn is_text(&self) -> bool;

    /// What separates the decimals of numbers that are text.
    fn decimal(&self) -> char {
        '.'
    }
}

/// A row to be checked.
pub trait RowView<'a>: Copy {
    /// What is wrong with it as a whole, if anything.
    fn defect(self) -> Option<Reason>;

    /// The value of a cell.
    fn value(self, column: usize) -> Value<'a>;

    /// The same, but NULL where the cell stands for that, given whether its column is one of text.
    fn value_or_null(self, column: usize, _is_text: bool) -> Value<'a> {
        self.value(column)
    }

    /// The name of the encoding that text had.
    fn encoding(self) -> &'static str {
        "UTF-8"
    }

    /// The text of the same cell, as reasons quote it.
    fn text(self, column: usize) -> Cow<'a, str>;

    /// The same in quotes, unless it is a number.
    fn quoted(self, column: usize, is_number: bool) -> String {
        let text = self.text(column);
        if is_number {
            text.into_owned()
        } else {
            format!("{text:?}")
        }
    }

    /// The values of some columns, as a sentence quotes them: several in brackets. `other` says what stands in a column
    /// that the row does not have.
    fn named<'v>(
        self,
        table: &Table,
        columns: &[usize],
        other: impl Fn(usize) -> Option<Value<'v>>,
    ) -> Box<str> {
        let values = columns.iter().map(|column| {
            if let Some(value) = other(*column) {
                return value.quoted();
            }
            let kind = table.columns[*column].kind;
            let text = self.quoted(*column, kind.is_number());
            // `+07` is 7.
            let whole = text.parse::<i64>().ok().filter(|_| kind == Kind::Integer);
            whole.map_or(text, |number| number.to_string())
        });
        in_brackets(values.collect()).into()
    }
}

impl RowSource for Batch {
    type Row<'a> = Record<'a>;

    fn len(&self) -> usize {
        Batch::len(self)
    }

    fn row(&self, position: usize) -> Record<'_> {
        self.record(position)
    }

    fn values(&self, column: usize, is_text: bool) -> impl Iterator<Item = Value<'_>> {
        Batch::values(self, column, is_text).map(|value| value.map_or(Value::Null, Value::Text))
    }

    fn is_whole(&self, position: usize) -> bool {
        Batch::is_whole(self, position)
    }

    fn line(&self, position: usize) -> u64 {
        Batch::line(self, position)
    }

    fn decimal(&self) -> char {
        self.header().notation.decimal
    }

    fn is_text(&self) -> bool {
        str::from_utf8(self.text()).is_ok() && memchr::memchr(0, self.text()).is_none()
    }
}

impl<'a> RowView<'a> for Record<'a> {
    fn defect(self) -> Option<Reason> {
        if let Some(defect) = self.defect {
            return Some(Reason::Defect(defect));
        }
        (!self.fits_header()).then(|| Reason::FieldCount {
            expected: self.header.expected(),
            found: self.found(),
        })
    }

    fn value(self, column: usize) -> Value<'a> {
        Value::Text(self.cell(column))
    }

    fn value_or_null(self, column: usize, is_text: bool) -> Value<'a> {
        Record::value(&self, column, is_text).map_or(Value::Null, Value::Text)
    }

    fn encoding(self) -> &'static str {
        self.header.notation.encoding
    }

    fn text(self, column: usize) -> Cow<'a, str> {
        String::from_utf8_lossy(self.cell(column))
    }
}

/// What identifies a stored row of a table, to read it back.
#[derive(Debug, Clone, PartialEq)]
pub enum RowId {
    /// SQLite's rowid.
    Rowid(i64),
    /// The values of the primary key.
    Key(Box<[OwnedValue]>),
}

/// What the rows of a batch refer to, by one of the table's references.
#[derive(Debug)]
pub enum ParentKeys {
    /// Whole numbers in this column, which are also the numbers of the parents.
    Integers(usize),
    /// Other keys.
    Encoded {
        /// The key of each row's parent, if it refers to one.
        keys: Keys,
        /// The numbers of the parents that are rows of the same run.
        numbers: Vec<Option<i64>>,
    },
}

/// The values of stored rows that rows of a batch replace, in some columns that the file does not have.
#[derive(Debug, Default)]
pub struct KeptValues {
    /// The columns.
    pub columns: Arc<[usize]>,
    /// By the positions of the rows, the values of these columns; `None` where no row with the same key was stored.
    pub rows: Vec<Option<Box<[OwnedValue]>>>,
}

impl KeptValues {
    /// The value of the stored row that the one at this position replaces, if this is one of the columns.
    pub fn value(&self, position: usize, column: usize) -> Option<Value<'_>> {
        let values = self.rows.get(position)?.as_deref()?;
        let index = self.columns.iter().position(|kept| *kept == column)?;
        Some(values[index].get())
    }

    fn size(&self) -> usize {
        let rows = self.rows.iter().flatten();
        let bytes = |value: &OwnedValue| match value {
            OwnedValue::Text(bytes) | OwnedValue::Blob(bytes) => bytes.len(),
            _ => 0,
        };
        let values =
            rows.map(|values| size_of_val(&**values) + values.iter().map(bytes).sum::<usize>());
        size_of_val(self.rows.as_slice()) + values.sum::<usize>()
    }

    /// Whether the row at this position replaces a stored one.
    pub fn is_stored(&self, position: u32) -> bool {
        matches!(self.rows.get(position as usize), Some(Some(_)))
    }
}

/// A checked batch: the typed rows of the records that follow the rules, and the outcomes of the others. Positions are
/// those of the records in the batch, counted from 0.
#[derive(Debug)]
pub struct Rows {
    /// The table they belong to.
    pub table: &'static Table,
    /// The batch.
    pub batch: Batch,
    /// The cells of each record, in the order of the table's columns; meaningless for one that was not accepted.
    pub cells: Vec<Cell>,
    /// The bytes of blobs.
    pub blobs: Vec<u8>,
    /// The defaults of the columns that the file does not have.
    pub defaults: Arc<[OwnedValue]>,
    /// The number of each record's row: its key, if that is a single whole number. It stands for the row where rows
    /// wait for each other.
    pub numbers: Vec<i64>,
    /// What they refer to, in the order of the table's references.
    pub parents: Vec<ParentKeys>,
    /// Whether they are to be written together, because they refer to each other.
    pub together: bool,
    /// Whether rows are identified by all the values that the file has, because there is no primary key among them.
    pub keyed_by_all_columns: bool,
    /// `Some` if rows replace stored ones with the same key; then for each column the tables that refer to it, if any.
    pub updates: Option<Arc<[Option<Arc<str>>]>>,
    /// The values of replaced rows that stay as they are stored, as far as rules depend on them.
    pub kept: KeptValues,
    /// The rows that are known to be stored already in such a table, with their rowids. Sorted by position.
    pub stored: Vec<(u32, i64)>,
    /// The positions of the accepted records, in ascending order.
    pub accepted: Vec<u32>,
    /// The outcomes of the other records, with their positions in ascending order.
    pub rejected: Vec<(u32, Outcome)>,
}

impl Rows {
    /// How much memory the rows and their batch take, in bytes.
    pub fn size(&self) -> usize {
        let rejected = self.rejected.iter().map(|(_, outcome)| outcome.size());
        let parents = self.parents.iter();
        self.batch.size()
            + self.blobs.len()
            + size_of_val(self.accepted.as_slice())
            + size_of_val(self.cells.as_slice())
            + size_of_val(self.numbers.as_slice())
            + size_of_val(self.stored.as_slice())
            + self.kept.size()
            + parents.map(ParentKeys::size).sum::<usize>()
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
        let width = self.table.columns.len();
        let cells = &self.cells[position as usize * width..][..width];
        let cells = cells.iter().enumerate();
        cells.map(move |(column, cell)| match *cell {
            Cell::Text => Value::Text(record.cell(column)),
            cell => self.without_text(cell, column),
        })
    }

    /// The value of a cell that is not text.
    fn without_text(&self, cell: Cell, column: usize) -> Value<'_> {
        match cell {
            Cell::Integer(number) => Value::Integer(number),
            Cell::Real(number) => Value::Real(number),
            Cell::Blob(start, end) => Value::Blob(&self.blobs[start as usize..end as usize]),
            Cell::Default => self.defaults[column].get(),
            Cell::Text | Cell::Null | Cell::Invalid => Value::Null,
        }
    }

    /// Whether the file has the table's column with this index.
    pub fn has(&self, column: usize) -> bool {
        self.cells.get(column) != Some(&Cell::Default)
    }

    /// The value of the row at this position in one column.
    pub fn value(&self, position: u32, column: usize) -> Value<'_> {
        match self.cells[position as usize * self.table.columns.len() + column] {
            Cell::Text => Value::Text(self.record(position).cell(column)),
            cell => self.without_text(cell, column),
        }
    }

    /// The same, or what stays there of the stored row that it replaces, as far as that is known.
    pub fn value_or_kept(&self, position: u32, column: usize) -> Value<'_> {
        let kept = self.kept.value(position as usize, column);
        kept.unwrap_or_else(|| self.value(position, column))
    }

    /// The number of the row at this position.
    pub fn number(&self, position: u32) -> i64 {
        self.numbers[position as usize]
    }

    /// Whether the row at this position is known to be stored already.
    pub fn is_stored(&self, position: u32) -> bool {
        let stored = self
            .stored
            .binary_search_by_key(&position, |(stored, _)| *stored);
        stored.is_ok()
    }

    /// What identifies the row at this position, given the rowids of rows that were inserted just now. Both are sorted
    /// by position. `None` if it was not inserted and is not known to be stored.
    pub fn row_id(&self, position: u32, inserted: &[(u32, i64)]) -> Option<RowId> {
        let Some(key) = self
            .table
            .primary_key()
            .filter(|_| !self.keyed_by_all_columns)
        else {
            let rowid = |rowids: &[(u32, i64)]| {
                let index = rowids.binary_search_by_key(&position, |(position, _)| *position);
                index.ok().map(|index| RowId::Rowid(rowids[index].1))
            };
            return rowid(&self.stored).or_else(|| rowid(inserted));
        };
        let rowid = self
            .table
            .rowid_key()
            .map(|column| self.value(position, column));
        if let Some(Value::Integer(rowid)) = rowid {
            return Some(RowId::Rowid(rowid));
        }
        let values = key
            .columns
            .iter()
            .map(|column| self.value(position, *column).into());
        Some(RowId::Key(values.collect()))
    }

    /// The values of some columns of the row at this position, as given, as a sentence quotes them.
    pub fn named(&self, columns: &[usize], position: u32) -> Box<str> {
        let other = |column| (!self.has(column)).then(|| self.value_or_kept(position, column));
        self.record(position).named(self.table, columns, other)
    }

    /// The key that the row at this position refers to through this reference, if it refers to a row.
    pub fn parent_key(&self, reference: usize, position: u32) -> Option<Key<'_>> {
        match &self.parents[reference] {
            ParentKeys::Integers(column) => self.integer(position, *column).map(Key::Integer),
            ParentKeys::Encoded { keys, .. } => keys.get(position as usize),
        }
    }

    /// The number of the row of the same run that it refers to, if there is one.
    pub fn parent_number(&self, reference: usize, position: u32) -> Option<i64> {
        match &self.parents[reference] {
            ParentKeys::Integers(column) => self.integer(position, *column),
            ParentKeys::Encoded { numbers, .. } => numbers[position as usize],
        }
    }

    fn integer(&self, position: u32, column: usize) -> Option<i64> {
        match self.cells[position as usize * self.table.columns.len() + column] {
            Cell::Integer(number) => Some(number),
            _ => None,
        }
    }
}

impl ParentKeys {
    fn size(&self) -> usize {
        match self {
            ParentKeys::Integers(_) => 0,
            ParentKeys::Encoded { keys, numbers } => keys.size() + size_of_val(numbers.as_slice()),
        }
    }
}

/// Several values in brackets, or a single one as it is.
pub fn in_brackets(mut values: Vec<String>) -> String {
    match values.len() {
        1 => values.remove(0),
        _ => format!("({})", values.join(", ")),
    }
}

/// The items whose positions are in this range, of items sorted by position.
fn within<'a, T>(items: &'a [T], positions: &Range<u32>, position: impl Fn(&T) -> u32) -> &'a [T] {
    let before = |end: u32| items.partition_point(|item| position(item) < end);
    &items[before(positions.start)..before(positions.end)]
}

#[cfg(test)]
impl Rows {
    /// A batch of which no record has been accepted yet.
    pub fn new(table: &'static Table, batch: Batch) -> Rows {
        Rows {
            table,
            batch,
            cells: Vec::new(),
            blobs: Vec::new(),
            defaults: [].into(),
            numbers: Vec::new(),
            parents: Vec::new(),
            together: false,
            keyed_by_all_columns: false,
            updates: None,
            kept: KeptValues::default(),
            stored: Vec::new(),
            accepted: Vec::new(),
            rejected: Vec::new(),
        }
    }

    /// Accepts the next record of the batch, given the typed values of all its columns, the first of which is its id.
    pub fn accept<'v>(&mut self, position: usize, values: impl IntoIterator<Item = Value<'v>>) {
        self.accepted.push(position as u32);
        let cells = values.into_iter().map(|value| match value {
            Value::Integer(number) => Cell::Integer(number),
            Value::Real(number) => Cell::Real(number),
            Value::Text(_) => Cell::Text,
            _ => Cell::Null,
        });
        let start = self.cells.len();
        self.cells.extend(cells);
        if let Cell::Integer(id) = self.cells[start] {
            self.numbers.resize(position, 0);
            self.numbers.push(id);
        }
    }
}

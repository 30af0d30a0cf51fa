//! The rules: a record becomes a typed row, or the list of the rules that it breaks. No files, no stored data; SQLite
//! only evaluates expressions of the schema, in memory.

mod evaluate;
mod ids;
mod key_map;
mod parse;
mod typing;
mod used;
mod value_rules;
mod waiting;

use std::sync::Arc;

use crate::row::{
    Batch, Cell, Header, KeptValues, Keys, Outcome, OwnedValue, Reason, RowSource, RowView, Rows,
    Value,
};
use crate::schema::{Kind, Rule, Table};

use evaluate::{Converter, Evaluation, Evaluator};
use typing::{Typed, TypedParents};
use used::Used;
pub use used::{AllKeys, UsedKeys};
use value_rules::{is_blank, is_broken};
use waiting::Waiting;

/// Whether the row exists that another one refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    /// It does not.
    Missing,
    /// It is stored.
    Stored,
    /// It is the row of this run with this number.
    Accepted(i64),
    /// It does not, but this run may assign the same key to another row.
    MadeUp,
    /// Unknown: not all rows of its table could be read, and it is not among those that could.
    Unread,
    /// That is not known.
    Unknown,
}

impl Existence {
    /// Whether it is known to exist.
    fn is_found(self) -> bool {
        matches!(self, Existence::Stored | Existence::Accepted(_))
    }
}

/// Whether rows exist that others refer to.
#[derive(Debug)]
pub struct Found {
    /// For each row that refers to one.
    pub rows: Vec<Existence>,
    /// Why that is not known of some.
    pub unknown: Option<Reason>,
}

/// Finds the rows that others refer to.
pub trait Parents {
    /// Whether the rows exist that one of the table's references, given its index, refers to by these keys. The
    /// positions without a key do not matter.
    fn find(&self, reference: usize, keys: &Keys) -> Found;

    /// The stored values of these columns for rows of this table with these primary keys; `None` for a row that is not
    /// stored.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    fn kept(
        &self,
        _columns: &[usize],
        keys: &[Box<[OwnedValue]>],
    ) -> Result<Vec<Option<Box<[OwnedValue]>>>, Reason> {
        Ok(vec![None; keys.len()])
    }
}

/// Checks the rows of one table. It remembers the keys that were used.
#[derive(Debug)]
pub struct Rules {
    table: &'static Table,
    /// The table of each reference.
    parents: Vec<&'static Table>,
    /// Turns the values of each reference into those of its parent's columns, where that makes a difference.
    converters: Vec<Option<Converter>>,
    evaluator: Option<Evaluator>,
    used: Used,
    /// The values of the columns that the file does not have.
    defaults: Arc<[OwnedValue]>,
    /// Which columns the file does not have.
    absent: Vec<bool>,
    /// See [`Rows::updates`].
    updates: Option<Arc<[Option<Arc<str>>]>>,
    /// The columns that the file does not have whose stored values are needed to check a row that replaces a stored one.
    kept_columns: Arc<[usize]>,
    /// For each column, the rules for its values by themselves.
    value_rules: Vec<Vec<Rule>>,
    /// The rules that depend on the rows before: unique keys, and references to rows of the same table.
    sequential: Vec<Rule>,
    /// The indexes of the references that go to the table itself.
    own_references: Vec<usize>,
    waiting: Waiting,
}

/// Where the rows to be checked come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The file of a load that goes on. Rows that refer to rows of the same table may wait for these.
    Input,
    /// The end of a load, and whether its file was read to the end. No row can wait any longer.
    EndOfInput { complete: bool },
    /// A database. Nobody waits, because all rows are known.
    Database,
}

/// What a row is as far as the rules are concerned.
enum Verdict {
    /// It follows the rules.
    Accepted,
    /// It does not, or that is unknown.
    Rejected(Outcome),
    /// Whether it follows the rules depends on rows that have not been read yet, or that are waiting themselves. If it
    /// is not `valid_so_far`, it breaks another rule anyway, but not all of its reasons are known yet.
    Waiting { valid_so_far: bool },
}

impl Rules {
    /// The rules of a table before its first row. `parents` are the tables that its references go to. With `unique`,
    /// keys that the schema declares unique "on request" are enforced. Without a `header`, the rows are stored ones.
    ///
    /// # Errors
    ///
    /// If SQLite does not accept an expression of the schema.
    pub fn new(
        table: &'static Table,
        parents: Vec<&'static Table>,
        unique: bool,
        header: Option<&Header>,
    ) -> rusqlite::Result<Rules> {
        let columns = 0..table.columns.len();
        let absent = columns.map(|column| {
            let is_in_file = header.is_none_or(|header| header.has(column));
            !is_in_file || header.is_some() && table.columns[column].generated
        });
        let absent: Vec<_> = absent.collect();
        let defaults =
            table
                .columns
                .iter()
                .zip(&absent)
                .map(|(column, absent)| match column.default {
                    Some(default) if *absent => {
                        default_value(column.kind, column.declared, default)
                    }
                    _ => Ok(OwnedValue::Null),
                });
        let references = table.references.iter().zip(&parents);
        let converters = references.map(|(reference, parent)| {
            let key = &parent.keys[reference.key];
            let kind = |(child, column): (&usize, &usize)| {
                table.columns[*child]
                    .kind
                    .is_stored_like(parent.columns[*column].kind)
            };
            if reference.columns.iter().zip(key.columns).all(kind) {
                return Ok(None);
            }
            Converter::new(key.columns.iter().map(|column| &parent.columns[*column])).map(Some)
        });
        let used = Used::new(table, unique, header.map(|_| &absent[..]));
        let rules = table.columns.iter().flat_map(|column| column.rules);
        let is_own = |reference: usize| table.references[reference].parent == table.name;
        let sequential = rules.chain(table.rules).filter(|rule| match rule {
            Rule::Unique(key) => used.enforces(*key),
            Rule::Exists(reference) => is_own(*reference),
            _ => false,
        });
        let value_rules = table.columns.iter().map(|column| {
            let rules = column.rules.iter().copied();
            // An empty cell that is not of text is NULL.
            let may_be_broken = |rule: &Rule| *rule != Rule::NotEmpty || column.kind.is_text();
            let rules = rules.filter(|rule| rule.is_about_value());
            rules.filter(may_be_broken).collect()
        });
        let references = 0..table.references.len();
        Ok(Rules {
            value_rules: value_rules.collect(),
            sequential: sequential.copied().collect(),
            own_references: references.filter(|reference| is_own(*reference)).collect(),
            converters: converters.collect::<Result<_, _>>()?,
            evaluator: Evaluator::new(table)?,
            used,
            defaults: defaults.collect::<Result<_, _>>()?,
            absent,
            updates: None,
            kept_columns: [].into(),
            waiting: Waiting::new(table),
            table,
            parents,
        })
    }

    /// From now on, rows replace stored ones with the same key. `referring` holds, for each column, the tables that
    /// refer to it; `kept_columns` are the columns missing from the file that rules of other columns depend on.
    pub fn update_stored(&mut self, referring: Arc<[Option<Arc<str>>]>, kept_columns: Vec<usize>) {
        self.updates = Some(referring);
        self.kept_columns = kept_columns.into();
    }

    /// The columns of stored rows that [`note_stored`](Rules::note_stored) needs before the first row is checked; `None` if
    /// it needs no rows.
    pub fn stored_columns(&self) -> Option<Vec<usize>> {
        self.used.stored_columns()
    }

    /// Notes which keys stored rows have, whose lines are their rowids. The first row with a key keeps it.
    pub fn note_stored(&mut self, rows: &impl RowSource) -> rusqlite::Result<()> {
        let all: Vec<_> = (0..rows.len()).collect();
        let has_filters = self.table.keys.iter().any(|key| key.filter.is_some());
        let evaluation = match &self.evaluator {
            Some(evaluator) if has_filters => {
                evaluator.evaluate(&all, |position, column| rows.row(position).value(column))?
            }
            _ => Evaluation::default(),
        };
        let keys = self.used.keys(
            rows.len(),
            |position, column| rows.row(position).value(column),
            |position, key| evaluation.counts(position, key),
        );
        for position in all {
            let rowid = rows.line(position) as i64;
            self.used.note_stored(&keys, position, rowid);
        }
        Ok(())
    }

    /// See [`Used::greatest_stored_id`].
    pub fn greatest_stored_id(&self) -> Option<i64> {
        self.used.greatest_stored_id()
    }

    /// The keys that rows have used, by the indexes of the keys, once all rows have been checked.
    pub fn take_used(&mut self) -> Vec<UsedKeys> {
        self.used.take()
    }

    /// Checks the records of a batch, except for those whose validity depends on later rows:
    /// [`check_waiting`](Rules::check_waiting) returns these.
    ///
    /// # Errors
    ///
    /// If SQLite fails to evaluate expressions in memory.
    pub fn check_batch(&mut self, batch: Batch, parents: &impl Parents) -> rusqlite::Result<Rows> {
        let mut typed = self.type_rows(&batch, parents, Source::Input)?;
        let mut result = Checked::of(batch.len());
        for position in 0..batch.len() {
            let verdict = self.check(&mut typed, position);
            if let Verdict::Waiting { valid_so_far } = verdict {
                let keys = typed.keys.all(position).filter(|_| valid_so_far);
                self.waiting.add(batch.record(position), keys);
            }
            self.settle(&mut typed, position, verdict, &mut result);
        }
        let typed = (typed.cells, typed.blobs, typed.parents, typed.kept);
        Ok(self.rows(batch, typed, result))
    }

    /// Checks the records that waited for others of the same table, now that all have been read; `complete` says
    /// whether that is so. `None` if there are none.
    ///
    /// # Errors
    ///
    /// If SQLite fails to evaluate expressions in memory.
    pub fn check_waiting(
        &mut self,
        parents: &impl Parents,
        complete: bool,
    ) -> rusqlite::Result<Option<Rows>> {
        let Some(batch) = self.waiting.take() else {
            return Ok(None);
        };
        let mut typed = self.type_rows(&batch, parents, Source::EndOfInput { complete })?;
        let mut result = Checked::of(batch.len());
        let mut rest = Vec::new();
        let valid = self.jointly_valid(&mut typed, batch.len());
        for position in 0..batch.len() {
            if valid.binary_search(&position).is_ok() {
                self.settle(&mut typed, position, Verdict::Accepted, &mut result);
            } else {
                rest.push(position);
            }
        }
        // Rows that were dropped to resolve conflicts may be valid after all.
        loop {
            let before = rest.len();
            rest.retain(|position| {
                let verdict = self.check(&mut typed, *position);
                let fits = matches!(verdict, Verdict::Accepted);
                if fits {
                    self.settle(&mut typed, *position, verdict, &mut result);
                }
                !fits
            });
            if rest.len() == before {
                break;
            }
        }
        for position in rest {
            let verdict = self.check(&mut typed, position);
            self.settle(&mut typed, position, verdict, &mut result);
        }
        for position in &result.accepted {
            // The row may refer to one that was accepted later.
            self.find_own_parents(&mut typed, *position as usize);
        }
        result.accepted.sort_unstable();
        result.rejected.sort_by_key(|(position, _)| *position);
        result.stored.sort_unstable();
        let typed = (typed.cells, typed.blobs, typed.parents, typed.kept);
        let rows = self.rows(batch, typed, result);
        Ok(Some(Rows {
            together: true,
            ..rows
        }))
    }

    /// Checks stored rows, and calls `each` with the position of every row that breaks rules, and with the reasons.
    ///
    /// # Errors
    ///
    /// If SQLite fails to evaluate expressions in memory.
    pub fn check_stored(
        &mut self,
        rows: &impl RowSource,
        parents: &impl Parents,
        mut each: impl FnMut(usize, &[Reason]),
    ) -> rusqlite::Result<()> {
        let mut typed = self.type_rows(rows, parents, Source::Database)?;
        for position in 0..rows.len() {
            if let Verdict::Rejected(Outcome::Skipped(reasons) | Outcome::Failed(reasons)) =
                self.check(&mut typed, position)
            {
                each(position, &reasons);
            }
        }
        Ok(())
    }

    fn rows(
        &self,
        batch: Batch,
        (cells, blobs, parents, kept): (Vec<Cell>, Vec<u8>, Vec<TypedParents>, KeptValues),
        result: Checked,
    ) -> Rows {
        Rows {
            table: self.table,
            batch,
            cells,
            blobs,
            defaults: Arc::clone(&self.defaults),
            numbers: result.numbers,
            parents: (self.table.references.iter().zip(parents))
                .map(|(reference, parents)| parents.into_keys(reference))
                .collect(),
            together: false,
            keyed_by_all_columns: self.used.is_keyed_by_all_columns(),
            updates: self.updates.clone(),
            kept,
            stored: result.stored,
            accepted: result.accepted,
            rejected: result.rejected,
        }
    }

    /// Notes what became of a row, which uses its keys from now on if it was accepted.
    fn settle<G: RowSource>(
        &mut self,
        typed: &mut Typed<G>,
        position: usize,
        verdict: Verdict,
        result: &mut Checked,
    ) {
        match verdict {
            Verdict::Accepted => {
                let line = typed.given.line(position);
                let (number, rowid) = self.used.accept(&typed.keys, position, line);
                if !self.own_references.is_empty() {
                    // Only now is the number of a row that refers to itself known.
                    self.find_own_parents(typed, position);
                }
                result.numbers[position] = number;
                if let Some(rowid) = rowid {
                    result.stored.push((position as u32, rowid));
                }
                result.accepted.push(position as u32);
            }
            Verdict::Rejected(outcome) => result.rejected.push((position as u32, outcome)),
            Verdict::Waiting { .. } => {}
        }
    }

    /// Checks one row against all rules.
    fn check<G: RowSource>(&self, typed: &mut Typed<G>, position: usize) -> Verdict {
        let mut sequential = self.sequential.iter();
        if typed.sound[position] && sequential.all(|rule| self.is_met(typed, position, *rule)) {
            Verdict::Accepted
        } else {
            self.check_closely(typed, position)
        }
    }

    /// Whether a row certainly follows one of the sequential rules.
    fn is_met<G: RowSource>(&self, typed: &Typed<G>, position: usize, rule: Rule) -> bool {
        match rule {
            Rule::Unique(key) => typed.keys.get(position, key).is_none_or(|value| {
                let own = || self.own_number(typed, position);
                let waits = typed.source == Source::Input && self.waiting.claims(key, value);
                !waits && self.used.owner(key, value, own).is_none()
            }),
            Rule::Exists(reference) => {
                let parents = &typed.parents[reference];
                let index = self.table.references[reference].key;
                let existence = parents.found.rows[position];
                (parents.keys.get(position)).is_none_or(|key| match typed.source {
                    Source::Database => existence.is_found(),
                    _ => existence == Existence::Stored || self.used.find(index, key).is_some(),
                })
            }
            _ => false,
        }
    }

    fn own_number<G: RowSource>(&self, typed: &Typed<G>, position: usize) -> Option<i64> {
        let line = typed.given.line(position);
        self.used.number_of(&typed.keys, position, line)
    }

    /// Checks one row against all rules, and says which ones it breaks.
    fn check_closely<'a, G: RowSource>(
        &self,
        typed: &mut Typed<'a, G>,
        position: usize,
    ) -> Verdict {
        let given: &'a G = typed.given;
        let row = given.row(position);
        if let Some(reason) = row.defect() {
            return Verdict::Rejected(Outcome::skipped(reason));
        }
        let mut check = RowCheck {
            position,
            violations: Vec::new(),
            unknown: typed.unknown.iter().cloned().collect(),
            waits: false,
        };
        for (index, column) in self.table.columns.iter().enumerate() {
            let cell = typed.cell(position, index);
            if let Cell::Invalid = cell {
                check
                    .violations
                    .push(self.unparsable(given, position, index));
                continue;
            }
            for rule in column.rules {
                if !is_broken(*rule, cell, row.value(index)) {
                    self.follow(typed, &mut check, *rule);
                    continue;
                }
                let text = || row.text(index).into();
                check.violations.push(match rule {
                    Rule::Positive => Reason::NotPositive(column.name, text()),
                    Rule::Email => Reason::NotEmail(column.name, text()),
                    _ => Reason::Empty(column.name),
                });
                if let Rule::NotEmpty = rule {
                    break;
                }
            }
        }
        for rule in self.table.rules {
            self.follow(typed, &mut check, *rule);
        }
        if let Some(why) = typed.evaluation.unknown(position) {
            let why = format!("a unique index could not be evaluated: {why}");
            check.violations.push(Reason::failure(why));
        }
        let valid_so_far = check.violations.is_empty() && check.unknown.is_empty();
        if check.waits {
            Verdict::Waiting { valid_so_far }
        } else if !check.violations.is_empty() {
            Verdict::Rejected(Outcome::Skipped(check.violations.into()))
        } else if !check.unknown.is_empty() {
            Verdict::Rejected(Outcome::Failed(check.unknown.into()))
        } else {
            Verdict::Accepted
        }
    }

    /// Checks a rule that concerns more than a value by itself.
    fn follow<G: RowSource>(&self, typed: &mut Typed<G>, check: &mut RowCheck, rule: Rule) {
        let position = check.position;
        match rule {
            Rule::Unique(key) => self.is_unique(typed, check, key),
            Rule::Exists(reference) => self.exists(typed, check, reference),
            Rule::Holds(index) => {
                let cells = &typed.cells[position * typed.width..][..typed.width];
                if !cells.contains(&Cell::Invalid)
                    && let Some(why) = typed.evaluation.failure(position, index)
                {
                    let check_failed = Reason::Check(&self.table.checks[index], why);
                    check.violations.push(check_failed);
                }
            }
            Rule::Positive | Rule::NotEmpty | Rule::Email => {}
        }
    }

    fn is_unique<G: RowSource>(&self, typed: &Typed<G>, check: &mut RowCheck, key: usize) {
        let position = check.position;
        let Some(value) = typed.keys.get(position, key) else {
            return;
        };
        let own = || self.own_number(typed, position);
        if let Some(by) = self.used.owner(key, value, own) {
            let columns = self.table.keys[key].columns;
            check.violations.push(Reason::Used {
                table: self.table,
                columns,
                by,
            });
        } else if typed.source == Source::Input {
            check.waits |= self.waiting.claims(key, value);
        }
    }

    fn exists<G: RowSource>(&self, typed: &mut Typed<G>, check: &mut RowCheck, index: usize) {
        let position = check.position;
        let reference = &self.table.references[index];
        let parents = &mut typed.parents[index];
        let Some(key) = parents.keys.get(position) else {
            return;
        };
        let columns = reference.columns;
        let mut existence = parents.found.rows[position];
        if reference.parent == self.table.name && typed.source != Source::Database {
            if self.used.find(reference.key, key).is_some() {
                return;
            }
            if matches!(existence, Existence::Missing | Existence::Accepted(_)) {
                if typed.is_own_key(self.table, index, position) {
                    return;
                }
                match typed.source {
                    Source::Input => {
                        check.waits = true;
                        return;
                    }
                    Source::EndOfInput { complete: false } => existence = Existence::Unread,
                    _ => existence = Existence::Missing,
                }
            }
        }
        let (table, parent) = (self.table, reference.parent);
        match existence {
            Existence::Stored | Existence::Accepted(_) => {}
            Existence::Missing | Existence::MadeUp => check.violations.push(Reason::Missing {
                table,
                columns,
                parent,
                made_up: existence == Existence::MadeUp,
            }),
            Existence::Unread => check.unknown.push(Reason::NotInserted {
                table,
                columns,
                parent,
            }),
            Existence::Unknown => {
                let reason = typed.parents[index].found.unknown.clone();
                check.unknown.push(
                    reason.unwrap_or_else(|| Reason::failure("the reference could not be checked")),
                );
            }
        }
    }

    /// Which row of the run each row refers to in its own table.
    fn find_own_parents<G: RowSource>(&self, typed: &mut Typed<G>, position: usize) {
        for index in &self.own_references {
            let parents = &mut typed.parents[*index];
            if let Some(key) = parents.keys.get(position) {
                let reference = &self.table.references[*index];
                parents.own[position] = self.used.find(reference.key, key);
            }
        }
    }

    /// What is wrong with a cell that is not of its column's kind, or is NULL where it may not be.
    fn unparsable(&self, given: &impl RowSource, position: usize, index: usize) -> Reason {
        let row = given.row(position);
        let column = &self.table.columns[index];
        let (name, kind) = (column.name, column.kind);
        let value = row.value_or_null(index, kind.is_text());
        match value {
            Value::Null if column.required => return Reason::Empty(name),
            Value::Text(bytes) if str::from_utf8(bytes).is_err() => {
                return Reason::NotValid(name, row.encoding());
            }
            Value::Text(bytes) if bytes.contains(&0) => return Reason::Nul(name),
            Value::Text(bytes) if column.rules.contains(&Rule::NotEmpty) && is_blank(bytes) => {
                return Reason::Empty(name);
            }
            _ => {}
        }
        let text = row.text(index);
        match value {
            Value::Text(_) if parse::is_out_of_range(kind, &text, given.decimal()) => {
                Reason::OutOfRange(name, text.into())
            }
            _ => Reason::WrongKind(name, kind, row.quoted(index, false).into()),
        }
    }
}

/// What is known about one row while it is checked.
struct RowCheck {
    position: usize,
    violations: Vec<Reason>,
    unknown: Vec<Reason>,
    waits: bool,
}

/// What became of the rows of a batch.
struct Checked {
    numbers: Vec<i64>,
    stored: Vec<(u32, i64)>,
    accepted: Vec<u32>,
    rejected: Vec<(u32, Outcome)>,
}

impl Checked {
    /// Nothing is known yet about this many rows.
    fn of(rows: usize) -> Checked {
        Checked {
            numbers: vec![0; rows],
            stored: Vec::new(),
            accepted: Vec::with_capacity(rows),
            rejected: Vec::new(),
        }
    }
}

/// Whether a column of this kind and declared type can use this default when the file lacks the column: SQLite must
/// store it as a value of that kind, and it must be the same for all rows.
pub fn is_usable_default(kind: Kind, declared: &str, default: &str) -> bool {
    let lower = default.to_ascii_lowercase();
    if ["random", "randomblob"]
        .iter()
        .any(|function| lower.contains(function))
    {
        return false;
    }
    default_value(kind, declared, default).is_ok_and(|value| {
        let value = value.get();
        value == Value::Null || parse::typed(kind, value, &mut Vec::new()) != Cell::Invalid
    })
}

/// The value of a column that the file does not have, given its default.
fn default_value(kind: Kind, declared: &str, default: &str) -> rusqlite::Result<OwnedValue> {
    let value = evaluate::constant(default, declared)?;
    let OwnedValue::Text(text) = &value else {
        return Ok(value);
    };
    let mut blobs = Vec::new();
    Ok(match parse::parse(kind, text, '.', false, &mut blobs) {
        Cell::Integer(number) => OwnedValue::Integer(number),
        Cell::Real(number) => OwnedValue::Real(number),
        Cell::Blob(..) => OwnedValue::Blob(blobs.into()),
        _ => value,
    })
}

#[cfg(test)]
mod tests;

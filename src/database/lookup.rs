//! Looking up many keys at once.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, ToSql};

use super::Database;
use super::problem::Problem;
use super::reader::Reader;
use super::stored::StoredRow;
use crate::row::{Key, Outcome, OwnedValue, Reason, Rows, Value, encode, fold};
use crate::schema::{self, Collation, Kind, Table, quoted};

/// How many keys one statement looks up: from about 25 on, the overhead of a statement is small compared with its rows.
const KEYS_PER_STATEMENT: usize = 50;

impl Reader {
    /// Which of these values of one of the table's keys, given its index, are stored; see [`stored`].
    pub fn stored(&self, key: usize, values: &[Key]) -> Result<Vec<bool>, Problem> {
        self.reading(|connection| stored(connection, self.table, key, values))
    }

    /// What is stored in these columns of rows with these primary keys; `None` for a row that is not there.
    pub fn values(
        &self,
        columns: &[usize],
        keys: &[Box<[OwnedValue]>],
    ) -> Result<Vec<Option<Box<[OwnedValue]>>>, Problem> {
        let table = self.table;
        let mut found = vec![None; keys.len()];
        let Some(key) = table.primary_key() else {
            return Ok(found);
        };
        let names = columns
            .iter()
            .map(|column| quoted(table.columns[*column].name));
        let names = names.collect::<Vec<_>>().join(", ");
        let values = |index: usize| keys[index].iter().map(OwnedValue::get);
        self.reading(|connection| {
            look_up(
                connection,
                table,
                key,
                keys.len(),
                values,
                &names,
                |index, stored| {
                    let values = (0..columns.len()).map(|column| stored.value(column).into());
                    found[index] = Some(values.collect());
                },
            )
        })?;
        Ok(found)
    }

    /// Whether more rows than this are stored.
    pub fn has_more_rows_than(&self, rows: u64) -> Result<bool, Problem> {
        let table = self.table.sql_name();
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} LIMIT 1 OFFSET {rows})");
        self.reading(|connection| connection.query_row(&sql, [], |row| row.get(0)))
    }

    /// What is stored already under the keys of the rows at these positions, without those that are not; see [`compare`].
    pub fn compare(&self, rows: &Rows, positions: &[u32]) -> Result<Vec<(u32, Outcome)>, Problem> {
        let outcomes = self.reading(|connection| compare(connection, rows, positions))?;
        Ok(of_stored(positions, outcomes))
    }
}

impl Database {
    /// The same as [`Reader::stored`], and what is stored is on disk.
    pub fn stored(&self, table: &Table, key: usize, values: &[Key]) -> Result<Vec<bool>, Problem> {
        let reader = self.reader(table);
        let any = |stored: &Vec<bool>| stored.contains(&true);
        self.durably(reader, any, |connection| {
            stored(connection, reader.table, key, values)
        })
    }

    /// The same as [`Reader::compare`], and what is stored is on disk.
    pub fn compare(&self, rows: &Rows, positions: &[u32]) -> Result<Vec<(u32, Outcome)>, Problem> {
        let any = |outcomes: &Vec<_>| outcomes.iter().any(Option::is_some);
        let look_up = |connection: &Connection| compare(connection, rows, positions);
        let outcomes = self.durably(self.reader(rows.table), any, look_up)?;
        Ok(of_stored(positions, outcomes))
    }

    /// Looks up rows, and returns once those that were found are on disk.
    fn durably<T>(
        &self,
        reader: &Reader,
        any: impl Fn(&T) -> bool,
        look_up: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Problem> {
        let look_up = |connection: &Connection| Ok((look_up(connection)?, version(connection)?));
        let (found, version) = reader.reading(look_up)?;
        if any(&found) {
            self.sync_version(reader, version)?;
        }
        Ok(found)
    }
}

/// Which of these values of one of the table's keys, given its index, are stored. Fastest if they are sorted.
fn stored(
    connection: &Connection,
    table: &Table,
    key: usize,
    values: &[Key],
) -> rusqlite::Result<Vec<bool>> {
    let mut stored = vec![false; values.len()];
    let key = &table.keys[key];
    if key.is_primary() {
        let values = |index: usize| values[index].values();
        look_up(
            connection,
            table,
            key,
            stored.len(),
            values,
            "1",
            |index, _| {
                stored[index] = true;
            },
        )?;
    } else {
        scan(connection, table, key, values, |index| stored[index] = true)?;
    }
    Ok(stored)
}

/// Changes with every commit of another connection. Answers on different connections cannot be compared
/// (<https://www.sqlite.org/pragma.html#pragma_data_version>).
pub fn version(connection: &Connection) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached("PRAGMA data_version")?;
    statement.query_row([], |row| row.get(0))
}

/// The outcomes of the rows at these positions that are stored, each with its position.
fn of_stored(positions: &[u32], outcomes: Vec<Option<Outcome>>) -> Vec<(u32, Outcome)> {
    let outcomes = positions.iter().zip(outcomes);
    outcomes
        .filter_map(|(position, outcome)| Some((*position, outcome?)))
        .collect()
}

/// What is already stored under the keys of the rows at these positions, for each of them: [`Outcome::Unchanged`], or
/// where any value that the file has is different, even if only in type, [`Outcome::Skipped`], or [`Outcome::Updated`] if
/// it may be replaced. `None` for those whose keys are not stored; an empty list if none is. Fastest if the keys are
/// sorted.
pub fn compare(
    connection: &Connection,
    rows: &Rows,
    positions: &[u32],
) -> rusqlite::Result<Vec<Option<Outcome>>> {
    let table = rows.table;
    let key = match table.primary_key() {
        Some(key) if !rows.keyed_by_all_columns => key,
        _ => {
            let outcome = |position| rows.is_stored(position).then_some(Outcome::Unchanged);
            return Ok(positions.iter().copied().map(outcome).collect());
        }
    };
    let mut differing = Vec::new();
    // Rows in which the same columns differ share their outcome.
    let mut shared: BTreeMap<Vec<usize>, Outcome> = BTreeMap::new();
    // `equal` is a column that is known to have the same value.
    let mut outcome = |position: u32, stored: &StoredRow, equal: Option<usize>| {
        differing.clear();
        let values = rows.values(position).enumerate();
        values.for_each(|(column, value)| {
            if Some(column) != equal && stored.value(column) != value && rows.has(column) {
                differing.push(column);
            }
        });
        if differing.is_empty() {
            return Outcome::Unchanged;
        }
        let mut kept = rows.kept.columns.iter();
        if kept.any(|column| rows.value_or_kept(position, *column) != stored.value(*column)) {
            return changed_meanwhile();
        }
        if let Some(outcome) = shared.get(&differing) {
            return outcome.clone();
        }
        let outcome = match &rows.updates {
            Some(referring) => replacement(table, &differing, referring),
            None => Outcome::skipped(Reason::Taken {
                table,
                differing: (differing.iter())
                    .map(|column| table.columns[*column].name)
                    .collect(),
            }),
        };
        shared.insert(differing.clone(), outcome.clone());
        outcome
    };
    let mut outcomes = Vec::new();
    let mut found = |index: usize, outcome: Outcome| {
        if outcomes.is_empty() {
            outcomes.resize(positions.len(), None);
        }
        outcomes[index] = Some(outcome);
    };
    let done = merge(connection, rows, key, positions, |index, stored| {
        found(
            index,
            outcome(positions[index], stored, Some(key.columns[0])),
        );
    })?;
    let rest = &positions[done..];
    let values = |index: usize| {
        let columns = key.columns.iter();
        columns.map(move |column| rows.value(rest[index], *column))
    };
    let columns = table.column_list();
    look_up(
        connection,
        table,
        key,
        rest.len(),
        values,
        &columns,
        |index, stored| {
            found(done + index, outcome(rest[index], stored, None));
        },
    )?;
    Ok(outcomes)
}

/// Calls `each` for the rows at these positions whose keys are stored, with the index of the position and the stored row,
/// like [`look_up`], but reads the table in the order of the key and steps through the positions alongside it. That takes
/// half of the time or less where most rows between the first key and the last are wanted. The stored keys are the same in
/// type and value. Returns how many positions were handled: not all of them if their order may differ from SQLite's, or
/// once too many other rows have been read.
fn merge(
    connection: &Connection,
    rows: &Rows,
    key: &schema::Key,
    positions: &[u32],
    mut each: impl FnMut(usize, &StoredRow),
) -> rusqlite::Result<usize> {
    let table = rows.table;
    let [column] = *key.columns else {
        return Ok(0);
    };
    let has_order = match table.columns[column].kind {
        Kind::Integer => true,
        Kind::Text => key.collations == [Collation::Binary] && table.encoding == "UTF-8",
        _ => false,
    };
    if !has_order {
        return Ok(0);
    }
    let count = positions.len();
    let is_integer = table.integer_key() == Some(column);
    let value = |index: usize| match positions[index] {
        position if is_integer => Value::Integer(rows.number(position)),
        position => rows.value(position, column),
    };
    let is_next = |index: usize| order(value(index - 1), value(index)).is_some_and(Ordering::is_lt);
    if count == 0 || !(1..count).all(is_next) {
        return Ok(0);
    }
    let mut statement = connection.prepare_cached(&select_between(table, key))?;
    statement.raw_bind_parameter(1, value(0))?;
    statement.raw_bind_parameter(2, value(count - 1))?;
    let mut stored = statement.raw_query();
    let (mut next, mut others) = (0, 0);
    while next < count
        && let Some(row) = stored.next()?
    {
        let row = StoredRow { row, connection };
        let stored_key = row.value(column);
        let mut found = None;
        while next < count && found.is_none_or(Ordering::is_lt) {
            let Some(order) = order(value(next), stored_key) else {
                return Ok(next);
            };
            if order.is_eq() {
                each(next, &row);
            }
            next += usize::from(order.is_le());
            found = Some(order);
        }
        others += usize::from(found.is_none_or(Ordering::is_ne));
        if others > KEYS_PER_STATEMENT + next {
            return Ok(next);
        }
    }
    Ok(count)
}

/// The statement that selects the rows between two values of a key of one column, in the order of the key. Both ends are
/// named so that SQLite uses the index: after an `ANALYZE` of the table while it was small, it would sort all rows.
pub(super) fn select_between(table: &Table, key: &schema::Key) -> String {
    let (name, columns) = (table.sql_name(), table.column_list());
    let column = quoted(table.columns[key.columns[0]].name);
    let key = format!("{column}{}", key.collations[0].clause());
    format!("SELECT {columns} FROM {name} WHERE {key} >= ? AND {key} <= ? ORDER BY {key}")
}

/// How two values compare in SQLite's order; `None` where that is not as simple as here.
fn order(one: Value, other: Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Integer(one), Value::Integer(other)) => Some(one.cmp(&other)),
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

/// The outcome of a row that would replace a stored one that has changed since the rules were checked.
pub fn changed_meanwhile() -> Outcome {
    let why = "another program has changed the stored row in the meantime: run the command again";
    Outcome::failed(Reason::failure(why.to_string()))
}

/// Whether new values may replace those in these columns, given for each column of the table which tables refer to it.
fn replacement(table: &Table, differing: &[usize], referring: &[Option<Arc<str>>]) -> Outcome {
    let referred = differing.iter().filter_map(|column| {
        Some(Reason::Referred {
            column: table.columns[*column].name,
            by: Arc::clone(referring[*column].as_ref()?),
        })
    });
    let reasons: Arc<[_]> = referred.collect();
    if reasons.is_empty() {
        Outcome::Updated(differing.into())
    } else {
        Outcome::Skipped(reasons)
    }
}

/// Calls `each` for every one of `count` primary key values that is stored, with the index of the value and these columns
/// of its row.
///
/// If the keys are sorted, this is one pass: SQLite keeps its position in the table from one key to the next, steps to
/// the following row, and searches only if that is another one. A statement for each key would search from the root each
/// time.
fn look_up<V: ToSql, I: IntoIterator<Item = V>>(
    connection: &Connection,
    table: &Table,
    key: &schema::Key,
    count: usize,
    values: impl Fn(usize) -> I,
    columns: &str,
    mut each: impl FnMut(usize, &StoredRow),
) -> rusqlite::Result<()> {
    let name = table.sql_name();
    let marks = vec!["?"; key.columns.len()].join(",");
    let equal = key.columns.iter().zip(key.collations).enumerate();
    let equal = equal.map(|(index, (column, collation))| {
        let column = quoted(table.columns[*column].name);
        format!("{column} = column{}{}", index + 2, collation.clause())
    });
    let equal = equal.collect::<Vec<_>>().join(" AND ");
    let select = |keys: usize| {
        let wanted: Vec<_> = (0..keys)
            .map(|index| format!("({index},{marks})"))
            .collect();
        let wanted = wanted.join(",");
        format!("SELECT {columns}, column1 FROM (VALUES {wanted}) CROSS JOIN {name} ON {equal}")
    };
    let mut sql = select(KEYS_PER_STATEMENT.min(count));
    for first in (0..count).step_by(KEYS_PER_STATEMENT) {
        let group = first..count.min(first + KEYS_PER_STATEMENT);
        if group.len() < KEYS_PER_STATEMENT {
            sql = select(group.len());
        }
        let mut statement = connection.prepare_cached(&sql)?;
        for (index, value) in group.flat_map(&values).enumerate() {
            statement.raw_bind_parameter(index + 1, value)?;
        }
        let last = statement.column_count() - 1;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let row = StoredRow { row, connection };
            each(first + row.integer(last) as usize, &row);
        }
    }
    Ok(())
}

/// Calls `each` with the indexes of the values of a key that are stored, found in one pass over the table: no index of
/// the database helps.
fn scan(
    connection: &Connection,
    table: &Table,
    key: &schema::Key,
    values: &[Key],
    mut each: impl FnMut(usize),
) -> rusqlite::Result<()> {
    let mut buffer = Vec::new();
    let mut wanted: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (index, value) in values.iter().enumerate() {
        let mut bytes = Vec::new();
        encode(value.values().iter().map(OwnedValue::get), &mut bytes);
        let folded = fold(&bytes, key.collations, &mut buffer).to_vec();
        wanted.entry(folded).or_default().push(index);
    }
    let columns = key
        .columns
        .iter()
        .map(|column| quoted(table.columns[*column].name));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let filter = key
        .filter
        .map(|filter| format!(" WHERE {filter}"))
        .unwrap_or_default();
    let sql = format!("SELECT {columns} FROM {}{filter}", table.sql_name());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let stored = StoredRow { row, connection };
        let values = (0..key.columns.len()).map(|index| stored.value(index));
        let mut bytes = Vec::new();
        if encode(values, &mut bytes)
            && let Some(found) = wanted.remove(fold(&bytes, key.collations, &mut buffer))
        {
            found.into_iter().for_each(&mut each);
        }
    }
    Ok(())
}

//! Looking up many ids at once.

use rusqlite::{Connection, params_from_iter};

use super::Database;
use super::problem::Problem;
use super::reader::Reader;
use super::stored::StoredRow;
use crate::row::{Outcome, Reason, Rows};
use crate::schema::Table;

/// How many ids one statement looks up: from about 25 on, a statement costs little beside its rows.
const IDS_PER_STATEMENT: usize = 50;

impl Reader {
    /// Which of these ids are stored, in their order; see [`stored`].
    pub fn stored(&self, ids: &[i64]) -> Result<Vec<i64>, Problem> {
        self.reading(|connection| stored(connection, self.table, ids))
    }

    /// Whether more rows than this are stored.
    pub fn has_more_rows_than(&self, rows: u64) -> Result<bool, Problem> {
        let table = self.table.name;
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} LIMIT 1 OFFSET {rows})");
        self.reading(|connection| connection.query_row(&sql, [], |row| row.get(0)))
    }

    /// What is stored already under the ids of the rows at these positions; see [`compare`].
    pub fn compare(&self, rows: &Rows, positions: &[u32]) -> Result<Vec<(u32, Outcome)>, Problem> {
        self.reading(|connection| compare(connection, rows, positions))
    }
}

impl Database {
    /// The same as [`Reader::stored`], and what it returns is on disk.
    pub fn stored(&self, ids: &[i64]) -> Result<Vec<i64>, Problem> {
        self.durably(|connection| stored(connection, self.reader.table, ids))
    }

    /// The same as [`Reader::compare`], and what is stored is on disk.
    pub fn compare(&self, rows: &Rows, positions: &[u32]) -> Result<Vec<(u32, Outcome)>, Problem> {
        self.durably(|connection| compare(connection, rows, positions))
    }

    /// Looks up rows, and returns once those that were found are on disk.
    fn durably<T>(
        &self,
        look_up: impl FnOnce(&Connection) -> rusqlite::Result<Vec<T>>,
    ) -> Result<Vec<T>, Problem> {
        let look_up = |connection: &Connection| Ok((look_up(connection)?, version(connection)?));
        let (found, version) = self.reader.reading(look_up)?;
        if !found.is_empty() {
            self.sync_version(version)?;
        }
        Ok(found)
    }
}

/// Which of these ids are stored, in their order. Fastest if they count up.
fn stored(connection: &Connection, table: &Table, ids: &[i64]) -> rusqlite::Result<Vec<i64>> {
    let mut stored = Vec::new();
    look_up(connection, table, "id", ids, |index, _| {
        stored.push(ids[index])
    })?;
    Ok(stored)
}

/// Changes with every commit of another connection. Answers on different connections cannot be compared
/// (<https://www.sqlite.org/pragma.html#pragma_data_version>).
pub fn version(connection: &Connection) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached("PRAGMA data_version")?;
    statement.query_row([], |row| row.get(0))
}

/// What is stored already under the ids of the rows at these positions: [`Outcome::Unchanged`], or [`Outcome::Skipped`]
/// where any value, or its type, is another one. Places whose ids are not stored are left out. Fastest if the ids count
/// up.
pub fn compare(
    connection: &Connection,
    rows: &Rows,
    positions: &[u32],
) -> rusqlite::Result<Vec<(u32, Outcome)>> {
    let table = rows.table;
    let ids = Vec::from_iter(positions.iter().map(|position| rows.id(*position)));
    let mut outcomes = Vec::with_capacity(positions.len());
    look_up(
        connection,
        table,
        &table.column_names(),
        &ids,
        |index, stored| {
            let position = positions[index];
            let columns = rows.values(position).zip(table.columns).enumerate();
            let differs = columns.filter(|(index, (value, _))| stored.value(1 + index) != *value);
            let differing: Box<[_]> = differs.map(|(_, (_, column))| column.name).collect();
            let outcome = if differing.is_empty() {
                Outcome::Unchanged
            } else {
                let id = ids[index];
                Outcome::skipped(Reason::Taken {
                    table,
                    id,
                    differing,
                })
            };
            outcomes.push((position, outcome));
        },
    )?;
    Ok(outcomes)
}

/// Calls `each` for the ids that are stored: with the index of the id among the given ones, and its row, in which these
/// columns start at index 1.
///
/// If the ids count up, this is one pass: SQLite keeps its position in the table from one id to the next, steps to the
/// following row, and searches only if that is another one. A statement for each id would search from the root each time.
fn look_up(
    connection: &Connection,
    table: &Table,
    columns: &str,
    ids: &[i64],
    mut each: impl FnMut(usize, &StoredRow),
) -> rusqlite::Result<()> {
    let table = table.name;
    let select = |ids: usize| {
        let wanted: Vec<_> = (0..ids).map(|index| format!("({index},?)")).collect();
        let wanted = wanted.join(",");
        format!(
            "SELECT column1, {columns} FROM (VALUES {wanted}) CROSS JOIN {table} ON id = column2"
        )
    };
    let mut sql = select(IDS_PER_STATEMENT);
    for (number, group) in ids.chunks(IDS_PER_STATEMENT).enumerate() {
        if group.len() < IDS_PER_STATEMENT {
            sql = select(group.len());
        }
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(group))?;
        while let Some(row) = rows.next()? {
            let row = StoredRow { row, connection };
            each(number * IDS_PER_STATEMENT + row.integer(0) as usize, &row);
        }
    }
    Ok(())
}

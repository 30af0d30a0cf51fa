//! Looking up many ids at once.

use rusqlite::{Connection, params_from_iter};

use super::problem::Problem;
use super::reader::Reader;
use super::stored::StoredRow;
use crate::row::{Outcome, Reason, Rows};
use crate::schema::Table;

/// How many ids one statement looks up: from about 25 on, a statement costs little beside its rows.
const IDS_PER_STATEMENT: usize = 50;

impl Reader {
    /// Which of these ids are stored, in their order. Fastest if they count up.
    pub fn stored(&self, ids: &[i64]) -> Result<Vec<i64>, Problem> {
        let mut stored = Vec::new();
        self.reading(|connection| {
            look_up(connection, self.table, "id", ids, |index, _| {
                stored.push(ids[index])
            })
        })?;
        Ok(stored)
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

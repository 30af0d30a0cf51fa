//! Looking up many ids at once.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::row::{Outcome, Reason, Row, Rows};
use crate::schema::Table;

/// How many ids one statement looks up: from about 25 on, a statement costs little beside its rows.
const IDS_PER_STATEMENT: usize = 50;

/// Looks up ids, and calls `found` with the place of each one that is stored and its row, in which `columns` start at
/// index 1.
///
/// One pass, if the ids count up: SQLite keeps its place in the table from one id to the next, steps to the row that
/// follows, and searches only where that is another one. A statement for each id would search from the top every time.
///
/// # Errors
///
/// If reading fails.
pub fn look_up(
    connection: &Connection,
    table: &Table,
    columns: &str,
    ids: &[i64],
    mut found: impl FnMut(usize, &rusqlite::Row) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut sql = String::new();
    for (number, group) in ids.chunks(IDS_PER_STATEMENT).enumerate() {
        if number == 0 || group.len() < IDS_PER_STATEMENT {
            sql = select(table, columns, group.len());
        }
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(group))?;
        while let Some(row) = rows.next()? {
            let place: u32 = row.get(0)?;
            found(number * IDS_PER_STATEMENT + place as usize, row)?;
        }
    }
    Ok(())
}

/// The statement that looks up this many ids.
fn select(table: &Table, columns: &str, ids: usize) -> String {
    let wanted: Vec<_> = (0..ids).map(|place| format!("({place},?)")).collect();
    format!(
        "SELECT wanted.column1, {columns} FROM (VALUES {}) AS wanted CROSS JOIN {} ON id = wanted.column2",
        wanted.join(","),
        table.name
    )
}

/// What is stored already under the ids of the rows at these places: [`Outcome::Unchanged`], or [`Outcome::Skipped`]
/// where it is another row. Places whose ids are not stored are left out. Fastest if the ids count up.
///
/// # Errors
///
/// If reading fails.
pub fn compare(
    connection: &Connection,
    rows: &Rows,
    places: &[u32],
) -> rusqlite::Result<Vec<(u32, Outcome)>> {
    let table = rows.table;
    let ids: Vec<_> = places
        .iter()
        .map(|place| rows.id(*place as usize))
        .collect();
    let mut outcomes = Vec::new();
    look_up(
        connection,
        table,
        &table.column_names(),
        &ids,
        |index, stored| {
            let row = rows.row(places[index] as usize);
            let outcome = match is_stored_as(row, stored)? {
                true => Outcome::Unchanged,
                false => Outcome::Skipped(vec![Reason::taken(table, row.id())]),
            };
            outcomes.push((places[index], outcome));
            Ok(())
        },
    )?;
    Ok(outcomes)
}

/// Whether all values of a row are the stored ones, of the same type and to the last bit.
fn is_stored_as(row: Row, stored: &rusqlite::Row) -> rusqlite::Result<bool> {
    for (index, value) in row.values().enumerate() {
        if stored.get_ref(1 + index)? != ValueRef::from(value) {
            return Ok(false);
        }
    }
    Ok(true)
}

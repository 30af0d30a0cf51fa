//! Looking up many ids at once.

use super::problem::Problem;
use super::reader::Reader;
use super::stored::StoredRow;
use crate::row::{Outcome, Reason, Rows};

impl Reader {
    /// Which of these ids are stored, in their order. Fastest if they count up.
    pub fn stored(&self, ids: &[i64]) -> Result<Vec<i64>, Problem> {
        let mut stored = Vec::new();
        self.look_up("id", ids, |row| stored.push(row.integer(0)))?;
        Ok(stored)
    }

    /// What is stored already under the ids of the rows at these places: [`Outcome::Unchanged`], or
    /// [`Outcome::Skipped`] where any value, or its type, is another one. Places whose ids are not stored are left out.
    /// Fastest if the ids count up.
    pub fn compare(&self, rows: &Rows, places: &[u32]) -> Result<Vec<(u32, Outcome)>, Problem> {
        let ids = Vec::from_iter(places.iter().map(|place| rows.id(*place as usize)));
        let columns = format!("wanted_place, {}", self.table.column_names());
        let mut outcomes = Vec::new();
        self.look_up(&columns, &ids, |stored| {
            let place = places[stored.integer(0) as usize];
            let row = rows.row(place as usize);
            let mut values = row.values().enumerate();
            let outcome = match values.all(|(column, value)| stored.value(1 + column) == value) {
                true => Outcome::Unchanged,
                false => Outcome::Skipped(vec![Reason::taken(self.table, row.id())]),
            };
            outcomes.push((place, outcome));
        })?;
        Ok(outcomes)
    }

    /// Calls `each` with the row that has this id, and returns `false` if there is none.
    pub fn row(&self, id: i64, each: impl FnMut(&StoredRow)) -> Result<bool, Problem> {
        let found = self.look_up(&self.table.column_names(), &[id], each)?;
        Ok(found > 0)
    }

    /// Calls `each` with these columns of the rows that have these ids, in the order of the ids, and returns how many
    /// rows these are. The column `wanted_place` is the place of the id among the given ones, counted from 0.
    ///
    /// One pass, if the ids count up: SQLite keeps its place in the table from one id to the next, steps to the row that
    /// follows, and searches only where that is another one. A statement for each id would search from the top every
    /// time.
    fn look_up(
        &self,
        columns: &str,
        ids: &[i64],
        each: impl FnMut(&StoredRow),
    ) -> Result<usize, Problem> {
        let table = self.table.name;
        let sql = format!(
            "SELECT {columns}
             FROM (SELECT key AS wanted_place, value AS wanted_id FROM json_each(?1))
             CROSS JOIN {table} ON id = wanted_id"
        );
        // A list of integers is JSON as Rust prints it.
        self.select(&sql, [format!("{ids:?}")], each)
    }
}

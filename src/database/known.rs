//! Which ids are stored: asked one by one at first, all at once when there are many to ask.

use roaring::RoaringTreemap;
use rusqlite::Connection;

use crate::schema::Table;

/// How many ids to look up one by one. From there on, reading all of them is soon cheaper.
const LOOKUPS: u32 = 1000;

/// The ids that are known to be stored.
#[derive(Debug, Default)]
pub struct Known {
    lookups: u32,
    ids: RoaringTreemap,
}

impl Known {
    /// Whether a row with this id is stored.
    ///
    /// # Errors
    ///
    /// If SQLite cannot tell.
    pub fn contains(
        &mut self,
        connection: &Connection,
        table: &Table,
        id: i64,
    ) -> rusqlite::Result<bool> {
        let Ok(key) = u64::try_from(id) else {
            return exists(connection, table, id);
        };
        if self.lookups == LOOKUPS {
            self.ids = all(connection, table)?;
        }
        self.lookups = self.lookups.saturating_add(1);
        // What is not known yet may have been stored since.
        Ok(self.ids.contains(key) || exists(connection, table, id)?)
    }
}

fn exists(connection: &Connection, table: &Table, id: i64) -> rusqlite::Result<bool> {
    let sql = format!("SELECT 1 FROM {} WHERE id = ?1", table.name);
    connection.prepare_cached(&sql)?.exists([id])
}

fn all(connection: &Connection, table: &Table) -> rusqlite::Result<RoaringTreemap> {
    let sql = format!("SELECT id FROM {} WHERE id > 0 ORDER BY id", table.name);
    let mut statement = connection.prepare(&sql)?;
    let mut ids = RoaringTreemap::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        ids.insert(row.get::<_, i64>(0)? as u64);
    }
    Ok(ids)
}

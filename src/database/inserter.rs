//! Inserting rows over one connection, inside a transaction of the caller's.

use rusqlite::{Connection, ErrorCode, OptionalExtension, Statement};

use crate::row::{Outcome, Reason, Rows};
use crate::schema::{Column, Table};

/// How many rows one `INSERT` takes: from about 25 on, a statement costs little beside its rows.
const ROWS_PER_STATEMENT: usize = 50;

/// Inserts rows into one table.
pub struct Inserter<'a> {
    connection: &'a Connection,
    rows: &'a Rows,
    /// The greatest id that is stored, where rows may be appended to it.
    last: Option<i64>,
    /// The statements for full groups: with the ids, and without them. They keep the memory for what they bind.
    full: [Option<Statement<'a>>; 2],
    /// The rows that SQLite did not take.
    refused: Vec<(u32, Outcome)>,
}

impl<'a> Inserter<'a> {
    /// An inserter over a connection that has the database locked for writing.
    pub fn new(connection: &'a Connection, rows: &'a Rows) -> Inserter<'a> {
        Inserter {
            connection,
            rows,
            last: None,
            full: [None, None],
            refused: Vec::new(),
        }
    }

    /// Inserts the rows at these places, which are sorted by id, and returns those that SQLite does not take. `None` if
    /// an id is stored already: which of the rows are inserted is not known then.
    ///
    /// # Errors
    ///
    /// If SQLite fails. Some of the rows may be inserted then: roll back.
    pub fn insert(mut self, places: &[u32]) -> rusqlite::Result<Option<Vec<(u32, Outcome)>>> {
        if places.len() >= ROWS_PER_STATEMENT {
            self.last = self.greatest_id()?;
        }
        for group in places.chunks(ROWS_PER_STATEMENT) {
            if !self.insert_group(group)? {
                return Ok(None);
            }
        }
        Ok(Some(self.refused))
    }

    /// Inserts rows with one statement. If SQLite does not take one of them, they are inserted one at a time, and that
    /// one is refused. `false` if an id is stored already.
    fn insert_group(&mut self, group: &[u32]) -> rusqlite::Result<bool> {
        match (self.execute(group), group) {
            (Ok(inserted), _) => {
                let ids = group.iter().map(|place| self.rows.id(*place as usize));
                self.last = self.last.map(|last| ids.fold(last, i64::max));
                Ok(inserted == group.len())
            }
            (Err(error), [place]) if is_refusal(&error) => {
                let why = format!("{} refused it: {error}", self.rows.table.database());
                let failed = Outcome::Failed(vec![Reason::same(why)]);
                self.refused.push((*place, failed));
                Ok(true)
            }
            (Err(error), _) if is_refusal(&error) => {
                for place in group.chunks(1) {
                    if !self.insert_group(place)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Inserts the rows of a group whose ids are not stored already, and returns how many these were; or none, and
    /// fails.
    fn execute(&mut self, group: &[u32]) -> rusqlite::Result<usize> {
        let table = self.rows.table;
        let from = usize::from(self.counts_on(group));
        let prepare = || {
            let sql = insert_statement(table, &table.columns[from..], group.len());
            self.connection.prepare(&sql)
        };
        let mut short;
        let statement = match &mut self.full[from] {
            _ if group.len() < ROWS_PER_STATEMENT => {
                short = prepare()?;
                &mut short
            }
            Some(full) => full,
            none => none.insert(prepare()?),
        };
        let rows = group.iter().map(|place| self.rows.row(*place as usize));
        let values = rows.flat_map(|row| row.values().skip(from));
        for (index, value) in values.enumerate() {
            statement.raw_bind_parameter(index + 1, value)?;
        }
        statement.raw_execute()
    }

    /// Whether the ids of a full group count on from the greatest one that is stored. Inserted without their ids, the
    /// rows get just these, and SQLite appends them without a search: about a third of the time is saved.
    fn counts_on(&self, group: &[u32]) -> bool {
        let Some(last) = self.last.filter(|_| group.len() == ROWS_PER_STATEMENT) else {
            return false;
        };
        let mut ids = (1..).map(|count| last.checked_add(count));
        let mut group = group.iter().map(|place| self.rows.id(*place as usize));
        group.all(|id| ids.next() == Some(Some(id)))
    }

    /// The greatest id that is stored, or `None` if SQLite may not count on from it: where the table has
    /// `AUTOINCREMENT`, it counts on from the greatest id that ever was, and fails if that was the last one.
    fn greatest_id(&self) -> rusqlite::Result<Option<i64>> {
        let table = self.rows.table.name;
        let sql = format!(
            "SELECT (SELECT ifnull(max(id), 0) FROM {table})
             WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table'
                               AND name = '{table}' COLLATE NOCASE AND sql LIKE '%AUTOINCREMENT%')"
        );
        let greatest = self.connection.query_row(&sql, [], |row| row.get(0));
        greatest.optional()
    }
}

/// The statement that inserts this many rows, given these columns of each. Rows whose ids are stored already are left
/// out, and no other conflict changes anything: `ABORT` overrules what a constraint of the database itself may say,
/// such as to replace stored rows.
///
/// If a stored id aborted the statement, SQLite would have to copy every page before it changes it, to be able to undo
/// the rows before. For shuffled ids that costs much of the time.
pub fn insert_statement(table: &Table, columns: &[Column], rows: usize) -> String {
    let names: Vec<_> = columns.iter().map(|column| column.name).collect();
    let row = format!("({})", vec!["?"; columns.len()].join(","));
    format!(
        "INSERT OR ABORT INTO {} ({}) VALUES {} ON CONFLICT (id) DO NOTHING",
        table.name,
        names.join(","),
        vec![row.as_str(); rows].join(",")
    )
}

/// Whether an error is about the row, and others may still be inserted.
fn is_refusal(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig)
    )
}

//! Inserting rows in one durable transaction.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Statement};

use super::lookup::compare;
use super::problem::Problem;
use super::reader::Reader;
use crate::row::{Outcome, Reason, Rows};
use crate::schema::{Column, Table};

/// How many rows one `INSERT` takes: from about 25 on, a statement costs little beside its rows.
const ROWS_PER_STATEMENT: usize = 50;

/// A connection to insert over. Have one at a time for each database: others would wait by polling.
#[derive(Debug)]
pub struct Writer<'a> {
    pub(super) reader: &'a Reader,
    pub(super) connection: Connection,
}

impl Writer<'_> {
    /// Inserts the rows at these places in one transaction, and returns once the commit is on disk. The places are
    /// sorted by the ids of their rows, which are all different. Returns what became of the rows that were not
    /// inserted, in any order; an error if none of them was.
    pub fn insert(self, rows: &Rows, places: &[u32]) -> Result<Vec<(u32, Outcome)>, Problem> {
        let Writer { reader, connection } = &self;
        let mut transaction = reader.waiter.begin_to_write(connection)?;
        let others = match insert(connection, rows, places)? {
            Some(refused) => refused,
            None => {
                transaction.rollback()?;
                transaction = reader.waiter.begin_to_write(connection)?;
                // Nobody else can write now: what is stored stays as it is.
                let mut others = compare(connection, rows, places)?;
                let stored: HashSet<_> = others.iter().map(|(place, _)| *place).collect();
                let is_new = |place: &u32| !stored.contains(place);
                let new: Vec<_> = places.iter().copied().filter(is_new).collect();
                let refused = insert(connection, rows, &new)?;
                // Only two rows with one id can still be in each other's way.
                others.extend(refused.ok_or(rusqlite::Error::StatementChangedRows(0))?);
                others
            }
        };
        let committed = transaction.commit();
        if committed.is_err() {
            bury(connection);
        }
        committed?;
        Ok(others)
    }
}

/// Overwrites what a commit left in the WAL that was written but could not be synced.
///
/// This run does not see it, but should this be the last commit, and the WAL stay behind because a checkpoint fails
/// too, the next run would recover rows from it that were reported as failed. A commit that changes nothing takes its
/// place; it need not be synced to do so. Nobody can be helped where writing fails as well.
fn bury(connection: &Connection) {
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    let _ = version.and_then(|version| {
        connection.execute_batch(&format!(
            "PRAGMA synchronous = OFF; BEGIN IMMEDIATE; PRAGMA user_version = {version}; COMMIT"
        ))
    });
}

/// Inserts rows into one table.
struct Inserter<'a> {
    connection: &'a Connection,
    rows: &'a Rows,
    /// The greatest id that is stored, where rows may be appended to it.
    last: Option<i64>,
    /// The statements so far, by their first column and how many rows they take. They keep the memory for what they
    /// bind.
    statements: HashMap<(usize, usize), Statement<'a>>,
}

/// Inserts the rows at these places, which are sorted by id, over a connection that has the database locked for
/// writing, and returns those that SQLite does not take. `None` if an id is stored already, and an error if SQLite
/// fails: roll back then, because some of the rows may be inserted.
fn insert(
    connection: &Connection,
    rows: &Rows,
    places: &[u32],
) -> rusqlite::Result<Option<Vec<(u32, Outcome)>>> {
    let last = match places.len() >= ROWS_PER_STATEMENT {
        true => greatest_id(connection, rows.table)?,
        false => None,
    };
    let mut inserter = Inserter {
        connection,
        rows,
        last,
        statements: HashMap::new(),
    };
    let mut refused = Vec::new();
    let mut groups: Vec<_> = places.chunks(ROWS_PER_STATEMENT).rev().collect();
    while let Some(group) = groups.pop() {
        match (inserter.insert_group(group), group) {
            (Ok(inserted), _) if inserted < group.len() => return Ok(None),
            (Ok(_), _) => {}
            (Err(error), _) if !is_refusal(&error) => return Err(error),
            (Err(error), [place]) => {
                let why = format!("{} refused it: {error}", rows.table.database());
                refused.push((*place, Outcome::failed(Reason::failure(why))));
            }
            // One of them is refused: which one shows when each is inserted alone.
            (Err(_), _) => {
                // They keep the values of the group, which may be giant, and are bound again.
                inserter.statements.clear();
                groups.extend(group.chunks(1).rev());
            }
        }
    }
    Ok(Some(refused))
}

impl Inserter<'_> {
    /// Inserts those rows of a group whose ids are not stored already, and returns how many these were; or none, and
    /// fails.
    fn insert_group(&mut self, group: &[u32]) -> rusqlite::Result<usize> {
        let table = self.rows.table;
        let ids = group.iter().map(|place| self.rows.id(*place));
        // Inserted without ids that count on from the greatest one that is stored, rows get just these, and SQLite
        // appends them without a search: about a third of the time is saved.
        let counts_on = self.last.is_some_and(|last| {
            let next = (1..).map(|count| last.checked_add(count));
            group.len() == ROWS_PER_STATEMENT && ids.clone().map(Some).eq(next.take(group.len()))
        });
        let from = usize::from(counts_on);
        let statement = match self.statements.entry((from, group.len())) {
            Entry::Occupied(prepared) => prepared.into_mut(),
            Entry::Vacant(missing) => {
                let sql = insert_statement(table, &table.columns[from..], group.len());
                missing.insert(self.connection.prepare(&sql)?)
            }
        };
        let values = group
            .iter()
            .flat_map(|place| self.rows.values(*place).skip(from));
        for (index, value) in values.enumerate() {
            statement.raw_bind_parameter(index + 1, value)?;
        }
        let inserted = statement.raw_execute()?;
        self.last = self.last.map(|last| ids.fold(last, i64::max));
        Ok(inserted)
    }
}

/// The greatest id that is stored, or `None` if SQLite may not count on from it: where the table has `AUTOINCREMENT`,
/// it counts on from the greatest id that ever was, and fails if that was the last one.
fn greatest_id(connection: &Connection, table: &Table) -> rusqlite::Result<Option<i64>> {
    let table = table.name;
    let sql = format!(
        "SELECT (SELECT ifnull(max(id), 0) FROM {table})
         WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table'
                           AND name = '{table}' COLLATE NOCASE AND sql LIKE '%AUTOINCREMENT%')"
    );
    connection.query_row(&sql, [], |row| row.get(0)).optional()
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

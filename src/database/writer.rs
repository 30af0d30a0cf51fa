//! Inserting rows in one transaction, and waiting until it is on disk.

use std::collections::HashSet;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Statement};

use super::Database;
use super::lock_timeout::Synchronous;
use super::lookup::compare;
use super::problem::Problem;
use crate::row::{Outcome, Reason, Rows};
use crate::schema::{Column, Table};
use crate::sync::lock;

/// How many rows are appended by one `INSERT`: from about 25 on, a statement costs little beside its rows.
const ROWS_PER_STATEMENT: usize = 50;

/// A connection to insert over. Have one at a time for each database: others would wait by polling.
#[derive(Debug)]
pub struct Writer<'a> {
    pub(super) database: &'a Database,
    pub(super) connection: Connection,
    /// Whether the next writer may have the connection.
    pub(super) hands_on: bool,
}

/// Rows that are committed, and are on disk once [`Commit::sync`] says so. Until then nothing may rely on them.
#[derive(Debug)]
#[must_use]
pub struct Commit<'a> {
    database: &'a Database,
    /// The number of the commit; `None` if nothing was inserted, and all that was found is on disk.
    number: Option<u64>,
    others: Vec<(u32, Outcome)>,
}

impl Commit<'_> {
    /// Returns once the rows are on disk, those that were found stored as well. Returns the outcomes of the rows that
    /// were not inserted, in any order. Others may write meanwhile.
    ///
    /// # Errors
    ///
    /// If a sync has failed. The rows may be stored or not.
    pub fn sync(self) -> Result<Vec<(u32, Outcome)>, Problem> {
        if let Some(number) = self.number {
            self.database.sync(number)?;
        }
        Ok(self.others)
    }
}

impl<'a> Writer<'a> {
    /// Inserts the rows at these positions in one transaction. The positions are sorted by the ids of their rows, which are
    /// all different. After an error, none of them is inserted.
    pub fn insert(self, rows: &Rows, positions: &[u32]) -> Result<Commit<'a>, Problem> {
        let Writer {
            database,
            connection,
            hands_on,
        } = self;
        let waiter = &database.reader.waiter;
        // Where this returns early, the transaction is rolled back.
        let mut transaction = waiter.begin_to_write(&connection, Synchronous::Normal)?;
        let others = match insert(&transaction, rows, positions, true)? {
            Some(refused) => refused,
            None => {
                transaction.rollback()?;
                transaction = waiter.begin_to_write(&connection, Synchronous::Normal)?;
                // Nobody else can write now: what is stored stays as it is.
                let mut others = compare(&transaction, rows, positions)?;
                let stored: HashSet<_> = others.iter().map(|(position, _)| *position).collect();
                let is_new = |position: &u32| !stored.contains(position);
                let new: Vec<_> = positions.iter().copied().filter(is_new).collect();
                let refused = insert(&transaction, rows, &new, false)?;
                // Only two rows with one id can still be in each other's way.
                others.extend(refused.ok_or(rusqlite::Error::StatementChangedRows(0))?);
                others
            }
        };
        let committed = transaction.commit();
        if committed.is_err() {
            overwrite(&connection);
        }
        committed?;
        // From here on, an error would say that nothing is inserted.
        let inserted = positions.len() - others.len();
        let is_durable = inserted == 0 && database.is_durable();
        let number = (!is_durable).then(|| database.commits.committed());
        // Single rows make no log long.
        if inserted > 1 && has_long_log(&connection).unwrap_or(false) {
            database.checkpoint_over(&connection);
        }
        if hands_on {
            *lock(&database.kept) = Some(connection);
        }
        Ok(Commit {
            database,
            number,
            others,
        })
    }
}

/// Whether the log is so long that it should be moved into the file.
fn has_long_log(connection: &Connection) -> rusqlite::Result<bool> {
    /// The frames after which SQLite would do that by itself.
    const LONG: u32 = 1000;

    let frames = |row: &rusqlite::Row| row.get::<_, u32>(1);
    Ok(connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], frames)? >= LONG)
}

/// Overwrites what a commit that failed wrote to the log.
///
/// All its frames may be there: SQLite adds them to the index of the log last, for which there may be no room. This run
/// does not see them. But if this is the last commit, and the log stays because a checkpoint fails too, the next run would
/// recover rows from it that were reported as failed. A commit that changes nothing replaces them, and need not be on disk
/// to do so. If writing fails as well, nothing helps.
fn overwrite(connection: &Connection) {
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    let _ = version.and_then(|version| {
        connection.execute_batch(&format!(
            "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE; PRAGMA user_version = {version}; COMMIT"
        ))
    });
}

/// Inserts the rows at these positions, which are sorted by id, over a connection that has the database locked for
/// writing, and returns those that SQLite refuses. An error if SQLite fails. Roll back then, because some of the rows
/// may be inserted, and also if this is `None`: an id is stored already, or rows that were appended together, which
/// they are only if `may_append`, were refused.
fn insert(
    connection: &Connection,
    rows: &Rows,
    positions: &[u32],
    may_append: bool,
) -> rusqlite::Result<Option<Vec<(u32, Outcome)>>> {
    let table = rows.table;
    // The greatest id that is stored, where rows may be appended to it.
    let mut last = None;
    if may_append && positions.len() >= ROWS_PER_STATEMENT {
        last = greatest_id(connection, table)?;
    }
    let mut append = None;
    let mut insert = connection.prepare(&insert_statement(table, table.columns, 1))?;
    let mut refused = Vec::new();
    let mut rest = positions;
    while let Some((first, others)) = rest.split_first() {
        // Inserted without ids that count on from the greatest one that is stored, rows get just these, and SQLite
        // appends them without a search: about a third of the time is saved.
        if let Some((group, others)) = rest.split_at_checked(ROWS_PER_STATEMENT)
            && count_on(rows, group, last)
        {
            let statement = match &mut append {
                Some(prepared) => prepared,
                None => {
                    let sql = insert_statement(table, &table.columns[1..], group.len());
                    append.insert(connection.prepare(&sql)?)
                }
            };
            match execute(statement, rows, group, 1) {
                Err(error) if is_refusal(&error) => return Ok(None),
                appended => appended?,
            };
            last = group.last().map(|position| rows.id(*position));
            rest = others;
            continue;
        }
        match execute(&mut insert, rows, &[*first], 0) {
            Ok(0) => return Ok(None),
            Err(error) if is_refusal(&error) => {
                let why = format!("{} refused it: {error}", table.database());
                refused.push((*first, Outcome::failed(Reason::failure(why))));
            }
            inserted => {
                inserted?;
                last = last.map(|last| last.max(rows.id(*first)));
            }
        }
        rest = others;
    }
    Ok(Some(refused))
}

/// Whether the ids of these rows count on from the last one.
fn count_on(rows: &Rows, positions: &[u32], last: Option<i64>) -> bool {
    let ids = positions.iter().map(|position| Some(rows.id(*position)));
    last.is_some_and(|last| {
        ids.eq((1..)
            .map(|count| last.checked_add(count))
            .take(positions.len()))
    })
}

/// Executes a statement that inserts the rows at these positions, from this column on, and returns how many were.
fn execute(
    statement: &mut Statement,
    rows: &Rows,
    positions: &[u32],
    from: usize,
) -> rusqlite::Result<usize> {
    let values = positions
        .iter()
        .flat_map(|position| rows.values(*position).skip(from));
    for (index, value) in values.enumerate() {
        statement.raw_bind_parameter(index + 1, value)?;
    }
    statement.raw_execute()
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
/// Give ids to single rows only. For several, SQLite copies every page before it changes it, to be able to undo the rows
/// before. For shuffled ids that costs much of the time.
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

/// Whether an error is about the row, and others may still be inserted. An expression that the file declares, in an
/// index say, fails with an error that has no code of its own.
fn is_refusal(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::Unknown)
    )
}

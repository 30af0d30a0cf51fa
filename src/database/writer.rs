//! Inserting and updating rows in one transaction, and waiting until it is on disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Statement, ffi};

use super::Database;
use super::lock_timeout::Synchronous;
use super::lookup::{changed_meanwhile, compare};
use super::problem::Problem;
use crate::row::{Outcome, Reason, Rows};
use crate::schema::{Key, Table, quoted};
use crate::sync::lock;

/// How many rows are appended by one `INSERT`: from about 25 on, a statement costs little beside its rows.
const ROWS_PER_STATEMENT: usize = 50;

/// How many parameters a statement has if it has several rows: each takes memory, and where there are many columns, a few
/// rows are enough. SQLite allows 32,766 (<https://www.sqlite.org/limits.html#max_variable_number>).
const MAX_PARAMETERS: usize = 1_000;

/// A connection to insert over. Have one at a time for each database: others would wait by polling.
#[derive(Debug)]
pub struct Writer<'a> {
    pub(super) database: &'a Database,
    pub(super) connection: Connection,
    /// Whether the next writer may have the connection.
    pub(super) reuse_connection: bool,
}

/// What became of rows that were to be inserted.
#[derive(Debug, Default)]
pub struct Written {
    /// The outcomes of those that were not, with their positions.
    pub others: Vec<(u32, Outcome)>,
    /// The rowids of the inserted ones, where nothing else identifies them. Sorted by position.
    pub rowids: Vec<(u32, i64)>,
    /// The positions of failed rows that would have replaced a stored row. The stored row stays.
    kept: Vec<u32>,
    /// The failed row, if the transaction must be repeated without it: a trigger rolled back everything, or left that
    /// row half written.
    start_over_without: Option<u32>,
}

impl From<Vec<(u32, Outcome)>> for Written {
    fn from(others: Vec<(u32, Outcome)>) -> Written {
        Written {
            others,
            ..Written::default()
        }
    }
}

/// Rows that are committed, and are on disk once [`Commit::sync`] says so. Until then nothing may rely on them.
#[derive(Debug)]
#[must_use]
pub struct Commit<'a> {
    database: &'a Database,
    /// The number of the commit; `None` if nothing was inserted, and all that was found is on disk.
    number: Option<u64>,
    written: Written,
}

impl Commit<'_> {
    /// Returns once the rows are on disk, those that were found stored as well. Others may write meanwhile.
    ///
    /// # Errors
    ///
    /// If a sync has failed. The rows may be stored or not.
    pub fn sync(self) -> Result<Written, Problem> {
        if let Some(number) = self.number {
            self.database.sync(number)?;
        }
        Ok(self.written)
    }
}

impl<'a> Writer<'a> {
    /// Inserts the rows at these positions in one transaction, or updates those that are stored, where they may be. The
    /// positions are sorted by the keys of their rows, which are all different. The outcomes of the rows that were not
    /// inserted come in any order. After an error, none of them is inserted.
    ///
    /// `dependents` says which other rows cannot be inserted, given the outcomes of those that were not. Rows that are
    /// stored, but could not be updated, are not among these.
    pub fn insert(
        self,
        rows: &Rows,
        positions: &[u32],
        dependents: impl Fn(&[(u32, Outcome)]) -> Vec<(u32, Outcome)>,
    ) -> Result<Commit<'a>, Problem> {
        let Writer {
            database,
            connection,
            reuse_connection,
        } = self;
        let waiter = &database.waiter;
        let conflict = database.reader(rows.table).conflict;
        let mut excluded: Vec<(u32, Outcome)> = Vec::new();
        let mut kept = Vec::new();
        let mut written;
        // Where this returns early, the transaction is rolled back.
        let mut transaction = waiter.begin_to_write(&connection, Synchronous::Normal)?;
        loop {
            let is_open = |position: &u32| !excluded.iter().any(|(other, _)| other == position);
            let open: Vec<_> = positions.iter().copied().filter(is_open).collect();
            let may_append = excluded.is_empty();
            let replaces = open.iter().any(|position| rows.kept.is_stored(*position));
            let inserted = if replaces {
                None
            } else {
                insert(&transaction, conflict, rows, &open, may_append, true)?
            };
            written = match inserted {
                Some(written) => written,
                None => {
                    drop(transaction);
                    transaction = waiter.begin_to_write(&connection, Synchronous::Normal)?;
                    insert_new(&transaction, conflict, rows, &open)?
                }
            };
            kept.append(&mut written.kept);
            if let Some(failed) = written.start_over_without {
                let mut others = written.others.into_iter();
                excluded.extend(others.find(|(position, _)| *position == failed));
                drop(transaction);
                transaction = waiter.begin_to_write(&connection, Synchronous::Normal)?;
                continue;
            }
            written.others.extend_from_slice(&excluded);
            let more = if kept.is_empty() {
                dependents(&written.others)
            } else {
                let is_missing = |(position, _): &&(u32, Outcome)| !kept.contains(position);
                let missing = written.others.iter().filter(is_missing).cloned();
                dependents(&missing.collect::<Vec<_>>())
            };
            if more.is_empty() {
                break;
            }
            excluded.extend(more);
            transaction.rollback()?;
            transaction = waiter.begin_to_write(&connection, Synchronous::Normal)?;
        }
        let committed = transaction.commit();
        if committed.is_err() {
            overwrite(&connection);
        }
        committed?;
        // From here on, an error would say that nothing is inserted.
        let is_updated = |(_, outcome): &&(u32, Outcome)| matches!(outcome, Outcome::Updated(_));
        let updated = written.others.iter().filter(is_updated).count();
        let changed = positions.len() - written.others.len() + updated;
        let is_durable = changed == 0 && database.is_durable();
        let number = (!is_durable).then(|| database.commits.committed());
        // A single row does not make the log long.
        if changed > 1 && has_long_log(&connection).unwrap_or(false) {
            database.checkpoint_over(&connection);
        }
        if reuse_connection {
            *lock(&database.idle) = Some(connection);
        }
        Ok(Commit {
            database,
            number,
            written,
        })
    }
}

/// Inserts those of the rows at these positions that are not stored, and updates the others where they may be.
fn insert_new(
    connection: &Connection,
    conflict: &str,
    rows: &Rows,
    positions: &[u32],
) -> rusqlite::Result<Written> {
    // Nobody else can write now: what is stored stays as it is.
    let mut outcomes = compare(connection, rows, positions)?.into_iter();
    let mut others = Vec::with_capacity(positions.len());
    let mut new = Vec::new();
    for position in positions.iter().copied() {
        match outcomes.next().flatten() {
            Some(outcome) => others.push((position, outcome)),
            None if rows.kept.is_stored(position) => others.push((position, changed_meanwhile())),
            None => new.push(position),
        }
    }
    // Now the only possible conflict is between two of these rows that have the same key.
    let inserted = insert(connection, conflict, rows, &new, false, false)?;
    let mut written = inserted.ok_or_else(ignored)?;
    if written.start_over_without.is_none() {
        update(connection, conflict, rows, &mut others, &mut written)?;
    }
    others.append(&mut written.others);
    written.others = others;
    Ok(written)
}

/// Performs the updates. If SQLite refuses one, the stored row stays as it is, and the new row fails.
fn update(
    connection: &Connection,
    conflict: &str,
    rows: &Rows,
    outcomes: &mut [(u32, Outcome)],
    written: &mut Written,
) -> rusqlite::Result<()> {
    /// How many statements are kept: files mostly change the same few columns.
    const STATEMENTS: usize = 16;

    let table = rows.table;
    let Some(key) = table.primary_key() else {
        return Ok(());
    };
    let mut statements: BTreeMap<Arc<[usize]>, Statement> = BTreeMap::new();
    for (position, outcome) in outcomes {
        let Outcome::Updated(columns) = &*outcome else {
            continue;
        };
        if statements.len() == STATEMENTS && !statements.contains_key(columns) {
            statements.clear();
        }
        let statement = match statements.get_mut(columns) {
            Some(statement) => statement,
            None => {
                let sql = update_statement(table, conflict, key, columns);
                let statement = connection.prepare(&sql)?;
                statements.entry(Arc::clone(columns)).or_insert(statement)
            }
        };
        for (index, column) in columns.iter().chain(key.columns).enumerate() {
            statement.raw_bind_parameter(index + 1, rows.value(*position, *column))?;
        }
        let words = match statement.raw_execute() {
            Ok(0) => "a trigger ignored the row".to_string(),
            Err(error) if is_refusal(&error) => words(&error),
            updated => {
                updated?;
                continue;
            }
        };
        *outcome = refused(table, &words);
        written.kept.push(*position);
        if must_start_over(connection) {
            written.start_over_without = Some(*position);
            break;
        }
    }
    Ok(())
}

/// The statement that sets these columns of the row with a key, with this [conflict clause](conflict_clause). No conflict
/// changes anything else.
fn update_statement(table: &Table, conflict: &str, key: &Key, columns: &[usize]) -> String {
    let name = |column: &usize| quoted(table.columns[*column].name);
    let set: Vec<_> = (columns.iter().map(name))
        .map(|name| format!("{name} = ?"))
        .collect();
    let equal: Vec<_> = (key.columns.iter().map(name))
        .zip(key.collations)
        .map(|(name, collation)| format!("{name} = ?{}", collation.clause()))
        .collect();
    format!(
        "UPDATE{conflict} {} SET {} WHERE {}",
        table.sql_name(),
        set.join(", "),
        equal.join(" AND ")
    )
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

/// Inserts the rows at these positions, which are sorted by key, over a connection that holds the write lock.
/// [`Written::others`] gets the rows that SQLite refuses and those that are known to be stored. Returns `None` if a key
/// is already stored, or if a row was refused that may be (with `may_exist`) or rows that were appended together (only with
/// `may_append`). On `None` or an error, roll back, because some of the rows may have been inserted.
fn insert(
    connection: &Connection,
    conflict: &str,
    rows: &Rows,
    positions: &[u32],
    may_append: bool,
    may_exist: bool,
) -> rusqlite::Result<Option<Written>> {
    let table = rows.table;
    let rowid = table.rowid_key().filter(|_| !rows.keyed_by_all_columns);
    let appended = (MAX_PARAMETERS / table.columns.len()).clamp(1, ROWS_PER_STATEMENT);
    // The greatest id that is stored, where rows may be appended to it.
    let mut last = None;
    if let Some(rowid) = rowid
        && may_append
        && positions.len() >= appended
    {
        last = greatest_id(connection, table, rowid)?;
    }
    let mut append = None;
    // In this case it is known what is stored, so a key that exists anyway was inserted by a trigger.
    let keys_are_new = rows.keyed_by_all_columns || !may_exist && table.file.is_some();
    let sql = insert_statement(table, conflict, None, 1, keys_are_new);
    let mut insert = connection.prepare(&sql)?;
    let mut written = Written::default();
    let mut rest = positions;
    while let Some((first, others)) = rest.split_first() {
        // If the ids continue from the greatest stored one, SQLite assigns the same ids when they are left out, and
        // then appends the rows without a search, which saves about a third of the time.
        if let Some((group, others)) = rest.split_at_checked(appended)
            && ids_continue_from(rows, group, last)
        {
            let statement = match &mut append {
                Some(prepared) => prepared,
                None => {
                    let sql = insert_statement(table, conflict, rowid, group.len(), false);
                    append.insert(connection.prepare(&sql)?)
                }
            };
            match execute(statement, rows, group, rowid) {
                Err(error) if is_refusal(&error) => return Ok(None),
                appended => appended?,
            };
            last = group.last().map(|position| rows.number(*position));
            rest = others;
            continue;
        }
        rest = others;
        if rows.is_stored(*first) {
            written.others.push((*first, Outcome::Unchanged));
            continue;
        }
        match execute(&mut insert, rows, &[*first], None) {
            Ok(0) if may_exist || table.file.is_none() => return Ok(None),
            Ok(0) => written
                .others
                .push((*first, refused(table, "a trigger ignored the row"))),
            // A trigger refuses a row before SQLite looks whether its key is stored.
            Err(error) if is_refusal(&error) && may_exist => return Ok(None),
            Err(error) if is_refusal(&error) => {
                written
                    .others
                    .push((*first, refused(table, &words(&error))));
                if must_start_over(connection) {
                    written.start_over_without = Some(*first);
                    break;
                }
            }
            inserted => {
                inserted?;
                last = last.map(|last| last.max(rows.number(*first)));
                if rows.keyed_by_all_columns {
                    written
                        .rowids
                        .push((*first, connection.last_insert_rowid()));
                }
            }
        }
    }
    Ok(Some(written))
}

/// Whether a trigger has rolled all of the transaction back (`RAISE(ROLLBACK)`), or has left in it what a refused statement
/// had done before (`RAISE(FAIL)`).
fn must_start_over(connection: &Connection) -> bool {
    connection.is_autocommit() || connection.changes() > 0
}

/// The error of a share if a trigger that was created during the load ignores one of its rows.
fn ignored() -> rusqlite::Error {
    let why = "a trigger ignored one of its rows".to_string();
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CONSTRAINT_TRIGGER), Some(why))
}

/// The outcome of a row that SQLite does not insert, in its words.
fn refused(table: &Table, words: &str) -> Outcome {
    let why = format!("refused by {}: {words}", table.database());
    Outcome::failed(Reason::failure(why))
}

/// SQLite's own message, without what rusqlite adds to it.
fn words(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
        _ => error.to_string(),
    }
}

/// Whether the ids of these rows are consecutive and follow the last one.
fn ids_continue_from(rows: &Rows, positions: &[u32], last: Option<i64>) -> bool {
    let ids = positions
        .iter()
        .map(|position| Some(rows.number(*position)));
    last.is_some_and(|last| {
        ids.eq((1..)
            .map(|count| last.checked_add(count))
            .take(positions.len()))
    })
}

/// Executes a statement that inserts the rows at these positions, without the column at this index, and returns how
/// many it inserted.
fn execute(
    statement: &mut Statement,
    rows: &Rows,
    positions: &[u32],
    without: Option<usize>,
) -> rusqlite::Result<usize> {
    let mut index = 0;
    for position in positions {
        for (column, value) in rows.values(*position).enumerate() {
            if Some(column) != without && !rows.table.columns[column].generated {
                index += 1;
                statement.raw_bind_parameter(index, value)?;
            }
        }
    }
    statement.raw_execute()
}

/// ` OR ABORT` if a table is declared with `ON CONFLICT` clauses, such as one that replaces stored rows: it overrides them.
/// Other tables do without it, because it would also override the conflict clauses of statements in triggers
/// (<https://www.sqlite.org/lang_createtrigger.html>).
pub fn conflict_clause(connection: &Connection, table: &Table) -> rusqlite::Result<&'static str> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE
                              AND sql LIKE '%ON%CONFLICT%')";
    let has_clause = connection.query_row(sql, [table.name], |row| row.get(0))?;
    Ok(if has_clause { " OR ABORT" } else { "" })
}

/// The greatest stored id in the column at this index, or `None` if SQLite must not be left to assign the ids after it:
/// with `AUTOINCREMENT`, it continues from the greatest id ever used, and fails if that is the largest possible one;
/// and a `BEFORE` trigger would not see the id.
fn greatest_id(
    connection: &Connection,
    table: &Table,
    column: usize,
) -> rusqlite::Result<Option<i64>> {
    let (name, id) = (table.sql_name(), quoted(table.columns[column].name));
    let sql = format!(
        "SELECT (SELECT ifnull(max({id}), 0) FROM {name})
         WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE
                           AND (type = 'trigger' OR type = 'table' AND sql LIKE '%AUTOINCREMENT%'))"
    );
    let read = |row: &rusqlite::Row| row.get(0);
    connection.query_row(&sql, [table.name], read).optional()
}

/// The statement that inserts this many rows, with this [conflict clause](conflict_clause), without the column at this
/// index. Rows whose keys are stored already are left out, unless they are all new, and no other conflict changes
/// anything.
///
/// Give ids to single rows only. For several, SQLite copies every page before it changes it, to be able to undo the rows
/// before. For shuffled ids that costs much of the time.
pub fn insert_statement(
    table: &Table,
    conflict: &str,
    without: Option<usize>,
    rows: usize,
    keys_are_new: bool,
) -> String {
    let columns = table.columns.iter().enumerate();
    let columns = columns.filter(|(index, column)| Some(*index) != without && !column.generated);
    let names: Vec<_> = columns.map(|(_, column)| quoted(column.name)).collect();
    let row = format!("({})", vec!["?"; names.len()].join(","));
    let on_key = table.primary_key().filter(|_| !keys_are_new).map(|key| {
        let columns = key
            .columns
            .iter()
            .zip(key.collations)
            .map(|(column, collation)| {
                format!(
                    "{}{}",
                    quoted(table.columns[*column].name),
                    collation.clause()
                )
            });
        let columns = columns.collect::<Vec<_>>().join(", ");
        format!(" ON CONFLICT ({columns}) DO NOTHING")
    });
    format!(
        "INSERT{conflict} INTO {} ({}) VALUES {}{}",
        table.sql_name(),
        names.join(","),
        vec![row.as_str(); rows].join(","),
        on_key.unwrap_or_default()
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

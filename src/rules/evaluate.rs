//! What only SQLite can say of a row, asked in a database in memory: whether its CHECKs hold, whether it belongs to a
//! partial index, and what its values become in a column of another affinity.

use std::collections::HashSet;
use std::sync::mpsc::channel;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, params_from_iter};

use crate::row::{OwnedValue, Value};
use crate::schema::{Column, Kind, Table, quoted};

/// How many rows are evaluated at once.
const ROWS: usize = 512;

/// Evaluates the expressions of a table's CHECKs and partial indexes.
#[derive(Debug)]
pub struct Evaluator {
    connection: Connection,
    /// The columns that the expressions use. The others stay NULL.
    columns: Vec<usize>,
    insert: String,
    /// All expressions, in the order of their indexes.
    select: String,
    /// Each of them alone: the CHECKs, then the filters of the keys that have one.
    expressions: Vec<String>,
    delete: String,
    checks: usize,
    /// The key of each filter.
    filtered: Vec<usize>,
}

/// What was found out about the rows of a batch.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// The CHECKs that do not hold: the position of the row, the index of the CHECK, and why SQLite could not evaluate
    /// it, if that is so. Sorted.
    failed: Vec<(usize, usize, Option<Box<str>>)>,
    /// The positions of the rows for which a key counts, each with the index of the key. Sorted.
    counted: Vec<(usize, usize)>,
    /// The positions of the rows for which it could not be evaluated whether a key counts, and why.
    unknown: Vec<(usize, Box<str>)>,
}

impl Evaluation {
    /// Whether a CHECK does not hold for a row, and why it could not be evaluated, if that is so.
    pub fn failure(&self, position: usize, check: usize) -> Option<Option<Box<str>>> {
        let found = (self.failed).binary_search_by_key(&(position, check), |(p, c, _)| (*p, *c));
        found.ok().map(|index| self.failed[index].2.clone())
    }

    /// The positions of the rows for which a CHECK does not hold, or something could not be evaluated.
    pub fn failed_or_unknown(&self) -> impl Iterator<Item = usize> {
        let failed = self.failed.iter().map(|(position, ..)| *position);
        failed.chain(self.unknown.iter().map(|(position, _)| *position))
    }

    /// Why it could not be evaluated whether a key counts for a row, if that is so. SQLite takes no such row.
    pub fn unknown(&self, position: usize) -> Option<&str> {
        let mut unknown = self.unknown.iter();
        let found = unknown.find(|(unknown, _)| *unknown == position);
        found.map(|(_, why)| &**why)
    }

    /// Whether a key that has a filter counts for a row.
    pub fn counts(&self, position: usize, key: usize) -> bool {
        self.counted.binary_search(&(position, key)).is_ok()
    }
}

impl Evaluator {
    /// What evaluates the expressions of a table; `None` if it has none. Fails if SQLite does not accept one of them.
    pub fn new(table: &Table) -> rusqlite::Result<Option<Evaluator>> {
        let filters = table.keys.iter().enumerate();
        let filters = filters.filter_map(|(index, key)| Some((index, key.filter?)));
        let filters: Vec<_> = filters.collect();
        if table.checks.is_empty() && filters.is_empty() {
            return Ok(None);
        }
        // As SQLite itself evaluates them: a part that does not matter for the result is left out, even if it fails.
        let checks = (table.checks.iter())
            .map(|check| format!("CASE WHEN NOT ({}) THEN 0 ELSE 1 END", check.sql));
        let counts =
            (filters.iter()).map(|(_, filter)| format!("CASE WHEN ({filter}) THEN 1 ELSE 0 END"));
        let expressions: Vec<_> = checks.chain(counts).collect();
        let (name, columns) = (table.sql_name(), table.columns);
        let mut connection = Connection::open_in_memory()?;
        connection.pragma_update(None, "encoding", table.encoding)?;
        let declared: Vec<_> = columns.iter().map(Column::declaration).collect();
        connection.execute_batch(&format!("CREATE TABLE {name} ({})", declared.join(", ")))?;
        // Nothing is kept after an error.
        connection.pragma_update(None, "journal_mode", "OFF")?;
        let select = format!("SELECT {} FROM {name}", expressions.join(", "));
        let used = used_columns(&mut connection, table, &select)?;
        let names: Vec<_> = (used.iter())
            .map(|column| quoted(columns[*column].name))
            .collect();
        let marks = vec!["?"; used.len()].join(",");
        // No extra column holds the position of a row, because its name could clash with that of another.
        let evaluator = Evaluator {
            columns: used,
            insert: format!("INSERT INTO {name} ({}) VALUES ({marks})", names.join(", ")),
            select,
            expressions: (expressions.iter())
                .map(|expression| format!("SELECT {expression} FROM {name}"))
                .collect(),
            delete: format!("DELETE FROM {name}"),
            checks: table.checks.len(),
            filtered: filters.into_iter().map(|(index, _)| index).collect(),
            connection,
        };
        Ok(Some(evaluator))
    }

    /// Evaluates rows, given their positions in ascending order, and the value of each of their columns. Fails if SQLite
    /// runs out of memory, say.
    pub fn evaluate<'v>(
        &self,
        positions: &[usize],
        value: impl Fn(usize, usize) -> Value<'v>,
    ) -> rusqlite::Result<Evaluation> {
        let mut evaluation = Evaluation::default();
        for group in positions.chunks(ROWS) {
            self.load(group, &value)?;
            if self.evaluate_group(group, &mut evaluation).is_err() {
                // An expression fails for one of these rows. Find out which expression and which row.
                for position in group {
                    self.load(&[*position], &value)?;
                    self.evaluate_row(*position, &mut evaluation)?;
                }
            }
        }
        Ok(evaluation)
    }

    fn load<'v>(
        &self,
        positions: &[usize],
        value: impl Fn(usize, usize) -> Value<'v>,
    ) -> rusqlite::Result<()> {
        self.connection.prepare_cached(&self.delete)?.execute([])?;
        let transaction = self.connection.unchecked_transaction()?;
        let mut insert = self.connection.prepare_cached(&self.insert)?;
        for position in positions {
            for (index, column) in self.columns.iter().enumerate() {
                insert.raw_bind_parameter(index + 1, value(*position, *column))?;
            }
            insert.raw_execute()?;
        }
        transaction.commit()
    }

    /// Rows come in the order in which they were inserted, because nothing else is there to sort them.
    fn evaluate_group(
        &self,
        positions: &[usize],
        evaluation: &mut Evaluation,
    ) -> rusqlite::Result<()> {
        let mut found = Evaluation::default();
        let mut select = self.connection.prepare_cached(&self.select)?;
        let mut rows = select.query([])?;
        for position in positions {
            let Some(row) = rows.next()? else { break };
            for check in 0..self.checks {
                if !row.get::<_, bool>(check)? {
                    found.failed.push((*position, check, None));
                }
            }
            for (index, key) in self.filtered.iter().enumerate() {
                if row.get(self.checks + index)? {
                    found.counted.push((*position, *key));
                }
            }
        }
        evaluation.failed.append(&mut found.failed);
        evaluation.counted.append(&mut found.counted);
        Ok(())
    }

    fn evaluate_row(&self, position: usize, evaluation: &mut Evaluation) -> rusqlite::Result<()> {
        for (index, sql) in self.expressions.iter().enumerate() {
            let result = self
                .connection
                .query_row(sql, [], |row| row.get::<_, bool>(0));
            match (index.checked_sub(self.checks), result) {
                (None, Ok(true)) => {}
                (None, Ok(false)) => evaluation.failed.push((position, index, None)),
                (None, Err(error)) => {
                    let why = Some(words(&error).into());
                    evaluation.failed.push((position, index, why));
                }
                (Some(filter), Ok(true)) => {
                    evaluation.counted.push((position, self.filtered[filter]));
                }
                (Some(_), Ok(false)) => {}
                (Some(_), Err(error)) => evaluation.unknown.push((position, words(&error).into())),
            }
        }
        Ok(())
    }
}

/// The columns of a table, one at least, that a statement reads.
fn used_columns(
    connection: &mut Connection,
    table: &Table,
    statement: &str,
) -> rusqlite::Result<Vec<usize>> {
    let (sender, read) = channel();
    connection.authorizer(Some(move |context: AuthContext| {
        if let AuthAction::Read { column_name, .. } = context.action {
            let _ = sender.send(column_name.to_string());
        }
        Authorization::Allow
    }))?;
    connection.prepare(statement)?;
    connection.authorizer(None::<fn(AuthContext) -> Authorization>)?;
    let read: HashSet<_> = read.try_iter().collect();
    let columns = 0..table.columns.len();
    let mut used: Vec<_> = columns
        .filter(|column| read.contains(table.columns[*column].name))
        .collect();
    if used.is_empty() {
        used.push(0);
    }
    Ok(used)
}

/// What SQLite says, without what rusqlite puts around it.
fn words(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
        _ => error.to_string(),
    }
}

/// Converts values as columns with another affinity would.
#[derive(Debug)]
pub struct Converter {
    connection: Connection,
    insert: String,
    width: usize,
}

impl Converter {
    /// Creates a converter to these columns. Fails only if SQLite does.
    pub fn new<'c>(columns: impl Iterator<Item = &'c Column>) -> rusqlite::Result<Converter> {
        let connection = Connection::open_in_memory()?;
        let declared = columns.enumerate().map(|(index, column)| {
            // To look for a real number, SQLite compares whole ones with it as they are.
            let declared = match column.kind {
                Kind::Real => "NUMERIC",
                _ => column.declared,
            };
            format!("c{index} {declared}")
        });
        let declared: Vec<_> = declared.collect();
        let width = declared.len();
        connection.execute_batch(&format!("CREATE TABLE converted ({})", declared.join(", ")))?;
        let marks = vec!["?"; width].join(",");
        Ok(Converter {
            connection,
            insert: format!("INSERT INTO converted VALUES ({marks}) RETURNING *"),
            width,
        })
    }

    /// What the columns make of these values.
    pub fn convert<'v>(
        &self,
        values: impl IntoIterator<Item = Value<'v>>,
    ) -> rusqlite::Result<Vec<OwnedValue>> {
        self.connection
            .prepare_cached("DELETE FROM converted")?
            .execute([])?;
        let mut insert = self.connection.prepare_cached(&self.insert)?;
        insert.query_row(params_from_iter(values), |row| {
            (0..self.width)
                .map(|index| Ok(Value::from(row.get_ref(index)?).into()))
                .collect()
        })
    }
}

/// What a column of a declared type makes of the value of an SQL expression without columns.
pub fn constant(expression: &str, declared: &str) -> rusqlite::Result<OwnedValue> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(&format!("CREATE TABLE t (c {declared})"))?;
    let sql = format!("INSERT INTO t VALUES (({expression})) RETURNING c");
    connection.query_row(&sql, [], |row| Ok(Value::from(row.get_ref(0)?).into()))
}

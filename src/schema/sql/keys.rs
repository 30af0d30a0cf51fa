//! Reads the keys of a table: the primary key, and what else is unique.

use rusqlite::Connection;

use super::refusals::{Layout, Refusals};
use super::token::{Tokens, closing, one_line};
use super::{expression, leak, leak_text};
use crate::schema::{Collation, Column, Key, Role};

/// The keys of a table, the primary key first, and whether SQLite assigns the primary key. Takes the columns of the
/// primary key.
pub fn read(
    connection: &Connection,
    table: &str,
    columns: &[Column],
    primary: Vec<usize>,
    refusals: &mut Refusals,
) -> Result<(Vec<Key>, bool), rusqlite::Error> {
    // SQLite lists the last one first.
    let mut indexes = connection.prepare_cached(
        "SELECT list.name, origin = 'pk', CASE WHEN partial THEN sql END
         FROM pragma_index_list(?1) AS list
         LEFT JOIN sqlite_schema AS schema ON schema.type = 'index' AND schema.name = list.name
         WHERE \"unique\" ORDER BY origin = 'pk' DESC, seq DESC",
    )?;
    let is_plain = refusals.layout() == Layout::OwnFiles;
    let mut keys = Vec::new();
    let mut rows = indexes.query([table])?;
    while let Some(row) = rows.next()? {
        let (index, is_primary): (String, bool) = (row.get(0)?, row.get(1)?);
        let filter = row
            .get::<_, Option<String>>(2)?
            .and_then(|sql| condition(&sql));
        if let Some(filter) = &filter
            && let Some(problem) = expression::problem(connection, table, filter)?
        {
            let sentence =
                format!("the unique index {index} of {table} (WHERE {filter}) {problem}");
            if refusals.leave_to_sqlite(table, sentence) {
                continue;
            }
        }
        let Some(indexed) = indexed(connection, &index)? else {
            let sentence = format!(
                "the unique index {index} of {table} is over an expression: leave it out, or declare UNIQUE over columns"
            );
            refusals.leave_to_sqlite(table, sentence);
            continue;
        };
        if indexed.iter().any(|(column, _)| columns[*column].generated) {
            // Either the column is refused, or SQLite checks this.
            continue;
        }
        let (indexed, collations): (Vec<_>, Vec<_>) = indexed.into_iter().unzip();
        let role = match (is_primary, &indexed[..]) {
            (false, _) => Role::Unique,
            // Where this is an INTEGER PRIMARY KEY DESC, the plain table has one without DESC, which is the rowid.
            (true, [only]) if is_plain && columns[*only].is_integer() => Role::Rowid,
            (true, _) => Role::Primary,
        };
        let collations = match role {
            // Integers have no collation.
            Role::Rowid => vec![Collation::Binary],
            _ => collations,
        };
        keys.push(Key {
            columns: leak(indexed),
            collations: leak(collations),
            role,
            filter: filter.map(leak_text),
        });
    }
    let has_primary = keys.first().is_some_and(Key::is_primary);
    let is_rowid = !has_primary && !primary.is_empty();
    if is_rowid {
        let rowid = Key {
            columns: leak(primary),
            collations: &[Collation::Binary],
            role: Role::Rowid,
            filter: None,
        };
        keys.insert(0, rowid);
    }
    Ok((without_repetitions(keys), is_rowid))
}

/// The columns of an index and their collations; `None` if it is over an expression.
fn indexed(
    connection: &Connection,
    index: &str,
) -> Result<Option<Vec<(usize, Collation)>>, rusqlite::Error> {
    let mut info = connection
        .prepare_cached("SELECT cid, coll FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno")?;
    let mut columns = Vec::new();
    let mut rows = info.query([index])?;
    while let Some(row) = rows.next()? {
        let Ok(column) = usize::try_from(row.get::<_, i64>(0)?) else {
            return Ok(None);
        };
        let collation = Collation::named(&row.get::<_, String>(1)?).unwrap_or(Collation::Binary);
        if !columns.contains(&(column, collation)) {
            columns.push((column, collation));
        }
    }
    Ok(Some(columns))
}

/// The condition of a `CREATE INDEX … WHERE`.
fn condition(sql: &str) -> Option<String> {
    let tokens: Vec<_> = Tokens::new(sql).collect();
    let open = tokens.iter().position(|token| token.is_symbol("("))?;
    match &tokens[closing(&tokens, open)? + 1..] {
        [first, condition @ ..] if first.is("WHERE") => Some(one_line(condition)),
        _ => None,
    }
}

/// The keys without those that are equivalent to an earlier one: a row that breaks either one breaks the other.
fn without_repetitions(keys: Vec<Key>) -> Vec<Key> {
    let mut different: Vec<Key> = Vec::new();
    for key in keys {
        if !different.iter().any(|other| is_same(other, &key)) {
            different.push(key);
        }
    }
    different
}

fn is_same(one: &Key, other: &Key) -> bool {
    // Integers have no collation.
    let with_collations = one.role != Role::Rowid && other.role != Role::Rowid;
    let columns = |key: &Key| {
        let columns = key.columns.iter().zip(key.collations);
        let mut columns: Vec<_> = columns
            .map(|(column, collation)| (*column, with_collations.then_some(*collation as u8)))
            .collect();
        columns.sort_unstable();
        columns
    };
    one.filter == other.filter && columns(one) == columns(other)
}

impl Column {
    /// Whether its type makes a primary key the rowid.
    fn is_integer(&self) -> bool {
        self.declared.eq_ignore_ascii_case("INTEGER")
    }
}

//! Reads the tables out of the database in memory, and finds what keeps them from being loaded.

use rusqlite::Connection;

use super::declared;
use super::definition::items;
use super::expression;
use super::token::{Tokens, closing, one_line};
use crate::schema::{Collation, Role};

/// A table as SQLite knows it.
pub struct Declared {
    pub name: String,
    pub columns: Vec<DeclaredColumn>,
    /// The primary key first, then the others in the order of their declaration.
    pub keys: Vec<DeclaredKey>,
    pub references: Vec<DeclaredReference>,
    pub checks: Vec<DeclaredCheck>,
    pub makes_ids: bool,
}

pub struct DeclaredColumn {
    pub name: String,
    /// Its declared type.
    pub declared: String,
    pub collation: Collation,
    pub required: bool,
    pub default: Option<String>,
}

pub struct DeclaredKey {
    pub columns: Vec<(usize, Collation)>,
    pub role: Role,
    pub filter: Option<String>,
}

#[derive(PartialEq)]
pub struct DeclaredReference {
    pub columns: Vec<usize>,
    /// The parent as the reference spells it.
    pub parent: String,
    /// The names of the parent's columns; `None` for its primary key.
    pub to: Option<Vec<String>>,
}

pub struct DeclaredCheck {
    /// The column in whose definition it stands.
    pub column: Option<usize>,
    pub name: Option<String>,
    pub sql: String,
}

/// Reads the tables in the order of their declaration.
pub fn read(
    connection: &Connection,
    refusals: &mut Vec<String>,
) -> Result<Vec<Declared>, rusqlite::Error> {
    let mut tables = connection.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
    )?;
    let tables = tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let tables: Vec<(String, String)> = tables.collect::<Result<_, _>>()?;
    (tables.iter())
        .map(|(name, sql)| table(connection, name, sql, refusals))
        .collect()
}

fn table(
    connection: &Connection,
    name: &str,
    sql: &str,
    refusals: &mut Vec<String>,
) -> Result<Declared, rusqlite::Error> {
    let mut columns = Vec::new();
    let mut primary = Vec::new();
    let mut info = connection
        .prepare_cached("SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1) ORDER BY cid")?;
    let mut rows = info.query([name])?;
    while let Some(row) = rows.next()? {
        let column: String = row.get(0)?;
        let key: i64 = row.get(4)?;
        if row.get::<_, i64>(5)? != 0 {
            refusals.push(format!(
                "{name}.{column} is a generated column: leave it out, or declare it as a plain column"
            ));
        }
        if key > 0 {
            primary.push(columns.len());
        }
        let (_, collation, ..) = connection.column_metadata(Some("main"), name, column.as_str())?;
        let collation = collation
            .and_then(|collation| collation.to_str().ok())
            .and_then(Collation::named);
        columns.push(DeclaredColumn {
            name: column,
            declared: declared::normalized(&row.get::<_, String>(1)?),
            collation: collation.unwrap_or(Collation::Binary),
            required: key > 0 || row.get(2)?,
            default: row
                .get::<_, Option<String>>(3)?
                .map(|default| in_one_line(&default)),
        });
    }
    let (keys, makes_ids) = keys(connection, name, &columns, &primary, refusals)?;
    let checks = checks(connection, name, sql, &columns, refusals)?;
    let references = references(connection, name, &columns)?;
    Ok(Declared {
        name: name.to_string(),
        columns,
        keys,
        references,
        checks,
        makes_ids,
    })
}

/// The keys of a table, and whether SQLite makes up its primary key.
fn keys(
    connection: &Connection,
    table: &str,
    columns: &[DeclaredColumn],
    primary: &[usize],
    refusals: &mut Vec<String>,
) -> Result<(Vec<DeclaredKey>, bool), rusqlite::Error> {
    // SQLite lists the last one first.
    let mut list = connection.prepare_cached(
        "SELECT list.name, origin, partial, sql FROM pragma_index_list(?1) AS list
         LEFT JOIN sqlite_schema AS schema ON schema.type = 'index' AND schema.name = list.name
         WHERE \"unique\" ORDER BY origin = 'pk' DESC, seq DESC",
    )?;
    let mut keys: Vec<DeclaredKey> = Vec::new();
    let mut has_index = false;
    let mut rows = list.query([table])?;
    while let Some(row) = rows.next()? {
        let (index, origin): (String, String) = (row.get(0)?, row.get(1)?);
        let is_primary = origin == "pk";
        has_index |= is_primary;
        let filter = match (row.get(2)?, row.get::<_, Option<String>>(3)?) {
            (true, Some(sql)) => filter(&sql),
            _ => None,
        };
        if let Some(filter) = &filter
            && let Some(problem) = expression::problem(connection, table, filter)?
        {
            refusals.push(format!(
                "the unique index {index} of {table} (WHERE {filter}) {problem}"
            ));
        }
        let Some(indexed) = indexed(connection, &index)? else {
            refusals.push(format!(
                "the unique index {index} of {table} is over an expression: leave it out, or declare UNIQUE over columns"
            ));
            continue;
        };
        let role = if is_primary {
            primary_role(columns, &indexed)
        } else {
            Role::Unique
        };
        keys.push(DeclaredKey {
            columns: indexed,
            role,
            filter,
        });
    }
    let makes_ids = !has_index && !primary.is_empty();
    if makes_ids {
        let columns = primary
            .iter()
            .map(|column| (*column, Collation::Binary))
            .collect();
        keys.insert(
            0,
            DeclaredKey {
                columns,
                role: Role::Rowid,
                filter: None,
            },
        );
    }
    let mut different: Vec<DeclaredKey> = Vec::new();
    for key in keys {
        if !different.iter().any(|other| other.says_the_same(&key)) {
            different.push(key);
        }
    }
    Ok((different, makes_ids))
}

/// The plain table declares an `INTEGER PRIMARY KEY` as such, also where this one is not the rowid: `DESC`.
fn primary_role(columns: &[DeclaredColumn], key: &[(usize, Collation)]) -> Role {
    match key {
        [(column, _)] if columns[*column].declared.eq_ignore_ascii_case("INTEGER") => Role::Rowid,
        _ => Role::Primary,
    }
}

impl DeclaredKey {
    /// Whether it is the primary key.
    pub fn is_primary(&self) -> bool {
        matches!(self.role, Role::Rowid | Role::Primary)
    }

    /// Whether it is an integer, whose texts are not compared.
    pub fn is_rowid(&self) -> bool {
        self.role == Role::Rowid
    }

    /// Whether no row breaks one of these keys without the other.
    fn says_the_same(&self, other: &DeclaredKey) -> bool {
        let within = |one: &DeclaredKey, other: &DeclaredKey| {
            let same = |a: &(usize, Collation), b: &(usize, Collation)| {
                a.0 == b.0 && (a.1 == b.1 || one.role == Role::Rowid || other.role == Role::Rowid)
            };
            one.columns
                .iter()
                .all(|a| other.columns.iter().any(|b| same(a, b)))
        };
        self.filter == other.filter && within(self, other) && within(other, self)
    }
}

/// The columns of an index; `None` if it is over an expression.
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

/// The expression of the WHERE of a `CREATE INDEX` statement.
fn filter(sql: &str) -> Option<String> {
    let tokens: Vec<_> = Tokens::new(sql).collect();
    let open = tokens.iter().position(|token| token.is_symbol("("))?;
    let close = closing(&tokens, open)?;
    let condition = tokens.get(close + 1..)?;
    condition
        .first()
        .filter(|first| first.is("WHERE"))
        .map(|_| one_line(&condition[1..]))
}

fn references(
    connection: &Connection,
    table: &str,
    columns: &[DeclaredColumn],
) -> Result<Vec<DeclaredReference>, rusqlite::Error> {
    // SQLite lists the last one first.
    let mut list = connection.prepare_cached(
        "SELECT seq, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq",
    )?;
    let mut references: Vec<DeclaredReference> = Vec::new();
    let mut rows = list.query([table])?;
    while let Some(row) = rows.next()? {
        let from: String = row.get(2)?;
        let to: Option<String> = row.get(3)?;
        if row.get::<_, i64>(0)? == 0 {
            let to = to.is_some().then(Vec::new);
            references.push(DeclaredReference {
                columns: Vec::new(),
                parent: row.get(1)?,
                to,
            });
        }
        let column = columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(&from));
        if let (Some(reference), Some(column)) = (references.last_mut(), column) {
            reference.columns.push(column);
            if let (Some(all), Some(to)) = (&mut reference.to, to) {
                all.push(to);
            }
        }
    }
    Ok(references)
}

/// The CHECK constraints of a table, from its statement.
fn checks(
    connection: &Connection,
    table: &str,
    sql: &str,
    columns: &[DeclaredColumn],
    refusals: &mut Vec<String>,
) -> Result<Vec<DeclaredCheck>, rusqlite::Error> {
    let tokens: Vec<_> = Tokens::new(sql).collect();
    let mut checks = Vec::new();
    for item in items(&tokens) {
        let column = item.column.as_ref();
        let column = column.and_then(|name| {
            columns
                .iter()
                .position(|c| c.name.eq_ignore_ascii_case(name))
        });
        for check in item.checks() {
            if let Some(problem) = expression::problem(connection, table, &check.sql)? {
                refusals.push(format!("CHECK ({}) of {table} {problem}", check.sql));
            }
            checks.push(DeclaredCheck {
                column,
                name: check.name,
                sql: check.sql,
            });
        }
    }
    Ok(checks)
}

fn in_one_line(sql: &str) -> String {
    one_line(&Tokens::new(sql).collect::<Vec<_>>())
}

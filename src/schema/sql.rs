//! Reads tables from SQL, as a script or the schema of a database has it.
//!
//! SQLite is the parser: the statements that make tables are run in a database in memory, and it answers what the tables
//! are. What scripts have besides is passed over unread, as much of it is for other programs.

mod declared;
mod definition;
mod error;
mod expression;
mod memory;
mod names;
mod passed_over;
mod references;
mod script;
mod tables;
mod token;

pub use error::Error;

use memory::Memory;
use references::Resolved;
use script::Statement;
use tables::Declared;

use super::{Check, Column, Key, Kind, Reference, Rule, Table};

/// The most tables that a schema may have.
pub const MOST_TABLES: usize = 200;

/// What was read.
#[derive(Debug)]
pub struct Schema {
    /// The tables; each comes after those it refers to.
    pub tables: &'static [&'static Table],
    /// What was passed over, a line for each kind.
    pub notes: Vec<String>,
}

/// Whether a column of this kind can have this expression as its default.
pub type Usable = fn(Kind, &str) -> bool;

/// Reads the tables of a script. Defaults that are not `usable` count as none.
///
/// # Errors
///
/// If SQLite does not take a statement, or if there are tables that cannot be loaded; the error then says all that keeps
/// them from it.
pub fn read(script: &[u8], usable: Usable) -> Result<Schema, Error> {
    let script = script.strip_prefix(b"\xef\xbb\xbf").unwrap_or(script);
    let script = str::from_utf8(script).map_err(|error| {
        let before = &script[..error.valid_up_to()];
        Error::NotUtf8(1 + before.iter().filter(|byte| **byte == b'\n').count())
    })?;
    schema(&script::split(script), usable)
}

/// Reads the tables of a database, given the statements of its `sqlite_schema`.
///
/// # Errors
///
/// As [`read`].
pub fn from_statements(statements: &[String], usable: Usable) -> Result<Schema, Error> {
    let statements: Vec<_> = statements
        .iter()
        .map(|text| Statement::whole(text))
        .collect();
    let (tables, others): (Vec<_>, Vec<_>) = statements
        .into_iter()
        .partition(|statement| !matches!(statement.action, script::Action::CreateIndex { .. }));
    schema(
        &tables.into_iter().chain(others).collect::<Vec<_>>(),
        usable,
    )
}

fn schema(statements: &[Statement], usable: Usable) -> Result<Schema, Error> {
    let mut memory = Memory::open()?;
    memory.run(statements)?;
    let Memory {
        connection,
        passed_over,
        mut refusals,
    } = memory;
    let declared = tables::read(&connection, &mut refusals)?;
    check_names(&declared, &mut refusals);
    let references = references::resolve(&declared, &passed_over, &mut refusals);
    let order = references::order(&declared, &references, &mut refusals);
    if !refusals.is_empty() {
        return Err(Error::Refused(refusals));
    }
    let tables = order
        .iter()
        .map(|index| &*leak_one(table(&declared, *index, &references[*index], usable)));
    Ok(Schema {
        tables: leak(tables.collect()),
        notes: passed_over.notes(),
    })
}

/// Refuses names that cannot be those of files, and too few or too many tables.
fn check_names(tables: &[Declared], refusals: &mut Vec<String>) {
    if tables.is_empty() {
        refusals.push("there is no CREATE TABLE statement: declare at least one table".to_string());
    }
    if tables.len() > MOST_TABLES {
        refusals.push(format!(
            "there are {} tables, and at most {MOST_TABLES} are possible: leave out those that you do not load",
            tables.len()
        ));
    }
    for (index, table) in tables.iter().enumerate() {
        let name = &table.name;
        if let Some(problem) = names::problem(name, cfg!(windows)) {
            refusals.push(format!(
                "the name of the table {name:?} {problem}: give it another name"
            ));
        }
        let folded = names::without_case(name);
        if let Some(other) = tables[..index]
            .iter()
            .find(|other| names::without_case(&other.name) == folded)
        {
            refusals.push(format!(
                "the names of the tables {} and {name} differ only in upper and lower case, so that some systems have one file for both: give one of them another name",
                other.name
            ));
        }
    }
}

/// Makes the table with this index.
fn table(tables: &[Declared], index: usize, references: &[Resolved], usable: Usable) -> Table {
    let declared = &tables[index];
    let columns = (0..declared.columns.len())
        .map(|column| self::column(declared, column, references, usable));
    let keys = declared.keys.iter().map(|key| Key {
        columns: leak(key.columns.iter().map(|(column, _)| *column).collect()),
        collations: leak(
            key.columns
                .iter()
                .map(|(_, collation)| *collation)
                .collect(),
        ),
        role: key.role,
        filter: key.filter.as_deref().map(leak_text),
    });
    let checks = declared.checks.iter().map(|check| Check {
        name: check.name.as_deref().map(leak_text),
        sql: leak_text(&check.sql),
    });
    Table {
        name: leak_text(&declared.name),
        row: "row",
        columns: leak(columns.collect()),
        keys: leak(keys.collect()),
        references: leak(
            references
                .iter()
                .map(|reference| Reference {
                    columns: leak(reference.columns.clone()),
                    parent: leak_text(&tables[reference.parent].name),
                    key: reference.key,
                })
                .collect(),
        ),
        checks: leak(checks.collect()),
        rules: leak(rules(declared, references, None)),
        makes_ids: declared.makes_ids,
        file: None,
        seed: "",
    }
}

fn column(table: &Declared, index: usize, references: &[Resolved], usable: Usable) -> Column {
    let column = &table.columns[index];
    let kind = declared::kind(&column.declared);
    let default = column
        .default
        .as_deref()
        .filter(|default| usable(kind, default));
    Column {
        name: leak_text(&column.name),
        kind,
        declared: leak_text(&declared::stored(&column.declared)),
        collation: column.collation,
        required: column.required,
        default: default.map(leak_text),
        rules: leak(rules(table, references, Some(index))),
    }
}

/// The rules of one column, or those that belong to none.
fn rules(table: &Declared, references: &[Resolved], column: Option<usize>) -> Vec<Rule> {
    let belongs = |columns: &[usize]| match columns {
        [only] => column == Some(*only),
        _ => column.is_none(),
    };
    let keys = table.keys.iter().enumerate().filter(|(_, key)| {
        belongs(
            &key.columns
                .iter()
                .map(|(column, _)| *column)
                .collect::<Vec<_>>(),
        )
    });
    let keys = keys.map(|(index, _)| Rule::Unique(index));
    let references = references
        .iter()
        .enumerate()
        .filter(|(_, reference)| belongs(&reference.columns));
    let references = references.map(|(index, _)| Rule::Exists(index));
    let checks = table
        .checks
        .iter()
        .enumerate()
        .filter(|(_, check)| check.column == column);
    let checks = checks.map(|(index, _)| Rule::Holds(index));
    keys.chain(references).chain(checks).collect()
}

fn leak<T>(values: Vec<T>) -> &'static [T] {
    values.leak()
}

fn leak_one<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn leak_text(text: &str) -> &'static str {
    text.to_string().leak()
}

#[cfg(test)]
mod tests;

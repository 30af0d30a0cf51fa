//! Reads tables from SQL, as a script or the schema of a database has it.
//!
//! SQLite is the parser: the statements that make tables are run in a database in memory, and it answers what the tables
//! are. Everything else in a script is ignored, because much of it is for other programs.

mod declared;
mod definition;
mod error;
mod expression;
mod ignored;
mod keys;
mod memory;
mod names;
mod references;
mod refusals;
mod script;
mod tables;
mod token;

pub use error::Error;
pub use refusals::Layout;

use memory::Memory;
use references::Resolved;
use refusals::Refusals;
use script::{Action, Statement, Statements};
use tables::Declared;

use rusqlite::Connection;

use super::{Column, Kind, Reference, Rule, Table};

/// The most tables that a schema may have.
pub const MAX_TABLES: usize = 200;

/// What was read.
#[derive(Debug)]
pub struct Schema {
    /// The tables; each comes after those it refers to.
    pub tables: &'static [&'static Table],
    /// What was ignored, a line for each kind.
    pub notes: Vec<String>,
    /// The tables that cannot be loaded, with the reasons as sentences. Empty if the tables have files of their own.
    pub unsupported: Vec<(&'static str, Vec<String>)>,
    /// The statements that make all of it: tables, indexes, views and triggers.
    pub statements: Vec<String>,
}

/// Whether a column of this kind and declared type can have this expression as its default.
pub type Usable = fn(Kind, &str, &str) -> bool;

/// Reads the tables of a script. Defaults that are not `usable` are ignored.
///
/// # Errors
///
/// If SQLite rejects a statement, or if there are tables that cannot be loaded; the error then lists all reasons.
pub fn read(script: &[u8], layout: Layout, usable: Usable) -> Result<Schema, Error> {
    let is_utf16 = script.starts_with(b"\xff\xfe") || script.starts_with(b"\xfe\xff");
    if is_utf16 {
        return Err(Error::NotUtf8(1));
    }
    let is_utf8 = str::from_utf8(script).is_ok();
    let script = String::from_utf8_lossy(script);
    let mut memory = Memory::open(layout)?;
    let mut statements = Statements::new(&script);
    memory.run(statements.by_ref(), is_utf8)?;
    match statements.unclosed() {
        Some(line) => Err(Error::Unclosed(line)),
        None => schema(memory, layout, usable),
    }
}

/// Reads the tables of a database, given the statements of its `sqlite_schema`.
///
/// # Errors
///
/// As [`read`].
pub fn from_statements(
    statements: &[String],
    layout: Layout,
    usable: Usable,
) -> Result<Schema, Error> {
    let statements = statements.iter().map(|text| Statement::whole(text));
    let is_index = |statement: &Statement| matches!(statement.action, Action::CreateIndex { .. });
    let (indexes, others): (Vec<_>, Vec<_>) = statements.partition(is_index);
    let mut memory = Memory::open(layout)?;
    memory.run(others.into_iter().chain(indexes), true)?;
    schema(memory, layout, usable)
}

/// The statements that made the tables and unique indexes of a database.
fn made(connection: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    let sql = "SELECT sql FROM sqlite_schema
               WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

fn schema(memory: Memory, layout: Layout, usable: Usable) -> Result<Schema, Error> {
    let Memory {
        connection,
        ignored,
        mut refusals,
        others,
        triggers,
    } = memory;
    let declared = tables::read(&connection, &mut refusals)?;
    check_count(&declared, &mut refusals);
    check_names(&declared, &mut refusals);
    let references = references::resolve(&declared, &ignored, &mut refusals);
    let order = references::order(&declared, &references, &mut refusals);
    if !refusals.is_empty() && layout == Layout::OwnFiles || !refusals.of("").is_empty() {
        return Err(Error::Refused(refusals.into_sentences()));
    }
    // A table that refers to an unsupported one is unsupported, too.
    let mut supported = Vec::new();
    for index in order {
        let table = &declared[index];
        let mut parents = references[index].iter().map(|reference| reference.parent);
        let lacks = parents.find(|parent| *parent != index && !supported.contains(parent));
        if let Some(parent) = lacks {
            let (name, parent) = (table.name, declared[parent].name);
            refusals.refuse(
                name,
                format!("{name} refers to {parent}, which cannot be loaded"),
            );
        }
        if refusals.of(table.name).is_empty() {
            supported.push(index);
        }
    }
    let unsupported = declared
        .iter()
        .map(|table| (table.name, refusals.of(table.name)));
    let unsupported = unsupported.filter(|(_, sentences)| !sentences.is_empty());
    let unsupported: Vec<_> = unsupported
        .map(|(name, sentences)| (name, sentences.to_vec()))
        .collect();
    let made = made(&connection)?
        .into_iter()
        .chain(others)
        .chain(triggers)
        .collect();
    let names: Vec<_> = declared.iter().map(|table| table.name).collect();
    let tables = declared.into_iter().zip(references);
    let tables = leak(
        tables
            .map(|(table, references)| finish(table, references, &names, usable))
            .collect(),
    );
    Ok(Schema {
        tables: leak(supported.iter().map(|index| &tables[*index]).collect()),
        notes: ignored.notes(layout),
        unsupported,
        statements: made,
    })
}

/// Refuses too few or too many tables.
fn check_count(tables: &[Declared], refusals: &mut Refusals) {
    let count = tables.len();
    if count == 0 {
        let sentence = "there is no CREATE TABLE statement: declare at least one table";
        refusals.refuse("", sentence.to_string());
    }
    if count > MAX_TABLES && refusals.layout() == Layout::OwnFiles {
        refusals.refuse(
            "",
            format!("there are {count} tables, but at most {MAX_TABLES} are supported: leave out those that you do not load"),
        );
    }
}

/// Refuses names that cannot be file names: every table has at least a CSV file.
fn check_names(tables: &[Declared], refusals: &mut Refusals) {
    for (index, table) in tables.iter().enumerate() {
        let name = &table.name;
        if let Some(problem) = names::problem(name, cfg!(windows)) {
            let sentence =
                format!("the name of the table {name:?} {problem}: give it another name");
            refusals.refuse(name, sentence);
        }
        if refusals.layout() == Layout::OneFile {
            continue;
        }
        let folded = names::without_case(name);
        if let Some(other) = tables[..index]
            .iter()
            .find(|other| names::without_case(other.name) == folded)
        {
            let sentence = format!(
                "the names of the tables {} and {name} differ only in case, so on some systems both would share one file: give one of them another name",
                other.name
            );
            refusals.refuse(name, sentence);
        }
    }
}

/// Puts a table together, given also the names of all tables.
fn finish(
    declared: Declared,
    references: Vec<Resolved>,
    names: &[&'static str],
    usable: Usable,
) -> Table {
    let columns = (0..).zip(&declared.columns).map(|(index, column)| Column {
        rules: leak(rules(&declared, &references, Some(index))),
        default: column
            .default
            .filter(|default| usable(column.kind, column.declared, default)),
        ..*column
    });
    let columns = leak(columns.collect());
    let rules = leak(rules(&declared, &references, None));
    let references = references.into_iter().map(|reference| Reference {
        columns: leak(reference.columns),
        parent: names[reference.parent],
        key: reference.key,
    });
    Table {
        name: declared.name,
        row: "row",
        columns,
        keys: leak(declared.keys),
        references: leak(references.collect()),
        checks: leak(
            declared
                .checks
                .into_iter()
                .map(|(_, check)| check)
                .collect(),
        ),
        rules,
        assigns_ids: declared.assigns_ids,
        has_rowid: declared.has_rowid,
        file: None,
        encoding: "UTF-8",
        seed: "",
    }
}

/// The rules of one column, or those that concern no single one.
fn rules(table: &Declared, references: &[Resolved], column: Option<usize>) -> Vec<Rule> {
    let concerns = |columns: &[usize]| match columns {
        [only] => column == Some(*only),
        _ => column.is_none(),
    };
    let keys = (0..)
        .zip(&table.keys)
        .filter(|(_, key)| concerns(key.columns));
    let keys = keys.map(|(index, _)| Rule::Unique(index));
    let references = (0..)
        .zip(references)
        .filter(|(_, reference)| concerns(&reference.columns));
    let references = references.map(|(index, _)| Rule::Exists(index));
    let checks = (0..)
        .zip(&table.checks)
        .filter(|(_, (stands_in, _))| *stands_in == column);
    let checks = checks.map(|(index, _)| Rule::Holds(index));
    keys.chain(references).chain(checks).collect()
}

/// A schema lives as long as the process.
fn leak<T>(values: Vec<T>) -> &'static [T] {
    values.leak()
}

fn leak_text(text: String) -> &'static str {
    text.leak()
}

#[cfg(test)]
mod tests;

//! Reading the schema that `--schema` names.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Result, anyhow, bail};

use super::Messages;
use crate::database::{self, LockTimeout};
use crate::rules::is_usable_default;
use crate::schema::sql::{self, Error, Layout, Schema};
use crate::schema::{Column, Table};
use crate::terminal::show;

/// What every SQLite database begins with (<https://www.sqlite.org/fileformat2.html#magic_header_string>).
const SQLITE: &[u8] = b"SQLite format 3\0";

/// The differences between the tables in a database and these tables, which it should contain, a sentence each. Empty
/// if the database does not exist or cannot be read; opening it reports that.
pub fn differences(path: &Path, tables: &[&Table], lock_timeout: &LockTimeout) -> Vec<String> {
    let statements = database::statements(path, lock_timeout).unwrap_or_default();
    let there = sql::from_statements(&statements, Layout::OneFile, is_usable_default);
    let there = there.map_or(&[][..], |schema| schema.tables);
    let mut sentences = Vec::new();
    for declared in there {
        let is_same = |table: &&&Table| table.name.eq_ignore_ascii_case(declared.name);
        let Some(table) = tables.iter().find(is_same) else {
            continue;
        };
        let names = |table: &Table| {
            let key = table.primary_key().map(|key| table.named(key.columns));
            key.map_or("none".to_string(), |name| name.to_ascii_lowercase())
        };
        let name = table.name;
        if names(declared) != names(table) {
            sentences.push(format!(
                "the primary key of {name} in {} differs from the one in the given schema: \
                 declare the same key, or leave --schema out",
                show(path)
            ));
        }
        for column in table.columns {
            let is_same = |other: &&Column| other.name.eq_ignore_ascii_case(column.name);
            let other = declared.columns.iter().find(is_same);
            if let Some(other) = other.filter(|other| other.kind != column.kind) {
                sentences.push(format!(
                    "{} of {name} is {:?} in {} and {:?} in the schema given: \
                     declare the same, or leave --schema out",
                    column.name,
                    other.declared,
                    show(path),
                    column.declared
                ));
            }
        }
        for reference in declared.references {
            let (columns, parent) = (declared.named(reference.columns), reference.parent);
            let is_declared = table.references.iter().any(|own| {
                own.parent.eq_ignore_ascii_case(parent)
                    && (table.named(own.columns)).eq_ignore_ascii_case(&columns)
            });
            if !is_declared {
                sentences.push(format!(
                    "{columns} of {} refers to {parent} in {}, but not in the schema given: \
                     declare that there too, or leave --schema out",
                    table.name,
                    show(path)
                ));
            }
        }
    }
    sentences
}

/// The tables that a script or a database declares. If `is_database`, the file must be a database.
///
/// # Errors
///
/// If the file cannot be read, if SQLite does not accept a statement, or if there are tables that this program cannot
/// serve.
pub fn read(
    path: &Path,
    is_database: bool,
    layout: Layout,
    lock_timeout: &LockTimeout,
    messages: &mut Messages,
) -> Result<Schema> {
    let file = show(path);
    let unreadable = |error: io::Error| anyhow!("{file} could not be read: {error}");
    let mut script = Vec::new();
    let mut start = File::open(path)
        .map_err(unreadable)?
        .take(SQLITE.len() as u64);
    start.read_to_end(&mut script).map_err(unreadable)?;
    let schema = if script == SQLITE {
        // Closed before SQLite opens the file: closing it afterwards would drop SQLite's locks.
        drop(start);
        let statements = database::statements(path, lock_timeout);
        let statements =
            statements.map_err(|problem| anyhow!("{file} {}", problem.explain(path)))?;
        sql::from_statements(&statements, layout, is_usable_default)
    } else if is_database {
        bail!("{file} is not a SQLite database: name another file with --database");
    } else {
        // A pipe cannot be opened twice.
        let mut rest = start.into_inner();
        rest.read_to_end(&mut script).map_err(unreadable)?;
        sql::read(&script, layout, is_usable_default)
    };
    let schema = schema.map_err(|error| match error {
        // Each of them is an error of its own.
        Error::Refused(sentences) => sentences,
        error => vec![error.to_string()],
    });
    match schema {
        Ok(schema) => Ok(schema),
        Err(sentences) => {
            let errors = sentences.into_iter();
            let errors = errors.map(|sentence| Err::<(), _>(anyhow!("{file}: {sentence}")));
            messages.all(errors)?;
            bail!("{file} could not be read");
        }
    }
}

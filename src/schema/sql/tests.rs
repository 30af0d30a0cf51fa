mod checks;
mod columns;
mod keys;
mod references;
mod refusals;
mod scripts;

use super::*;
use crate::schema::{Collation, Kind, Role};

/// Reads a script that has nothing wrong.
fn schema(script: &str) -> Schema {
    read(script.as_bytes(), Layout::OwnFiles, |_, _, _| true)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Reads a script with one table.
fn table(script: &str) -> &'static Table {
    match schema(script).tables {
        [only] => only,
        several => panic!("{} tables", several.len()),
    }
}

/// The names of the tables of a script, in their order.
fn names(script: &str) -> Vec<&'static str> {
    schema(script)
        .tables
        .iter()
        .map(|table| table.name)
        .collect()
}

/// What is wrong with a script.
fn error(script: &str) -> String {
    match read(script.as_bytes(), Layout::OwnFiles, |_, _, _| true) {
        Ok(schema) => panic!("{} tables", schema.tables.len()),
        Err(error) => error.to_string(),
    }
}

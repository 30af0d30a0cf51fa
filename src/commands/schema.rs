//! Reading the schema that `--schema` names.

use std::fs;
use std::path::Path;

use anyhow::{Result, anyhow};

use super::Messages;
use crate::schema::{Table, sql};
use crate::terminal::show;

/// The tables that a script or a database declares. What was passed over there is noted.
///
/// # Errors
///
/// If the file cannot be read, if SQLite does not accept a statement, or if there are tables that this program cannot
/// serve: one error for each.
pub fn read(path: &Path, messages: &mut Messages) -> Result<Vec<&'static Table>> {
    let file = show(path);
    let script = fs::read(path).map_err(|error| anyhow!("{file} could not be read: {error}"))?;
    let schema = sql::read(&script).map_err(|error| anyhow!("{file} {error}"))?;
    for note in schema.notes {
        messages.note(format!("{file}: {note}"));
    }
    messages.say();
    Ok(schema.tables)
}

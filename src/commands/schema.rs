//! Reading the schema that `--schema` names.

use std::fs;
use std::path::Path;

use anyhow::{Result, anyhow, bail};

use super::Messages;
use crate::database::{self, LockTimeout};
use crate::rules::is_usable_default;
use crate::schema::Table;
use crate::schema::sql::{self, Error, Schema};
use crate::terminal::show;

/// What every SQLite database begins with (<https://www.sqlite.org/fileformat2.html#magic_header_string>).
const SQLITE: &[u8] = b"SQLite format 3\0";

/// The tables that a script or a database declares. What was passed over there is noted.
///
/// # Errors
///
/// If the file cannot be read, if SQLite does not accept a statement, or if there are tables that this program cannot
/// serve.
pub fn read(
    path: &Path,
    lock_timeout: &LockTimeout,
    messages: &mut Messages,
) -> Result<Vec<&'static Table>> {
    let file = show(path);
    let script = fs::read(path).map_err(|error| anyhow!("{file} could not be read: {error}"))?;
    let schema = if script.starts_with(SQLITE) {
        let statements = database::statements(path, lock_timeout);
        let statements =
            statements.map_err(|problem| anyhow!("{file} {}", problem.explain(path)))?;
        sql::from_statements(&statements, is_usable_default)
    } else {
        sql::read(&script, is_usable_default)
    };
    let schema = schema.map_err(|error| match error {
        // Each of them is an error of its own.
        Error::Refused(sentences) => sentences,
        error => vec![error.to_string()],
    });
    let Schema { tables, notes } = match schema {
        Ok(schema) => schema,
        Err(sentences) => {
            let errors = sentences.into_iter();
            let errors = errors.map(|sentence| Err::<(), _>(anyhow!("{file}: {sentence}")));
            messages.all(errors)?;
            bail!("{file} could not be read");
        }
    };
    for note in notes {
        messages.note(format!("{file}: {note}"));
    }
    messages.say();
    Ok(tables.to_vec())
}

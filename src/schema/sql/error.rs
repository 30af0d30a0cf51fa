//! Why a schema cannot be used.

use super::script::Statement;

/// Why a schema cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite does not take a statement.
    #[error("{place}: SQLite rejects this statement: {message}")]
    Statement {
        /// Where it is: the line of the script that SQLite names, else that of the statement.
        place: String,
        /// What SQLite says.
        message: String,
    },
    /// The script is not text.
    #[error("line {0} is not valid UTF-8: save the script as UTF-8")]
    NotUtf8(usize),
    /// A quote hides the rest of the script.
    #[error("line {0}: the quote that begins here is not closed: close it")]
    Unclosed(usize),
    /// There are tables that cannot be loaded: a sentence for each reason.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
    /// SQLite fails at something else.
    #[error("SQLite cannot read the schema: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl Error {
    /// What SQLite says about a statement.
    pub(super) fn statement(statement: &Statement, error: &rusqlite::Error) -> Error {
        let place = match (statement.line, error) {
            (Some(line), rusqlite::Error::SqlInputError { sql, offset, .. }) => {
                let before = usize::try_from(*offset)
                    .ok()
                    .and_then(|offset| sql.get(..offset));
                let lines = before.unwrap_or_default().matches('\n').count();
                format!("line {}", line + lines)
            }
            _ => statement.place(),
        };
        let message = message(error);
        Error::Statement { place, message }
    }
}

/// What SQLite says, without the statement.
pub(super) fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        _ => error.to_string(),
    }
}

/// The function that SQLite does not have, if it says so.
pub(super) fn unknown_function(error: &rusqlite::Error) -> Option<String> {
    message(error)
        .strip_prefix("no such function: ")
        .map(str::to_string)
}

//! Why a schema cannot be used.

use super::script::Statement;

/// Why a schema cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite does not take a statement.
    #[error("line {line}: SQLite does not take this statement: {message}")]
    Statement {
        /// The line of the script that SQLite names, else that of the statement.
        line: usize,
        /// What SQLite says.
        message: String,
    },
    /// The script is not text.
    #[error("line {0} is not valid UTF-8: save the script as UTF-8")]
    NotUtf8(usize),
    /// The tables are not such as can be loaded: a sentence for each of the reasons.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
    /// SQLite fails at something else.
    #[error("SQLite cannot read the schema: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl Error {
    /// What SQLite says about a statement.
    pub(super) fn statement(statement: &Statement, error: &rusqlite::Error) -> Error {
        let (message, lines) = match error {
            rusqlite::Error::SqlInputError {
                msg, sql, offset, ..
            } => {
                let before = usize::try_from(*offset)
                    .ok()
                    .and_then(|offset| sql.get(..offset));
                (
                    msg.clone(),
                    before.unwrap_or_default().matches('\n').count(),
                )
            }
            rusqlite::Error::SqliteFailure(_, Some(message)) => (message.clone(), 0),
            _ => (error.to_string(), 0),
        };
        Error::Statement {
            line: statement.line + lines,
            message,
        }
    }
}

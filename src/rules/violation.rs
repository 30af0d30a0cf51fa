//! The broken rules, in words.

use crate::row::{Defect, Reason};

/// A broken rule, in words.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Violation {
    /// The record has more or fewer fields than its header.
    #[error("expected {expected} fields, found {found}")]
    FieldCount {
        /// The fields of the header.
        expected: usize,
        /// The fields of the record.
        found: usize,
    },
    /// The record's line cannot be split into fields.
    #[error("{0}")]
    Defect(Defect),
    /// Bytes that are not UTF-8.
    #[error("{column} is not valid UTF-8")]
    NotUtf8 {
        /// The column.
        column: &'static str,
    },
    /// A NUL character, which ends a text for much of what reads a SQLite database.
    #[error("{column} contains a NUL character")]
    Nul {
        /// The column.
        column: &'static str,
    },
    /// Not an optional sign and ASCII digits.
    #[error("{column} is not a whole number: {text:?}")]
    NotWhole {
        /// The column.
        column: &'static str,
        /// The text as given.
        text: String,
    },
    /// A whole number beyond `i64`.
    #[error("{column} is out of range: {text:?}")]
    OutOfRange {
        /// The column.
        column: &'static str,
        /// The text as given.
        text: String,
    },
    /// Not a finite `f64`.
    #[error("{column} is not a number: {text:?}")]
    NotNumber {
        /// The column.
        column: &'static str,
        /// The text as given.
        text: String,
    },
    /// Bytes where a text should be. Only a stored row can have that.
    #[error("{column} is not text: {text:?}")]
    NotText {
        /// The column.
        column: &'static str,
        /// The bytes, as far as they are text.
        text: String,
    },
    /// A number that is 0 or less.
    #[error("{column} must be greater than 0, got {text}")]
    NotPositive {
        /// The column.
        column: &'static str,
        /// The text as given.
        text: String,
    },
    /// Nothing but white space.
    #[error("{column} is empty")]
    Empty {
        /// The column.
        column: &'static str,
    },
    /// Not an email address.
    #[error("{column} is not valid: {text:?}")]
    NotEmail {
        /// The column.
        column: &'static str,
        /// The text as given.
        text: String,
    },
    /// An id that an earlier row of the batch has.
    #[error("{column} {id} is already used on line {line}")]
    UsedId {
        /// The column.
        column: &'static str,
        /// The id.
        id: i64,
        /// Where the earlier row starts.
        line: u64,
    },
    /// A text that another row has.
    #[error("{column} {text:?} is already used by {row} {owner}")]
    UsedText {
        /// The column.
        column: &'static str,
        /// The text as given.
        text: String,
        /// What a row of the table is called.
        row: &'static str,
        /// The id of the row that has it.
        owner: i64,
    },
    /// A reference to a row that does not exist.
    #[error("{row} {id} does not exist")]
    Missing {
        /// What a row of the table referred to is called.
        row: &'static str,
        /// The id referred to.
        id: i64,
    },
}

impl Violation {
    /// The kind of violation, without what is particular to one row: `email is not valid`.
    pub fn kind(&self) -> String {
        match self {
            Violation::FieldCount { .. } => "wrong number of fields".to_string(),
            Violation::Defect(_)
            | Violation::NotUtf8 { .. }
            | Violation::Nul { .. }
            | Violation::Empty { .. } => self.to_string(),
            Violation::NotWhole { column, .. } => format!("{column} is not a whole number"),
            Violation::OutOfRange { column, .. } => format!("{column} is out of range"),
            Violation::NotNumber { column, .. } => format!("{column} is not a number"),
            Violation::NotText { column, .. } => format!("{column} is not text"),
            Violation::NotPositive { column, .. } => format!("{column} must be greater than 0"),
            Violation::NotEmail { column, .. } => format!("{column} is not valid"),
            Violation::UsedId { column, .. } | Violation::UsedText { column, .. } => {
                format!("{column} is already used")
            }
            Violation::Missing { row, .. } => format!("{row} does not exist"),
        }
    }
}

impl From<Violation> for Reason {
    fn from(violation: Violation) -> Reason {
        Reason::new(violation.to_string(), violation.kind())
    }
}

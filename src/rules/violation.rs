//! The broken rules, in words.

use crate::row::{Defect, Reason};
use crate::schema::Kind;

/// A broken rule, in words. Most name the column first, and quote the cell's text as given.
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
    #[error("{0} is not valid UTF-8")]
    NotUtf8(&'static str),
    /// A NUL character, which ends a text for much of what reads a SQLite database.
    #[error("{0} contains a NUL character")]
    Nul(&'static str),
    /// Not of the column's kind: no optional sign and ASCII digits, no finite `f64`, or stored bytes where a text
    /// should be.
    #[error("{0} is not {noun}: {2:?}", noun = noun(*.1))]
    Mistyped(&'static str, Kind, String),
    /// A whole number beyond `i64`.
    #[error("{0} is out of range: {1:?}")]
    OutOfRange(&'static str, String),
    /// A number that is 0 or less.
    #[error("{0} must be greater than 0, got {1}")]
    NotPositive(&'static str, String),
    /// Nothing but white space.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// Not an email address.
    #[error("{0} is not valid: {1:?}")]
    NotEmail(&'static str, String),
    /// An id that an earlier row has, which starts on this line.
    #[error("{0} {1} is already used on line {2}")]
    UsedId(&'static str, i64, u64),
    /// A text that another row has: what a row of the table is called, and its id.
    #[error("{0} {1:?} is already used by {2} {3}")]
    UsedText(&'static str, String, &'static str, i64),
    /// A reference to a row that does not exist: what a row of that table is called, and the id.
    #[error("{0} {1} does not exist")]
    Missing(&'static str, i64),
}

impl Violation {
    /// The kind of violation, without what is particular to one row: `email is not valid`.
    pub fn kind(&self) -> String {
        match self {
            Violation::FieldCount { .. } => "wrong number of fields".to_string(),
            Violation::Mistyped(column, kind, _) => format!("{column} is not {}", noun(*kind)),
            Violation::OutOfRange(column, _) => format!("{column} is out of range"),
            Violation::NotPositive(column, _) => format!("{column} must be greater than 0"),
            Violation::NotEmail(column, _) => format!("{column} is not valid"),
            Violation::UsedId(column, ..) | Violation::UsedText(column, ..) => {
                format!("{column} is already used")
            }
            Violation::Missing(row, _) => format!("{row} does not exist"),
            Violation::Defect(_)
            | Violation::NotUtf8(_)
            | Violation::Nul(_)
            | Violation::Empty(_) => self.to_string(),
        }
    }
}

/// What a value of this kind is called.
fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "a whole number",
        Kind::Real => "a number",
        Kind::Text => "text",
    }
}

impl From<Violation> for Reason {
    fn from(violation: Violation) -> Reason {
        Reason::new(violation.to_string(), violation.kind())
    }
}

//! Why a record was not stored.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use super::Defect;
use crate::schema::{Kind, Table};

/// Most columns that a reason lists.
const LISTED: usize = 10;

/// Why a record was not stored. It becomes text only when it is shown or written. Most reasons begin with the name of
/// the column, and quote the text of the cell as given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Reason {
    /// The record has more or fewer fields than its header.
    #[error("expected {expected} fields, found {found}")]
    FieldCount {
        /// The fields of the header.
        expected: usize,
        /// The fields of the record.
        found: usize,
    },
    /// The line cannot be split into fields.
    #[error("{0}")]
    Defect(Defect),
    /// Bytes that mean nothing in the encoding of this name.
    #[error("{0} is not valid {1}")]
    NotValid(&'static str, &'static str),
    /// A NUL character, which ends a text for much software that reads SQLite databases.
    #[error("{0} contains a NUL character")]
    Nul(&'static str),
    /// Not of the column's kind.
    #[error("{0} is not {noun}: {2:?}", noun = noun(*.1))]
    WrongKind(&'static str, Kind, Box<str>),
    /// A number that is too large to be stored, or too small.
    #[error("{0} is out of range: {1:?}")]
    OutOfRange(&'static str, Box<str>),
    /// A number that is 0 or less.
    #[error("{0} must be greater than 0, got {1}")]
    NotPositive(&'static str, Box<str>),
    /// Nothing but white space.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// Not an email address.
    #[error("{0} is not valid: {1:?}")]
    NotEmail(&'static str, Box<str>),
    /// An id that an earlier row has, which starts on this line.
    #[error("{0} {1} is already used on line {2}")]
    UsedId(&'static str, i64, u64),
    /// A text that another row has, and the id of that row.
    #[error("{0} {1:?} is already used by id {2}")]
    UsedText(&'static str, Box<str>, i64),
    /// A reference to a row that does not exist.
    #[error("{column} {id} does not exist in {}", .parent.name)]
    Missing {
        /// The column that refers.
        column: &'static str,
        /// The id it refers to.
        id: i64,
        /// The table without such a row.
        parent: &'static Table,
    },
    /// A reference to a row that could not be inserted.
    #[error("{column} {id} could not be inserted into {}", .parent.name)]
    NotInserted {
        /// The column that refers.
        column: &'static str,
        /// The id it refers to.
        id: i64,
        /// The table of that row.
        parent: &'static Table,
    },
    /// The id belongs to a stored row with other values.
    #[error("{} ({} differ{})", Taken(.table, Some(*.id)), list(.differing), if .differing.len() == 1 { "s" } else { "" })]
    Taken {
        /// The table.
        table: &'static Table,
        /// The id.
        id: i64,
        /// The columns with other values.
        differing: Box<[&'static str]>,
    },
    /// Another process has the database of a table locked.
    #[error("{} is locked by another process (waited {seconds} s)", .table.database())]
    Locked {
        /// The table.
        table: &'static Table,
        /// How long was waited.
        seconds: f64,
    },
    /// Anything else that went wrong, in words without anything particular to one row.
    #[error("{0}")]
    Failure(Arc<str>),
}

impl Reason {
    /// A reason in words without anything particular to one row.
    pub fn failure(text: impl Into<Arc<str>>) -> Reason {
        Reason::Failure(text.into())
    }

    /// The reason without what is particular to one row, to count rows by: `email is not valid`.
    pub fn kind(&self) -> String {
        match self {
            Reason::FieldCount { .. } => "wrong number of fields".to_string(),
            Reason::WrongKind(column, kind, _) => format!("{column} is not {}", noun(*kind)),
            Reason::OutOfRange(column, _) => format!("{column} is out of range"),
            Reason::NotPositive(column, _) => format!("{column} must be greater than 0"),
            Reason::NotEmail(column, _) => format!("{column} is not valid"),
            Reason::UsedId(column, ..) | Reason::UsedText(column, ..) => {
                format!("{column} is already used")
            }
            Reason::Missing { column, parent, .. } => {
                format!("{column} does not exist in {}", parent.name)
            }
            Reason::NotInserted { column, parent, .. } => {
                format!("{column} could not be inserted into {}", parent.name)
            }
            Reason::Taken { table, .. } => Taken(table, None).to_string(),
            Reason::Locked { table, .. } => {
                format!("{} is locked by another process", table.database())
            }
            Reason::Defect(_)
            | Reason::NotValid(..)
            | Reason::Nul(_)
            | Reason::Empty(_)
            | Reason::Failure(_) => self.to_string(),
        }
    }

    /// How much memory it takes, in bytes. What several rows share does not count.
    pub fn size(&self) -> usize {
        let more = match self {
            Reason::WrongKind(_, _, text)
            | Reason::OutOfRange(_, text)
            | Reason::NotPositive(_, text)
            | Reason::NotEmail(_, text)
            | Reason::UsedText(_, text, _) => text.len(),
            Reason::Taken { differing, .. } => size_of_val(&**differing),
            _ => 0,
        };
        size_of::<Reason>() + more
    }
}

/// Several reasons as one text.
pub struct Reasons<'a>(pub &'a [Reason]);

impl Display for Reasons<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, reason) in self.0.iter().enumerate() {
            let separator = if index > 0 { "; " } else { "" };
            write!(f, "{separator}{reason}")?;
        }
        Ok(())
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

/// That an id of a table is taken; without the id for any of them.
struct Taken<'a>(&'a Table, Option<i64>);

impl Display for Taken<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.columns[0].name)?;
        if let Some(id) = self.1 {
            write!(f, " {id}")?;
        }
        let database = self.0.database();
        write!(f, " is already taken by a different row in {database}")
    }
}

/// Names in a sentence: `name, price and 3 more`.
fn list(names: &[&str]) -> String {
    if names.len() > LISTED {
        let (listed, more) = names.split_at(LISTED);
        return format!("{} and {} more", listed.join(", "), more.len());
    }
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TABLES;

    fn taken(differing: &[&'static str]) -> String {
        let reason = Reason::Taken {
            table: TABLES[0],
            id: 3,
            differing: differing.into(),
        };
        let kind = "id is already taken by a different row in users.db";
        assert_eq!(reason.kind(), kind);
        let text = reason.to_string();
        let kind = "id 3 is already taken by a different row in users.db ";
        text.strip_prefix(kind).unwrap().to_string()
    }

    #[test]
    fn a_taken_id_names_the_columns_that_differ() {
        assert_eq!(taken(&["email"]), "(email differs)");
        assert_eq!(taken(&["name", "email"]), "(name and email differ)");
        assert_eq!(taken(&["a", "b", "c"]), "(a, b and c differ)");
    }

    #[test]
    fn at_most_ten_columns_that_differ_are_named() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
        let expected = "(a, b, c, d, e, f, g, h, i, j and 2 more differ)";
        assert_eq!(taken(&names), expected);
    }
}

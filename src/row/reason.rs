//! Why a record was not stored.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use super::Defect;
use crate::schema::{Check, Kind, Table};

/// The maximum number of columns that a reason lists.
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
    /// Not of the column's kind; the value is quoted already, if it needs quotes.
    #[error("{0} is not {noun}: {2}", noun = .1.noun())]
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
    /// A key that another row has.
    #[error("{} {value} is already used {by}", .table.named(.columns))]
    Used {
        /// The table.
        table: &'static Table,
        /// The columns of the key.
        columns: &'static [usize],
        /// Their values, as they are quoted.
        value: Box<str>,
        /// The row that has it.
        by: KeyOwner,
    },
    /// A reference to a row that does not exist.
    #[error("{} {value} does not exist in {parent}{}", .table.named(.columns), before(.made_up))]
    Missing {
        /// The table of the row that refers.
        table: &'static Table,
        /// The columns that refer.
        columns: &'static [usize],
        /// Their values, as they are quoted.
        value: Box<str>,
        /// The table without such a row.
        parent: &'static str,
        /// Whether the run may have assigned the same key to another row since.
        made_up: bool,
    },
    /// A reference to a row that could not be inserted.
    #[error("{} {value} could not be inserted into {parent}", .table.named(.columns))]
    NotInserted {
        /// The table of the row that refers.
        table: &'static Table,
        /// The columns that refer.
        columns: &'static [usize],
        /// Their values, as they are quoted.
        value: Box<str>,
        /// The table of the row it refers to.
        parent: &'static str,
    },
    /// A CHECK that does not hold.
    #[error("{}{}{}", Failed(.0), if .0.name.is_some() { format!(": {}", .0.sql) } else { String::new() }, match .1 { Some(why) => format!(": {why}"), None => String::new() })]
    Check(&'static Check, Option<Box<str>>),
    /// The key belongs to a stored row with other values.
    #[error("{} ({} differ{})", Taken(.table, Some(.value)), list(.differing), if .differing.len() == 1 { "s" } else { "" })]
    Taken {
        /// The table.
        table: &'static Table,
        /// The key, as it is quoted.
        value: Box<str>,
        /// The columns with other values.
        differing: Box<[&'static str]>,
    },
    /// A stored value that other rows may refer to, and that the row would replace.
    #[error("{column} cannot change: {by} to it")]
    Referred {
        /// The column.
        column: &'static str,
        /// The tables with a reference to it, and the verb: `orders refers`.
        by: Arc<str>,
    },
    /// Another process has the database of a table locked.
    #[error("{} is locked by another process (waited {seconds} s)", .table.database())]
    Locked {
        /// The table.
        table: &'static Table,
        /// How many seconds the process waited for it.
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
            Reason::WrongKind(column, kind, _) => format!("{column} is not {}", kind.noun()),
            Reason::OutOfRange(column, _) => format!("{column} is out of range"),
            Reason::NotPositive(column, _) => format!("{column} must be greater than 0"),
            Reason::NotEmail(column, _) => format!("{column} is not valid"),
            Reason::Used { table, columns, .. } => {
                format!("{} is already used", table.named(columns))
            }
            Reason::Missing {
                table,
                columns,
                parent,
                made_up,
                ..
            } => {
                let (columns, before) = (table.named(columns), before(made_up));
                format!("{columns} does not exist in {parent}{before}")
            }
            Reason::NotInserted {
                table,
                columns,
                parent,
                ..
            } => {
                format!(
                    "{} could not be inserted into {parent}",
                    table.named(columns)
                )
            }
            Reason::Check(check, _) => Failed(check).to_string(),
            Reason::Taken { table, .. } => Taken(table, None).to_string(),
            Reason::Locked { table, .. } => {
                format!("{} is locked by another process", table.database())
            }
            Reason::Defect(_)
            | Reason::NotValid(..)
            | Reason::Nul(_)
            | Reason::Empty(_)
            | Reason::Referred { .. }
            | Reason::Failure(_) => self.to_string(),
        }
    }

    /// How much memory it takes, in bytes. What several rows share does not count.
    pub fn size(&self) -> usize {
        let more = match self {
            Reason::WrongKind(_, _, text)
            | Reason::OutOfRange(_, text)
            | Reason::NotPositive(_, text)
            | Reason::NotEmail(_, text) => text.len(),
            Reason::Missing { value, .. } | Reason::NotInserted { value, .. } => value.len(),
            Reason::Used { value, by, .. } => {
                value.len()
                    + match by {
                        KeyOwner::Row(row) => row.len(),
                        KeyOwner::Line(_) => 0,
                    }
            }
            Reason::Check(_, why) => why.as_ref().map_or(0, |why| why.len()),
            Reason::Taken {
                value, differing, ..
            } => value.len() + size_of_val(&**differing),
            _ => 0,
        };
        size_of::<Reason>() + more
    }
}

/// The words that follow the table's name if the run may have assigned the missing key since it began.
fn before(made_up: &bool) -> &'static str {
    if *made_up {
        " before this load, which assigns new ids"
    } else {
        ""
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

/// The row that has a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOwner {
    /// The row that starts on this line of the same file.
    Line(u64),
    /// The row with this key, as it is quoted after its name.
    Row(Box<str>),
}

impl Display for KeyOwner {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            KeyOwner::Line(line) => write!(f, "on line {line}"),
            KeyOwner::Row(row) => write!(f, "by {row}"),
        }
    }
}

/// That a CHECK does not hold, without the expression if it has a name.
struct Failed<'a>(&'a Check);

impl Display for Failed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.name {
            Some(name) => write!(f, "CHECK {name} failed"),
            None => write!(f, "CHECK ({}) failed", self.0.sql),
        }
    }
}

/// Says that a key of a table is taken. Without a value, it stands for all such keys.
struct Taken<'a>(&'a Table, Option<&'a str>);

impl Display for Taken<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let key = self.0.primary_key().map_or(&[][..], |key| key.columns);
        f.write_str(&self.0.named(key))?;
        if let Some(value) = self.1 {
            write!(f, " {value}")?;
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
            value: "3".into(),
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

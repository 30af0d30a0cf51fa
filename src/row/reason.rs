//! Why a record was not stored.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use super::Defect;
use crate::schema::{Check, Kind, Table};

/// The maximum number of columns that a reason lists.
const LISTED: usize = 10;

/// Why a record was not stored. It becomes text only when it is shown or written. Most reasons begin with the name of
/// the column, and quote the text of the cell as given. Reasons about keys do not hold the values, so that rows can share
/// them: [`Reasons`] takes the values from the row, and by itself such a reason says no more than its
/// [kind](Reason::kind).
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
    #[error("{} is already used", .table.named(.columns))]
    Used {
        /// The table.
        table: &'static Table,
        /// The columns of the key.
        columns: &'static [usize],
        /// The row that has it.
        by: KeyOwner,
    },
    /// A reference to a row that does not exist.
    #[error("{} does not exist in {parent}{}", .table.named(.columns), before(.made_up))]
    Missing {
        /// The table of the row that refers.
        table: &'static Table,
        /// The columns that refer.
        columns: &'static [usize],
        /// The table without such a row.
        parent: &'static str,
        /// Whether the run may have assigned the same key to another row since.
        made_up: bool,
    },
    /// A reference to a row that could not be inserted.
    #[error("{} could not be inserted into {parent}", .table.named(.columns))]
    NotInserted {
        /// The table of the row that refers.
        table: &'static Table,
        /// The columns that refer.
        columns: &'static [usize],
        /// The table of the row it refers to.
        parent: &'static str,
    },
    /// A CHECK that does not hold.
    #[error("{}{}{}", Failed(.0), if .0.name.is_some() { format!(": {}", .0.sql) } else { String::new() }, match .1 { Some(why) => format!(": {why}"), None => String::new() })]
    Check(&'static Check, Option<Box<str>>),
    /// The key belongs to a stored row with other values.
    #[error("{} is already taken by a different row in {}", .table.named(primary(.table)), .table.database())]
    Taken {
        /// The table.
        table: &'static Table,
        /// The columns with other values.
        differing: Arc<[&'static str]>,
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
            Reason::Check(check, _) => Failed(check).to_string(),
            Reason::Locked { table, .. } => {
                format!("{} is locked by another process", table.database())
            }
            Reason::Defect(_)
            | Reason::NotValid(..)
            | Reason::Nul(_)
            | Reason::Empty(_)
            | Reason::Used { .. }
            | Reason::Missing { .. }
            | Reason::NotInserted { .. }
            | Reason::Taken { .. }
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
            Reason::Used {
                by: KeyOwner::Row(row),
                ..
            } => row.len(),
            Reason::Check(_, why) => why.as_ref().map_or(0, |why| why.len()),
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

/// The primary key of a table.
fn primary(table: &Table) -> &'static [usize] {
    table.primary_key().map_or(&[][..], |key| key.columns)
}

/// Why one row was not stored, as one text: the reasons, and a function that quotes the row's values in some columns.
#[derive(Clone, Copy)]
pub struct Reasons<'a>(pub &'a [Reason], pub &'a dyn Fn(&[usize]) -> Box<str>);

impl<'a> Reasons<'a> {
    /// Each reason as a text of its own.
    pub fn each(self) -> impl Iterator<Item = impl Display> {
        let value = self.1;
        self.0.iter().map(move |reason| Sentence(reason, value))
    }
}

impl Display for Reasons<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, sentence) in self.each().enumerate() {
            let separator = if index > 0 { "; " } else { "" };
            write!(f, "{separator}{sentence}")?;
        }
        Ok(())
    }
}

/// A reason with the values of the row.
struct Sentence<'a>(&'a Reason, &'a dyn Fn(&[usize]) -> Box<str>);

impl Display for Sentence<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Sentence(reason, value) = self;
        let named = |table: &Table, columns| format!("{} {}", table.named(columns), value(columns));
        match reason {
            Reason::Used { table, columns, by } => {
                write!(f, "{} is already used {by}", named(table, columns))
            }
            Reason::Missing {
                table,
                columns,
                parent,
                made_up,
            } => {
                let (key, before) = (named(table, columns), before(made_up));
                write!(f, "{key} does not exist in {parent}{before}")
            }
            Reason::NotInserted {
                table,
                columns,
                parent,
            } => {
                let key = named(table, columns);
                write!(f, "{key} could not be inserted into {parent}")
            }
            Reason::Taken { table, differing } => {
                let (key, database) = (named(table, primary(table)), table.database());
                let plural = if differing.len() == 1 { "s" } else { "" };
                let differing = list(differing);
                write!(
                    f,
                    "{key} is already taken by a different row in {database} ({differing} differ{plural})"
                )
            }
            reason => reason.fmt(f),
        }
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
            differing: differing.into(),
        };
        let kind = "id is already taken by a different row in users.db";
        assert_eq!(reason.kind(), kind);
        let text = Reasons(&[reason], &|_| "3".into()).to_string();
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

//! The tables as data: what their columns hold, which rules they follow, and what refers to what.
//!
//! Everything else derives from here: the `CREATE TABLE` statements, how a CSV cell is parsed, which rules it must
//! follow, how it is bound, which rows a row waits for, and what `check` looks at. The built-in tables are defined in
//! [`builtin`]; user-defined ones are read from SQL. The other modules treat both alike.

mod builtin;
pub mod sql;

use std::path::{Path, PathBuf};

pub use builtin::TABLES;
#[cfg(test)]
pub use builtin::{ID, TABLE, integer, real, text};

/// One table, and where it is kept.
#[derive(Debug, Clone)]
pub struct Table {
    /// The table's name, which is also that of its CSV file (`users.csv`) and of its database (`users.db`).
    pub name: &'static str,
    /// What one row is called in messages: `user`.
    pub row: &'static str,
    /// The columns in their order.
    pub columns: &'static [Column],
    /// The keys of the table: the primary key first, if it has one, and what else is unique.
    pub keys: &'static [Key],
    /// What its rows refer to.
    pub references: &'static [Reference],
    /// Its CHECK constraints.
    pub checks: &'static [Check],
    /// The rules that concern several columns, or none in particular, in the order in which broken rules are reported.
    pub rules: &'static [Rule],
    /// Whether SQLite assigns the primary key of a row that comes without one.
    pub assigns_ids: bool,
    /// Whether it has SQLite's rowid.
    pub has_rowid: bool,
    /// The name of the database file that the table shares with others; `None` if it has a file of its own.
    pub file: Option<&'static Path>,
    /// How that file encodes texts, by SQLite's name for it: expressions that look at the bytes of a text depend on it.
    pub encoding: &'static str,
    /// The embedded rows, as the text of a CSV file; empty for a table that has none.
    pub seed: &'static str,
}

/// A table is equal only to itself.
impl PartialEq for Table {
    fn eq(&self, other: &Table) -> bool {
        std::ptr::eq(self, other)
    }
}

/// One column of a table.
#[derive(Debug)]
pub struct Column {
    /// The column's name, in the database as in the header of the CSV file.
    pub name: &'static str,
    /// What its cells hold.
    pub kind: Kind,
    /// Its type, as the table of the database declares it: `INTEGER`, `VARCHAR(20)`. It decides the affinity.
    pub declared: &'static str,
    /// How SQLite compares its texts.
    pub collation: Collation,
    /// Whether it may not be NULL.
    pub required: bool,
    /// Whether SQLite computes it.
    pub generated: bool,
    /// Its default, as an SQL expression.
    pub default: Option<&'static str>,
    /// The rules for its cells beyond that, in the order in which broken rules are reported.
    pub rules: &'static [Rule],
}

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// ASCII digits with an optional sign, within `i64`.
    Integer,
    /// `true` or `false` in one of several spellings, stored as 1 or 0.
    Boolean,
    /// A day, as text, or a whole number.
    Date,
    /// A day, maybe with a time and a zone, as text, or a whole number.
    DateTime,
    /// A time of day, as text.
    Time,
    /// Any text without NUL.
    Text,
    /// The same, in a column where SQLite converts text that looks like a number into one.
    NumericText,
    /// What Rust's `f64` parses, if it is finite.
    Real,
    /// The same, stored as a whole number where that loses nothing.
    Numeric,
    /// Bytes, written as hexadecimal digits.
    Blob,
}

/// How SQLite compares texts (<https://www.sqlite.org/datatype3.html#collating_sequences>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collation {
    /// Byte by byte.
    Binary,
    /// ASCII letters in upper and lower case are equal.
    NoCase,
    /// Spaces at the end do not count.
    RTrim,
}

/// Columns whose values no two rows share. Where one of them is NULL, the row has no key.
#[derive(Debug)]
pub struct Key {
    /// The indexes of the columns.
    pub columns: &'static [usize],
    /// How the texts of each column are compared.
    pub collations: &'static [Collation],
    /// What sort of key it is.
    pub role: Role,
    /// For which rows it counts, as an SQL expression; `None` for all.
    pub filter: Option<&'static str>,
}

/// What sort of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `INTEGER PRIMARY KEY`: another name of SQLite's rowid.
    Rowid,
    /// Another primary key.
    Primary,
    /// `UNIQUE`.
    Unique,
    /// Unique only with `--unique-email`.
    UniqueOnRequest,
}

/// Columns whose values are those of a key of a row in another table, or in the same one. Where one of them is NULL, the
/// row refers to nothing.
#[derive(Debug)]
pub struct Reference {
    /// The indexes of the columns, in the order of the columns of the key.
    pub columns: &'static [usize],
    /// The name of the table it refers to.
    pub parent: &'static str,
    /// The index of the key among those of that table.
    pub key: usize,
}

/// A CHECK constraint.
#[derive(Debug, PartialEq)]
pub struct Check {
    /// Its name, if it has one.
    pub name: Option<&'static str>,
    /// The expression, in one line without comments.
    pub sql: &'static str,
}

/// A rule for a row. Of the indexes, each says which of the table's keys, references or checks it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Greater than 0.
    Positive,
    /// At least one character that is neither Unicode white space nor a format character.
    NotEmpty,
    /// One `@` with something before it and two or more non-empty labels, separated by dots, after it; no white
    /// space, control or format character.
    Email,
    /// No other row has this key.
    Unique(usize),
    /// The row that this refers to exists.
    Exists(usize),
    /// The CHECK holds.
    Holds(usize),
}

impl Rule {
    /// Whether it concerns a value by itself.
    pub fn is_about_value(self) -> bool {
        matches!(self, Rule::Positive | Rule::NotEmpty | Rule::Email)
    }
}

impl Kind {
    /// What a value of this kind is called, with its article.
    pub fn noun(self) -> &'static str {
        match self {
            Kind::Integer => "a whole number",
            Kind::Boolean => "a boolean",
            Kind::Date => "a date",
            Kind::DateTime => "a date and time",
            Kind::Time => "a time",
            Kind::Text | Kind::NumericText => "text",
            Kind::Real | Kind::Numeric => "a number",
            Kind::Blob => "hexadecimal",
        }
    }

    /// Whether a column of that kind stores a value of this kind as it is.
    pub fn is_stored_like(self, other: Kind) -> bool {
        use Kind::*;
        match self {
            // SQLite compares whole numbers with real ones as they are.
            Integer | Boolean => matches!(other, Integer | Boolean | Numeric | Real),
            Real => matches!(other, Real | Numeric),
            Numeric => matches!(other, Real | Numeric),
            Date | DateTime | Time => matches!(other, Date | DateTime | Time),
            Text => other == Text,
            NumericText => other == NumericText,
            Blob => true,
        }
    }

    /// Whether an empty cell can be a text of this kind.
    pub fn is_text(self) -> bool {
        matches!(self, Kind::Text | Kind::NumericText)
    }

    /// Whether a value of this kind is a number, which stands right in a table and without quotes in a sentence.
    pub fn is_number(self) -> bool {
        use Kind::*;
        matches!(self, Integer | Boolean | Real | Numeric)
    }
}

impl Key {
    /// Whether it is the primary key.
    pub fn is_primary(&self) -> bool {
        matches!(self.role, Role::Rowid | Role::Primary)
    }
}

impl Table {
    /// The name of the database file that the table is in: `users.db`.
    pub fn file(&self) -> PathBuf {
        match self.file {
            Some(file) => file.into(),
            None => format!("{}.db", self.name).into(),
        }
    }

    /// The same for people.
    pub fn database(&self) -> String {
        self.file().display().to_string()
    }

    /// The name of the table's CSV file: `users.csv`.
    pub fn csv(&self) -> String {
        format!("{}.csv", self.name)
    }

    /// What several rows are called in messages: `users`, or `rows` for a user-defined table.
    pub fn rows(&self) -> &'static str {
        if self.row == "row" { "rows" } else { self.name }
    }

    /// The table's name in SQL, in quotes if it needs them.
    pub fn sql_name(&self) -> String {
        quoted(self.name)
    }

    /// The primary key, if there is one.
    pub fn primary_key(&self) -> Option<&'static Key> {
        self.keys.first().filter(|key| key.is_primary())
    }

    /// The column that is the whole primary key and holds integers, if there is one. Its values stand for the rows.
    pub fn integer_key(&self) -> Option<usize> {
        match self.primary_key()?.columns {
            [column] if self.columns[*column].kind == Kind::Integer => Some(*column),
            _ => None,
        }
    }

    /// The column that stands for SQLite's rowid, if there is one.
    pub fn rowid_key(&self) -> Option<usize> {
        let key = self.primary_key()?;
        (key.role == Role::Rowid).then(|| key.columns[0])
    }

    /// A name of SQLite's rowid that no column has, if there is one.
    pub fn rowid_name(&self) -> Option<&'static str> {
        let is_column = |name: &&str| {
            let mut columns = self.columns.iter();
            columns.any(|column| column.name.eq_ignore_ascii_case(name))
        };
        ["rowid", "_rowid_", "oid"]
            .into_iter()
            .find(|name| self.has_rowid && !is_column(name))
    }

    /// The names of some columns in a sentence: `id`, or `(invoice, pos)`.
    pub fn named(&self, columns: &[usize]) -> String {
        let names = columns.iter().map(|column| self.columns[*column].name);
        match columns {
            [_] => names.collect(),
            _ => format!("({})", names.collect::<Vec<_>>().join(", ")),
        }
    }

    /// The columns and the primary key as SQL declares them: `id INTEGER PRIMARY KEY, name TEXT, email TEXT`.
    pub fn declaration(&self) -> String {
        let mut parts: Vec<_> = self.columns.iter().map(Column::declaration).collect();
        if let Some(key) = self.primary_key() {
            match (key.role, key.columns) {
                (Role::Rowid, [column]) => parts[*column] += " PRIMARY KEY",
                _ => {
                    let columns = key.columns.iter().zip(key.collations);
                    let columns = columns.map(|(column, collation)| {
                        let column = &self.columns[*column];
                        let collate = if *collation == column.collation {
                            ""
                        } else {
                            collation.clause()
                        };
                        format!("{}{collate}", quoted(column.name))
                    });
                    let columns = columns.collect::<Vec<_>>().join(", ");
                    parts.push(format!("PRIMARY KEY ({columns})"));
                }
            }
        }
        parts.join(", ")
    }

    /// The names of the columns in SQL, separated by commas.
    pub fn column_list(&self) -> String {
        let names: Vec<_> = (self.columns.iter())
            .map(|column| quoted(column.name))
            .collect();
        names.join(", ")
    }

    /// Whether a file must have the column with this index: nothing else says what the rows have there.
    pub fn must_have(&self, index: usize) -> bool {
        let is_key = self
            .primary_key()
            .is_some_and(|key| key.columns.contains(&index));
        if self.columns[index].generated {
            false
        } else if is_key {
            !(self.assigns_ids && self.rowid_key() == Some(index))
        } else {
            self.columns[index].required && self.columns[index].default.is_none()
        }
    }

    /// Whether rows of this table refer to rows of the same table.
    pub fn refers_to_itself(&self) -> bool {
        (self.references.iter()).any(|reference| reference.parent == self.name)
    }
}

impl Column {
    /// The column as SQL declares it: `name TEXT COLLATE NOCASE`.
    pub fn declaration(&self) -> String {
        let declared = if self.declared.is_empty() { "" } else { " " };
        let collate = self.collation.clause();
        format!("{}{declared}{}{collate}", quoted(self.name), self.declared)
    }
}

impl Collation {
    /// The collation of this name, without regard to case.
    pub fn named(name: &str) -> Option<Collation> {
        let all = [Collation::Binary, Collation::NoCase, Collation::RTrim];
        all.into_iter()
            .find(|collation| collation.name().eq_ignore_ascii_case(name))
    }

    fn name(self) -> &'static str {
        match self {
            Collation::Binary => "BINARY",
            Collation::NoCase => "NOCASE",
            Collation::RTrim => "RTRIM",
        }
    }

    /// How SQL declares it; nothing for the default.
    pub fn clause(self) -> &'static str {
        match self {
            Collation::Binary => "",
            Collation::NoCase => " COLLATE NOCASE",
            Collation::RTrim => " COLLATE RTRIM",
        }
    }
}

/// A name in SQL, in quotes unless it is one of the plain names of the built-in tables: no name is taken for a keyword.
pub fn quoted(name: &str) -> String {
    let built_in = |table: &&&Table| {
        table.name == name || table.columns.iter().any(|column| column.name == name)
    };
    if TABLES.iter().any(|table| built_in(&table)) {
        name.to_string()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests;

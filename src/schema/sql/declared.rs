//! What a declared type means.

use rusqlite::Connection;

use super::token::{self, Kind as TokenKind, Token, Tokens};
use crate::schema::Kind;

/// Types that SQLite would take for numbers, by their first word.
const TEXTS: [&str; 4] = ["ENUM", "INTERVAL", "POINT", "POLYGON"];

/// A declared type in one line.
pub fn one_line(declared: &str) -> String {
    token::one_line(&Tokens::new(declared).collect::<Vec<_>>())
}

/// What the cells of a column of this type hold.
pub fn kind(declared: &str) -> Kind {
    let declared = declared.to_ascii_uppercase();
    let contains = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
    let first_word = declared
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(|w| !w.is_empty());
    if first_word.is_some_and(|word| TEXTS.contains(&word)) {
        Kind::Text
    } else if contains(&["INT", "SERIAL"]) {
        Kind::Integer
    } else if contains(&["BOOL"]) {
        Kind::Boolean
    } else if declared == "DATE" {
        Kind::Date
    } else if declared.starts_with("DATETIME") || declared.starts_with("TIMESTAMP") {
        Kind::DateTime
    } else if declared == "TIME" {
        Kind::Time
    } else if contains(&["CHAR", "CLOB", "TEXT"]) {
        Kind::Text
    } else if contains(&["REAL", "FLOA", "DOUB", "NUM", "DEC"]) {
        if affinity(&declared) == Affinity::Real {
            Kind::Real
        } else {
            Kind::Numeric
        }
    } else if contains(&["BLOB", "BINARY", "BYTEA"]) {
        Kind::Blob
    } else {
        Kind::Text
    }
}

/// The type to declare in the database. A type that SQL accepts only in quotes is replaced with one of the same
/// affinity, and a text column gets a type that does not convert text to numbers.
pub fn stored(connection: &Connection, declared: &str) -> String {
    let affinity = affinity(&declared.to_ascii_uppercase());
    let makes_numbers = !matches!(affinity, Affinity::Text | Affinity::Blob);
    if kind(declared) == Kind::Text && makes_numbers {
        "TEXT".to_string()
    } else if is_type(connection, declared) {
        declared.to_string()
    } else {
        affinity.declared().to_string()
    }
}

/// The kind of a column of a table that stays as it is declared.
pub fn kind_as_declared(declared: &str) -> Kind {
    let affinity = affinity(&declared.to_ascii_uppercase());
    match kind(declared) {
        Kind::Text if !matches!(affinity, Affinity::Text | Affinity::Blob) => Kind::NumericText,
        kind => kind,
    }
}

/// A type of the same affinity that SQL can declare without quotes.
pub fn declarable(connection: &Connection, declared: &str) -> String {
    if is_type(connection, declared) {
        declared.to_string()
    } else {
        affinity(&declared.to_ascii_uppercase())
            .declared()
            .to_string()
    }
}

/// Whether SQL can declare a type by this name without quotes.
fn is_type(connection: &Connection, declared: &str) -> bool {
    let is_plain = |token: Token| {
        let text = token.text;
        token.kind == TokenKind::Word
            || ["(", ")", ",", "+", "-"].contains(&text)
            || text.starts_with(|c: char| c.is_ascii_digit())
    };
    let cast = format!("SELECT CAST(NULL AS {declared})");
    declared.is_empty() || Tokens::new(declared).all(is_plain) && connection.prepare(&cast).is_ok()
}

/// What SQLite makes of values (<https://www.sqlite.org/datatype3.html#determination_of_column_affinity>).
#[derive(Debug, PartialEq, Eq)]
enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// A type that has it.
    fn declared(&self) -> &'static str {
        match self {
            // Not INTEGER, which would make a primary key the rowid.
            Affinity::Integer => "INT",
            Affinity::Text => "TEXT",
            Affinity::Blob => "BLOB",
            Affinity::Real => "REAL",
            Affinity::Numeric => "NUMERIC",
        }
    }
}

/// The affinity of a type in upper case.
fn affinity(declared: &str) -> Affinity {
    let contains = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
    if contains(&["INT"]) {
        Affinity::Integer
    } else if contains(&["CHAR", "CLOB", "TEXT"]) {
        Affinity::Text
    } else if declared.is_empty() || contains(&["BLOB"]) {
        Affinity::Blob
    } else if contains(&["REAL", "FLOA", "DOUB"]) {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

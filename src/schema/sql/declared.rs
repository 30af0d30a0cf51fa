//! What a declared type means.

use super::token::{Kind as TokenKind, Tokens, one_line};
use crate::schema::Kind;

/// Types that SQLite would take for numbers, by their first word.
const TEXTS: [&str; 4] = ["ENUM", "INTERVAL", "POINT", "POLYGON"];

/// A declared type in one line, without the quotes around names that need none.
pub fn normalized(declared: &str) -> String {
    let tokens: Vec<_> = Tokens::new(declared).collect();
    match &tokens[..] {
        [only] if only.kind == TokenKind::Name => {
            let name = only.unquoted();
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain) {
                name
            } else {
                only.text.to_string()
            }
        }
        _ => one_line(&tokens),
    }
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

/// The type that the table of the database declares: a column of texts must not make numbers of them.
pub fn stored(declared: &str) -> String {
    let makes_numbers = matches!(
        affinity(&declared.to_ascii_uppercase()),
        Affinity::Integer | Affinity::Real | Affinity::Numeric
    );
    if kind(declared) == Kind::Text && makes_numbers {
        "TEXT".to_string()
    } else {
        declared.to_string()
    }
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

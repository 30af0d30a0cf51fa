//! What an expression may not use, if it is to mean the same whenever and wherever it is evaluated.

use rusqlite::{Connection, OptionalExtension};

use super::error::{message, unknown_function};
use super::token::{Kind, Token, Tokens, closing};
use crate::schema::quoted;

/// Date functions, which know what time it is.
const DATES: [&str; 7] = [
    "date",
    "datetime",
    "julianday",
    "strftime",
    "time",
    "timediff",
    "unixepoch",
];

/// What is wrong with an expression over the columns of a table, as the end of a sentence that names it.
pub fn problem(
    connection: &Connection,
    table: &str,
    sql: &str,
) -> Result<Option<String>, rusqlite::Error> {
    let tokens: Vec<_> = Tokens::new(sql).collect();
    if has_subquery(&tokens) {
        return Ok(Some("has a subquery: leave it out".to_string()));
    }
    if uses_rowid(connection, table, &tokens)? {
        return Ok(Some(
            "uses the rowid: name the primary key instead".to_string(),
        ));
    }
    let changing = changing(connection, &tokens)?;
    if let Some(function) = changing {
        return Ok(Some(format!(
            "uses {function}, which is not deterministic: leave it out"
        )));
    }
    let evaluated = format!("SELECT ({sql}) FROM {}", quoted(table));
    let error = connection.prepare(&evaluated).err();
    Ok(error.map(|error| match unknown_function(&error) {
        Some(function) => format!(
            "uses the function {function}, which SQLite does not have built in: leave it out"
        ),
        None => format!("cannot be evaluated ({}): leave it out", message(&error)),
    }))
}

fn has_subquery(tokens: &[Token]) -> bool {
    tokens.iter().enumerate().any(|(index, token)| {
        let opens = tokens
            .get(index + 1)
            .is_some_and(|next| next.is_symbol("("));
        token.is_one_of(&["SELECT", "VALUES"]) || token.is("IN") && !opens
    })
}

fn uses_rowid(
    connection: &Connection,
    table: &str,
    tokens: &[Token],
) -> Result<bool, rusqlite::Error> {
    let names = ["rowid", "oid", "_rowid_"];
    let is_column = "SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = ?2 COLLATE NOCASE";
    for token in tokens
        .iter()
        .filter(|token| matches!(token.kind, Kind::Word | Kind::Name))
    {
        let name = token.unquoted().to_ascii_lowercase();
        if names.contains(&name.as_str())
            && connection
                .query_row(is_column, [table, &name], |_| Ok(()))
                .optional()?
                .is_none()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The first function or keyword that is not deterministic.
fn changing(connection: &Connection, tokens: &[Token]) -> Result<Option<String>, rusqlite::Error> {
    // 2048 is the SQLITE_DETERMINISTIC flag.
    let changes = "SELECT 1 FROM pragma_function_list WHERE name = ?1 GROUP BY name HAVING max(flags & 2048) = 0";
    for (index, token) in tokens.iter().enumerate() {
        if token.is_one_of(&["CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"]) {
            return Ok(Some(token.text.to_string()));
        }
        let Some(close) = call(tokens, index) else {
            continue;
        };
        let arguments = &tokens[index + 2..close];
        let name = token.unquoted().to_ascii_lowercase();
        if DATES.contains(&name.as_str()) {
            if let Some(time) = time_of_day(&name, arguments) {
                return Ok(Some(time));
            }
        } else if connection
            .query_row(changes, [&name], |_| Ok(()))
            .optional()?
            .is_some()
        {
            return Ok(Some(format!("{name}()")));
        }
    }
    Ok(None)
}

/// The index of the parenthesis that closes the call of a function whose name is at this index, if it is one.
fn call(tokens: &[Token], name: usize) -> Option<usize> {
    tokens.get(name + 1).filter(|open| open.is_symbol("("))?;
    closing(tokens, name + 1)
}

/// What a date function takes from the clock or from the time zone of the machine, if anything.
fn time_of_day(function: &str, arguments: &[Token]) -> Option<String> {
    let is_text = |token: &Token, text: &str| {
        matches!(token.kind, Kind::Text | Kind::Name)
            && token.unquoted().trim().eq_ignore_ascii_case(text)
    };
    let words = ["now", "localtime", "utc"];
    let is_used = |word: &&&str| arguments.iter().any(|token| is_text(token, word));
    if let Some(word) = words.iter().find(is_used) {
        return Some(format!("{function}() with '{word}'"));
    }
    // The first argument of strftime() is the format.
    let date = arguments.get(if function == "strftime" { 2 } else { 0 });
    let is_missing = match date {
        Some(date) => is_text(date, "subsec") || is_text(date, "subsecond"),
        None => true,
    };
    is_missing.then(|| format!("{function}() without a date"))
}

//! What a file may be that is not written as expected.

use crate::row::Header;
use crate::schema::{Kind, Table};

/// Whether these fields could be a row of a file with this header: there are as many as it has columns, with numbers
/// where the table has numbers.
pub fn is_row(table: &Table, header: &Header, fields: &[&[u8]]) -> bool {
    let mut columns = table.columns.iter().zip(&header.columns);
    fields.len() == header.names.len() + usize::from(header.reason.is_some())
        && columns.all(|(column, index)| match (column.kind, fields.get(*index)) {
            (Kind::Integer | Kind::Real, Some(field)) => is_number(field),
            _ => true,
        })
}

/// Whether a cell is empty or looks like a number, however its decimals are written.
fn is_number(cell: &[u8]) -> bool {
    let text = String::from_utf8_lossy(cell);
    let text = text.trim_matches(|c: char| c == '"' || c.is_whitespace());
    let digits = text.trim_start_matches(['+', '-']);
    text.is_empty()
        || matches!(text, "NULL" | "\\N")
        || digits.starts_with(|c: char| c.is_ascii_digit())
            && digits
                .chars()
                .all(|c| c.is_ascii_digit() || ".,eE+-".contains(c))
}

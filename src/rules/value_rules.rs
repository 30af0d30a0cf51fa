//! The rules that concern a value by itself.

use crate::row::{Cell, Value};
use crate::schema::Rule;
use crate::unicode::is_format;

/// Whether a typed cell with this value breaks a rule that concerns nothing else.
pub fn is_broken(rule: Rule, cell: Cell, value: Value) -> bool {
    match (rule, cell, value) {
        (Rule::Positive, Cell::Integer(number), _) => number <= 0,
        (Rule::Positive, Cell::Real(number), _) => number <= 0.0,
        (Rule::NotEmpty, Cell::Text, Value::Text(text)) => is_blank(text),
        (Rule::Email, Cell::Text, Value::Text(text)) => !is_email(text),
        _ => false,
    }
}

/// Whether there is nothing but Unicode white space and format characters.
pub fn is_blank(text: &[u8]) -> bool {
    // Most texts begin with a visible ASCII character, which is quickly seen.
    !text.iter().any(u8::is_ascii_graphic) && is_blank_unicode(text)
}

fn is_blank_unicode(text: &[u8]) -> bool {
    let is_blank = |character: char| character.is_whitespace() || is_format(character);
    str::from_utf8(text).is_ok_and(|text| text.chars().all(is_blank))
}

/// Whether there is one `@` with something before it and two or more non-empty labels, separated by dots, after it, and
/// no white space, control or format character.
pub fn is_email(text: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'@', text) else {
        return false;
    };
    let (local, domain) = (&text[..at], &text[at + 1..]);
    let mut labels = 1;
    let mut before = b'.';
    for byte in domain {
        match byte {
            b'@' => return false,
            b'.' if before == b'.' => return false,
            b'.' => labels += 1,
            _ => {}
        }
        before = *byte;
    }
    !local.is_empty() && labels > 1 && before != b'.' && !has_unseen(text)
}

fn has_unseen(text: &[u8]) -> bool {
    let is_unseen = |character: char| {
        character.is_whitespace() || character.is_control() || is_format(character)
    };
    // Without stopping early, many bytes are looked at in one step.
    let is_graphic = (text.iter()).fold(true, |all, byte| all & byte.is_ascii_graphic());
    !is_graphic && str::from_utf8(text).is_ok_and(|text| text.contains(is_unseen))
}

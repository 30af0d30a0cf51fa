//! Text that is safe to send to a terminal.

use std::borrow::Cow;
use std::path::Path;

/// Escapes what could control a terminal as Rust would write it (`\u{1b}`): control characters, and those that reorder
/// the text around them. Everything else stays as it is.
pub fn escape(text: &str) -> Cow<'_, str> {
    let rust = |character: char| character.escape_default().to_string();
    replace(text, is_unsafe, rust)
}

/// The same for the text of a JSON document: there, such a character can only stand in a string, and is written as JSON
/// escapes it (`\u001b`).
pub fn escape_json(json: &str) -> Cow<'_, str> {
    let is_unsafe = |character| is_unsafe(character) && character != '\n';
    replace(json, is_unsafe, |character| {
        format!("\\u{:04x}", u32::from(character))
    })
}

fn replace(
    text: &str,
    is_unsafe: fn(char) -> bool,
    escaped: impl Fn(char) -> String,
) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match is_unsafe(character) {
            true => safe += &escaped(character),
            false => safe.push(character),
        }
    }
    Cow::Owned(safe)
}

/// A path as it can be shown to a person.
pub fn show(path: &Path) -> String {
    escape(&path.to_string_lossy()).into_owned()
}

/// Control characters, line and paragraph separators, and the explicit directional formatting characters of the
/// Unicode Bidirectional Algorithm (UAX #9, section 2).
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_steers_a_terminal_and_nothing_else() {
        assert_eq!(escape("\u{1b}[31m\r\n\t\0"), r"\u{1b}[31m\r\n\t\u{0}");
        assert_eq!(escape("a\u{202e}b\u{9b}"), r"a\u{202e}b\u{9b}");
        assert_eq!(
            escape_json("{\n\"a\u{9b}\u{202e}\"}"),
            "{\n\"a\\u009b\\u202e\"}"
        );
        let plain = r#"Zoë "quoted" \ 日本 e\u{301}"#;
        assert_eq!(escape(plain), plain);
        assert_eq!(escape_json(plain), plain);
    }
}

//! Text that is safe to send to a terminal.

use std::borrow::Cow;
use std::path::Path;

/// Escapes characters that could control a terminal or reorder the text around them, in the notation of Rust
/// (`\u{1b}`).
pub fn escape(text: &str) -> Cow<'_, str> {
    replace(text, is_unsafe, |character| {
        character.escape_default().to_string()
    })
}

/// Does the same to a JSON document, in the notation of JSON (`\u001b`). Only its strings can contain such characters.
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
        if is_unsafe(character) {
            safe += &escaped(character);
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// A path as text that is safe to show.
pub fn show(path: &Path) -> String {
    escape(&path.to_string_lossy()).into_owned()
}

/// True for control characters, line and paragraph separators, and the directional formatting characters of the Unicode
/// Bidirectional Algorithm (UAX #9, section 2).
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_only_characters_that_control_a_terminal_or_reorder_text() {
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

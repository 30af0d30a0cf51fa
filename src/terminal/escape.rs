//! Text that is safe to send to a terminal.

use std::borrow::Cow;
use std::path::Path;

use crate::unicode::is_format;

/// Escapes characters that could control a terminal or reorder the text around them, and those that cannot be seen, in
/// the notation of Rust (`\u{1b}`).
pub fn escape(text: &str) -> Cow<'_, str> {
    replace(text, "", |character| match character {
        '\n' | '\r' | '\t' => character.escape_default().to_string(),
        _ => character.escape_unicode().to_string(),
    })
}

/// Does the same to a JSON document, in the notation of JSON (`\u001b`). Only its strings can contain such characters.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    replace(json, "\n", |character| {
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units).iter();
        units.map(|unit| format!("\\u{unit:04x}")).collect()
    })
}

/// Replaces such characters, but for the `exempt` ones.
fn replace<'a>(text: &'a str, exempt: &str, escaped: impl Fn(char) -> String) -> Cow<'a, str> {
    let is_suspect = |character: char| {
        (is_unsafe(character) || is_format(character)) && !exempt.contains(character)
    };
    if !text.contains(is_suspect) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let after = characters.peek().copied();
        if is_suspect(character) && !is_needed(character, before, after) {
            safe += &escaped(character);
        } else {
            safe.push(character);
        }
        before = Some(character);
    }
    Cow::Owned(safe)
}

/// Whether the text needs a format character at this position: a joiner between emoji or characters of some scripts, a
/// tag after an emoji, or a format character that is visible.
fn is_needed(character: char, before: Option<char>, after: Option<char>) -> bool {
    let is_foreign = |neighbour: Option<char>| {
        neighbour.is_some_and(|c| !c.is_ascii() && !c.is_whitespace() && !is_unsafe(c))
    };
    match character {
        '\u{200c}' | '\u{200d}' => {
            let is_joined = |neighbour: Option<char>| {
                is_foreign(neighbour) && !neighbour.is_some_and(is_format)
            };
            is_joined(before) && is_joined(after)
        }
        '\u{e0020}'..='\u{e007f}' => is_foreign(before),
        '\u{600}'..='\u{605}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' => true,
        _ => false,
    }
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
        assert_eq!(
            escape("a\u{200b}b\u{ad}\u{feff}"),
            r"a\u{200b}b\u{ad}\u{feff}"
        );
        assert_eq!(escape_json("\u{200b}\u{e0001}"), "\\u200b\\udb40\\udc01");
        let plain = r#"Zoë "quoted" \ 日本 e\u{301}"#;
        assert_eq!(escape(plain), plain);
        assert_eq!(escape_json(plain), plain);
    }

    #[test]
    fn joiners_stay_in_a_text_that_needs_them() {
        for text in [
            "می\u{200c}خواهم",
            "👩\u{200d}👧",
            "🏴\u{e0067}\u{e007f}",
            "\u{600}١",
        ] {
            assert_eq!(escape(text), text);
        }
        assert_eq!(escape("a\u{200d}b"), r"a\u{200d}b");
        assert_eq!(escape("خ\u{200c}"), "خ\\u{200c}");
        assert_eq!(escape("a\u{e0067}"), r"a\u{e0067}");
    }
}

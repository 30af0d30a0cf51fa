//! Lines that are broken between words.

use console::measure_text_width;

/// Breaks a text between words, so that no line is wider than this many columns if its words are not. What is between
/// backticks counts as one word: a command that is broken in two cannot be pasted.
pub fn wrap(text: &str, columns: usize) -> String {
    let mut wrapped = String::new();
    let (mut width, mut in_backticks) = (0, false);
    for word in text.split_inclusive(|character| {
        in_backticks ^= character == '`';
        character == ' ' && !in_backticks
    }) {
        if width > 0 && width + measure_text_width(word.trim_end()) > columns {
            wrapped.truncate(wrapped.trim_end().len());
            wrapped.push('\n');
            width = 0;
        }
        wrapped += word;
        width += measure_text_width(word);
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_breaks_between_words() {
        assert_eq!(wrap("one two three", 8), "one two\nthree");
        assert_eq!(wrap("one two three", 7), "one two\nthree");
        assert_eq!(wrap("one two three", 6), "one\ntwo\nthree");
        assert_eq!(wrap("one two three", 80), "one two three");
    }

    #[test]
    fn a_word_that_is_too_wide_has_a_line_of_its_own() {
        assert_eq!(
            wrap("a somewhere/far/away b", 4),
            "a\nsomewhere/far/away\nb"
        );
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(wrap("日本 日本", 8), "日本\n日本");
        assert_eq!(wrap("日本 日本", 9), "日本 日本");
    }

    #[test]
    fn a_command_is_not_broken() {
        assert_eq!(
            wrap("run `mkdir a; cp b a` now", 8),
            "run\n`mkdir a; cp b a`\nnow"
        );
    }
}

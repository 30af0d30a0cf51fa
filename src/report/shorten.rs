//! Texts that may be too long to be kept or read.

use std::fmt::{self, Display, Write};

use crate::terminal::count;

/// Keeps the first characters of what is written to it.
#[derive(Default)]
struct Beginning {
    kept: String,
    /// How many more characters are kept.
    room: usize,
    /// How many bytes were written.
    bytes: usize,
}

impl Write for Beginning {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes += text.len();
        let kept = text.char_indices().nth(self.room);
        let kept = &text[..kept.map_or(text.len(), |(end, _)| end)];
        self.room -= kept.chars().count();
        self.kept.push_str(kept);
        Ok(())
    }
}

/// A text of at most this many characters. A longer one is cut, and says how many bytes it has.
pub fn shorten(text: impl Display, longest: usize) -> String {
    let mut beginning = Beginning {
        room: longest,
        ..Beginning::default()
    };
    // Writing to it cannot fail.
    let _ = write!(beginning, "{text}");
    end(beginning, None)
}

/// The same for bytes; those that are not UTF-8 become U+FFFD.
pub fn shorten_bytes(bytes: &[u8], longest: usize) -> String {
    // A character has at most four bytes. With four more, none that is kept is cut in two.
    let enough = longest.saturating_mul(4).saturating_add(4);
    let start = &bytes[..bytes.len().min(enough)];
    let mut beginning = Beginning {
        room: longest,
        ..Beginning::default()
    };
    let _ = beginning.write_str(&String::from_utf8_lossy(start));
    end(beginning, Some(bytes.len()))
}

fn end(beginning: Beginning, bytes: Option<usize>) -> String {
    let Beginning {
        mut kept,
        bytes: written,
        ..
    } = beginning;
    if kept.len() < written {
        let bytes = count(bytes.unwrap_or(written) as u64, "byte");
        kept += &format!("… ({bytes})");
    }
    kept.shrink_to_fit();
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_text_is_cut_and_says_how_many_bytes_it_has() {
        assert_eq!(shorten("ééé", 3), "ééé");
        assert_eq!(shorten("ééé", 2), "éé… (6 bytes)");
        assert_eq!(
            shorten(format_args!("{}{}", "ab", "cd"), 3),
            "abc… (4 bytes)"
        );
        assert_eq!(shorten_bytes(b"ab\xff", 2), "ab… (3 bytes)");
        assert_eq!(shorten_bytes(b"ab\xff", usize::MAX), "ab\u{fffd}");
    }

    #[test]
    fn no_more_is_kept_than_is_shown() {
        let kept = shorten_bytes("é".repeat(20_000).as_bytes(), 1_000);
        assert!(kept.capacity() < 3_000, "{}", kept.capacity());
    }

    proptest! {
        #[test]
        fn cut_bytes_are_the_beginning_of_the_whole_text(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x80_u8..=0xff], 0..64),
            longest in 0_usize..20,
        ) {
            let whole = String::from_utf8_lossy(&bytes);
            let start: String = whole.chars().take(longest).collect();
            let expected = if start.len() == whole.len() {
                start
            } else {
                format!("{start}… ({})", count(bytes.len() as u64, "byte"))
            };
            prop_assert_eq!(shorten_bytes(&bytes, longest), expected);
        }
    }
}

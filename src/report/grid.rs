//! Draws rows of cells as a table.

use std::io;
use std::iter;

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::peaker::Priority;
use tabled::settings::{Alignment, Style, Width};

use super::MOST_CHARACTERS;
use super::shorten::shorten_bytes;
use crate::terminal::{Terminal, escape};

/// The most lines of one table. More lines go into another table below it, so that a long listing needs no more memory.
const MOST_LINES: usize = 1_000;

/// The width of a cell of one character, with its padding and border.
const NARROWEST: usize = 4;

/// Draws lines as a table no wider than the terminal. The columns whose indices are in `right` are aligned to the right.
/// No line may have more cells than the title, and a title without lines is not drawn. Fails if writing fails.
pub fn draw(
    terminal: &mut Terminal,
    title: Vec<String>,
    right: &[usize],
    mut lines: impl Iterator<Item = Vec<String>>,
) -> io::Result<()> {
    loop {
        let lines: Vec<_> = lines.by_ref().take(MOST_LINES).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let mut table = Builder::from_iter(iter::once(title.clone()).chain(lines)).build();
        table.with(Style::sharp());
        for column in right {
            table.modify(Columns::one(*column), Alignment::right());
        }
        if let Some(width) = terminal.width {
            // A table with less than a character for each column would not be wrapped at all.
            let width = Width::wrap(width.max(title.len() * NARROWEST + 1));
            table.with(width.keep_words(true).priority(Priority::max(true)));
        }
        writeln!(terminal.out, "{table}")?;
    }
}

/// Formats a value as a cell.
pub fn cell(text: &[u8]) -> String {
    escape(&shorten_bytes(text, MOST_CHARACTERS)).into_owned()
}

/// Formats reasons as one cell.
pub fn reasons(reasons: &[String]) -> String {
    escape(&reasons.join("; ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(lines: usize) -> String {
        let mut out = Vec::new();
        let lines = (0..lines).map(|line| vec![line.to_string()]);
        let title = vec!["id".to_string()];
        draw(&mut Terminal::plain(&mut out, None), title, &[0], lines).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_cell_is_cut_only_if_it_is_very_long() {
        let long = "é".repeat(MOST_CHARACTERS);
        assert_eq!(cell(long.as_bytes()), long);
        let shown = cell((long.clone() + "x").as_bytes());
        assert_eq!(shown, format!("{long}… (2,001 bytes)"));
    }

    #[test]
    fn a_cell_is_cut_before_it_is_escaped() {
        let shown = cell(&[0x1b; MOST_CHARACTERS + 1]);
        let escaped = r"\u{1b}".repeat(MOST_CHARACTERS);
        assert_eq!(shown, format!("{escaped}… (1,001 bytes)"));
    }

    #[test]
    fn a_title_without_lines_is_not_drawn() {
        assert_eq!(drawn(0), "");
        assert_eq!(drawn(1).lines().count(), 5);
    }

    #[test]
    fn a_long_table_is_drawn_in_parts() {
        let text = drawn(MOST_LINES);
        assert_eq!(text.matches("id").count(), 1);
        let text = drawn(MOST_LINES + 1);
        assert_eq!(text.matches("id").count(), 2);
        assert!(text.contains("│ 1000 │"));
    }
}

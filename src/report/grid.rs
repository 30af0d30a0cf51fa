//! Draws rows of cells as a table.

use std::io;
use std::iter;

use console::measure_text_width;
use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::peaker::Priority;
use tabled::settings::{Alignment, Style, Width};

use super::MOST_CHARACTERS;
use super::shorten::shorten_bytes;
use crate::row::REASON;
use crate::terminal::{Terminal, escape};

/// The most lines of one table. More lines go into another table below it, so that a long listing needs no more memory.
const MOST_LINES: usize = 1_000;

/// The width of a cell of one character, with its padding and border.
const NARROWEST: usize = 4;

/// The width of padding and border of a cell.
const PADDING: usize = 3;

/// The part of the terminal's width below which reasons are not wrapped as long as other cells can be.
const LEAST_OF_REASONS: usize = 4;

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
        let wrapped = terminal
            .width
            .and_then(|width| wrapped_reasons(&title, &lines, width));
        let mut table = Builder::from_iter(iter::once(title.clone()).chain(lines)).build();
        table.with(Style::sharp());
        for column in right {
            table.modify(Columns::one(*column), Alignment::right());
        }
        if let Some((column, width)) = wrapped {
            table.modify(Columns::one(column), Width::wrap(width).keep_words(true));
        }
        if let Some(width) = terminal.width {
            // A table with less than a character for each column would not be wrapped at all.
            let width = Width::wrap(width.max(title.len() * NARROWEST + 1));
            table.with(width.keep_words(true).priority(Priority::max(true)));
        }
        writeln!(terminal.out, "{table}")?;
    }
}

/// The column of the reasons and how wide it may be, if a table is wider than the terminal: they are sentences, and
/// break better than values.
fn wrapped_reasons(
    title: &[String],
    lines: &[Vec<String>],
    width: usize,
) -> Option<(usize, usize)> {
    let column = title.iter().rposition(|name| name == REASON)?;
    let widest = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        let widths = cells
            .chain(&title[column..=column])
            .map(|cell| measure_text_width(cell));
        widths.max().unwrap_or(0)
    };
    let all: usize = (0..title.len())
        .map(|column| widest(column) + PADDING)
        .sum();
    let excess = (all + 1).saturating_sub(width);
    let least = width / LEAST_OF_REASONS;
    (excess > 0).then(|| (column, widest(column).saturating_sub(excess).max(least)))
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

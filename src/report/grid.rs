//! Draws rows of cells as a table.

use std::io;

use console::measure_text_width;
use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Style};

use super::MAX_CHARACTERS;
use super::shorten::shorten_bytes;
use crate::row::REASON;
use crate::terminal::{Terminal, count, escape, wrap};

/// The most lines of one table. More lines go into another table below it, so that a long listing needs no more memory.
const MAX_LINES: usize = 1_000;

/// The width of padding and border of a cell.
const PADDING: usize = 3;

/// The part of the terminal's width below which reasons are not wrapped as long as other cells can be: they are
/// sentences, and break better than values.
const MIN_PART_FOR_REASONS: usize = 4;

/// The part of the terminal's width that a cell needs to be read, if it is not shorter.
const MIN_PART_FOR_A_CELL: usize = 10;

/// A line of a table.
#[derive(Debug, Default)]
pub struct Line {
    /// The cells of its first columns.
    pub cells: Vec<String>,
    /// How many more fields there are.
    pub more: usize,
    /// The cell of the last column, if there is one for reasons.
    pub reasons: Option<String>,
}

/// Draws lines as a table no wider than the terminal. Where not all cells can be read beside each other, it says how many
/// more there are. The columns whose indices are in `right` are aligned to the right. A title without lines is not drawn.
/// Fails if writing fails.
pub fn draw(
    terminal: &mut Terminal,
    title: &[String],
    right: &[usize],
    mut lines: impl Iterator<Item = Line>,
) -> io::Result<()> {
    loop {
        let lines: Vec<_> = lines.by_ref().take(MAX_LINES).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let mut columns = columns(title, lines, terminal.width);
        if let Some(width) = terminal.width {
            fit(&mut columns, width);
        }
        let mut table = Builder::default();
        for column in columns {
            table.push_column(column);
        }
        let mut table = table.build();
        table.with(Style::sharp());
        for column in right {
            table.modify(Columns::one(*column), Alignment::right());
        }
        writeln!(terminal.out, "{table}")?;
    }
}

/// The columns of a table with their titles, as many as can be read in this width.
fn columns(title: &[String], lines: Vec<Line>, width: Option<usize>) -> Vec<Vec<String>> {
    let mut columns: Vec<Vec<String>> = title.iter().map(|name| vec![name.clone()]).collect();
    let mut more = vec!["…".to_string()];
    let mut reasons = vec![REASON.to_string()];
    let has_reasons = lines.iter().any(|line| line.reasons.is_some());
    let most = lines.iter().map(|line| line.cells.len()).max();
    columns.resize(most.unwrap_or(0).max(title.len()), vec![String::new()]);
    let widths = columns.iter().enumerate().map(|(index, title)| {
        let cells = lines.iter().filter_map(|line| line.cells.get(index));
        let widths = cells.chain(title).map(|cell| measure_text_width(cell));
        widths.max().unwrap_or(0)
    });
    let widths: Vec<_> = widths.collect();
    if let Some(width) = width {
        let least = (width / MIN_PART_FOR_A_CELL).max(1);
        let needs = |cells: &[usize]| -> usize {
            cells.iter().map(|cell| least.min(*cell) + PADDING).sum()
        };
        let widest = lines.iter().filter_map(|line| line.reasons.as_deref());
        let widest = widest.map(measure_text_width).max();
        let others = 1 + widest.map_or(0, |it| it.min(width / MIN_PART_FOR_REASONS) + PADDING);
        if needs(&widths) + others > width {
            // The first two columns identify a row.
            let fits = |shown: &usize| needs(&widths[..*shown]) + needs(&[least]) + others <= width;
            let shown = (2..columns.len()).rev().find(fits).unwrap_or(2);
            columns.truncate(shown);
        }
    }
    let shown = columns.len();
    for mut line in lines {
        let rest = line.more + line.cells.len().saturating_sub(shown);
        line.cells.resize(shown, String::new());
        for (column, cell) in columns.iter_mut().zip(line.cells) {
            column.push(cell);
        }
        more.push(match rest {
            0 => String::new(),
            rest => count(rest as u64, "more field"),
        });
        reasons.push(line.reasons.unwrap_or_default());
    }
    if more.iter().skip(1).any(|cell| !cell.is_empty()) {
        columns.push(more);
    }
    if has_reasons {
        columns.push(reasons);
    }
    columns
}

/// Wraps cells so that a table is as wide as this, if it is wider: first reasons, and then the widest.
fn fit(columns: &mut [Vec<String>], width: usize) {
    let room = width.saturating_sub(1 + columns.len() * PADDING);
    let widths = columns.iter().map(|column| {
        let widths = column.iter().map(|cell| measure_text_width(cell));
        widths.max().unwrap_or(0)
    });
    let mut widths: Vec<usize> = widths.collect();
    let excess = widths.iter().sum::<usize>().saturating_sub(room);
    if excess == 0 {
        return;
    }
    let reasons = columns.iter().rposition(|column| column[0] == REASON);
    if let Some(reasons) = reasons {
        let least = widths[reasons].min(width / MIN_PART_FOR_REASONS);
        widths[reasons] = widths[reasons].saturating_sub(excess).max(least);
    }
    let limited = |level: usize| {
        let limit = |(index, width): (usize, &usize)| match reasons {
            Some(reasons) if reasons == index => *width,
            _ => level.min(*width),
        };
        widths.iter().enumerate().map(limit).collect::<Vec<_>>()
    };
    let widest = widths.iter().copied().max().unwrap_or(0);
    let fits = |level: &usize| limited(*level).iter().sum::<usize>() <= room;
    let level = (1..=widest).rev().find(fits).unwrap_or(1);
    for (column, width) in columns.iter_mut().zip(limited(level)) {
        for cell in column {
            *cell = broken(cell, width);
        }
    }
}

/// A cell in lines of at most this width, broken between words, and within those that are wider.
fn broken(cell: &str, width: usize) -> String {
    let mut text = String::new();
    for line in wrap(cell, width).lines() {
        let mut taken = 0;
        for character in line.chars() {
            let needed = measure_text_width(character.encode_utf8(&mut [0; 4]));
            if taken > 0 && taken + needed > width {
                text.push('\n');
                taken = 0;
            }
            text.push(character);
            taken += needed;
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}

/// Formats a value as a cell.
pub fn cell(text: &[u8]) -> String {
    escape(&shorten_bytes(text, MAX_CHARACTERS)).into_owned()
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
        let lines = (0..lines).map(|line| Line {
            cells: vec![line.to_string()],
            ..Line::default()
        });
        let title = ["id".to_string()];
        draw(&mut Terminal::plain(&mut out, None), &title, &[0], lines).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn drawn_in(width: usize, title: &[&str], cells: &[&str], reasons: Option<&str>) -> String {
        let mut out = Vec::new();
        let title: Vec<_> = title.iter().map(|name| name.to_string()).collect();
        let line = Line {
            cells: cells.iter().map(|cell| cell.to_string()).collect(),
            more: 0,
            reasons: reasons.map(str::to_string),
        };
        let mut terminal = Terminal::plain(&mut out, Some(width));
        draw(&mut terminal, &title, &[], [line].into_iter()).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.lines().all(|line| measure_text_width(line) <= width),
            "{text}"
        );
        text
    }

    #[test]
    fn reasons_break_between_words_and_only_there() {
        let text = drawn_in(30, &["id"], &["1"], Some("name is empty; email is empty"));
        let expected = "\
┌────┬──────────────────────┐
│ id │ reason               │
├────┼──────────────────────┤
│ 1  │ name is empty; email │
│    │ is empty             │
└────┴──────────────────────┘
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_word_that_is_wider_than_its_cell_breaks_anywhere() {
        let text = drawn_in(14, &["id", "name"], &["1", "a 日本語日本 bcdefgh"], None);
        let names = text.lines().skip(3).map(|line| line.split('│').nth(2));
        let names: Vec<_> = names.flatten().map(str::trim).collect();
        assert_eq!(names, ["a", "日本", "語日", "本", "bcdef", "gh"]);
    }

    #[test]
    fn columns_that_cannot_be_read_beside_the_others_are_counted() {
        let names: Vec<_> = (0..40).map(|index| format!("column {index}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        for reasons in [None, Some("column 39 is empty, which it must not be")] {
            let text = drawn_in(80, &names, &names, reasons);
            assert!(text.contains("│ …"), "{text}");
            assert!(text.contains(" more"), "{text}");
            assert!(text.lines().count() < 10, "{text}");
        }
    }

    #[test]
    fn a_cell_is_cut_only_if_it_is_very_long() {
        let long = "é".repeat(MAX_CHARACTERS);
        assert_eq!(cell(long.as_bytes()), long);
        let shown = cell((long.clone() + "x").as_bytes());
        assert_eq!(shown, format!("{long}… (2,001 bytes)"));
    }

    #[test]
    fn a_cell_is_cut_before_it_is_escaped() {
        let shown = cell(&[0x1b; MAX_CHARACTERS + 1]);
        let escaped = r"\u{1b}".repeat(MAX_CHARACTERS);
        assert_eq!(shown, format!("{escaped}… (1,001 bytes)"));
    }

    #[test]
    fn a_title_without_lines_is_not_drawn() {
        assert_eq!(drawn(0), "");
        assert_eq!(drawn(1).lines().count(), 5);
    }

    #[test]
    fn a_long_table_is_drawn_in_parts() {
        let text = drawn(MAX_LINES);
        assert_eq!(text.matches("id").count(), 1);
        let text = drawn(MAX_LINES + 1);
        assert_eq!(text.matches("id").count(), 2);
        assert!(text.contains("│ 1000 │"));
    }
}

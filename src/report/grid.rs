//! Lines of cells, drawn as a table.

use std::io::{self, Write};

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::peaker::Priority;
use tabled::settings::{Alignment, Style, Width};

use crate::row::Excerpt;
use crate::terminal::{Terminal, count, escape};

/// Most characters of a cell or a reason that a table shows. JSON shows them all.
pub const MOST_CHARACTERS: usize = 1_000;

/// Most lines that are drawn at once: more become another table below, so that a long listing takes no more memory.
const MOST_LINES: usize = 1_000;

/// The columns that a cell of one character takes, with its border.
const NARROWEST: usize = 4;

/// A table that is being drawn, no wider than the terminal.
pub struct Grid<'a> {
    out: &'a mut dyn Write,
    terminal: Terminal,
    title: Vec<String>,
    /// The columns that are aligned to the right.
    right: Vec<usize>,
    lines: Vec<Vec<String>>,
}

impl<'a> Grid<'a> {
    /// A table without lines yet.
    pub fn new(
        out: &'a mut dyn Write,
        terminal: &Terminal,
        title: Vec<String>,
        right: Vec<usize>,
    ) -> Grid<'a> {
        Grid {
            out,
            terminal: *terminal,
            title,
            right,
            lines: Vec::new(),
        }
    }

    /// Adds a line, which has no more cells than the title.
    ///
    /// # Errors
    ///
    /// If the lines so far could not be written.
    pub fn add(&mut self, cells: Vec<String>) -> io::Result<()> {
        self.lines.push(cells);
        match self.lines.len() < MOST_LINES {
            true => Ok(()),
            false => self.draw(),
        }
    }

    /// Draws what is not drawn yet. A title alone is not drawn.
    ///
    /// # Errors
    ///
    /// If it could not be written.
    pub fn finish(mut self) -> io::Result<()> {
        match self.lines.is_empty() {
            true => Ok(()),
            false => self.draw(),
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let lines = std::mem::take(&mut self.lines);
        let title = std::iter::once(self.title.clone());
        let mut table = Builder::from_iter(title.chain(lines)).build();
        table.with(Style::sharp());
        for column in &self.right {
            table.modify(Columns::one(*column), Alignment::right());
        }
        if let Some(width) = self.terminal.width {
            // Narrower than a character per column, it would not be wrapped at all.
            let width = width.max(self.title.len() * NARROWEST + 1);
            table.with(
                Width::wrap(width)
                    .keep_words(true)
                    .priority(Priority::max(true)),
            );
        }
        writeln!(self.out, "{table}")
    }
}

/// A text as a cell.
pub fn cell(text: &[u8]) -> String {
    excerpt(&Excerpt::new(text, Some(MOST_CHARACTERS)))
}

/// An excerpt as a cell, which says how much was left out.
pub fn excerpt(excerpt: &Excerpt) -> String {
    let text = escape(&excerpt.text);
    match excerpt.cut {
        Some(bytes) => format!("{text}… ({})", count(bytes as u64, "byte")),
        None => text.into_owned(),
    }
}

/// Several reasons as a cell.
pub fn reasons(reasons: &[Excerpt]) -> String {
    let reasons: Vec<_> = reasons.iter().map(excerpt).collect();
    reasons.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(lines: usize) -> String {
        let mut out = Vec::new();
        let mut grid = Grid::new(
            &mut out,
            &Terminal::plain(None),
            vec!["id".to_string()],
            vec![0],
        );
        for line in 0..lines {
            grid.add(vec![line.to_string()]).unwrap();
        }
        grid.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_cell_is_cut_only_where_nobody_could_read_it() {
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
    fn a_title_alone_is_not_drawn() {
        assert_eq!(draw(0), "");
        assert_eq!(draw(1).lines().count(), 5);
    }

    #[test]
    fn a_long_table_is_drawn_in_pieces() {
        let text = draw(MOST_LINES);
        assert_eq!(text.matches("id").count(), 1);
        let text = draw(MOST_LINES + 1);
        assert_eq!(text.matches("id").count(), 2);
        assert!(text.contains("│ 1000 │"));
    }
}

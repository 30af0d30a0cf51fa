//! What people see: how wide a terminal is and whether it has colours, and text, numbers and progress that suit it.

mod escape;
mod human;
mod progress;
mod shell;
mod wrap;

use std::env;
use std::io::{self, Write};

use console::{Color, Style, Term};

pub use escape::{escape, escape_json, show};
pub use human::{count, duration, plural, thousands};
pub use progress::{Progress, Step};
pub use shell::{apart, quote, to_utf8};
pub use wrap::wrap;

/// Where a report is shown.
pub struct Terminal<'a> {
    /// What to write it to.
    pub out: &'a mut dyn Write,
    /// The width of the terminal in columns; `None` if the output is not a terminal.
    pub width: Option<usize>,
    colors: bool,
}

impl<'a> Terminal<'a> {
    /// Describes stdout, given what writes to it. It has colours if it is a terminal or `CLICOLOR_FORCE` is set, unless
    /// `NO_COLOR` (<https://no-color.org>) is set or the terminal has no escape sequences.
    pub fn stdout(out: &'a mut dyn Write) -> Terminal<'a> {
        let stdout = Term::stdout();
        let size = stdout.size_checked();
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is = |name: &str, value: &str| env::var_os(name).is_some_and(|found| found == value);
        // `console` does not tell an empty `NO_COLOR` from one that says something.
        let is_mistaken = is("NO_COLOR", "") && stdout.is_term() && !is("CLICOLOR", "0");
        Terminal {
            out,
            width: size.map(|(_, columns)| usize::from(columns)),
            colors: (console::colors_enabled() || is_mistaken) && !no_color && !is("TERM", "dumb"),
        }
    }

    /// A terminal without colours and with this many columns; with `None`, lines may have any length.
    #[cfg(test)]
    pub fn plain(out: &'a mut dyn Write, width: Option<usize>) -> Terminal<'a> {
        let colors = false;
        Terminal { out, width, colors }
    }

    /// Whether a line fits; it does where there is no terminal.
    pub fn fits(&self, line: &str) -> bool {
        self.width
            .is_none_or(|width| console::measure_text_width(line) <= width)
    }

    /// A text in bold and in a colour, if the terminal has colours.
    pub fn paint(&self, color: Color, text: &str) -> String {
        let style = Style::new().bold().fg(color).force_styling(self.colors);
        style.apply_to(text).to_string()
    }

    /// Writes a blank line and one in bold and in a colour. Fails if `out` does.
    pub fn heading(&mut self, color: Color, text: &str) -> io::Result<()> {
        let painted = self.paint(color, text);
        writeln!(self.out, "\n{painted}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_shows_nothing_where_there_is_no_terminal() {
        let out = &mut io::sink();
        let mut terminal = Terminal::plain(out, Some(80));
        assert_eq!(terminal.paint(Color::Red, "failed"), "failed");
        terminal.colors = true;
        assert!(terminal.paint(Color::Red, "failed").starts_with('\u{1b}'));
    }

    #[test]
    fn colours_take_no_room() {
        let out = &mut io::sink();
        let mut terminal = Terminal::plain(out, Some(6));
        terminal.colors = true;
        assert!(terminal.fits(&terminal.paint(Color::Red, "failed")));
        assert!(!terminal.fits("failed!"));
        terminal.width = None;
        assert!(terminal.fits(&"x".repeat(1_000)));
    }
}

//! What people see: how wide a terminal is and whether it has colours, and text, numbers and progress that suit it.

mod escape;
mod human;
mod progress;
mod shell;

use console::{Style, Term};

pub use escape::{escape, escape_json, show};
pub use human::{count, duration, percent, plural, thousands};
pub use progress::{Progress, Step};
pub use shell::{quote, to_utf8};

/// The columns to fill where there is no terminal.
const DEFAULT_WIDTH: usize = 80;

/// Where text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// The columns of the terminal; `None` if it is none.
    pub width: Option<usize>,
    colors: bool,
}

/// What a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Stored.
    Good,
    /// Skipped.
    Warning,
    /// Failed.
    Bad,
}

impl Terminal {
    /// What stdout is. It has colours if it is a terminal and `NO_COLOR` (<https://no-color.org>) is not set.
    pub fn stdout() -> Terminal {
        Terminal {
            width: width(&Term::stdout()),
            colors: console::colors_enabled(),
        }
    }

    /// What stderr is, by the same rule.
    pub fn stderr() -> Terminal {
        Terminal {
            width: width(&Term::stderr()),
            colors: console::colors_enabled_stderr(),
        }
    }

    /// No colours, and so many columns; lines of any length for `None`.
    #[cfg(test)]
    pub fn plain(width: Option<usize>) -> Terminal {
        Terminal {
            width,
            colors: false,
        }
    }

    /// Whether a line fits; it does where there is no terminal.
    pub fn fits(&self, line: &str) -> bool {
        self.width
            .is_none_or(|width| console::measure_text_width(line) <= width)
    }

    /// The columns there are to fill: those of the terminal, 80 where there is none.
    pub fn columns(&self) -> usize {
        self.width.unwrap_or(DEFAULT_WIDTH)
    }

    /// A text in bold and in the colour of a tone.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        let style = Style::new().bold();
        let style = match tone {
            Tone::Good => style.green(),
            Tone::Warning => style.yellow(),
            Tone::Bad => style.red(),
        };
        style.force_styling(self.colors).apply_to(text).to_string()
    }
}

fn width(terminal: &Term) -> Option<usize> {
    let size = terminal.size_checked().filter(|_| terminal.is_term());
    size.map(|(_, columns)| usize::from(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_colours_nothing_where_there_is_no_terminal() {
        assert_eq!(Terminal::plain(None).paint(Tone::Bad, "failed"), "failed");
        let colors = Terminal {
            width: Some(80),
            colors: true,
        };
        assert!(colors.paint(Tone::Bad, "failed").starts_with('\u{1b}'));
    }

    #[test]
    fn colours_take_no_room() {
        let terminal = Terminal {
            width: Some(6),
            colors: true,
        };
        assert!(terminal.fits(&terminal.paint(Tone::Bad, "failed")));
        assert!(!terminal.fits("failed!"));
        assert!(Terminal::plain(None).fits(&"x".repeat(1_000)));
    }
}

//! What the report is shown on: how wide it is, and whether it has colours.

use console::{Style, Term};

/// How wide a line may be where there is no terminal, for what must have a width.
const DEFAULT_WIDTH: usize = 80;

/// What the report is shown on.
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
        let terminal = Term::stdout();
        let size = terminal.size_checked().filter(|_| terminal.is_term());
        Terminal {
            width: size.map(|(_, columns)| usize::from(columns)),
            colors: console::colors_enabled(),
        }
    }

    /// Whether a line fits; it does where there is no terminal.
    pub fn fits(&self, line: &str) -> bool {
        self.width
            .is_none_or(|width| console::measure_text_width(line) <= width)
    }

    /// The columns that a chart may take.
    pub fn chart_width(&self) -> usize {
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

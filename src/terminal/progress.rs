//! Progress of a load or a check that lasts, on stderr.

mod lines;

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use console::Term;

use lines::lines;

/// Show progress only after this long.
const DELAY: Duration = Duration::from_millis(500);

/// How long ago the rows are counted from whose rate is shown.
const WINDOW: Duration = Duration::from_secs(3);

/// How far one table has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// The name of the table.
    pub name: &'static str,
    /// How many bytes of its file were read.
    pub read: u64,
    /// How many bytes its file has, if that is known.
    pub size: Option<u64>,
    /// How many of its records have an outcome.
    pub rows: u64,
    /// The names of the tables that it waits for.
    pub waits_for: Vec<&'static str>,
    /// Whether all of its records have an outcome.
    pub done: bool,
}

/// A line per table and one for the whole. They are shown only on a terminal, only for what lasts, and are gone when
/// this is dropped.
pub struct Progress {
    started: Instant,
    /// The rows of each table at some moments, none of them much older than the window.
    past: VecDeque<(Instant, Vec<u64>)>,
    screen: Term,
    /// How many lines are shown, right above the cursor.
    shown: usize,
}

impl Progress {
    /// Progress of what begins now.
    pub fn new() -> Progress {
        Progress {
            started: Instant::now(),
            past: VecDeque::new(),
            screen: Term::buffered_stderr(),
            shown: 0,
        }
    }

    /// Shows how far each table has come.
    pub fn show(&mut self, steps: &[Step]) {
        if !self.screen.is_term() {
            return;
        }
        let now = Instant::now();
        let elapsed = now.duration_since(self.started);
        let rates = self.rates(now, steps);
        if elapsed < DELAY {
            return;
        }
        // A terminal wraps a line that fills it in some cases.
        let (_, columns) = self.screen.size();
        let width = usize::from(columns).saturating_sub(1);
        // A load does not fail because its progress cannot be shown.
        let _ = self.draw(&lines(steps, &rates, elapsed, width));
    }

    /// Shows these lines in place of those that were shown before, and of what a key left behind them (`^C`).
    fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        self.screen.clear_line()?;
        self.screen.clear_last_lines(self.shown)?;
        self.shown = lines.len();
        for line in lines {
            self.screen.write_line(line)?;
        }
        self.screen.flush()
    }

    /// The rows per second of each table within the window.
    fn rates(&mut self, now: Instant, steps: &[Step]) -> Vec<f64> {
        let rows: Vec<_> = steps.iter().map(|step| step.rows).collect();
        self.past.push_back((now, rows.clone()));
        while let Some((next, _)) = self.past.get(1)
            && now.duration_since(*next) >= WINDOW
        {
            self.past.pop_front();
        }
        let (since, before) = &self.past[0];
        // The first time, no rows came in no time.
        let seconds = now.duration_since(*since).as_secs_f64().max(0.001);
        let rates = rows.iter().zip(before);
        rates
            .map(|(now, before)| now.saturating_sub(*before) as f64 / seconds)
            .collect()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown > 0 {
            let _ = self.draw(&[]);
        }
    }
}

#[cfg(test)]
mod tests;

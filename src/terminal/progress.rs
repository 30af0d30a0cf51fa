//! Progress of a load or a check that takes long, on stderr.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::count;

/// How long to wait before showing anything.
const DELAY: Duration = Duration::from_millis(500);

/// The number of updates over which the rate is measured, about 3 seconds. The time left is not estimated earlier.
const RECENT: usize = 30;

/// The progress of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// The name of the table.
    pub name: &'static str,
    /// The number of bytes read from its file.
    pub read: u64,
    /// The size of its file in bytes, if known.
    pub size: Option<u64>,
    /// The number of its records that have an outcome.
    pub rows: u64,
    /// The names of the tables it is waiting for.
    pub waits_for: Vec<&'static str>,
    /// Whether all its records have an outcome.
    pub done: bool,
}

/// A line for each table and one for the total. They appear only on a terminal and only if the work takes long, and
/// disappear when this is dropped.
pub struct Progress {
    started: Instant,
    screen: MultiProgress,
    lines: Vec<Line>,
}

struct Line {
    bar: ProgressBar,
    /// The number of rows at the latest updates, newest first.
    recent: VecDeque<(Instant, u64)>,
}

impl Progress {
    /// Progress of work that begins now.
    pub fn new() -> Progress {
        Progress {
            started: Instant::now(),
            screen: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
            lines: Vec::new(),
        }
    }

    /// Draws the current progress of each table.
    pub fn show(&mut self, steps: &[Step]) {
        if self.screen.is_hidden() && self.started.elapsed() >= DELAY {
            self.screen.set_draw_target(ProgressDrawTarget::stderr());
        }
        let total = total(steps);
        let steps = || steps.iter().chain([&total]);
        if self.lines.is_empty() {
            self.lines = steps().map(|_| Line::new(&self.screen)).collect();
        }
        let width = steps().map(|step| step.name.len()).max().unwrap_or(0);
        for (line, step) in self.lines.iter_mut().zip(steps()) {
            line.show(step, width);
        }
        if !self.screen.is_hidden() {
            // The terminal then echoes `^C` within the last line, which the next drawing clears.
            let _ = write!(io::stderr(), "\r");
        }
    }
}

impl Line {
    fn new(screen: &MultiProgress) -> Line {
        Line {
            bar: screen.add(ProgressBar::no_length()),
            recent: VecDeque::new(),
        }
    }

    fn show(&mut self, step: &Step, width: usize) {
        if !step.waits_for.is_empty() {
            self.recent.clear();
        }
        if self.recent.is_empty() {
            // What was read before the table could start says nothing about how long the rest takes.
            self.bar.set_position(step.position());
            self.bar.reset_eta();
        }
        let rate = self.rate(Instant::now(), step.rows);
        let left = Some(self.bar.eta()).filter(|_| self.recent.len() > RECENT);
        let (name, rows) = (step.name, count(step.rows, "row"));
        let state = step.state(rate, left);
        // Only the last of these calls draws.
        let bar = self
            .bar
            .clone()
            .with_style(style(step))
            .with_message(format!("{name:>width$}  {rows:>14}  {state}"))
            .with_position(step.position());
        match step.size {
            Some(size) => bar.set_length(size),
            None => bar.unset_length(),
        }
    }

    /// The rows per second over the latest updates.
    fn rate(&mut self, now: Instant, rows: u64) -> u64 {
        self.recent.truncate(RECENT);
        self.recent.push_front((now, rows));
        let (since, before) = *self.recent.back().unwrap_or(&(now, rows));
        let seconds = now.duration_since(since).as_secs_f64();
        (rows.saturating_sub(before) as f64 / seconds).round() as u64
    }
}

fn style(step: &Step) -> ProgressStyle {
    let (_, columns) = Term::stderr().size();
    let template = match step.size {
        None => "{wide_msg}",
        Some(_) if columns < 80 => "{wide_msg} {percent:>3} %",
        Some(_) => "{wide_msg} {percent:>3} % {bar:10}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// The progress of all tables together. Its size is unknown as long as the size of an unfinished table is.
fn total(steps: &[Step]) -> Step {
    let known = |step: &&Step| step.size.is_some() || !step.done;
    let sizes = steps.iter().filter(known).map(|step| step.size);
    Step {
        name: "total",
        read: steps.iter().map(Step::position).sum(),
        size: sizes.sum::<Option<u64>>().filter(|size| *size > 0),
        rows: steps.iter().map(|step| step.rows).sum(),
        done: steps.iter().all(|step| step.done),
        ..Step::default()
    }
}

impl Step {
    /// The number of bytes to show as done. A file that was read to its end stays at 99 % until its last row has an
    /// outcome.
    fn position(&self) -> u64 {
        let size = self.size.unwrap_or(0);
        if self.done {
            size
        } else {
            self.read.min(size - size.div_ceil(100))
        }
    }

    /// Describes what the table is doing, given its rows per second and the time left.
    fn state(&self, rate: u64, left: Option<Duration>) -> String {
        if self.done {
            return "done".to_string();
        }
        if !self.waits_for.is_empty() {
            return format!("waits for {}", self.waits_for.join(" and "));
        }
        let speed = format!("{}/s", count(rate, "row"));
        match left {
            Some(left) if rate > 0 && left.as_secs() > 0 => {
                format!("{speed}, {} left", HumanDuration(left))
            }
            _ => speed,
        }
    }
}

#[cfg(test)]
mod tests;

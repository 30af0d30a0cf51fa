//! The lines that show progress, from how far each table has come.

use std::time::Duration;

use super::Step;
use crate::terminal::{count, percent};

/// Most columns of a bar.
const BAR: usize = 20;

/// The columns that are kept for the rows and for what a table does, so that the bars do not change their width all the
/// time.
const KEPT: (usize, usize) = (14, 32);

/// The time left means something once this much time has passed and this share of the bytes was read.
const MEANINGFUL: (Duration, f64) = (Duration::from_secs(2), 0.05);

/// What is known at one moment.
pub struct Moment<'a> {
    /// The names of the tables.
    pub names: &'a [&'static str],
    /// How far each has come.
    pub steps: &'a [Step],
    /// The rows per second of each.
    pub rates: &'a [f64],
    /// How long it all has taken so far.
    pub elapsed: Duration,
}

/// One line before it is laid out.
struct Line<'a> {
    name: &'a str,
    /// What share of its bytes to show, if that is known.
    share: Option<f64>,
    rows: u64,
    /// What it does at the moment.
    state: String,
}

/// A line per table, and one for the whole, none wider than so many columns.
pub fn lines(moment: &Moment, width: usize) -> Vec<String> {
    let tables = (moment.names.iter().zip(moment.steps)).zip(moment.rates);
    let mut lines: Vec<_> = tables
        .map(|((name, step), rate)| Line {
            name,
            share: shown(std::slice::from_ref(step)),
            rows: step.rows,
            state: state(step, *rate),
        })
        .collect();
    lines.push(Line {
        name: "total",
        share: shown(moment.steps),
        rows: moment.steps.iter().map(|step| step.rows).sum(),
        state: state_of_all(moment),
    });
    lay_out(&lines, width)
}

/// What share of the bytes of these tables was read; `None` if the size of one that is not done is unknown, or all
/// are empty.
fn share(steps: &[Step]) -> Option<f64> {
    let (mut read, mut size) = (0, 0);
    for step in steps {
        match (step.size, step.done) {
            (Some(bytes), true) => (read, size) = (read + bytes, size + bytes),
            (Some(bytes), false) => (read, size) = (read + step.read.min(bytes), size + bytes),
            (None, true) => {}
            (None, false) => return None,
        }
    }
    (size > 0).then(|| read as f64 / size as f64)
}

/// The same as it is shown: all that was read is not all that was done.
fn shown(steps: &[Step]) -> Option<f64> {
    match steps.iter().all(|step| step.done) {
        true => share(steps),
        false => share(steps).map(|share| share.min(0.99)),
    }
}

fn state(step: &Step, rate: f64) -> String {
    match step {
        Step { done: true, .. } => "done".to_string(),
        Step { waits_for, .. } if !waits_for.is_empty() => {
            format!("waits for {}", waits_for.join(" and "))
        }
        _ => speed(rate),
    }
}

fn state_of_all(moment: &Moment) -> String {
    if moment.steps.iter().all(|step| step.done) {
        return "done".to_string();
    }
    let rate: f64 = moment.rates.iter().sum();
    let left = match time_left(moment) {
        Some(left) if rate > 0.0 => format!(", {left} left"),
        _ => String::new(),
    };
    speed(rate) + &left
}

fn speed(rate: f64) -> String {
    format!("{}/s", count(rate.round() as u64, "row"))
}

/// How long it takes to read the rest if that goes on as it did from the start; `None` as long as that means nothing,
/// and once all has been read.
fn time_left(moment: &Moment) -> Option<String> {
    let share = share(moment.steps).filter(|share| *share < 1.0)?;
    if moment.elapsed < MEANINGFUL.0 || share < MEANINGFUL.1 {
        return None;
    }
    let seconds = moment.elapsed.as_secs_f64() * (1.0 - share) / share;
    let seconds = seconds.ceil() as u64;
    Some(match seconds {
        ..60 => format!("{seconds} s"),
        // Nobody believes the seconds of an estimate in minutes.
        60..3_600 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    })
}

/// Lays lines out in columns: name, bar, percent, rows and state. The bar takes what the other columns leave; a line
/// that is too wide even without one is cut.
fn lay_out(lines: &[Line], width: usize) -> Vec<String> {
    let columns = |column: fn(&Line) -> usize| lines.iter().map(column).max().unwrap_or(0);
    let name = columns(|line| line.name.len());
    let rows = columns(|line| count(line.rows, "row").len());
    let state = columns(|line| line.state.len());
    let percents = lines.iter().any(|line| line.share.is_some());
    // One column before the bar, seven for the percent, and two before each of the others.
    let others = name + 1 + 7 + 2 + rows.max(KEPT.0) + 2 + state.max(KEPT.1);
    let bar = match percents {
        true => width.saturating_sub(others).min(BAR),
        false => 0,
    };
    // A bar of a few columns says less than the percent beside it.
    let bar = if bar < 5 { 0 } else { bar };
    let lay_out = |line: &Line| {
        let mut text = format!("{:>name$}", line.name);
        if bar > 0 {
            text += &format!(" {}", draw(line.share, bar));
        }
        if percents {
            let share = line.share.map(|share| percent(share, 1.0));
            text += &format!("  {:>5}", share.unwrap_or_default());
        }
        text += &format!("  {:>rows$}  {}", count(line.rows, "row"), line.state);
        cut(text, width)
    };
    lines.iter().map(lay_out).collect()
}

/// A text of so many columns at most, which shows where it was cut. All characters here take one.
fn cut(text: String, width: usize) -> String {
    match text.chars().count() > width {
        true => (text.chars().take(width.saturating_sub(1)))
            .chain("…".chars().take(width))
            .collect(),
        false => text,
    }
}

/// A bar of so many columns; blank if it is not known how far it goes.
fn draw(share: Option<f64>, columns: usize) -> String {
    let Some(share) = share else {
        return " ".repeat(columns);
    };
    let full = (share * columns as f64).floor() as usize;
    "█".repeat(full) + &"░".repeat(columns - full)
}

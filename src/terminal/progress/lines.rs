//! The lines that show progress, from how far each table has come.

use std::time::Duration;

use console::truncate_str;

use super::Step;
use crate::terminal::{count, percent};

/// Most columns of a bar.
const BAR: usize = 20;

/// The columns that are kept for the rows and for what a table does, so that the bars do not change their width all the
/// time.
const KEPT: (usize, usize) = (14, 32);

/// The time left means something once this much time has passed and this share of the bytes was read.
const MEANINGFUL: (Duration, f64) = (Duration::from_secs(2), 0.05);

/// A line per table, and one for the whole, none wider than so many columns: name, bar, percent, rows and state. The
/// bar takes what the other columns leave.
pub fn lines(steps: &[Step], rates: &[f64], elapsed: Duration, width: usize) -> Vec<String> {
    let total = total(steps);
    let rate = rates.iter().sum();
    let states = steps.iter().zip(rates);
    let mut states: Vec<_> = states.map(|(step, rate)| state(step, *rate)).collect();
    let left = time_left(&total, elapsed).filter(|_| rate > 0.0);
    states.push(state(&total, rate) + &left.unwrap_or_default());
    let steps = || steps.iter().chain([&total]);
    let rows: Vec<_> = steps().map(|step| count(step.rows, "row")).collect();
    let widest = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0);
    let names = steps().map(|step| step.name.len()).max().unwrap_or(0);
    let (most_rows, most_state) = (widest(&rows), widest(&states));
    let percents = steps().any(|step| share(step).is_some());
    // One column before the bar, seven for the percent, and two before each of the others.
    let others = names + 1 + 7 + 2 + most_rows.max(KEPT.0) + 2 + most_state.max(KEPT.1);
    // A bar of a few columns says less than the percent beside it.
    let bar = Some(width.saturating_sub(others).min(BAR)).filter(|bar| percents && *bar >= 5);
    let lay_out = |((step, rows), state): ((&Step, &String), &String)| {
        // All that was read is not all that was done.
        let most = if step.done { 1.0 } else { 0.99 };
        let share = share(step).map(|share| share.min(most));
        let mut text = format!("{:>names$}", step.name);
        if let Some(columns) = bar {
            text += &format!(" {}", draw(share, columns));
        }
        if percents {
            let percent = share.map(|share| percent(share, 1.0));
            text += &format!("  {:>5}", percent.unwrap_or_default());
        }
        text += &format!("  {rows:>most_rows$}  {state}");
        truncate_str(&text, width, "…").into_owned()
    };
    steps().zip(&rows).zip(&states).map(lay_out).collect()
}

/// How far the whole has come. Its size is unknown if that of a table is that is not done.
fn total(steps: &[Step]) -> Step {
    let known = |step: &&Step| step.size.is_some() || !step.done;
    let sizes = steps.iter().filter(known).map(|step| step.size);
    Step {
        name: "total",
        read: steps.iter().map(read).sum(),
        size: sizes.sum(),
        rows: steps.iter().map(|step| step.rows).sum(),
        done: steps.iter().all(|step| step.done),
        ..Step::default()
    }
}

/// How many bytes of a table were read: as many as its file has once it is done, and no more before that.
fn read(step: &Step) -> u64 {
    match step.size {
        Some(size) if step.done => size,
        size => step.read.min(size.unwrap_or(0)),
    }
}

/// What share of its bytes was read; `None` if it is unknown how many there are, or there are none.
fn share(step: &Step) -> Option<f64> {
    let size = step.size.filter(|size| *size > 0)?;
    Some(read(step) as f64 / size as f64)
}

fn state(step: &Step, rate: f64) -> String {
    match (step.done, step.waits_for.is_empty()) {
        (true, _) => "done".to_string(),
        (false, true) => format!("{}/s", count(rate.round() as u64, "row")),
        (false, false) => format!("waits for {}", step.waits_for.join(" and ")),
    }
}

/// How long it takes to read the rest if that goes on as it did from the start; `None` as long as that means nothing,
/// and once all has been read.
fn time_left(total: &Step, elapsed: Duration) -> Option<String> {
    let share = share(total).filter(|share| (MEANINGFUL.1..1.0).contains(share))?;
    if elapsed < MEANINGFUL.0 {
        return None;
    }
    let seconds = (elapsed.as_secs_f64() * (1.0 - share) / share).ceil() as u64;
    Some(match seconds {
        ..60 => format!(", {seconds} s left"),
        // Nobody believes the seconds of an estimate in minutes.
        60..3_600 => format!(", {} min left", seconds.div_ceil(60)),
        _ => format!(", {} h {} min left", seconds / 3_600, seconds % 3_600 / 60),
    })
}

/// A bar of so many columns; blank if it is not known how far it goes.
fn draw(share: Option<f64>, columns: usize) -> String {
    let Some(share) = share else {
        return " ".repeat(columns);
    };
    let full = (share * columns as f64).floor() as usize;
    "█".repeat(full) + &"░".repeat(columns - full)
}

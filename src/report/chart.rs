//! The chart of what each writer thread did, and of what each database waited for.

use std::time::Duration;

use super::{Report, Tally};
use crate::terminal::{count, duration, percent, thousands};
use crate::timeline::{Phase, Track};

/// Most threads of a table that get a line each.
const MOST_LINES: usize = 40;

/// The columns in front of the chart.
const LABEL: usize = 16;

/// The columns of the whole where there is no terminal.
const DEFAULT_WIDTH: usize = 80;

/// How each phase is drawn, and what it is called.
const LEGEND: [(char, &str); Phase::ALL.len()] = [
    ('·', "waits for parents"),
    ('-', "waits for turn"),
    ('o', "opens"),
    ('█', "writes"),
];

impl Report {
    /// A line per writer thread over a shared time axis, grouped by database, on a terminal of so many columns; nothing
    /// if it was not asked for.
    pub(super) fn chart(&self, columns: Option<usize>) -> String {
        if self.tables.iter().all(|table| table.timeline.is_none()) {
            return String::new();
        }
        let columns = columns.unwrap_or(DEFAULT_WIDTH);
        let width = columns.saturating_sub(LABEL + 1).max(20);
        let tracks = || self.tables.iter().flat_map(Tally::tracks);
        let ends = tracks().map(|track| track.span(Phase::Write, self.started).1);
        let end = ends.max().unwrap_or_default();
        let mut text = String::from("\n=== TIMELINE ===\n");
        for table in &self.tables {
            text += &self.lines(table, width, end);
        }
        let axis = duration(end);
        let legend = LEGEND.map(|(mark, name)| format!("{mark} {name}"));
        text += &format!("\n{:LABEL$} 0{axis:>last$}\n", "", last = width - 1);
        text += &format!("{:LABEL$} {}\n", "", legend.join("  "));
        // What single rows do is seen in their lines.
        if tracks().any(|track| track.rows > 1) {
            text += &self.use_of_time(end);
        }
        text
    }

    /// The lines of one table in the order in which its threads wrote, on an axis of so many columns until `end`.
    fn lines(&self, table: &Tally, width: usize, end: Duration) -> String {
        let mut tracks: Vec<_> = table.tracks().collect();
        if tracks.is_empty() {
            return String::new();
        }
        tracks.sort_by_key(|track| (track.span(Phase::Write, self.started), track.first_id));
        let line = |label: &str, tracks: &[&Track]| {
            let cells = self.cells(tracks, width, end);
            format!("{label:>LABEL$} {cells}").trim_end().to_string() + "\n"
        };
        let one_each = |tracks: &[&Track]| -> String {
            let lines = tracks.iter().map(|track| match track.rows {
                1 => line(&format!("{} {}", table.table.row, track.first_id), &[track]),
                rows => line(&count(rows as u64, "row"), &[track]),
            });
            lines.collect()
        };
        let (single, shares): (Vec<_>, Vec<_>) =
            (tracks.iter()).partition(|track| tracks.len() > MOST_LINES && track.rows == 1);
        let mut text = format!("\n{}\n", table.table.database());
        if !single.is_empty() {
            text += &line(&count(single.len() as u64, "single row"), &single);
        }
        if shares.len() <= MOST_LINES {
            return text + &one_each(&shares);
        }
        let (first, rest) = shares.split_at(MOST_LINES / 2);
        let (left_out, last) = rest.split_at(rest.len() - MOST_LINES / 2);
        let label = format!("… {} more", thousands(left_out.len() as u64));
        text + &one_each(first) + &line(&label, left_out) + &one_each(last)
    }

    /// A mark per column of the axis. Where threads overlap, the later phase shows; however short, opening and writing
    /// show.
    fn cells(&self, tracks: &[&Track], width: usize, end: Duration) -> String {
        let end = end.as_secs_f64().max(f64::MIN_POSITIVE);
        let column = |time: Duration| (time.as_secs_f64() / end * width as f64).round() as usize;
        let mut cells: Vec<Option<Phase>> = vec![None; width];
        for track in tracks {
            let mut from = 0;
            for phase in Phase::ALL {
                let (start, end) = track.span(phase, self.started);
                let least = usize::from(phase >= Phase::Open && end > start);
                from = column(start).max(from).min(width - least);
                let to = column(end).max(from + least);
                for cell in &mut cells[from..to] {
                    *cell = (*cell).max(Some(phase));
                }
                from = to;
            }
        }
        let mark = |cell: Option<Phase>| cell.map_or(' ', |phase| LEGEND[phase as usize].0);
        cells.into_iter().map(mark).collect()
    }

    /// What each database did with the time, a line each, and what the run was bound by.
    fn use_of_time(&self, end: Duration) -> String {
        let mut text = format!("\nHow each database spent the {}:\n", duration(end));
        let (mut writing, mut all) = (Duration::ZERO, Duration::ZERO);
        for table in &self.tables {
            let threads = table.tracks().map(|track| {
                let (start, free) = track.span(Phase::Parents, self.started);
                [start, free, track.span(Phase::Write, self.started).1]
            });
            let threads: Vec<_> = threads.collect();
            if threads.is_empty() {
                continue;
            }
            let used = used(&threads);
            let database = table.table.database();
            text += &format!("{database:>13} {}\n", describe(used, end));
            writing += used[0];
            all += used.iter().sum::<Duration>();
        }
        text + bound(writing.as_secs_f64() / all.as_secs_f64())
    }
}

impl Tally {
    fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.timeline.iter().flatten()
    }
}

/// How a database spent the time until its last row was written: with a thread that wrote or waited for its turn to,
/// without any because rows were still to be read and checked, and with threads that all waited for the rows that their
/// own refer to. Given, for each thread, when it began, when it had waited for such rows, and when it was done.
fn used(threads: &[[Duration; 3]]) -> [Duration; 3] {
    let done = threads.iter().map(|[_, _, done]| *done).max();
    let writing = covered(threads.iter().map(|[_, free, done]| (*free, *done)));
    let alive = covered(threads.iter().map(|[start, _, done]| (*start, *done)));
    let rows = done.unwrap_or_default().saturating_sub(alive);
    [writing, rows, alive.saturating_sub(writing)]
}

/// `writing 45 %, awaiting rows 10 %, awaiting parents 3 %, done 42 %`
fn describe(used: [Duration; 3], end: Duration) -> String {
    let done = end.saturating_sub(used.iter().sum());
    let names = ["writing", "awaiting rows", "awaiting parents", "done"];
    let parts = names.iter().zip(used.into_iter().chain([done]));
    // Less than half a percent is not worth a word.
    let parts = parts.filter(|(_, time)| *time * 200 > end);
    let parts = parts.map(|(what, time)| {
        let share = percent(time.as_secs_f64(), end.as_secs_f64());
        format!("{what} {share}")
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// How much time spans cover that may overlap.
fn covered(spans: impl Iterator<Item = (Duration, Duration)>) -> Duration {
    let mut spans: Vec<_> = spans.collect();
    spans.sort_unstable();
    let mut until = Duration::ZERO;
    let mut sum = Duration::ZERO;
    for (start, end) in spans {
        sum += end.saturating_sub(start.max(until));
        until = until.max(end);
    }
    sum
}

/// What a load was mostly bound by, given how much of the time until they were done its databases were written to.
fn bound(writing: f64) -> &'static str {
    match writing {
        ..0.4 => "The load was mostly bound by reading and checking rows.\n",
        ..0.6 => "The load was bound by reading and checking rows as much as by writing them.\n",
        _ => "The load was mostly bound by writing and syncing.\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(from: u64, to: u64) -> (Duration, Duration) {
        (Duration::from_secs(from), Duration::from_secs(to))
    }

    #[test]
    fn time_that_overlaps_counts_once() {
        let spans = [seconds(5, 6), seconds(0, 2), seconds(1, 3), seconds(1, 2)];
        assert_eq!(covered(spans.into_iter()), Duration::from_secs(4));
        assert_eq!(covered([].into_iter()), Duration::ZERO);
    }

    #[test]
    fn a_database_writes_waits_for_parents_or_for_rows_until_it_is_done() {
        let threads = [[10, 40, 60], [30, 50, 80]].map(|thread| thread.map(Duration::from_secs));
        let used = used(&threads);
        assert_eq!(used, [40, 10, 30].map(Duration::from_secs));
        let text = "writing 40 %, awaiting rows 10 %, awaiting parents 30 %, done 20 %";
        assert_eq!(describe(used, Duration::from_secs(100)), text);
    }

    #[test]
    fn what_took_no_time_is_not_mentioned() {
        let used = used(&[[0, 0, 10].map(Duration::from_secs)]);
        assert_eq!(describe(used, Duration::from_secs(10)), "writing 100 %");
    }

    #[test]
    fn a_run_is_bound_by_what_took_most_of_its_time() {
        assert!(bound(0.9).contains("mostly bound by writing"));
        assert!(bound(0.2).contains("mostly bound by reading"));
        assert!(bound(0.5).contains("reading") && bound(0.5).contains("writing"));
    }
}

//! Draws what each writer thread did as a chart.

use std::time::Duration;

use super::{Report, Tally};
use crate::terminal::{count, duration, thousands};
use crate::timeline::{Phase, Track};

/// The most threads of a table that get a line each.
const MAX_LINES: usize = 40;

/// The width of the labels in front of the chart.
const LABEL: usize = 16;

/// The width of chart and labels without a terminal.
const DEFAULT_WIDTH: usize = 80;

/// The mark and the name of each phase.
pub(super) const LEGEND: [(char, &str); Phase::ALL.len()] = [
    ('·', "waits for parents"),
    ('-', "waits for turn"),
    ('o', "opens"),
    ('█', "writes"),
    ('~', "waits for disk"),
];

/// What the marks mean, in one line.
const SHORT_LEGEND: &str = "waits for · parents  - turn  ~ disk    o opens  █ writes";

impl Report {
    /// One line per writer thread, grouped by database, over a shared time axis. Empty if the timeline was not recorded.
    pub(super) fn chart(&self, columns: Option<usize>) -> String {
        if self.tables.iter().all(|table| table.timeline.is_none()) {
            return String::new();
        }
        let columns = columns.unwrap_or(DEFAULT_WIDTH);
        let width = columns.saturating_sub(LABEL + 1).max(20);
        let tracks = || self.tables.iter().flat_map(Tally::tracks);
        let ends = tracks().map(|track| track.span(Phase::Sync, self.started).1);
        let end = ends.max().unwrap_or_default();
        let mut text = String::from("\n=== TIMELINE ===\n");
        for table in &self.tables {
            text += &self.lines(table, width, end);
        }
        let axis = duration(end);
        text += &format!("\n{:LABEL$} 0{axis:>last$}\n", "", last = width - 1);
        text += &format!("{:LABEL$} {SHORT_LEGEND}\n", "");
        text
    }

    /// The lines of one table, in the order in which its threads wrote. The axis has `width` columns and ends at `end`.
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
            (tracks.iter()).partition(|track| tracks.len() > MAX_LINES && track.rows == 1);
        let mut text = format!("\n{}\n", table.table.database());
        if !single.is_empty() {
            text += &line(&count(single.len() as u64, "single row"), &single);
        }
        if shares.len() <= MAX_LINES {
            return text + &one_each(&shares);
        }
        let (first, rest) = shares.split_at(MAX_LINES / 2);
        let (left_out, last) = rest.split_at(rest.len() - MAX_LINES / 2);
        let label = format!("… {} more", thousands(left_out.len() as u64));
        text + &one_each(first) + &line(&label, left_out) + &one_each(last)
    }

    /// One mark per column of the axis. Where phases overlap, work is shown rather than waiting, else the later one. Work
    /// is always shown, however short it was.
    fn cells(&self, tracks: &[&Track], width: usize, end: Duration) -> String {
        let seconds = end.as_secs_f64().max(f64::MIN_POSITIVE);
        let column =
            |time: Duration| (time.as_secs_f64() / seconds * width as f64).round() as usize;
        let mut cells: Vec<Option<Phase>> = vec![None; width];
        for track in tracks {
            let mut from = 0;
            for phase in Phase::ALL {
                let (start, end) = track.span(phase, self.started);
                let least = usize::from(phase.is_work() && end > start);
                from = column(start).max(from).min(width - least);
                let to = column(end).max(from + least);
                for cell in &mut cells[from..to] {
                    *cell = [*cell, Some(phase)]
                        .into_iter()
                        .flatten()
                        .max_by_key(|phase| (phase.is_work(), *phase));
                }
                from = to;
            }
        }
        let mark = |cell: Option<Phase>| cell.map_or(' ', |phase| LEGEND[phase as usize].0);
        cells.into_iter().map(mark).collect()
    }
}

impl Tally {
    fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.timeline.iter().flatten()
    }
}

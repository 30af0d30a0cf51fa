//! The chart of what each writer thread did, and of what each database waited for.

use std::time::Duration;

use super::{Report, TableReport};
use crate::terminal::{Terminal, count, duration, percent, thousands};
use crate::timeline::{Phase, Track};

/// Most threads of a table that get a line each.
const MOST_LINES: usize = 40;

/// The columns in front of the chart.
const LABEL: usize = 16;

impl Report {
    /// A line per writer thread over a shared time axis, grouped by database; nothing if it was not asked for.
    pub(super) fn chart(&self, terminal: &Terminal) -> String {
        if self.tables.iter().all(|table| table.timeline.is_none()) {
            return String::new();
        }
        let mut text = String::from("\n=== TIMELINE ===\n");
        let tracks = self.tables.iter().flat_map(TableReport::tracks);
        let ends = tracks.map(|track| track.span(Phase::Write, self.started).1);
        let chart = Chart {
            report: self,
            width: terminal.columns().saturating_sub(LABEL + 1).max(20),
            end: ends.max().unwrap_or_default(),
        };
        for table in &self.tables {
            text += &chart.table(table);
        }
        text + &chart.axis() + &legend() + &chart.use_of_time()
    }
}

impl TableReport {
    fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.timeline.iter().flatten()
    }
}

struct Chart<'a> {
    report: &'a Report,
    width: usize,
    /// When the last thread was done.
    end: Duration,
}

impl Chart<'_> {
    /// The lines of one table in the order in which its threads wrote.
    fn table(&self, table: &TableReport) -> String {
        let mut tracks: Vec<_> = table.tracks().collect();
        tracks.sort_by_key(|track| (self.span(track, Phase::Write), track.first_id));
        if tracks.is_empty() {
            return String::new();
        }
        let mut text = format!("\n{}\n", table.table.database());
        let one_each = |tracks: &[&Track]| -> String {
            let lines = tracks.iter().map(|track| {
                let label = match track.rows {
                    1 => format!("{} {}", table.table.row, track.first_id),
                    rows => format!("{} rows", thousands(rows as u64)),
                };
                line(&label, &self.draw([*track]))
            });
            lines.collect()
        };
        if tracks.len() <= MOST_LINES {
            return text + &one_each(&tracks);
        }
        let (single, shares): (Vec<_>, Vec<_>) = tracks.iter().partition(|track| track.rows == 1);
        if !single.is_empty() {
            let label = count(single.len() as u64, "single row");
            text += &line(&label, &self.draw(single));
        }
        if shares.len() <= MOST_LINES {
            return text + &one_each(&shares);
        }
        let (first, rest) = shares.split_at(MOST_LINES / 2);
        let (left_out, last) = rest.split_at(rest.len() - MOST_LINES / 2);
        text += &one_each(first);
        let label = format!("… {} more", thousands(left_out.len() as u64));
        text += &line(&label, &self.draw(left_out.iter().copied()));
        text + &one_each(last)
    }

    /// One line of the chart. Where threads overlap, the later phase shows; however short, opening and writing show.
    fn draw<'t>(&self, tracks: impl IntoIterator<Item = &'t Track>) -> String {
        let mut cells = vec![(0, ' '); self.width];
        for track in tracks {
            let mut from = 0;
            for (rank, phase) in (1..).zip(Phase::ALL) {
                let (start, end) = self.span(track, phase);
                let least = usize::from(phase >= Phase::Open && end > start);
                from = self.column(start).max(from).min(self.width - least);
                let to = self.column(end).max(from + least);
                for cell in cells[from..to].iter_mut().filter(|cell| cell.0 < rank) {
                    *cell = (rank, mark(phase));
                }
                from = to;
            }
        }
        cells.into_iter().map(|(_, mark)| mark).collect()
    }

    fn span(&self, track: &Track, phase: Phase) -> (Duration, Duration) {
        track.span(phase, self.report.started)
    }

    fn column(&self, time: Duration) -> usize {
        let share = time.as_secs_f64() / self.end.as_secs_f64().max(f64::MIN_POSITIVE);
        (share * self.width as f64).round() as usize
    }

    fn axis(&self) -> String {
        let end = duration(self.end);
        format!("\n{:LABEL$} 0{end:>width$}\n", "", width = self.width - 1)
    }

    /// What each database did with the time, a line each, and what the run was bound by. Only for loads with shares:
    /// what single rows do is seen in their lines.
    fn use_of_time(&self) -> String {
        let mut tracks = self.report.tables.iter().flat_map(TableReport::tracks);
        if !tracks.any(|track| track.rows > 1) {
            return String::new();
        }
        let mut text = format!("\nHow each database spent the {}:\n", duration(self.end));
        let (mut writing, mut all) = (Duration::ZERO, Duration::ZERO);
        for table in &self.report.tables {
            if table.tracks().next().is_none() {
                continue;
            }
            let phases = table
                .tracks()
                .flat_map(|track| Phase::ALL.map(|phase| (phase, self.span(track, phase))));
            let used = Used::new(phases);
            let database = table.table.database();
            text += &format!("{database:>13} {}\n", used.describe(self.end));
            writing += used.writing;
            all += used.until_done();
        }
        text + bound(writing.as_secs_f64() / all.as_secs_f64())
    }
}

/// How long a database was written to, and for what it waited until its last row was written.
#[derive(Debug, PartialEq, Eq)]
struct Used {
    /// A thread opened its connection, wrote, or waited for its turn to.
    writing: Duration,
    /// Otherwise, a thread waited for the rows that its own refer to.
    parents: Duration,
    /// Otherwise, there was no thread: its rows were still to be read and checked.
    rows: Duration,
}

impl Used {
    /// What the phases of the threads of a database say.
    fn new(phases: impl Iterator<Item = (Phase, (Duration, Duration))>) -> Used {
        let phases: Vec<_> = phases.collect();
        let covered_from = |first: Phase| {
            let phases = phases.iter().filter(|(phase, _)| *phase >= first);
            covered(phases.map(|(_, span)| *span).collect())
        };
        let (writing, alive) = (covered_from(Phase::Turn), covered_from(Phase::Parents));
        let end = phases.iter().map(|(_, (_, end))| *end).max();
        Used {
            writing,
            parents: alive.saturating_sub(writing),
            rows: end.unwrap_or_default().saturating_sub(alive),
        }
    }

    fn until_done(&self) -> Duration {
        self.writing + self.parents + self.rows
    }

    /// `writing 45 %, awaiting rows 10 %, awaiting parents 3 %, done 42 %`
    fn describe(&self, end: Duration) -> String {
        let done = end.saturating_sub(self.until_done());
        let parts = [
            ("writing", self.writing),
            ("awaiting rows", self.rows),
            ("awaiting parents", self.parents),
            ("done", done),
        ];
        // Less than half a percent is not worth a word.
        let parts = parts.iter().filter(|(_, time)| *time * 200 > end);
        let parts: Vec<_> = parts
            .map(|(what, time)| {
                let share = percent(time.as_secs_f64(), end.as_secs_f64());
                format!("{what} {share}")
            })
            .collect();
        parts.join(", ")
    }
}

/// How much time spans cover that may overlap.
fn covered(mut spans: Vec<(Duration, Duration)>) -> Duration {
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

fn line(label: &str, cells: &str) -> String {
    format!("{label:>LABEL$} {cells}").trim_end().to_string() + "\n"
}

fn legend() -> String {
    let marks = Phase::ALL.map(|phase| format!("{} {}", mark(phase), name(phase)));
    format!("{:LABEL$} {}\n", "", marks.join("  "))
}

fn mark(phase: Phase) -> char {
    match phase {
        Phase::Parents => '·',
        Phase::Turn => '-',
        Phase::Open => 'o',
        Phase::Write => '█',
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Parents => "waits for parents",
        Phase::Turn => "waits for turn",
        Phase::Open => "opens",
        Phase::Write => "writes",
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
        let spans = vec![seconds(5, 6), seconds(0, 2), seconds(1, 3), seconds(1, 2)];
        assert_eq!(covered(spans), Duration::from_secs(4));
        assert_eq!(covered(Vec::new()), Duration::ZERO);
    }

    #[test]
    fn a_database_writes_waits_for_parents_or_for_rows_until_it_is_done() {
        let phases = [
            (Phase::Parents, seconds(10, 40)),
            (Phase::Write, seconds(40, 60)),
            (Phase::Parents, seconds(30, 50)),
            (Phase::Turn, seconds(50, 60)),
            (Phase::Open, seconds(60, 61)),
            (Phase::Write, seconds(61, 80)),
        ];
        let used = Used::new(phases.into_iter());
        let expected = Used {
            writing: Duration::from_secs(40),
            parents: Duration::from_secs(30),
            rows: Duration::from_secs(10),
        };
        assert_eq!(used, expected);
        let text = "writing 40 %, awaiting rows 10 %, awaiting parents 30 %, done 20 %";
        assert_eq!(used.describe(Duration::from_secs(100)), text);
    }

    #[test]
    fn what_took_no_time_is_not_mentioned() {
        let used = Used::new([(Phase::Write, seconds(0, 10))].into_iter());
        assert_eq!(used.describe(Duration::from_secs(10)), "writing 100 %");
    }

    #[test]
    fn a_run_is_bound_by_what_took_most_of_its_time() {
        assert!(bound(0.9).contains("mostly bound by writing"));
        assert!(bound(0.2).contains("mostly bound by reading"));
        assert!(bound(0.5).contains("reading") && bound(0.5).contains("writing"));
    }
}

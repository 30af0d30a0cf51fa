//! The chart of what each writer thread did.

use std::time::Duration;

use super::terminal::Terminal;
use super::{Report, TableReport, count};
use crate::timeline::{Phase, Track};

/// Most threads of a table that get a line each; one line stands for more.
const MOST_LINES: usize = 100;

/// The columns in front of the chart.
const LABEL: usize = 16;

impl Report {
    /// A line per writer thread over a shared time axis, grouped by database; nothing if it is not to be shown.
    pub fn chart(&self, terminal: &Terminal) -> String {
        if self.tables.iter().all(|table| table.timeline.is_none()) {
            return String::new();
        }
        let mut text = String::from("\n=== TIMELINE ===\n");
        let end = self
            .tables
            .iter()
            .flat_map(TableReport::tracks)
            .map(|track| {
                let (_, end) = track.span(Phase::Write, self.started);
                end
            });
        let chart = Chart {
            report: self,
            width: terminal.chart_width().saturating_sub(LABEL + 1).max(20),
            end: end.max().unwrap_or_default(),
        };
        for table in &self.tables {
            text += &chart.table(table);
        }
        text + &chart.axis() + &legend()
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
    /// The lines of one table: a line per thread in the order in which they wrote, or one for all of them.
    fn table(&self, table: &TableReport) -> String {
        let mut tracks: Vec<_> = table.tracks().collect();
        tracks.sort_by_key(|track| {
            (
                track.span(Phase::Write, self.report.started),
                track.first_id,
            )
        });
        if tracks.is_empty() {
            return String::new();
        }
        let mut text = format!("\n{}\n", table.table.database());
        if tracks.len() <= MOST_LINES {
            for track in tracks {
                let label = match track.rows {
                    1 => format!("{} {}", table.table.row, track.first_id),
                    rows => format!("{rows} from {}", track.first_id),
                };
                text += &line(&label, &self.draw([track]));
            }
            return text;
        }
        text += &line(
            &count(tracks.len() as u64, "thread"),
            &self.draw(tracks.iter().copied()),
        );
        let total = |phase| -> f64 {
            let spans = tracks
                .iter()
                .map(|track| track.span(phase, self.report.started));
            spans
                .map(|(start, end)| (end - start).as_secs_f64() * 1e3)
                .sum()
        };
        let totals = Phase::ALL.map(|phase| format!("{} {:.1} ms", name(phase), total(phase)));
        text + &format!("{:LABEL$} in all: {}\n", "", totals.join(", "))
    }

    /// One line of the chart. Where threads overlap, the later phase shows; however short, opening and writing show.
    fn draw<'t>(&self, tracks: impl IntoIterator<Item = &'t Track>) -> String {
        let mut cells = vec![(0, ' '); self.width];
        for track in tracks {
            let mut from = 0;
            for (rank, phase) in (1..).zip(Phase::ALL) {
                let (start, end) = track.span(phase, self.report.started);
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

    fn column(&self, time: Duration) -> usize {
        let share = time.as_secs_f64() / self.end.as_secs_f64().max(f64::MIN_POSITIVE);
        (share * self.width as f64).round() as usize
    }

    fn axis(&self) -> String {
        let end = format!("{:.1} ms", self.end.as_secs_f64() * 1e3);
        format!("\n{:LABEL$} 0{end:>width$}\n", "", width = self.width - 1)
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

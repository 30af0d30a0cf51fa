//! Progress of a load that lasts, on stderr.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::insert::{Feed, Lane};
use crate::sync::lock;

/// From when on a load lasts.
const DELAY: Duration = Duration::from_millis(500);

/// A line per table with the rows read and written. It is shown only on a terminal, only for loads that last, and is
/// gone when dropped.
pub struct Progress {
    started: Instant,
    all: MultiProgress,
    bars: Vec<Option<ProgressBar>>,
}

impl Progress {
    /// Progress of a load of this many tables that starts now.
    pub fn new(tables: usize) -> Progress {
        Progress {
            started: Instant::now(),
            all: MultiProgress::new(),
            bars: vec![None; tables],
        }
    }

    /// Shows how far a table has come.
    pub fn show(&mut self, table: usize, feed: &Feed, lane: &Lane) {
        let Some(reader) = &feed.reader else { return };
        if self.started.elapsed() < DELAY || self.all.is_hidden() {
            return;
        }
        let bar = self.bars[table].get_or_insert_with(|| {
            let bar = ProgressBar::new(reader.size.unwrap_or_default());
            // The clock of the time left starts with the load, not with the bar.
            let bar = bar
                .with_elapsed(self.started.elapsed())
                .with_prefix(lane.table.name);
            self.all.add(bar.with_style(style(reader.size.is_some())))
        });
        let written = {
            let tally = lock(&lane.tally);
            tally.inserted + tally.unchanged
        };
        let rate = feed.records as f64 / self.started.elapsed().as_secs_f64();
        bar.set_position(reader.position);
        bar.set_message(format!(
            "{} rows read, {written} written, {rate:.0} rows/s",
            feed.records
        ));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        for bar in self.bars.iter().flatten() {
            bar.finish_and_clear();
        }
    }
}

fn style(size_known: bool) -> ProgressStyle {
    let template = match size_known {
        true => "{prefix:>10} {bar:20} {percent:>3} %  {msg}, {eta} left",
        false => "{prefix:>10} {msg}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

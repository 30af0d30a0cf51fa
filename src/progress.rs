//! Progress of a load that lasts, on stderr.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::schema::Table;
use crate::source::Reader;

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

    /// Shows how far a table has come: how much of its file has been read, and how many records were read and written.
    pub fn show(&mut self, place: usize, table: &Table, file: &Reader, read: u64, written: u64) {
        let elapsed = self.started.elapsed();
        if elapsed < DELAY || self.all.is_hidden() {
            return;
        }
        let bar = self.bars[place].get_or_insert_with(|| {
            let bar = ProgressBar::new(file.size.unwrap_or_default());
            // The clock of the time left starts with the load, not with the bar.
            let bar = bar.with_elapsed(elapsed).with_prefix(table.name);
            self.all.add(bar.with_style(style(file.size.is_some())))
        });
        let rate = read as f64 / elapsed.as_secs_f64();
        bar.set_position(file.position);
        bar.set_message(format!(
            "{read} rows read, {written} written, {rate:.0} rows/s"
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

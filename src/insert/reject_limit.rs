//! `--max-rejects`: how many rows of all tables may be skipped or fail before a run stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::platform::Interrupt;

/// Counts the rows that were skipped or failed, and interrupts the run once there are too many.
#[derive(Debug, Default)]
pub struct RejectLimit {
    /// The most rows; `None` if any number may be rejected.
    pub max: Option<u64>,
    /// What stops the run.
    pub interrupt: Arc<Interrupt>,
    rejected: AtomicU64,
    stopped: AtomicBool,
}

impl RejectLimit {
    /// A limit for a run that has not begun.
    pub fn new(max: Option<u64>) -> RejectLimit {
        RejectLimit {
            max,
            ..RejectLimit::default()
        }
    }

    /// Counts more rejected rows.
    pub fn add(&self, rows: u64) {
        let rejected = self.rejected.fetch_add(rows, Ordering::Relaxed) + rows;
        if self.max.is_some_and(|max| rejected > max) && self.interrupt.stop() {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it was this limit that stopped the run, and not a signal before.
    pub fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

//! When each writer thread waited and wrote, from its own readings of one clock.

use std::time::{Duration, Instant};

/// What a writer thread does, one phase after the other. Each ends where the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It waits for the rows that its own refer to.
    Parents,
    /// It waits for its turn on the database.
    Turn,
    /// It opens its connection.
    Open,
    /// It writes, from beginning the transaction to the commit on disk, waits for other processes included.
    Write,
}

impl Phase {
    /// The phases in their order.
    pub const ALL: [Phase; 4] = [Phase::Parents, Phase::Turn, Phase::Open, Phase::Write];
}

/// What one thread did.
#[derive(Debug, Clone)]
pub struct Track {
    /// The id of its first row.
    pub first_id: i64,
    /// How many rows it had.
    pub rows: usize,
    /// When each phase began, and when the last one ended.
    moments: [Instant; Phase::ALL.len() + 1],
}

impl Track {
    /// A thread that begins now.
    pub fn begin(first_id: i64, rows: usize) -> Track {
        Track {
            first_id,
            rows,
            moments: [Instant::now(); Phase::ALL.len() + 1],
        }
    }

    /// Notes that a phase ends now. Phases after it that never come have no length.
    pub fn end(&mut self, phase: Phase) {
        self.moments[phase as usize + 1..].fill(Instant::now());
    }

    /// When a phase began and ended, counted from the given moment.
    pub fn span(&self, phase: Phase, from: Instant) -> (Duration, Duration) {
        let since = |index: usize| self.moments[index].saturating_duration_since(from);
        (since(phase as usize), since(phase as usize + 1))
    }
}

//! Records when each writer thread waited and wrote.

use std::time::{Duration, Instant};

/// The phases of a writer thread, in order. Each ends when the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Waiting for the rows that its own rows refer to.
    Parents,
    /// Waiting for its turn to write to the database.
    Turn,
    /// Opening its connection.
    Open,
    /// Writing, from the beginning of the transaction until it is committed. Includes waiting for other processes.
    Write,
    /// Waiting until the commit is on disk.
    Sync,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Phase; 5] = [
        Phase::Parents,
        Phase::Turn,
        Phase::Open,
        Phase::Write,
        Phase::Sync,
    ];

    /// Whether it is work, and not waiting.
    pub fn is_work(self) -> bool {
        matches!(self, Phase::Open | Phase::Write)
    }
}

/// The timeline of one thread.
#[derive(Debug, Clone)]
pub struct Track {
    /// The id of its first row.
    pub first_id: i64,
    /// How many rows it was given.
    pub rows: usize,
    /// The start of each phase, and the end of the last one.
    moments: [Instant; Phase::ALL.len() + 1],
}

impl Track {
    /// A thread that starts now.
    pub fn begin(first_id: i64, rows: usize) -> Track {
        Track {
            first_id,
            rows,
            moments: [Instant::now(); Phase::ALL.len() + 1],
        }
    }

    /// Records that a phase ends now. Later phases have no length until they end as well.
    pub fn end(&mut self, phase: Phase) {
        self.moments[phase as usize + 1..].fill(Instant::now());
    }

    /// The start and end of a phase, relative to the given moment.
    pub fn span(&self, phase: Phase, from: Instant) -> (Duration, Duration) {
        let since = |index: usize| self.moments[index].saturating_duration_since(from);
        (since(phase as usize), since(phase as usize + 1))
    }
}

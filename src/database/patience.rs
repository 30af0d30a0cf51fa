//! Waiting for other processes that have a database locked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::connect::open;
use super::problem::Problem;
use crate::sync::{Mutex, lock};

/// How often to look whether another process has let go of a database: SQLite tells nobody when that happens.
const POLL: Duration = Duration::from_millis(1);

/// How long to wait for other processes, and what ends that early.
#[derive(Debug, Clone, Default)]
pub struct Patience {
    /// How long to wait for one database while nothing happens there.
    pub limit: Duration,
    /// Once this is set, nobody waits any more.
    pub stop: Arc<AtomicBool>,
}

/// Waits for one database, for all connections of this process to it.
///
/// The time waited is counted for all of them together, so that a database that is locked for good costs its limit
/// once. The count starts anew when this process gets to write, and when another process has committed: where many
/// write in turn, each gets its turn in the end.
#[derive(Debug)]
pub struct Waiter {
    patience: Patience,
    path: PathBuf,
    clock: Mutex<Clock>,
}

#[derive(Debug)]
struct Clock {
    /// How long was waited since the count started.
    waited: Duration,
    /// Until when that is counted: what several threads wait at the same time counts once.
    until: Instant,
    /// What sees the commits of others; from the first wait on.
    watch: Option<Watch>,
}

/// A connection that sees whether others have committed.
#[derive(Debug)]
struct Watch {
    connection: Connection,
    /// What `PRAGMA data_version` said last. It changes with every commit over another connection
    /// (<https://www.sqlite.org/pragma.html#pragma_data_version>), and numbers from other connections say nothing.
    version: Option<i64>,
}

impl Waiter {
    /// Waits for the database with this path. It opens a connection of its own when there is something to wait for:
    /// drop it before the connection that is to be the last one.
    pub fn new(path: PathBuf, patience: Patience) -> Waiter {
        let clock = Clock {
            waited: Duration::ZERO,
            until: Instant::now(),
            watch: None,
        };
        Waiter {
            patience,
            path,
            clock: Mutex::new(clock),
        }
    }

    /// Runs `attempt` again for as long as another process has the database locked and patience lasts.
    ///
    /// # Errors
    ///
    /// Those of `attempt`, and [`Problem::Locked`] once patience is at its end.
    pub fn retry<T>(&self, mut attempt: impl FnMut() -> rusqlite::Result<T>) -> Result<T, Problem> {
        let started = Instant::now();
        loop {
            match attempt() {
                Err(error) if is_lock(&error) => std::thread::sleep(self.pause(started)?),
                result => return Ok(result?),
            }
        }
    }

    /// Begins a transaction that writes.
    ///
    /// # Errors
    ///
    /// Those of [`Waiter::retry`].
    pub fn begin_to_write(&self, connection: &Connection) -> Result<(), Problem> {
        self.retry(|| connection.execute_batch("BEGIN IMMEDIATE"))?;
        lock(&self.clock).start_anew();
        Ok(())
    }

    /// How long to sleep until the next attempt of one who waits since `started`.
    fn pause(&self, started: Instant) -> Result<Duration, Problem> {
        let mut clock = lock(&self.clock);
        clock.count(started);
        if clock.sees_a_commit(|| Watch::open(&self.path)) {
            clock.start_anew();
        }
        let left = self.patience.limit.saturating_sub(clock.waited);
        if left.is_zero() {
            return Err(Problem::Locked(self.patience.limit.as_secs_f64()));
        }
        if self.patience.stop.load(Ordering::Relaxed) {
            let tenths = (clock.waited.as_secs_f64() * 10.0).round();
            return Err(Problem::Locked(tenths / 10.0));
        }
        Ok(POLL.min(left))
    }
}

impl Clock {
    fn count(&mut self, started: Instant) {
        let now = Instant::now();
        self.waited += now.saturating_duration_since(self.until.max(started));
        self.until = now;
    }

    fn start_anew(&mut self) {
        self.waited = Duration::ZERO;
        self.until = Instant::now();
    }

    fn sees_a_commit(&mut self, open: impl FnOnce() -> Result<Watch, Problem>) -> bool {
        if self.watch.is_none() {
            // Where it cannot be opened, patience just ends sooner.
            self.watch = open().ok();
        }
        self.watch.as_mut().is_some_and(Watch::sees_a_commit)
    }
}

impl Watch {
    fn open(path: &Path) -> Result<Watch, Problem> {
        let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut watch = Watch {
            connection,
            version: None,
        };
        watch.sees_a_commit();
        Ok(watch)
    }

    /// Whether another connection has committed since this was asked last. While the database cannot even be read, none
    /// has.
    fn sees_a_commit(&mut self) -> bool {
        let asked = self
            .connection
            .query_row("PRAGMA data_version", [], |row| row.get(0));
        let Ok(version) = asked else {
            return false;
        };
        self.version
            .replace(version)
            .is_some_and(|last| last != version)
    }
}

/// Whether an error says that another process is in the way: it has a lock, or so many processes begin to read and
/// write that SQLite gave up its own attempts at one.
fn is_lock(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::FileLockingProtocolFailed)
    )
}

//! Waiting while another process has a database locked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, ffi};

use super::connect::connect;
use super::problem::Problem;
use super::wal::require_wal_mode;
use crate::sync::{Mutex, lock};

/// How often to check whether another process has released a database: SQLite sends no notice of that.
const POLL: Duration = Duration::from_millis(1);

/// How long to wait for other processes, and what ends the wait early.
#[derive(Debug, Clone, Default)]
pub struct LockTimeout {
    /// How long to wait for one database while no process commits to it.
    pub limit: Duration,
    /// Once this is set, no thread waits any longer.
    pub stop: Arc<AtomicBool>,
}

/// Waits for one database on behalf of all connections of this process to it.
///
/// They share one count of the time waited, so that a database that is locked for good costs the timeout once. The count
/// starts over when this process obtains the lock to write, and when another process has committed: where many write in
/// turn, each gets its turn in the end.
#[derive(Debug, Default)]
pub struct Waiter {
    /// The path of the database, links followed.
    pub path: PathBuf,
    timeout: LockTimeout,
    /// Whether to watch for commits of other processes. That takes another connection, which may create files.
    watches: bool,
    clock: Mutex<Clock>,
    /// Whether `stop` has ended a wait.
    pub gave_up: AtomicBool,
}

/// What a commit waits for (<https://www.sqlite.org/pragma.html#pragma_synchronous>).
#[derive(Debug, Clone, Copy)]
pub enum Synchronous {
    /// Until it is on disk.
    Full,
    /// Until it is in the log. Whoever commits so has to sync the log.
    Normal,
}

impl Synchronous {
    fn name(self) -> &'static str {
        match self {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
        }
    }
}

#[derive(Debug, Default)]
struct Clock {
    /// The time waited since the count started.
    waited: Duration,
    /// When `waited` was last updated, so that time during which several threads wait is counted only once.
    until: Option<Instant>,
    /// The connection that watches for commits, from the first wait on.
    watch: Option<Connection>,
    /// The last answer to `PRAGMA data_version` on it, which changes with every commit of another connection
    /// (<https://www.sqlite.org/pragma.html#pragma_data_version>). Answers on different connections cannot be compared.
    version: Option<i64>,
}

impl Waiter {
    /// Waits for the database with this path. It opens a connection of its own when there is something to wait for:
    /// drop it before the connection that is to be the last one.
    pub fn new(path: PathBuf, timeout: LockTimeout) -> Waiter {
        Waiter {
            path,
            timeout,
            watches: true,
            clock: Mutex::default(),
            gave_up: AtomicBool::new(false),
        }
    }

    /// The same, but it opens no connection, and creates no file.
    pub fn to_read(path: PathBuf, timeout: LockTimeout) -> Waiter {
        Waiter {
            watches: false,
            ..Waiter::new(path, timeout)
        }
    }

    /// Repeats `attempt` while another process has the database locked. Once the timeout has run out, that is
    /// [`Problem::Locked`].
    pub fn retry<T>(&self, mut attempt: impl FnMut() -> rusqlite::Result<T>) -> Result<T, Problem> {
        let started = Instant::now();
        loop {
            match attempt() {
                Err(error) if is_lock(&error) => std::thread::sleep(self.pause(started)?),
                result => return Ok(result?),
            }
        }
    }

    /// Begins a transaction that writes, as [`Waiter::retry`] does.
    pub fn begin_to_write<'a>(
        &self,
        connection: &'a Connection,
        synchronous: Synchronous,
    ) -> Result<Transaction<'a>, Problem> {
        let transaction = self.retry(|| {
            connection.pragma_update(None, "synchronous", synchronous.name())?;
            Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
        })?;
        lock(&self.clock).waited = Duration::ZERO;
        require_wal_mode(&transaction)?;
        Ok(transaction)
    }

    /// How long a thread that has waited since `started` sleeps before it tries again.
    fn pause(&self, started: Instant) -> Result<Duration, Problem> {
        let mut clock = lock(&self.clock);
        let now = Instant::now();
        let since = clock.until.map_or(started, |until| until.max(started));
        clock.waited += now.saturating_duration_since(since);
        clock.until = Some(now);
        if self.watches && clock.sees_a_commit(&self.path) {
            clock.waited = Duration::ZERO;
        }
        let left = self.timeout.limit.saturating_sub(clock.waited);
        if left.is_zero() {
            return Err(Problem::Locked(self.timeout.limit.as_secs_f64()));
        }
        if self.timeout.stop.load(Ordering::Relaxed) {
            self.gave_up.store(true, Ordering::Relaxed);
            let tenths = (clock.waited.as_secs_f64() * 10.0).round();
            return Err(Problem::Locked(tenths / 10.0));
        }
        Ok(POLL.min(left))
    }
}

impl Clock {
    /// Whether another connection has committed since this was asked last. While the database cannot even be read, none
    /// has.
    fn sees_a_commit(&mut self, path: &Path) -> bool {
        if self.watch.is_none() {
            // If it cannot be opened, the timeout just runs out sooner.
            self.watch = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok();
        }
        let ask = |watch: &Connection| watch.query_row("PRAGMA data_version", [], |row| row.get(0));
        let last = self.version;
        self.version = (self.watch.as_ref()).map_or(last, |watch| ask(watch).ok().or(last));
        last.is_some() && self.version != last
    }
}

/// Whether an error says that another process is in the way: it has a lock, or must recover the log, which a connection
/// that only reads cannot do, or so many processes use the database at once that SQLite gave up its own attempts.
fn is_lock(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::FileLockingProtocolFailed)
    ) || matches!(
        error.sqlite_extended_error_code(),
        Some(ffi::SQLITE_READONLY_RECOVERY | ffi::SQLITE_READONLY_CANTINIT)
    )
}

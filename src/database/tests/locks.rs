//! Other connections that have the database locked or write to it, as those of other processes do.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use rusqlite::ffi::{self, SQLITE_PROTOCOL};

use super::super::lock_timeout::Waiter;
use super::*;
use crate::database::lock_timeout::Synchronous;

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(100);

fn lock_timeout(limit: Duration) -> LockTimeout {
    LockTimeout { limit, ..none() }
}

/// A database of users, a waiter, and another connection that has the database locked.
struct Locked {
    waiter: Waiter,
    waiting: Connection,
    other: Connection,
    _folder: TempDir,
}

impl Locked {
    fn new(lock_timeout: LockTimeout) -> Locked {
        let folder = TempDir::new().unwrap();
        create(TABLES[0], folder.path(), &none()).unwrap();
        let path = path(TABLES[0], folder.path());
        let locked = Locked {
            waiting: connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap(),
            other: Connection::open(&path).unwrap(),
            waiter: Waiter::new(path, lock_timeout),
            _folder: folder,
        };
        locked
            .other
            .execute_batch("PRAGMA synchronous = OFF; BEGIN IMMEDIATE")
            .unwrap();
        locked
    }

    /// The other one commits a row and locks the database again.
    fn commit(&self) {
        let commit = "INSERT INTO users (name) VALUES ('x'); COMMIT; BEGIN IMMEDIATE";
        self.other.execute_batch(commit).unwrap();
    }

    /// The other one lets go.
    fn release(&self) {
        self.other.execute_batch("ROLLBACK").unwrap();
    }

    /// Tries to lock the database, calling `meanwhile` with the number of earlier attempts before each one. Returns the
    /// number of attempts and, if they all failed, the number of seconds waited.
    fn wait(&self, mut meanwhile: impl FnMut(u32)) -> (u32, Option<f64>) {
        let mut attempts = 0;
        let result = self.waiter.retry(|| {
            meanwhile(attempts);
            attempts += 1;
            self.waiting.execute_batch("BEGIN IMMEDIATE; ROLLBACK")
        });
        match result {
            Ok(()) => (attempts, None),
            Err(Problem::Locked(seconds)) => (attempts, Some(seconds)),
            Err(problem) => panic!("{problem:?}"),
        }
    }
}

#[test]
fn a_lasting_lock_is_an_error_once_the_timeout_expires() {
    let locked = Locked::new(lock_timeout(SHORT));
    let started = Instant::now();
    let (attempts, seconds) = locked.wait(|_| ());
    assert!(started.elapsed() >= SHORT);
    assert!(attempts > 1);
    assert_eq!(
        Problem::Locked(seconds.unwrap()).to_string(),
        "is locked by another process (waited 0.1 s)"
    );
}

#[test]
fn a_timeout_of_zero_allows_one_attempt() {
    let locked = Locked::new(none());
    assert_eq!(locked.wait(|_| ()), (1, Some(0.0)));
}

#[test]
fn after_the_timeout_there_is_one_attempt_each_time() {
    let locked = Locked::new(lock_timeout(SHORT));
    locked.wait(|_| ());
    for _ in 0..3 {
        assert_eq!(locked.wait(|_| ()), (1, Some(0.1)));
    }
    locked.release();
    assert_eq!(locked.wait(|_| ()), (1, None));
}

#[test]
fn a_lock_that_is_released_in_time_costs_nothing() {
    let locked = Locked::new(lock_timeout(LONG));
    let waited = locked.wait(|before| {
        if before == 3 {
            locked.release();
        }
    });
    assert_eq!(waited, (4, None));
}

#[test]
fn a_commit_by_another_process_restarts_the_timeout() {
    let locked = Locked::new(lock_timeout(SHORT));
    let started = Instant::now();
    let mut released = false;
    let (_, seconds) = locked.wait(|_| match started.elapsed() > 4 * SHORT {
        true if !released => {
            locked.release();
            released = true;
        }
        true => (),
        false => locked.commit(),
    });
    assert_eq!(seconds, None);
}

#[test]
fn after_the_timeout_a_commit_by_another_process_allows_waiting_again() {
    let locked = Locked::new(lock_timeout(SHORT));
    locked.wait(|_| ());
    locked.commit();
    let (attempts, seconds) = locked.wait(|_| ());
    assert!(attempts > 1);
    assert_eq!(seconds, Some(0.1));
    assert_eq!(locked.wait(|_| ()), (1, Some(0.1)));
}

#[test]
fn after_the_timeout_getting_the_write_lock_allows_waiting_again() {
    let locked = Locked::new(lock_timeout(SHORT));
    locked.wait(|_| ());
    locked.release();
    drop(
        locked
            .waiter
            .begin_to_write(&locked.waiting, Synchronous::Full)
            .unwrap(),
    );
    locked.other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (attempts, _) = locked.wait(|_| ());
    assert!(attempts > 1);
}

#[test]
fn after_the_timeout_reading_does_not_allow_waiting_again() {
    let locked = Locked::new(lock_timeout(SHORT));
    locked.wait(|_| ());
    let read = || locked.waiting.execute_batch("SELECT * FROM users");
    locked.waiter.retry(read).unwrap();
    assert_eq!(locked.wait(|_| ()), (1, Some(0.1)));
}

#[test]
fn time_during_which_two_threads_wait_counts_once() {
    let locked = Locked::new(lock_timeout(SHORT));
    let busy = || Err(failure(ffi::SQLITE_BUSY));
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| locked.waiter.retry::<()>(busy).unwrap_err());
        }
    });
    assert!(started.elapsed() >= SHORT);
}

fn failure(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

#[test]
fn an_interrupt_ends_the_wait_and_the_seconds_are_those_really_waited() {
    let lock_timeout = lock_timeout(LONG);
    let stop = Arc::clone(&lock_timeout.stop);
    let locked = Locked::new(lock_timeout);
    let started = Instant::now();
    let (attempts, seconds) = locked.wait(|before| {
        if before > 0 && started.elapsed() > 3 * SHORT {
            stop.store(true, Ordering::Relaxed);
        }
    });
    assert!(attempts > 1);
    let seconds = seconds.unwrap();
    assert!(seconds >= 0.3, "{seconds}");
    assert_eq!((seconds * 10.0).fract(), 0.0, "it is rounded");
    let (attempts, _) = locked.wait(|_| ());
    assert_eq!(attempts, 1);
    locked.release();
    assert_eq!(locked.wait(|_| ()), (1, None), "what is free can be used");
}

#[test]
fn many_processes_that_begin_at_once_are_waited_for() {
    let locked = Locked::new(lock_timeout(LONG));
    let mut errors = vec![SQLITE_PROTOCOL, ffi::SQLITE_BUSY_RECOVERY].into_iter();
    let attempt = || errors.next().map_or(Ok(()), |code| Err(failure(code)));
    locked.waiter.retry(attempt).unwrap();
}

#[test]
fn other_errors_are_not_waited_for() {
    let locked = Locked::new(lock_timeout(LONG));
    let problem = locked
        .waiter
        .retry::<()>(|| Err(failure(ffi::SQLITE_IOERR)));
    assert!(matches!(problem, Err(Problem::Sqlite(_))), "{problem:?}");
}

#[test]
fn eight_loads_at_once_share_the_rows_without_a_failure() {
    let folder = TempDir::new().unwrap();
    create(TABLES[0], folder.path(), &none()).unwrap();
    let load = |_| {
        let lock_timeout = lock_timeout(Duration::from_secs(5));
        let database = Database::open(TABLES[0], folder.path(), &lock_timeout).unwrap();
        let database = Database::prepare(vec![database]).unwrap();
        let mut inserted = 0;
        for share in 0..20 {
            let rows = rows(TABLES[0], &users(share * 500..(share + 1) * 500));
            let writer = database.writer(false).unwrap();
            let commit = writer.insert(&rows, &sorted(&rows), no_dependents).unwrap();
            let written = commit.sync().unwrap();
            assert!(
                written
                    .others
                    .iter()
                    .all(|(_, outcome)| *outcome == Unchanged)
            );
            inserted += rows.accepted.len() - written.others.len();
        }
        inserted
    };
    let inserted: usize = thread::scope(|scope| {
        let loads: Vec<_> = (0..8)
            .map(|load_| scope.spawn(move || load(load_)))
            .collect();
        loads.into_iter().map(|load| load.join().unwrap()).sum()
    });
    assert_eq!(inserted, 10_000);
}

#[test]
fn a_database_that_cannot_even_be_read_is_an_error() {
    let fixture = Fixture::new(0);
    let folder = fixture.folder;
    drop(fixture.database);
    let other = Connection::open(path(TABLES[0], folder.path())).unwrap();
    let exclusive = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE";
    other.execute_batch(exclusive).unwrap();
    let opened = Database::open(TABLES[0], folder.path(), &none());
    assert!(matches!(opened, Err(Problem::Locked(0.0))), "{opened:?}");
}

#[test]
fn reading_waits_for_a_lock_too() {
    let fixture = Fixture::new(0);
    let folder = fixture.folder;
    drop(fixture.database);
    let other = Connection::open(path(TABLES[0], folder.path())).unwrap();
    other.execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    let reader = Reader::open(TABLES[0], folder.path(), &lock_timeout(SHORT)).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let found = reader.stored(0, &[Key::Integer(1)]);
    assert!(matches!(found, Err(Problem::Locked(0.1))), "{found:?}");
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(stored(&reader, &[1]), [0; 0]);
}

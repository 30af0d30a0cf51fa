//! Connections to one SQLite file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

use super::location::{WAL_HEADER, beside, is_too_long};
use super::lock_timeout::Waiter;
use super::problem::Problem;
use crate::platform::{self, Access};
use crate::sync::Mutex;

/// The settings of every connection. A checkpoint that SQLite runs by itself after a commit hides that it failed. There
/// may be no folder for temporary files.
const SETTINGS: &str = "PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY";

/// Without these, a sync on macOS may leave data in the cache of the disk.
const SYNC_SETTINGS: &str = "PRAGMA fullfsync = 1; PRAGMA checkpoint_fullfsync = 1";

/// Connects with these flags; an error if SQLite cannot open the file. The connection does not wait for locks:
/// [`super::lock_timeout::Waiter`] does that.
pub fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Problem> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| match Problem::from(error) {
            Problem::CannotOpen(_) if is_too_long(path) => Problem::PathTooLong,
            problem => problem,
        })?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.execute_batch(SETTINGS)?;
    if cfg!(target_os = "macos") {
        connection.execute_batch(SYNC_SETTINGS)?;
    }
    // The bundled SQLite has them on by default, but a foreign key that the file declares may refer to rows that are in
    // another file.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
    Ok(connection)
}

/// What must be kept while a connection reads, and what tells whether its results can be trusted.
#[derive(Debug, Default)]
pub struct ReadGuard {
    /// Keeps other processes from deleting the log.
    _lock: Option<Mutex<Connection>>,
    /// The answer of [`state`] before the files were read, if no lock protects them.
    state: Option<State>,
}

impl ReadGuard {
    /// Whether the database at this path may have been written meanwhile, so that what was read is worthless.
    pub fn was_disturbed(&self, path: &Path) -> bool {
        self.state.is_some() && self.state != state(path).ok()
    }
}

/// The lengths and modification times of a database and, if it is not empty, of its log.
#[derive(Debug, PartialEq)]
struct State {
    file: (u64, SystemTime),
    log: Option<(u64, SystemTime)>,
}

fn state(path: &Path) -> io::Result<State> {
    let file = path.metadata()?;
    // A connection that only reads may create an empty log.
    let log = beside(path, "-wal").metadata();
    let log = log.ok().filter(|log| log.len() > WAL_HEADER);
    let log = log.map(|log| Ok::<_, io::Error>((log.len(), log.modified()?)));
    Ok(State {
        file: (file.len(), file.modified()?),
        log: log.transpose()?,
    })
}

/// Connects to read the database of a waiter, whose file is already open, without changing anything or leaving a file
/// behind. Fails if SQLite cannot open the database, or if it cannot be read.
///
/// Reading a WAL database makes SQLite create its `-wal` and `-shm` files where they are missing, even for a connection
/// that only reads, and it cannot delete them again: in a shared folder, they would keep other users from writing. If
/// the log is empty, the whole database is in one file, which is read as immutable; the caller must ask afterwards
/// whether that still held. If there is a log without its index in the `-shm`, as in a copy, no process has the
/// database open, and the index is built in memory. The same goes for an index that a killed process left and that may
/// not be written.
///
/// A rollback journal may have been left by a process that was killed. What that process had begun must be undone
/// before anything can be read, and only a connection that may write can do that. If there is nothing to undo, SQLite
/// does not write.
///
/// Also returns the mode, in which other connections of this process can be made.
pub fn connect_to_read(
    waiter: &Waiter,
    file: &File,
) -> Result<(Connection, ConnectMode, ReadGuard), Problem> {
    let (mode, guard) = choose_read_mode(waiter, file)?;
    Ok((mode.connect(&waiter.path)?, mode, guard))
}

/// How to connect to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectMode {
    /// To write, or to undo what a killed process had begun.
    Write,
    /// To read.
    Read,
    /// The same, with an index of the log that is not written.
    ReadOnlyIndex,
    /// To read a file that nobody changes.
    Immutable,
    /// To read a file and its log that nobody else has open.
    Alone,
}

impl ConnectMode {
    /// Connects in this mode.
    pub fn connect(self, path: &Path) -> Result<Connection, Problem> {
        match self {
            ConnectMode::Write => connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE),
            ConnectMode::Read => connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY),
            ConnectMode::ReadOnlyIndex => connect_with(path, "readonly_shm=1"),
            ConnectMode::Immutable => connect_with(path, "immutable=1"),
            ConnectMode::Alone => connect_alone(path),
        }
    }
}

fn choose_read_mode(waiter: &Waiter, file: &File) -> Result<(ConnectMode, ReadGuard), Problem> {
    let path = &waiter.path;
    if beside(path, "-journal").exists() {
        return Ok((ConnectMode::Write, ReadGuard::default()));
    }
    let mut header = Vec::new();
    file.take(20).read_to_end(&mut header)?;
    // <https://www.sqlite.org/fileformat2.html#file_format_version_numbers>
    let is_wal = header.get(18..20) == Some(&[2, 2]);
    let locked = if is_wal && cfg!(unix) {
        lock_log(waiter)
    } else {
        Ok(None)
    };
    let [has_log, has_index] = ["-wal", "-shm"].map(|suffix| beside(path, suffix).exists());
    let lock = match locked {
        // If both exist, reading creates neither, and shows whether the database is really locked.
        Err(Problem::Locked(_)) if has_log && has_index => None,
        locked => locked?,
    };
    let guard = || ReadGuard {
        _lock: lock.map(Mutex::new),
        ..ReadGuard::default()
    };
    if !is_wal && !has_log {
        return Ok((ConnectMode::Read, guard()));
    }
    let before = state(path)?;
    if has_log && has_index {
        // SQLite cannot read a log that has only a header with an index that it may not write.
        let log = beside(path, "-wal").metadata();
        let only_header = log.is_ok_and(|log| (1..=WAL_HEADER).contains(&log.len()));
        // SQLite itself reports a file that cannot be read.
        if !only_header && has_whole_index(path).unwrap_or(true) {
            return Ok((ConnectMode::ReadOnlyIndex, guard()));
        }
        // A killed process left the index. Rebuilding it creates no file.
        if before.log.is_some() && platform::may(Access::Write, &beside(path, "-shm")) {
            return Ok((ConnectMode::Read, guard()));
        }
    }
    let mode = if before.log.is_some() {
        ConnectMode::Alone
    } else {
        ConnectMode::Immutable
    };
    let guard = ReadGuard {
        _lock: None,
        state: Some(before),
    };
    Ok((mode, guard))
}

/// Whether the index of the log of a database is whole: both copies of its header are the same, and say so
/// (<https://www.sqlite.org/walformat.html#the_wal_index_header>). Do not ask while this process has a connection that
/// uses the index: closing the file drops its locks.
fn has_whole_index(path: &Path) -> io::Result<bool> {
    const HEADER: usize = 48;
    const IS_INITIALIZED: usize = 12;

    let mut headers = Vec::new();
    let index = File::open(beside(path, "-shm"))?;
    index.take(2 * HEADER as u64).read_to_end(&mut headers)?;
    let (first, second) = headers.split_at(HEADER.min(headers.len()));
    Ok(first == second && first.get(IS_INITIALIZED).is_some_and(|byte| *byte != 0))
}

/// Connects to read, with a parameter of SQLite's URIs.
fn connect_with(path: &Path, parameter: &str) -> Result<Connection, Problem> {
    // Every byte is escaped, the separators of Windows too: there is nothing in it that SQLite could take for a host, a
    // drive or a parameter.
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let escaped: String = bytes.map(|byte| format!("%{byte:02X}")).collect();
    let uri = format!("file:{escaped}?{parameter}");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    connect(Path::new(&uri), flags).map_err(|problem| match problem {
        Problem::CannotOpen(_) if is_too_long(path) => Problem::PathTooLong,
        problem => problem,
    })
}

/// Connects to read a database and its log without the index that processes share, which is made in memory, and without
/// locks, which only those who share it need. Neither file is written, and the log stays when the connection is closed.
fn connect_alone(path: &Path) -> Result<Connection, Problem> {
    let without_locks = if cfg!(windows) {
        "vfs=win32-none"
    } else {
        "vfs=unix-none"
    };
    let connection = connect_with(path, without_locks)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    Ok(connection)
}

/// Keeps other processes from deleting the log of a database, if there is one, for as long as the connection is open.
/// `None` if the database is not in WAL mode.
///
/// The last connection to close a database deletes its log, under an exclusive lock. Asked for exclusive access, this one
/// takes a shared lock, fails to make it an exclusive one, because it only reads, and keeps what it has. It does not
/// open the log, and so does not create it.
fn lock_log(waiter: &Waiter) -> Result<Option<Connection>, Problem> {
    let connection = connect(&waiter.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let read = "PRAGMA locking_mode = EXCLUSIVE; SELECT 1 FROM sqlite_schema LIMIT 1";
    let is_locked = waiter.retry(|| match connection.execute_batch(read) {
        Err(error) if error.sqlite_extended_error_code() == Some(ffi::SQLITE_IOERR_LOCK) => {
            Ok(true)
        }
        read => read.map(|()| false),
    })?;
    Ok(is_locked.then_some(connection))
}

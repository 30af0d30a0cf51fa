//! Connections to one SQLite file: opening them, and waiting for other processes that have it locked.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::schema::Table;
use crate::sync::{Mutex, lock};

/// How often to look whether another process has let go of a database: SQLite tells nobody when that happens.
const POLL: Duration = Duration::from_millis(1);

/// What can be wrong with a database. Reads as a sentence after the name of the file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is no such file.
    #[error("does not exist: run `tradexa init` first, with the same --dir")]
    Missing,
    /// There is something that is not a file.
    #[error("is not a file: move it away, or choose another folder with --dir")]
    NotAFile,
    /// The file has another name, too, under which SQLite would keep another log.
    #[error(
        "has a second name (a hard link), which SQLite cannot keep apart: make a copy of it instead"
    )]
    HardLink,
    /// The file is something else.
    #[error("is not a SQLite database: move it away, or choose another folder with --dir")]
    NotADatabase,
    /// The file does not have the table.
    #[error("has no table {0}: run `tradexa init` first, with the same --dir")]
    NoTable(&'static str),
    /// The table is not the one expected.
    #[error(
        "has another table {table}: expected ({expected}), found {found} (move it away, or choose another folder with --dir)"
    )]
    OtherTable {
        /// The table.
        table: &'static str,
        /// How it should be declared.
        expected: String,
        /// How it is declared.
        found: String,
    },
    /// SQLite finds the file damaged.
    #[error(
        "is damaged: {0} (restore it from a backup, or try the .recover command of the sqlite3 shell)"
    )]
    Corrupt(String),
    /// Another process did not let go of it in time.
    #[error("is locked by another process (waited {0} s)")]
    Locked(f64),
    /// It can be read, but not written.
    #[error("cannot be written: you may not write the file or its folder")]
    ReadOnly,
    /// It, or the folder it is in, cannot be opened.
    #[error(
        "cannot be opened: {0} (may you read and write the file and its folder, and more files than `ulimit -n` says?)"
    )]
    CannotOpen(String),
    /// SQLite says something else.
    #[error("could not be used: {0}")]
    Sqlite(rusqlite::Error),
    /// The file system says so.
    #[error("could not be used: {0}")]
    Io(#[from] io::Error),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Problem {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Problem::NotADatabase,
            Some(ErrorCode::DatabaseCorrupt) => Problem::Corrupt(error.to_string()),
            Some(ErrorCode::ReadOnly) => Problem::ReadOnly,
            Some(ErrorCode::CannotOpen) => Problem::CannotOpen(error.to_string()),
            _ => Problem::Sqlite(error),
        }
    }
}

/// How long to wait, in all, for a database that other processes have locked.
#[derive(Debug)]
pub struct Patience {
    limit: Duration,
    waited: Mutex<Duration>,
}

impl Patience {
    /// Patience for this long.
    pub fn new(limit: Duration) -> Patience {
        Patience {
            limit,
            waited: Mutex::new(Duration::ZERO),
        }
    }

    /// Runs `attempt` again for as long as another process has the database locked and patience lasts.
    ///
    /// # Errors
    ///
    /// Those of `attempt`, and [`Problem::Locked`] once patience is at its end.
    pub fn retry<T>(&self, mut attempt: impl FnMut() -> rusqlite::Result<T>) -> Result<T, Problem> {
        let started = Instant::now();
        let before = *lock(&self.waited);
        loop {
            match attempt() {
                Err(error) if is_lock(&error) => {
                    let waited = before + started.elapsed();
                    *lock(&self.waited) = waited;
                    if waited >= self.limit {
                        return Err(Problem::Locked(self.limit.as_secs_f64()));
                    }
                    std::thread::sleep(POLL.min(self.limit - waited));
                }
                result => return Ok(result?),
            }
        }
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

/// The path of a table's database. It never starts with `file:`, which this SQLite would take for a URI.
pub fn path(table: &Table, folder: &Path) -> PathBuf {
    Path::new(".").join(folder).join(table.database())
}

/// The path of a file that SQLite keeps beside a database: `-wal` or `-shm`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The file of a table's database, or `None` if there is none. Links are followed, as SQLite does: what it keeps beside a
/// database is beside the file itself.
///
/// # Errors
///
/// If there is something else in its place, if it has two names
/// (<https://www.sqlite.org/howtocorrupt.html#_multiple_links_to_the_same_file>), or if that cannot be found out.
pub fn find(table: &Table, folder: &Path) -> Result<Option<PathBuf>, Problem> {
    let found = path(table, folder).canonicalize().and_then(|path| {
        let metadata = path.metadata()?;
        Ok((path, metadata))
    });
    match found {
        Ok((_, metadata)) if !metadata.is_file() => Err(Problem::NotAFile),
        Ok((_, metadata)) if metadata.nlink() > 1 => Err(Problem::HardLink),
        Ok((path, _)) => Ok(Some(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::CannotOpen(error.to_string())),
    }
}

/// Connects to read and write, with what else `flags` say. It does not wait for locks: [`Patience`] does that.
///
/// # Errors
///
/// If SQLite cannot open the file.
pub fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    open(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Connects to read, and changes nothing.
///
/// Reading a WAL database makes SQLite create its `-wal` and `-shm` files where they are missing, even for a
/// connection that only reads. Where both are missing, nobody has the database open and all of it is in the one file,
/// which then is read as immutable; whether that still held in the end is for the caller to ask. Where there is a
/// `-wal` without its `-shm`, as in a copy, SQLite must make the index anew and leaves it there.
///
/// A rollback journal may be that of a process that was killed. What that one had begun must be undone before anything
/// can be read, and only a connection that may write can do that; SQLite does not if it need not.
///
/// # Errors
///
/// If SQLite cannot open the file, or if it cannot be read.
pub fn connect_to_read(path: &Path) -> Result<(Connection, Option<Untouched>), Problem> {
    if beside(path, "-journal").exists() {
        return Ok((connect(path, OpenFlags::empty())?, None));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    // Looking into the file comes before any connection to it: closing it drops the locks that SQLite has on it.
    let wal = is_wal(path).map_err(|error| Problem::CannotOpen(error.to_string()))?;
    let Some(untouched) = Untouched::now(path).filter(|_| wal) else {
        return Ok((open(path, flags)?, None));
    };
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        uri += &format!("%{byte:02X}");
    }
    uri += "?immutable=1";
    let connection = open(Path::new(&uri), flags | OpenFlags::SQLITE_OPEN_URI)?;
    Ok((connection, Some(untouched)))
}

/// A database that nobody has open, as it was at one moment.
#[derive(Debug, PartialEq, Eq)]
pub struct Untouched {
    length: u64,
    modified: Option<SystemTime>,
}

impl Untouched {
    /// The database as it is now; `None` if somebody has it open.
    fn now(path: &Path) -> Option<Untouched> {
        let in_use = beside(path, "-wal").exists() || beside(path, "-shm").exists();
        let metadata = path.metadata().ok().filter(|_| !in_use)?;
        Some(Untouched {
            length: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }

    /// Whether nobody has opened and written the database since.
    pub fn still_holds(&self, path: &Path) -> bool {
        Untouched::now(path).as_ref() == Some(self)
    }
}

/// Whether the header of a SQLite file says that it is in WAL mode: 2 in the bytes 18 and 19
/// (<https://www.sqlite.org/fileformat2.html#file_format_version_numbers>).
fn is_wal(path: &Path) -> io::Result<bool> {
    let mut header = Vec::new();
    File::open(path)?.take(20).read_to_end(&mut header)?;
    Ok(header.get(18..20) == Some(&[2, 2]))
}

fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    Ok(connection)
}

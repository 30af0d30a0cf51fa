//! Connections to one SQLite file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::place::{beside, is_too_long};
use super::problem::Problem;

/// Connects to read and write, with these flags in addition. It does not wait for locks: [`super::patience::Waiter`]
/// does that.
///
/// # Errors
///
/// If SQLite cannot open the file.
pub fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Problem> {
    let connection = open(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // What macOS takes for a sync may leave data in the cache of the disk. Without effect elsewhere.
    connection.execute_batch("PRAGMA fullfsync = 1; PRAGMA checkpoint_fullfsync = 1")?;
    Ok(connection)
}

/// Connects to read, and changes nothing. `file` is the same file as the one at the path.
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
pub fn connect_to_read(
    path: &Path,
    file: &File,
) -> Result<(Connection, Option<Untouched>), Problem> {
    if beside(path, "-journal").exists() {
        return Ok((connect(path, OpenFlags::empty())?, None));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let wal = is_wal(file)?;
    let Some(untouched) = Untouched::now(path).filter(|_| wal) else {
        return Ok((open(path, flags)?, None));
    };
    // Every byte is escaped, the separators of Windows too: there is nothing in it that SQLite could take for a host, a
    // drive or a parameter.
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
fn is_wal(file: &File) -> io::Result<bool> {
    let mut header = Vec::new();
    file.take(20).read_to_end(&mut header)?;
    Ok(header.get(18..20) == Some(&[2, 2]))
}

/// Opens a connection that never waits for a lock by itself.
///
/// # Errors
///
/// If SQLite cannot open the file.
pub fn open(path: &Path, flags: OpenFlags) -> Result<Connection, Problem> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| {
        let too_long =
            error.sqlite_error_code() == Some(ErrorCode::CannotOpen) && is_too_long(path);
        match too_long {
            true => Problem::PathTooLong,
            false => error.into(),
        }
    })?;
    connection.busy_timeout(Duration::ZERO)?;
    Ok(connection)
}

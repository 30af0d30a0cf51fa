//! Connections to one SQLite file.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OpenFlags};

use super::place::{beside, is_too_long};
use super::problem::Problem;

/// Connects with these flags; an error if SQLite cannot open the file. The connection does not wait for locks:
/// [`super::patience::Waiter`] does that.
pub fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Problem> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| match Problem::from(error) {
            Problem::CannotOpen(_) if is_too_long(path) => Problem::PathTooLong,
            problem => problem,
        })?;
    connection.busy_timeout(Duration::ZERO)?;
    // What macOS takes for a sync may leave data in the cache of the disk. Without effect elsewhere.
    connection.execute_batch("PRAGMA fullfsync = 1; PRAGMA checkpoint_fullfsync = 1")?;
    Ok(connection)
}

/// Connects to read the file at a path, and changes nothing. If it is read as immutable, the second value is what
/// [`state`] said before. An error if SQLite cannot open it, or if it cannot be read.
///
/// Reading a WAL database makes SQLite create its `-wal` and `-shm` files where they are missing, even for a
/// connection that only reads. Where both are missing, nobody has the database open and all of it is in the one file,
/// which then is read as immutable; whether that still held in the end is for the caller to ask. Where there is a
/// `-wal` without its `-shm`, as in a copy, SQLite must make the index anew and leaves it there.
///
/// A rollback journal may be that of a process that was killed. What that one had begun must be undone before anything
/// can be read, and only a connection that may write can do that; SQLite does not if it need not.
pub fn connect_to_read(
    path: &Path,
    file: &File,
) -> Result<(Connection, Option<(u64, SystemTime)>), Problem> {
    if beside(path, "-journal").exists() {
        return Ok((connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?, None));
    }
    let mut header = Vec::new();
    file.take(20).read_to_end(&mut header)?;
    // <https://www.sqlite.org/fileformat2.html#file_format_version_numbers>
    let is_wal = header.get(18..20) == Some(&[2, 2]);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let is_open = beside(path, "-wal").exists() || beside(path, "-shm").exists();
    let Some(state) = (is_wal && !is_open).then(|| state(path)).flatten() else {
        return Ok((connect(path, flags)?, None));
    };
    // Every byte is escaped, the separators of Windows too: there is nothing in it that SQLite could take for a host, a
    // drive or a parameter.
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let escaped: String = bytes.map(|byte| format!("%{byte:02X}")).collect();
    let uri = format!("file:{escaped}?immutable=1");
    let connection = connect(Path::new(&uri), flags | OpenFlags::SQLITE_OPEN_URI)?;
    Ok((connection, Some(state)))
}

/// The length in bytes of a database all of which is in its file, and when that was written last; `None` if something
/// is in the log. Whoever only reads makes an empty log.
pub fn state(path: &Path) -> Option<(u64, SystemTime)> {
    if beside(path, "-wal")
        .metadata()
        .is_ok_and(|log| log.len() > 0)
    {
        return None;
    }
    let metadata = path.metadata().ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

//! Where a table's database is: its path, and which file that leads to.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::problem::Problem;
use crate::platform;
use crate::schema::{TABLES, Table};

/// The path of a table's database. It never starts with `file:`, which this SQLite would take for a URI.
pub fn path(table: &Table, folder: &Path) -> PathBuf {
    platform::openable(Path::new(".").join(folder).join(table.database()))
}

/// The path of a file that SQLite keeps beside a database: `-wal`, `-shm` or `-journal`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    OsString::from_iter([path.as_os_str(), suffix.as_ref()]).into()
}

/// The file of a table's database, or `None` if there is none. A link is followed, as SQLite does: what it keeps beside
/// a database is beside the file itself. Only then is the path made canonical, which on Windows gives it a prefix. An
/// error if something else is there, a link to nothing, say, or if the file has two names
/// (<https://www.sqlite.org/howtocorrupt.html#_multiple_links_to_the_same_file>).
pub fn find(table: &Table, folder: &Path) -> Result<Option<PathBuf>, Problem> {
    let path = path(table, folder);
    let path = match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot_open(error)),
        Ok(found) if !found.is_symlink() => path,
        Ok(_) => path.canonicalize().map_err(|error| match error.kind() {
            ErrorKind::NotFound => Problem::DanglingLink,
            _ => cannot_open(error),
        })?,
    };
    if !path.metadata().map_err(cannot_open)?.is_file() {
        return Err(Problem::NotAFile);
    }
    if platform::identity(&path).map_err(cannot_open)?.names > 1 {
        return Err(Problem::HardLink);
    }
    Ok(Some(path))
}

/// The problem of a file that cannot be opened, or not even be looked at.
pub fn cannot_open(error: io::Error) -> Problem {
    match error.kind() {
        // What the system itself says of a path that is too long. On Windows, it is one that no file may have.
        ErrorKind::InvalidFilename if cfg!(unix) => Problem::PathTooLong,
        _ => Problem::CannotOpen(error.to_string()),
    }
}

/// Whether SQLite does not open a path because of its length. It follows the links in it first.
pub fn is_too_long(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(path);
    let name = path.file_name().unwrap_or_default();
    let full = folder.canonicalize().map(|folder| folder.join(name));
    full.is_ok_and(|full| full.as_os_str().len() > platform::LONGEST_PATH)
}

/// Makes sure that every table has a file of its own. Call this before any of them is opened: the connections of one
/// process to one file share their locks, and looking into the file drops them.
///
/// # Errors
///
/// If two of the files are one, by a link of any kind.
pub fn refuse_shared_files(folder: &Path) -> Result<(), String> {
    let mut seen = HashMap::new();
    for table in TABLES {
        // One that is not there is shared with nobody, and what else is wrong turns up when it is opened.
        if let Ok(identity) = platform::identity(&path(table, folder))
            && let Some(other) = seen.insert(identity.file, table)
        {
            let (other, this) = (other.database(), table.database());
            return Err(format!(
                "{other} and {this} are one file (by a link): give each table a file of its own"
            ));
        }
    }
    Ok(())
}

//! Where a table's database is: its path, and which file that leads to.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::problem::Problem;
use crate::platform;
use crate::schema::Table;

/// The length of a log without any pages (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>), in bytes.
pub const WAL_HEADER: u64 = 32;

/// The path of a table's database. It never starts with `file:`, which this SQLite would take for a URI.
pub fn path(table: &Table, folder: &Path) -> PathBuf {
    platform::openable(Path::new(".").join(folder).join(table.file()))
}

/// The path of a file that SQLite keeps beside a database: `-wal`, `-shm` or `-journal`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    OsString::from_iter([path.as_os_str(), suffix.as_ref()]).into()
}

/// The file of a table's database, or `None` if it does not exist. Symbolic links are followed, as SQLite does, because
/// it keeps its other files next to the target. Only the path of a link is canonicalized, because on Windows that adds
/// a prefix. Fails if the path is something else, such as a dangling link, or if SQLite's other files do not belong to
/// the file: because it has two names (<https://www.sqlite.org/howtocorrupt.html#_multiple_links_to_the_same_file>), is
/// mounted separately, or was lost.
pub fn find(table: &Table, folder: &Path) -> Result<Option<PathBuf>, Problem> {
    let path = path(table, folder);
    let path = match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            refuse_separated_files(&path)?;
            return Ok(None);
        }
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
    refuse_separated_files(&path)?;
    Ok(Some(path))
}

/// An error if a database, which may be missing, is in another place than its log, or was lost without it.
fn refuse_separated_files(path: &Path) -> Result<(), Problem> {
    let mount_points = platform::mount_points();
    for (suffix, what) in [
        ("", "is"),
        ("-wal", "has a -wal that is"),
        ("-shm", "has a -shm that is"),
        ("-journal", "has a -journal that is"),
    ] {
        // Links in the folder are followed. The mount point of a file is the file.
        let found = beside(path, suffix).canonicalize();
        if found.is_ok_and(|found| mount_points.contains(&found)) {
            return Err(Problem::Mounted(what));
        }
    }
    // SQLite takes a file of one byte for an empty one, too.
    let is_empty = || match path.metadata() {
        Ok(metadata) => metadata.len() <= 1,
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    // Another process may have created the database before the log was looked at.
    if is_empty()
        && let Some(suffix) = log_with_pages(path)?
        && is_empty()
    {
        return Err(Problem::Lost(suffix));
    }
    Ok(())
}

/// Which log of a database has pages in it, or `None`. SQLite deletes such a log when it opens an empty database.
fn log_with_pages(path: &Path) -> Result<Option<&'static str>, Problem> {
    /// <https://www.sqlite.org/fileformat2.html#the_rollback_journal>
    const JOURNAL_MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

    let wal = beside(path, "-wal").metadata();
    if wal.is_ok_and(|wal| wal.is_file() && wal.len() > WAL_HEADER) {
        return Ok(Some("-wal"));
    }
    let mut header = Vec::new();
    match File::open(beside(path, "-journal")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        journal => journal?.take(20).read_to_end(&mut header)?,
    };
    // The journal of a database that was being created says that there were no pages before.
    let had_pages = header.starts_with(&JOURNAL_MAGIC) && header.get(16..20) != Some(&[0; 4]);
    Ok(had_pages.then_some("-journal"))
}

/// The problem of a file that cannot be opened, or not even be looked at.
pub fn cannot_open(error: io::Error) -> Problem {
    match error.kind() {
        // The system's own error for a path that is too long. On Windows, it means that the name is not allowed.
        ErrorKind::InvalidFilename if cfg!(unix) => Problem::PathTooLong,
        _ => Problem::CannotOpen(error.to_string()),
    }
}

/// Whether SQLite does not open a path because of its length. It follows the links in it first.
pub fn is_too_long(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(path);
    let name = path.file_name().unwrap_or_default();
    let full = folder.canonicalize().map(|folder| folder.join(name));
    full.is_ok_and(|full| full.as_os_str().len() > platform::MAX_PATH_LENGTH)
}

/// Makes sure that tables which are to have different files do. Call this before any of them is opened: the connections of one
/// process to one file share their locks, and looking into the file drops them.
///
/// # Errors
///
/// If two of the files are one, by a link of any kind.
pub fn refuse_shared_files(folder: &Path, tables: &[&'static Table]) -> Result<(), String> {
    let mut seen = HashMap::new();
    for table in tables.iter().copied() {
        // A missing file is not shared, and opening the file reports any other problem.
        if let Ok(identity) = platform::identity(&path(table, folder))
            && let Some(other) = seen.insert(identity.file, table)
            && other.file() != table.file()
        {
            let (other, this) = (other.database(), table.database());
            return Err(format!(
                "{other} and {this} are one file (by a link): give each table a file of its own"
            ));
        }
    }
    Ok(())
}

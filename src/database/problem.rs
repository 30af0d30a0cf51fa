//! What can be wrong with a database.

use std::io;
use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::platform::CHECK_TO_OPEN;
use crate::schema::Table;

/// What can be wrong with a database. Reads as a sentence after the name of the file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is no such file.
    #[error("does not exist")]
    Missing,
    /// There is something that is not a file.
    #[error("is not a file: move it away, or choose another folder with --dir")]
    NotAFile,
    /// There is a symbolic link to a file that does not exist.
    #[error("is a link to a file that does not exist: remove the link, or restore the file")]
    DanglingLink,
    /// The file has another name, too, under which SQLite would keep another log.
    #[error(
        "has a second name (a hard link), and SQLite would keep a separate log for each: replace one of them with a copy"
    )]
    HardLink,
    /// The file, or one that SQLite keeps next to it, is a mount point; this says which. Each container that mounts the
    /// file would have a log of its own.
    #[error(
        "{0} mounted separately from the files that belong to it: mount the whole folder instead"
    )]
    Mounted(&'static str),
    /// The file is empty or missing, but its log with this suffix is not, and SQLite would delete that log.
    #[error(
        "is empty or missing, but its {0} holds data, which using it would delete: restore the file from a backup and keep its {0}, or move its {0} away"
    )]
    Lost(&'static str),
    /// SQLite does not open files with paths that long.
    #[error(
        "has a path that is too long for SQLite: choose a folder with a shorter path with --dir"
    )]
    PathTooLong,
    /// The file is something else.
    #[error("is not a SQLite database: move it away, or choose another folder with --dir")]
    NotADatabase,
    /// The file does not have the table.
    #[error("has no table {0}")]
    NoTable(&'static str),
    /// The table is not the one expected.
    #[error(
        "has a different table {}: expected ({}), found {found} (move it away, or choose another folder with --dir)",
        .table.name, .table.declaration()
    )]
    OtherTable {
        /// The table that should be there.
        table: &'static Table,
        /// How the one that is there is declared.
        found: String,
    },
    /// SQLite finds the file damaged; this is what it says.
    #[error(
        "is damaged: {0} (restore it from a backup, or try the .recover command of the sqlite3 shell)"
    )]
    Corrupt(String),
    /// Another process did not release it within this many seconds.
    #[error("is locked by another process (waited {0} s)")]
    Locked(f64),
    /// SQLite cannot use a log for it.
    #[error(
        "cannot be put into WAL mode, which keeps its rows safe: keep it on a local disk, and do not let other programs change its journal mode"
    )]
    NoWal,
    /// There is no file in its place any more, or another one than when the run began.
    #[error("was moved or replaced during the run: run the command again")]
    Replaced,
    /// Another process wrote while it was read.
    #[error("was changed by another process while it was being read: run the command again")]
    Disturbed,
    /// It can be read, but not written.
    #[error("cannot be written: check the permissions of the file and its folder")]
    ReadOnly,
    /// It, or the folder it is in, cannot be opened; this is what the system or SQLite says.
    #[error(
        "cannot be opened: {0} (check the permissions of the file and its folder, and {CHECK_TO_OPEN})"
    )]
    CannotOpen(String),
    /// What was written to it may not be on disk; this is why.
    #[error(
        "could not be made durable: {0} (some rows may be stored all the same: check the disk, and run the command again)"
    )]
    NotDurable(Arc<io::Error>),
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

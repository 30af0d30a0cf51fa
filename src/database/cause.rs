//! Why a database cannot be used, where the system tells more than SQLite does.

use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::Path;

use rusqlite::{ErrorCode, ffi};

use super::location::beside;
use super::problem::Problem;
use crate::platform::{self, Access};

/// A disk with less free space than this, in bytes, counts as full.
const ROOM: usize = 1 << 20;

/// The size of the index of a short log, and of a page of the log, in bytes.
const INDEX: usize = 64 << 10;

/// What keeps a database from being used. Reads as a sentence after the name of the file.
#[derive(Debug, PartialEq, thiserror::Error)]
enum Cause {
    #[error("could not be used: the disk is full (make room, and run the command again)")]
    DiskFull,
    #[error(
        "could not be used: the quota on this disk is used up (make room, and run the command again)"
    )]
    Quota,
    #[error(
        "could not be used: it would grow past the limit on file sizes (raise it with `ulimit -f`)"
    )]
    FileSize,
    #[error("cannot be opened: too many files are open (raise the limit with `ulimit -n`)")]
    Descriptors,
    #[error(
        "is on a file system that is mounted read-only: mount it for writing, or choose another folder with --dir"
    )]
    ReadOnlyMount,
    #[error(
        "is on a file system that cannot lock files, such as a network share: use a local disk"
    )]
    NoLocks,
    #[error("is on a file system without shared memory, such as a network share: use a local disk")]
    NoSharedMemory,
    #[error("cannot be used: you may not {access} {path}, which belongs to {owner}")]
    NotAllowed {
        access: Access,
        path: String,
        owner: String,
    },
}

impl Problem {
    /// The problem of the database at this path as a sentence after its name, by its cause where the system tells that.
    pub fn explain(&self, path: &Path) -> String {
        match cause(self, path) {
            Some(cause) => cause.to_string(),
            None => self.to_string(),
        }
    }

    /// Whether the database at this path is on a file system that cannot lock files, which SQLite mistakes for a lock
    /// held by another process.
    pub(super) fn is_caused_by_missing_locks(&self, path: &Path) -> bool {
        cause(self, path) == Some(Cause::NoLocks)
    }
}

fn cause(problem: &Problem, path: &Path) -> Option<Cause> {
    let folder = folder_of(path);
    match problem {
        Problem::Locked(_) => platform::cannot_lock(folder).then_some(Cause::NoLocks),
        Problem::ReadOnly => not_allowed(path, folder, true).or_else(|| full(path, folder)),
        Problem::CannotOpen(_) => not_allowed(path, folder, false).or_else(|| full(path, folder)),
        Problem::Io(error) => by_kind(error),
        Problem::Sqlite(error) => match error.sqlite_error_code()? {
            ErrorCode::DiskFull => full(path, folder),
            ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure => {
                let shared_memory = || needs_shared_memory(error).then_some(Cause::NoSharedMemory);
                full(path, folder).or_else(shared_memory)
            }
            _ => None,
        },
        _ => None,
    }
}

/// What keeps a file as long as the database's longest one from growing.
fn full(path: &Path, folder: &Path) -> Option<Cause> {
    let lengths = ["", "-wal"].map(|suffix| beside(path, suffix).metadata());
    let lengths = lengths.into_iter().flatten().map(|metadata| metadata.len());
    by_kind(&grow(folder, lengths.max().unwrap_or(0), ROOM).err()?)
}

/// Creates an unnamed file of this length in a folder, and appends this many bytes to it.
fn grow(folder: &Path, length: u64, bytes: usize) -> io::Result<()> {
    let mut file = tempfile::tempfile_in(folder)?;
    file.set_len(length)?;
    file.seek(SeekFrom::End(0))?;
    file.write_all(&vec![0; bytes])
}

/// Fails if the disk has no room for the files that SQLite creates next to a database. SQLite would fail, too, but
/// leave those files behind, and they would keep the owner of the database from writing.
pub fn require_room(path: &Path) -> Result<(), Problem> {
    match grow(folder_of(path), 0, INDEX) {
        Err(error) if by_kind(&error) == Some(Cause::DiskFull) => Err(error.into()),
        Err(error) if by_kind(&error) == Some(Cause::Quota) => Err(error.into()),
        _ => Ok(()),
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

fn by_kind(error: &io::Error) -> Option<Cause> {
    match error.kind() {
        ErrorKind::StorageFull => Some(Cause::DiskFull),
        ErrorKind::QuotaExceeded => Some(Cause::Quota),
        ErrorKind::FileTooLarge => Some(Cause::FileSize),
        ErrorKind::ReadOnlyFilesystem => Some(Cause::ReadOnlyMount),
        _ if platform::is_too_many_files(error) => Some(Cause::Descriptors),
        _ => None,
    }
}

/// The first of the database's files that the user may not read, or not write to.
fn not_allowed(path: &Path, folder: &Path, to_write: bool) -> Option<Cause> {
    let files = ["", "-wal", "-shm", "-journal"].map(|suffix| beside(path, suffix));
    let mut uses: Vec<_> = files.iter().map(|file| (&**file, Access::Read)).collect();
    if to_write {
        uses.extend(files.iter().map(|file| (&**file, Access::Write)));
        uses.push((folder, Access::Write));
    }
    let (path, access) = uses
        .into_iter()
        .find(|(path, access)| path.exists() && !platform::may(*access, path))?;
    Some(Cause::NotAllowed {
        access,
        path: path.display().to_string(),
        owner: platform::owner(path)?,
    })
}

/// Whether SQLite failed to share memory with other processes. A full disk, which may be the reason, is ruled out.
fn needs_shared_memory(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_extended_error_code(),
        Some(ffi::SQLITE_IOERR_SHMOPEN | ffi::SQLITE_IOERR_SHMMAP | ffi::SQLITE_IOERR_SHMLOCK)
    )
}

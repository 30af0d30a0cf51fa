//! What the system lets this user do with a file.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::Path;

/// A use of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading it.
    Read,
    /// Writing to it, or creating files in it.
    Write,
}

impl Display for Access {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Read => "read",
            Access::Write => "write to",
        })
    }
}

/// Whether the permissions of a file or folder allow this user something. It does not open the file: closing it would
/// drop the locks that this process has on it. On Windows, everything counts as allowed.
pub fn may(access: Access, path: &Path) -> bool {
    #[cfg(unix)]
    {
        let wanted = match access {
            Access::Read => rustix::fs::Access::READ_OK,
            Access::Write => rustix::fs::Access::WRITE_OK,
        };
        rustix::fs::access(path, wanted) != Err(rustix::io::Errno::ACCESS)
    }
    #[cfg(windows)]
    {
        let _ = (access, path);
        true
    }
}

/// The name of the user that a file belongs to, or the number if it has no name; `None` if the system does not tell.
pub fn owner(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;

        let user = path.metadata().ok()?.uid();
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let named = users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_string())
        });
        Some(named.unwrap_or_else(|| format!("user {user}")))
    }
    #[cfg(windows)]
    {
        let _ = path;
        None
    }
}

/// Whether files in a folder cannot be locked as SQLite locks them, because their file system does not support it.
pub fn cannot_lock(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use rustix::fs::FlockOperation;
        use rustix::io::Errno;

        let Ok(file) = tempfile::tempfile_in(folder) else {
            return false;
        };
        let locked = rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive);
        matches!(locked, Err(Errno::NOLCK | Errno::NOSYS | Errno::OPNOTSUPP))
    }
    #[cfg(windows)]
    {
        let _ = folder;
        false
    }
}

/// Whether an error says that this process has as many files open as it may.
pub fn is_too_many_files(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error());
    #[cfg(windows)]
    return {
        let _ = error;
        false
    };
}

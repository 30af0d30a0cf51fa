//! What differs between Linux, macOS and Windows.

mod interrupt;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf, Prefix};

pub use interrupt::Interrupt;

/// The longest path that SQLite opens, in bytes, with links followed: its `MAX_PATHNAME` (512 on Unix,
/// `SQLITE_WINNT_MAX_PATH_BYTES` on Windows) less the 8 bytes of `-journal`.
#[cfg(unix)]
pub const LONGEST_PATH: usize = 504;
/// The longest path that SQLite opens, in bytes, with links followed: its `MAX_PATHNAME` (512 on Unix,
/// `SQLITE_WINNT_MAX_PATH_BYTES` on Windows) less the 8 bytes of `-journal`.
#[cfg(windows)]
pub const LONGEST_PATH: usize = 4 * 32767 - 8;

/// What to look at when a file cannot be opened.
#[cfg(unix)]
pub const CHECK_TO_OPEN: &str =
    "check the permissions of the file and its folder, and the open-file limit, `ulimit -n`";
/// What to look at when a file cannot be opened.
#[cfg(windows)]
pub const CHECK_TO_OPEN: &str =
    "check the permissions of the file and its folder, and whether another program has it open";

/// The path with the separators that the system itself shows. On Windows, people may also give `/`.
pub fn native(path: PathBuf) -> PathBuf {
    match cfg!(windows) {
        true => path.components().collect(),
        false => path,
    }
}

/// The path as SQLite can open it, however long it is.
///
/// Windows takes a path of 260 characters or more only in its extended form, `\\?\C:\data`
/// (<https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation>). The standard library does that by
/// itself, SQLite does not. Paths on network shares stay as they are.
pub fn openable(path: PathBuf) -> PathBuf {
    /// What Windows takes, less the longest of what SQLite adds to a name: `-journal`.
    const LONGEST: usize = 259 - 8;

    match std::path::absolute(&path) {
        Ok(full) if full.as_os_str().len() > LONGEST && is_on_a_drive(&full) => {
            let mut extended = OsString::from(r"\\?\");
            extended.push(full);
            extended.into()
        }
        _ => path,
    }
}

/// Whether a path starts with the letter of a drive, as it does on Windows only.
fn is_on_a_drive(path: &Path) -> bool {
    let first = path.components().next();
    matches!(first, Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::Disk(_)))
}

/// Removes a file that this process has open, so that its name is free at once. Windows may keep the name until the file
/// is closed, and so the file gets another one before.
///
/// # Errors
///
/// If there is no such file, or if it may not be removed.
pub fn remove_open(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        return fs::remove_file(path);
    }
    let removed = path.with_extension(format!("removed-{}", std::process::id()));
    fs::rename(path, &removed)?;
    fs::remove_file(&removed)
}

/// Which file it is that a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The device and the number of the file there. Two paths with the same pair are one file.
    pub file: (u64, u64),
    /// How many names (hard links) the file has.
    pub names: u64,
}

/// Finds out which file a path leads to; links are followed. Nothing is opened on Unix: closing a file there drops the
/// locks that the process has on it.
///
/// # Errors
///
/// If there is no such file, or if the system does not tell.
#[cfg(unix)]
pub fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;

    let metadata = path.metadata()?;
    Ok(Identity {
        file: (metadata.dev(), metadata.ino()),
        names: metadata.nlink(),
    })
}

/// Finds out which file a path leads to; links are followed.
///
/// # Errors
///
/// If there is no such file, or if the system does not tell.
#[cfg(windows)]
pub fn identity(path: &Path) -> io::Result<Identity> {
    let handle = winapi_util::Handle::from_path_any(path)?;
    let information = winapi_util::file::information(&handle)?;
    Ok(Identity {
        file: (information.volume_serial_number(), information.file_index()),
        names: information.number_of_links(),
    })
}

/// Opens a file to call [`File::sync_all`] on it later. Windows syncs only what is open for writing; a file that may only
/// be read is opened there as well, but cannot be synced.
///
/// # Errors
///
/// If the file does not exist or cannot be opened.
pub fn open_to_sync(path: &Path) -> io::Result<File> {
    match File::options().read(true).write(cfg!(windows)).open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => File::open(path),
        opened => opened,
    }
}

/// Returns once the names of the files in a folder are on disk. Windows neither can sync a folder nor needs it: NTFS
/// logs the change of a name before it returns.
///
/// # Errors
///
/// If the folder cannot be opened, or a disk fails.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(path)?.sync_all(),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_open_file_is_free_once_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.csv.partial");
        let open = File::create(&path).unwrap();
        open.lock().unwrap();
        remove_open(&path).unwrap();
        assert_eq!(path.try_exists().ok(), Some(false));
        File::create_new(&path).unwrap();
        drop(open);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn two_names_of_one_file_have_one_identity() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        fs::write(&one, "").unwrap();
        assert_eq!(identity(&one).unwrap().names, 1);
        fs::hard_link(&one, &other).unwrap();
        assert_eq!(identity(&one).unwrap().names, 2);
        assert_eq!(identity(&one).unwrap(), identity(&other).unwrap());
        fs::remove_file(&other).unwrap();
        fs::write(&other, "").unwrap();
        assert_ne!(identity(&one).unwrap().file, identity(&other).unwrap().file);
    }

    #[cfg(windows)]
    #[test]
    fn windows_shows_backslashes() {
        assert_eq!(native("a/b c/".into()).to_str(), Some(r"a\b c"));
        assert_eq!(native(r"C:/a\b".into()).to_str(), Some(r"C:\a\b"));
        assert_eq!(native(".".into()).to_str(), Some("."));
    }

    #[cfg(windows)]
    #[test]
    fn only_a_long_path_on_a_drive_is_extended() {
        let short = PathBuf::from(r".\data\users.db");
        assert_eq!(openable(short.clone()), short);
        let long = "long".repeat(60);
        let drive = PathBuf::from(format!(r"C:\.\{long}/data/users.db"));
        let extended = PathBuf::from(format!(r"\\?\C:\{long}\data\users.db"));
        assert_eq!(openable(drive), extended);
        assert_eq!(openable(extended.clone()), extended);
        let share = PathBuf::from(format!(r"\\server\share\{long}\users.db"));
        assert_eq!(openable(share.clone()), share);
    }
}

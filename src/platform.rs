//! What differs between Linux, macOS and Windows.

mod access;
mod interrupt;
mod memory;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf, Prefix};

use tempfile::NamedTempFile;

pub use access::{Access, cannot_lock, is_too_many_files, may, owner};
pub use interrupt::Interrupt;
pub use memory::fit_address_space;

/// The longest path that SQLite opens, in bytes, with links followed: its `MAX_PATHNAME` (512 on Unix,
/// `SQLITE_WINNT_MAX_PATH_BYTES` on Windows) less the 8 bytes of `-journal`.
pub const MAX_PATH_LENGTH: usize = if cfg!(windows) { 4 * 32767 } else { 512 } - 8;

/// What to check when a file cannot be opened, beside its permissions.
pub const CHECK_TO_OPEN: &str = if cfg!(windows) {
    "whether another program has it open"
} else {
    "the open-file limit, `ulimit -n`"
};

/// The path with the separators that the system itself shows. On Windows, people may also give `/`.
pub fn native(path: PathBuf) -> PathBuf {
    if cfg!(windows) {
        path.components().collect()
    } else {
        path
    }
}

/// The first character of a path that this system allows in no name.
pub fn refused_character(path: &Path) -> Option<char> {
    if cfg!(windows) {
        refused_by_windows(path)
    } else {
        None
    }
}

/// <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>
fn refused_by_windows(path: &Path) -> Option<char> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    let is_refused = |character: &char| character.is_control() || "<>:\"|?*".contains(*character);
    names.flat_map(|name| name.chars().find(is_refused)).next()
}

/// The path as SQLite can open it, however long it is. Windows takes 260 characters or more only in the extended form,
/// `\\?\C:\data`
/// (<https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation>). The standard library does that by
/// itself, SQLite does not. Paths on network shares stay as they are.
pub fn openable(path: PathBuf) -> PathBuf {
    /// What Windows takes, less the longest of what SQLite adds to a name: `-journal`.
    const MAX_LENGTH: usize = 259 - 8;

    let full = std::path::absolute(&path).unwrap_or_default();
    let is_on_a_drive = matches!(
        full.components().next(),
        Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::Disk(_))
    );
    if is_on_a_drive && full.as_os_str().len() > MAX_LENGTH {
        OsString::from_iter([r"\\?\".as_ref(), full.as_os_str()]).into()
    } else {
        path
    }
}

/// Creates a file with a name of its own in a folder, between this beginning and this end, with the permissions that any
/// new file gets. It is removed when it is dropped.
pub fn temporary_file(folder: &Path, start: &str, end: &str) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(start).suffix(end).tempfile_in(folder)
}

/// Which file it is that a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The device and the number of the file there. Two paths with the same pair are one file.
    pub file: (u64, u64),
    /// How many names (hard links) the file has.
    pub names: u64,
}

/// Finds out which file a path leads to, links followed; an error if there is none. Nothing is opened on Unix: closing
/// a file there drops the locks that the process has on it.
pub fn identity(path: &Path) -> io::Result<Identity> {
    #[cfg(unix)]
    return Ok(Identity::from(path.metadata()?));
    #[cfg(windows)]
    return Identity::of(&winapi_util::Handle::from_path_any(path)?);
}

/// The same for what standard input comes from.
pub fn identity_of_stdin() -> io::Result<Identity> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;

        let stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        Ok(Identity::from(stdin.metadata()?))
    }
    #[cfg(windows)]
    return Identity::of(&winapi_util::HandleRef::stdin());
}

#[cfg(unix)]
impl From<std::fs::Metadata> for Identity {
    fn from(metadata: std::fs::Metadata) -> Identity {
        use std::os::unix::fs::MetadataExt;

        Identity {
            file: (metadata.dev(), metadata.ino()),
            names: metadata.nlink(),
        }
    }
}

#[cfg(windows)]
impl Identity {
    fn of(handle: &impl winapi_util::AsHandleRef) -> io::Result<Identity> {
        let information = winapi_util::file::information(handle)?;
        Ok(Identity {
            file: (information.volume_serial_number(), information.file_index()),
            names: information.number_of_links(),
        })
    }
}

/// The paths that something is mounted on, with links followed. Only Linux mounts single files.
pub fn mount_points() -> Vec<PathBuf> {
    #[cfg(target_os = "linux")]
    return mount_points_in(&std::fs::read("/proc/self/mountinfo").unwrap_or_default());
    #[cfg(not(target_os = "linux"))]
    Vec::new()
}

/// The mount points in the words of the kernel (<https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html>).
#[cfg(target_os = "linux")]
fn mount_points_in(mounts: &[u8]) -> Vec<PathBuf> {
    use std::os::unix::ffi::OsStringExt;

    let lines = mounts.split(|byte| *byte == b'\n');
    let points = lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    let unescaped = points.map(|point| {
        // White space and backslashes are a backslash and three octal digits.
        let mut bytes = Vec::new();
        let mut rest = point;
        while let [byte, after @ ..] = rest {
            let digits = after.first_chunk::<3>().filter(|_| *byte == b'\\');
            let octal =
                digits.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 8).ok());
            bytes.push(octal.unwrap_or(*byte));
            rest = octal.and_then(|_| after.get(3..)).unwrap_or(after);
        }
        OsString::from_vec(bytes).into()
    });
    unescaped.collect()
}

/// From now on, writing past the file size limit (`ulimit -f`) fails with an error instead of ending the process with
/// `SIGXFSZ`. Fails if the signal handler cannot be installed.
pub fn ignore_file_size_signal() -> io::Result<()> {
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default())?;
    Ok(())
}

/// Opens a file to call [`File::sync_all`] on it later. Windows syncs only what is open for writing; a file that may
/// only be read is opened there as well, but cannot be synced.
pub fn open_to_sync(path: &Path) -> io::Result<File> {
    match File::options().read(true).write(cfg!(windows)).open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => File::open(path),
        opened => opened,
    }
}

/// Returns once the names of the files in a folder are on disk; an error if the folder cannot be opened, or a disk
/// fails. Windows neither can sync a folder nor needs it: NTFS logs the change of a name before it returns.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

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

    #[cfg(target_os = "linux")]
    #[test]
    fn mount_points_with_white_space_are_unescaped() {
        let mounts = b"22 1 0:21 / /proc rw - proc proc rw\n\
            23 1 0:22 /a /my\\040data/a\\134040b\\011.db rw shared:1 - ext4 /dev/sda rw\n";
        let points = mount_points_in(mounts);
        assert_eq!(
            points,
            ["/proc", "/my data/a\\040b\t.db"].map(PathBuf::from)
        );
    }

    #[test]
    fn a_name_that_windows_refuses_is_recognized() {
        let refused = |path: &str| refused_by_windows(Path::new(path));
        assert_eq!(refused("data/x?y"), Some('?'));
        assert_eq!(refused("a\tb"), Some('\t'));
        assert_eq!(refused("data/ä b-c.d/e"), None);
        assert_eq!(refused_character(Path::new("x?y")).is_some(), cfg!(windows));
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

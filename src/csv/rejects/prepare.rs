//! What must hold before rows are loaded so that their rejects can be written afterwards.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use super::{Failure, lock_leftover, partial, remove};
use crate::platform;
use crate::schema::TABLES;

/// Creates the folder for rejects if need be, and looks for everything that could keep them from being written there.
///
/// `reads` are the files that the run reads: they are never replaced, not even through links in the folder.
///
/// # Errors
///
/// All failures, each with its path. The folder is not created if there are any.
pub fn prepare(
    folder: &Path,
    overwrite: bool,
    reads: &[PathBuf],
) -> Result<(), Vec<(PathBuf, Failure)>> {
    let reads: Vec<_> = reads.iter().flat_map(|path| file(path)).collect();
    let mut failures = Vec::new();
    for table in TABLES {
        let path = folder.join(table.csv());
        if let Err(failure) = look_at(&path, overwrite, &reads) {
            failures.push((path, failure));
        }
    }
    if failures.is_empty() {
        let created = fs::create_dir_all(folder).map_err(Failure::NoFolder);
        let writable = created.and_then(|()| probe(folder).map_err(Failure::NotWritable));
        let failure = writable.err();
        failures.extend(failure.map(|failure| (folder.to_path_buf(), failure)));
    }
    match failures.is_empty() {
        true => Ok(()),
        false => Err(failures),
    }
}

/// Which file a path leads to, by a link of any kind.
fn file(path: &Path) -> Option<(u64, u64)> {
    Some(platform::identity(path).ok()?.file)
}

/// Looks at the name of a reject file, and at that under which it is written.
fn look_at(path: &Path, overwrite: bool, reads: &[(u64, u64)]) -> Result<(), Failure> {
    let partial = partial(path);
    let is_read = |path| file(path).is_some_and(|file| reads.contains(&file));
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // The folder is a file, which is said when it is created.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(()),
        Err(error) => return Err(Failure::NotWritable(error)),
        Ok(_) if is_read(path) => return Err(Failure::Read),
        Ok(_) if !overwrite => return Err(Failure::Exists),
        Ok(found) if !found.is_file() && !found.is_symlink() => return Err(Failure::NoFile),
        Ok(_) => {}
    }
    if is_read(&partial) {
        return Err(Failure::Read);
    }
    match lock_leftover(&partial) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(Failure::Busy),
        Err(error) => Err(Failure::NotWritable(error)),
    }
}

/// Creates a file in the folder and removes it again: whether that works must be known before the load.
fn probe(folder: &Path) -> io::Result<()> {
    let path = partial(&folder.join(format!("probe-{}", process::id())));
    remove(&path)?;
    File::create_new(&path)?;
    remove(&path)
}

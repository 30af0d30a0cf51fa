//! What must hold before rows are loaded so that their rejects can be written afterwards.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Failure, partial};
use crate::platform;
use crate::schema::TABLES;

/// Looks for files that are in the way of rejects, and creates the folder for them if need be.
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
    if failures.is_empty()
        && let Err(error) = fs::create_dir_all(folder)
    {
        failures.push((folder.to_path_buf(), Failure::NoFolder(error)));
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
    match is_read(&partial) {
        true => Err(Failure::Read),
        false => Ok(()),
    }
}

//! What must hold before rows are loaded so that their rejects can be written afterwards.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use super::{lock_leftover, partial, remove};
use crate::platform;
use crate::schema::TABLES;

/// Why rejects cannot be written. Reads as a sentence after the name of the file or folder.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A reject file is there.
    #[error(
        "already exists: move it away, replace it with --overwrite, or choose another folder with --rejects"
    )]
    Exists,
    /// Something else is there under its name.
    #[error("is not a regular file: move it away, or choose another folder with --rejects")]
    NoFile,
    /// The rows come from it.
    #[error("is being read by this run: choose another folder with --rejects")]
    Read,
    /// Another run writes it.
    #[error("is being written by another run: choose another folder with --rejects")]
    Busy,
    /// The folder does not exist and cannot be created.
    #[error("could not be created: {0}")]
    NoFolder(io::Error),
    /// Files in the folder cannot be looked at or created.
    #[error("cannot be written: {0}")]
    NotWritable(io::Error),
}

/// Creates the folder for rejects if need be, and looks for everything that could keep them from being written there.
///
/// `reads` are the files that the run reads: they are never replaced, not even through links in the folder.
///
/// # Errors
///
/// All refusals, each with its path. The folder is not created if there are any.
pub fn prepare(
    folder: &Path,
    overwrite: bool,
    reads: &[PathBuf],
) -> Result<(), Vec<(PathBuf, Refusal)>> {
    let reads: Vec<_> = reads.iter().flat_map(|path| file(path)).collect();
    let mut refusals = Vec::new();
    for table in TABLES {
        let path = folder.join(table.csv());
        if let Err(refusal) = look_at(&path, overwrite, &reads) {
            refusals.push((path, refusal));
        }
    }
    if refusals.is_empty() {
        let created = fs::create_dir_all(folder).map_err(Refusal::NoFolder);
        let writable = created.and_then(|()| probe(folder).map_err(Refusal::NotWritable));
        refusals.extend(
            writable
                .err()
                .map(|refusal| (folder.to_path_buf(), refusal)),
        );
    }
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(refusals),
    }
}

/// Which file a path leads to, by a link of any kind.
fn file(path: &Path) -> Option<(u64, u64)> {
    Some(platform::identity(path).ok()?.file)
}

/// Looks at the name of a reject file, and at that under which it is written.
fn look_at(path: &Path, overwrite: bool, reads: &[(u64, u64)]) -> Result<(), Refusal> {
    let partial = partial(path);
    let is_read = |path| file(path).is_some_and(|file| reads.contains(&file));
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // The folder is a file, which is said when it is created.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(()),
        Err(error) => return Err(Refusal::NotWritable(error)),
        Ok(_) if is_read(path) => return Err(Refusal::Read),
        Ok(_) if !overwrite => return Err(Refusal::Exists),
        Ok(found) if !found.is_file() && !found.is_symlink() => return Err(Refusal::NoFile),
        Ok(_) => {}
    }
    if is_read(&partial) {
        return Err(Refusal::Read);
    }
    match lock_leftover(&partial) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(Refusal::Busy),
        Err(error) => Err(Refusal::NotWritable(error)),
    }
}

/// Creates a file in the folder and removes it again: whether that works must be known before the load.
fn probe(folder: &Path) -> io::Result<()> {
    let path = partial(&folder.join(format!("probe-{}", process::id())));
    remove(&path)?;
    File::create_new(&path)?;
    remove(&path)
}

//! What is in the way of rejects.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::platform;
use crate::schema::Table;

/// Looks for files that are in the way of the rejects of these tables. Returns why each of them is, with its path.
///
/// `reads` are the files that the run reads: they are never replaced, not even through links in the folder.
pub fn in_the_way(
    folder: &Path,
    tables: &[&Table],
    overwrite: bool,
    reads: &[(u64, u64)],
) -> Vec<(PathBuf, Failure)> {
    let paths = tables.iter().map(|table| folder.join(table.csv()));
    let failures = paths.filter_map(|path| {
        let failure = look_at(&path, overwrite, reads).err()?;
        Some((path, failure))
    });
    failures.collect()
}

/// The same, and creates the folder for the rejects if need be.
///
/// # Errors
///
/// All failures, each with its path. The folder is not created if there are any.
pub fn prepare(
    folder: &Path,
    tables: &[&Table],
    overwrite: bool,
    reads: &[(u64, u64)],
) -> Result<(), Vec<(PathBuf, Failure)>> {
    let mut failures = in_the_way(folder, tables, overwrite, reads);
    if failures.is_empty()
        && let Err(error) = fs::create_dir_all(folder)
    {
        failures.push((folder.to_path_buf(), Failure::NoFolder(error)));
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures)
    }
}

/// Looks at the name of a reject file.
fn look_at(path: &Path, overwrite: bool, reads: &[(u64, u64)]) -> Result<(), Failure> {
    if platform::identity(path).is_ok_and(|found| reads.contains(&found.file)) {
        return Err(Failure::Read);
    }
    match path.symlink_metadata() {
        // If the folder is a file, creating the folder reports that.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(())
        }
        Err(error) => Err(Failure::NotWritable(error)),
        Ok(_) if !overwrite => Err(Failure::Exists),
        Ok(found) if !found.is_file() && !found.is_symlink() => Err(Failure::NoFile),
        Ok(_) => Ok(()),
    }
}

//! What is in the way of rejects.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::platform;
use crate::schema::Table;

/// Looks for files that are in the way of the rejects of these tables, and creates the folder for them if need be.
///
/// `reads` are the files that the run reads: they are never replaced, not even through links in the folder.
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
    let mut failures = Vec::new();
    for table in tables {
        let path = folder.join(table.csv());
        if let Err(failure) = look_at(&path, overwrite, reads) {
            failures.push((path, failure));
        }
    }
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
        // That the folder is a file is said when it is created.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(())
        }
        Err(error) => Err(Failure::NotWritable(error)),
        Ok(_) if !overwrite => Err(Failure::Exists),
        Ok(found) if !found.is_file() && !found.is_symlink() => Err(Failure::NoFile),
        Ok(_) => Ok(()),
    }
}

//! `tradexa init`

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::{Messages, at, each_table, print};
use crate::database::{self, LockTimeout};
use crate::platform::sync_folder;
use crate::schema::TABLES;
use crate::terminal::show;

/// Creates the databases that are not there yet. All three are looked at before any is changed.
///
/// # Errors
///
/// If a file is something else than it should be, or cannot be created, or if what was done could not be printed.
pub fn init(
    folder: &Path,
    lock_timeout: &LockTimeout,
    messages: &mut Messages,
) -> Result<ExitCode> {
    let states = each_table(folder, messages, |table| {
        database::is_initialized(table, folder, lock_timeout)
    })?;
    create_folder(folder).with_context(|| format!("{} could not be created", show(folder)))?;
    let mut done = String::new();
    for (table, is_initialized) in TABLES.iter().zip(states) {
        let created = if is_initialized {
            Ok(false)
        } else {
            database::create(table, folder, lock_timeout)
        };
        let already = match created {
            Ok(true) => "",
            Ok(false) => "already ",
            Err(problem) => {
                messages.error(at(table, folder, &problem));
                break;
            }
        };
        done += &format!("{} database {already}initialized.\n", table.name);
    }
    if let Err(error) = print(|out| out.write_all(done.as_bytes())) {
        messages.error(error);
    }
    Ok(messages.status())
}

/// Creates a folder and those above it, so that a power cut does not take them again.
fn create_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<_> = folder
        .ancestors()
        .take_while(|folder| !folder.exists())
        .collect();
    fs::create_dir_all(folder)?;
    for folder in missing {
        let parent = folder
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        sync_folder(parent.unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

//! `tradexa init`

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context, Result};

use super::{at, each_table, print};
use crate::cli::LOCK_TIMEOUT;
use crate::database::{self, State};
use crate::escape::show;
use crate::schema::TABLES;

/// Creates the databases that are not there yet. All three are looked at before any is changed.
///
/// # Errors
///
/// If a file is something else than it should be, or cannot be created.
pub fn init(folder: &Path) -> Result<()> {
    let states = each_table(folder, |table| {
        database::inspect(table, folder, LOCK_TIMEOUT)
    })?;
    create_folder(folder).with_context(|| format!("{} could not be created", show(folder)))?;
    let mut done = String::new();
    let mut failure = Ok(());
    for (table, state) in TABLES.iter().zip(states) {
        let already = match state {
            State::Ready => "already ",
            State::Uninitialized => "",
        };
        if state == State::Uninitialized
            && let Err(problem) = database::create(table, folder, LOCK_TIMEOUT)
        {
            failure = Err(at(table, folder, &problem));
            break;
        }
        done += &format!("{} database {already}initialized.\n", table.name);
    }
    print(&done).and(failure)
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
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

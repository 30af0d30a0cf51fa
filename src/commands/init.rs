//! `tradexa init`

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::{Databases, Messages, print};
use crate::cli::Cli;
use crate::database;
use crate::platform::sync_folder;
use crate::terminal::show;

/// Creates the databases that are not there yet. All are looked at before any is changed.
///
/// # Errors
///
/// If a file is something else than it should be, or cannot be created, or if what was done could not be printed.
pub fn init(cli: &Cli, messages: &mut Messages) -> Result<ExitCode> {
    let databases = Databases::open(cli, messages)?;
    let (folder, lock_timeout) = (&databases.folder, &databases.lock_timeout);
    if databases.in_one_file {
        return init_one_file(&databases, messages);
    }
    let states = databases.each(messages, |table| {
        database::is_initialized(table, folder, lock_timeout)
    })?;
    create_folder(folder).with_context(|| format!("{} could not be created", show(folder)))?;
    let mut done = String::new();
    for (table, is_initialized) in databases.tables.iter().zip(states) {
        let created = if is_initialized {
            Ok(false)
        } else {
            database::create(table, folder, lock_timeout)
        };
        let already = match created {
            Ok(true) => "",
            Ok(false) => "already ",
            Err(problem) => {
                messages.error(databases.at(table, &problem));
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

/// Creates what is missing in the one file that all tables are in.
fn init_one_file(databases: &Databases, messages: &mut Messages) -> Result<ExitCode> {
    let Databases {
        folder,
        tables,
        statements,
        lock_timeout,
        ..
    } = databases;
    databases.check_files()?;
    create_folder(folder).with_context(|| format!("{} could not be created", show(folder)))?;
    let created = database::create_all(tables, folder, statements, lock_timeout);
    let created = created.map_err(|problem| databases.at(tables[0], &problem))?;
    if let Some(mode) = &created.previous_journal_mode {
        messages.note(databases.now_in_wal_mode(tables[0], mode));
    }
    let done = tables.iter().zip(created.tables).map(|(table, created)| {
        let already = if created { "" } else { "already " };
        format!("{} table {already}initialized.\n", table.name)
    });
    let done: String = done.collect();
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

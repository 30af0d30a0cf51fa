//! The commands, each from its options to its exit status: an error is status 1 and says why.

mod check;
mod init;
mod insert;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::cli::{Cli, Command};
use crate::database::Problem;
use crate::escape::{escape, show};
use crate::schema::{TABLES, Table};

/// Carries out a command, and says on stderr what could not be done.
pub fn run(cli: &Cli) -> ExitCode {
    let done = match &cli.command {
        Command::Init => init::init(&cli.dir),
        Command::Insert(options) => insert::insert(&cli.dir, options),
        Command::Check(options) => check::check(&cli.dir, options),
    };
    let Err(error) = done else {
        return ExitCode::SUCCESS;
    };
    for line in format!("{error:#}").lines() {
        // If nobody can be told, the exit status still tells.
        let _ = writeln!(io::stderr(), "tradexa: {}", escape(line));
    }
    ExitCode::FAILURE
}

/// Does something with the database of each table, and reports the problems of all of them.
fn each_table<T>(
    folder: &Path,
    mut each: impl FnMut(&'static Table) -> Result<T, Problem>,
) -> Result<Vec<T>> {
    if folder.exists() && !folder.is_dir() {
        bail!(
            "{} is not a folder: choose another one with --dir",
            show(folder)
        );
    }
    let each = |table: &&'static Table| each(table).map_err(|problem| at(table, folder, &problem));
    all(TABLES.iter().map(each))
}

/// All results, or all errors, a line each.
fn all<T>(results: impl Iterator<Item = Result<T>>) -> Result<Vec<T>> {
    let mut done = Vec::new();
    let mut errors = Vec::new();
    for result in results {
        match result {
            Ok(value) => done.push(value),
            Err(error) => errors.push(format!("{error:#}")),
        }
    }
    fail_with(&errors)?;
    Ok(done)
}

/// Fails if there are errors, with all of them.
fn fail_with(errors: &[String]) -> Result<()> {
    match errors.is_empty() {
        true => Ok(()),
        false => bail!(errors.join("\n")),
    }
}

/// What is wrong with the database of a table, as a sentence.
fn at(table: &Table, folder: &Path, problem: &Problem) -> anyhow::Error {
    let path = folder.join(table.database());
    anyhow::anyhow!("{} {problem}", show(&path))
}

/// Writes to stdout. That nobody reads any further (`| head`) is no error.
fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("the report could not be written to standard output")
        }
        _ => Ok(()),
    }
}

//! The commands, each from its options to its exit status.

mod check;
mod init;
mod insert;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow, bail};

use crate::cli::{Cli, Command, Format, Output};
use crate::database::{self, Patience, Problem};
use crate::platform;
use crate::report::Listing;
use crate::schema::{TABLES, Table};
use crate::terminal::{escape, show};

/// Carries out a command, and says on stderr what could not be done.
pub fn run(cli: &Cli) -> ExitCode {
    // If this fails, such a limit ends the process, as it does by default.
    let _ = platform::let_writing_fail();
    let done = match &cli.command {
        Command::Init => init::init(&cli.dir),
        Command::Insert(options) => insert::insert(&cli.dir, options),
        Command::Check {
            unique_email,
            output,
        } => check::check(&cli.dir, *unique_email, output),
    };
    done.unwrap_or_else(|error| {
        complain(&[error]);
        ExitCode::FAILURE
    })
}

/// Says something on stderr, a line each.
fn complain(sentences: &[impl Display]) {
    for sentence in sentences {
        let sentence = format!("{sentence:#}");
        // If nobody can be told, the exit status still tells.
        let _ = writeln!(io::stderr(), "tradexa: {}", escape(&sentence));
    }
}

/// Does something with the database of each table, and gathers the problems of all of them.
fn each_table<T>(
    folder: &Path,
    mut each: impl FnMut(&'static Table) -> Result<T, Problem>,
) -> Result<Vec<T>> {
    if folder.exists() && !folder.is_dir() {
        let folder = show(folder);
        bail!("{folder} is not a folder: choose another one with --dir");
    }
    database::refuse_shared_files(folder).map_err(Error::msg)?;
    all_databases(folder, TABLES.iter().map(|table| each(table)))
}

/// The results for the databases of all tables, or all their problems.
fn all_databases<T>(
    folder: &Path,
    results: impl IntoIterator<Item = Result<T, Problem>>,
) -> Result<Vec<T>> {
    let results = TABLES.iter().zip(results);
    all(results.map(|(table, result)| result.map_err(|problem| at(table, folder, &problem))))
}

/// All results, or the last error once all others have been told.
fn all<T>(results: impl Iterator<Item = Result<T>>) -> Result<Vec<T>> {
    let mut errors = Vec::new();
    let done = results.filter_map(|result| result.map_err(|error| errors.push(error)).ok());
    let done = done.collect();
    match errors.pop() {
        None => Ok(done),
        Some(last) => {
            complain(&errors);
            Err(last)
        }
    }
}

/// The exit status of a command that could not do these things, which are told.
fn status(errors: &[Error]) -> ExitCode {
    complain(errors);
    match errors.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// What is wrong with the database of a table, as a sentence.
fn at(table: &Table, folder: &Path, problem: &Problem) -> Error {
    let path = folder.join(table.database());
    anyhow!("{} {}", show(&path), problem.explain(&path))
}

/// Writes to stdout. If nobody reads any further (`| head`), that is not an error.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    let written = write(&mut stdout).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("the report could not be written to standard output")
        }
        _ => Ok(()),
    }
}

/// How much a report lists.
fn listing(output: &Output) -> Listing {
    match output.format {
        Format::Table => Listing::readable(output.limit),
        Format::Json => Listing::complete(output.limit),
    }
}

/// How long `init` and `check` wait for a database that another process has locked.
fn patience() -> Patience {
    Patience {
        limit: Duration::from_secs(5),
        ..Patience::default()
    }
}

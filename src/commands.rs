//! The commands, each from its options to its exit status.

mod check;
mod init;
mod insert;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Error, Result, anyhow};

use crate::cli::{Cli, Command, Format, Output};
use crate::database::{self, Problem};
use crate::report::MOST_CHARACTERS;
use crate::schema::{TABLES, Table};
use crate::terminal::{escape, show};

/// Everything that could not be done.
struct Failures(Vec<Error>);

impl From<Error> for Failures {
    fn from(error: Error) -> Failures {
        Failures(vec![error])
    }
}

/// Carries out a command, and says on stderr what could not be done.
pub fn run(cli: &Cli) -> ExitCode {
    let done = match &cli.command {
        Command::Init => init::init(&cli.dir),
        Command::Insert(options) => insert::insert(&cli.dir, options),
        Command::Check(options) => check::check(&cli.dir, options),
    };
    done.unwrap_or_else(|Failures(errors)| {
        complain(&errors);
        ExitCode::FAILURE
    })
}

/// Says what could not be done, a line each.
fn complain(errors: &[Error]) {
    for error in errors {
        // If nobody can be told, the exit status still tells.
        let _ = writeln!(io::stderr(), "tradexa: {}", escape(&format!("{error:#}")));
    }
}

/// Does something with the database of each table, and gathers the problems of all of them.
fn each_table<T>(
    folder: &Path,
    mut each: impl FnMut(&'static Table) -> Result<T, Problem>,
) -> Result<Vec<T>, Failures> {
    if folder.exists() && !folder.is_dir() {
        let folder = show(folder);
        return Err(anyhow!("{folder} is not a folder: choose another one with --dir").into());
    }
    database::refuse_shared_files(folder).map_err(Error::msg)?;
    let each = |table: &&'static Table| each(table).map_err(|problem| at(table, folder, &problem));
    all(TABLES.iter().map(each))
}

/// All results, or all errors.
fn all<T>(results: impl Iterator<Item = Result<T>>) -> Result<Vec<T>, Failures> {
    let mut done = Vec::new();
    let mut errors = Vec::new();
    for result in results {
        match result {
            Ok(value) => done.push(value),
            Err(error) => errors.push(error),
        }
    }
    match errors.is_empty() {
        true => Ok(done),
        false => Err(Failures(errors)),
    }
}

/// What is wrong with the database of a table, as a sentence.
fn at(table: &Table, folder: &Path, problem: &Problem) -> Error {
    let path = folder.join(table.database());
    anyhow!("{} {problem}", show(&path))
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

/// Most characters of a cell or a reason that a report shows; `None` if it shows all.
fn shown(output: &Output) -> Option<usize> {
    match output.format {
        Format::Table => Some(MOST_CHARACTERS),
        Format::Json => None,
    }
}

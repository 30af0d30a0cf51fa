//! The commands, each from its options to its exit status.

mod check;
mod completions;
mod init;
mod insert;
mod man;
mod messages;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Error, Result, anyhow, bail};

use messages::Messages;

use crate::cli::{Cli, Command, Format, Output};
use crate::database::{self, LockTimeout, Problem};
use crate::platform;
use crate::report::{self, Listing};
use crate::schema::{TABLES, Table};
use crate::terminal::show;

/// Carries out a command, and says on stderr what could not be done.
pub fn run(cli: &Cli) -> ExitCode {
    // If this fails, such a limit ends the process, as it does by default.
    let _ = platform::let_writing_fail();
    let mut messages = Messages::default();
    let lock_timeout = LockTimeout {
        limit: cli.lock_timeout,
        ..LockTimeout::default()
    };
    let (done, format) = match &cli.command {
        Command::Init => (
            init::init(&cli.dir, &lock_timeout, &mut messages),
            Format::Table,
        ),
        Command::Insert(options) => (
            insert::insert(&cli.dir, options, &lock_timeout, &mut messages),
            options.output.format,
        ),
        Command::Check {
            unique_email,
            output,
        } => (
            check::check(
                &cli.dir,
                *unique_email,
                output,
                &lock_timeout,
                &mut messages,
            ),
            output.format,
        ),
        Command::Completions { shell } => (completions::completions(*shell), Format::Table),
        Command::Man => (man::man(), Format::Table),
    };
    let status = done.unwrap_or_else(|error| {
        messages.error(error);
        if format == Format::Json
            && let Err(error) = print(|out| report::write_errors(out, &messages.sentences))
        {
            messages.error(error);
        }
        ExitCode::FAILURE
    });
    messages.say();
    status
}

/// Does something with the database of each table: all results, or all problems.
fn each_table<T>(
    folder: &Path,
    messages: &mut Messages,
    mut each: impl FnMut(&'static Table) -> Result<T, Problem>,
) -> Result<Vec<T>> {
    if let Some(character) = platform::refused_character(folder) {
        let folder = show(folder);
        bail!(
            "{folder} cannot be a folder here: no name may have {character:?} in it, so choose another one with --dir"
        );
    }
    if folder.exists() && !folder.is_dir() {
        let folder = show(folder);
        bail!("{folder} is not a folder: choose another one with --dir");
    }
    database::refuse_shared_files(folder).map_err(Error::msg)?;
    all_databases(folder, messages, TABLES.iter().map(|table| each(table)))
}

/// The results for the databases of all tables, or all their problems.
fn all_databases<T>(
    folder: &Path,
    messages: &mut Messages,
    results: impl IntoIterator<Item = Result<T, Problem>>,
) -> Result<Vec<T>> {
    let results = TABLES.iter().zip(results);
    messages.all(results.map(|(table, result)| result.map_err(|why| at(table, folder, &why))))
}

/// What is wrong with the database of a table, as a sentence.
fn at(table: &Table, folder: &Path, problem: &Problem) -> Error {
    let path = folder.join(table.database());
    anyhow!("{} {}", show(&path), problem.explain(&path))
}

/// Writes to stdout. If nobody reads any further (`| head`), that is not an error.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let written = stdout().and_then(|stdout| {
        let mut stdout = io::BufWriter::new(stdout);
        write(&mut stdout)?;
        stdout.flush()
    });
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("the report could not be written to standard output")
        }
        _ => Ok(()),
    }
}

/// Standard output. The standard library hides that it is read-only; a duplicate does not. One that was closed cannot
/// be told from one that is thrown away: Rust opens `/dev/null` in its place, to read and to write, as Python and Node
/// do for programs whose output they ignore.
#[cfg(unix)]
fn stdout() -> io::Result<impl Write> {
    use std::os::fd::AsFd;

    let stdout = io::stdout().as_fd().try_clone_to_owned()?;
    Ok(std::fs::File::from(stdout))
}

#[cfg(windows)]
fn stdout() -> io::Result<impl Write> {
    Ok(io::stdout().lock())
}

/// How often commands that only read try it when another process disturbs them.
const ATTEMPTS: u32 = 10;

/// How much a report lists.
fn listing(output: &Output) -> Listing {
    match output.format {
        Format::Table => Listing::readable(output.limit),
        Format::Json => Listing::complete(output.limit),
    }
}

//! The commands, each from its options to its exit status.

mod check;
mod completions;
mod init;
mod insert;
mod man;
mod messages;
mod schema;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Error, Result, anyhow, bail};

use messages::Messages;

use crate::cli::{Cli, Command, Format, Output};
use crate::database::{self, LockTimeout, Problem, Reader};
use crate::platform;
use crate::report::{self, Listing};
use crate::schema::sql::Layout;
use crate::schema::{TABLES, Table};
use crate::terminal::{quote, show};

/// Carries out a command, and says on stderr what could not be done.
pub fn run(cli: &Cli) -> ExitCode {
    // If this fails, such a limit ends the process, as it does by default.
    let _ = platform::ignore_file_size_signal();
    let mut messages = Messages::default();
    let (done, format) = match &cli.command {
        Command::Init => (init::init(cli, &mut messages), Format::Table),
        Command::Insert(options) => (
            insert::insert(cli, options, &mut messages),
            options.output.format,
        ),
        Command::Check {
            unique_email,
            output,
        } => (
            check::check(cli, *unique_email, output, &mut messages),
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

/// Where the tables are, and which.
#[derive(Debug)]
struct Databases {
    /// The folder of the databases.
    folder: PathBuf,
    /// The tables, each after those it refers to.
    tables: Vec<&'static Table>,
    /// Whether they are all in one file.
    in_one_file: bool,
    /// The tables in that file that cannot be loaded, with the reasons.
    unsupported: Vec<(&'static str, Vec<String>)>,
    /// The statements that make that file.
    statements: Vec<String>,
    /// The command that creates what is missing.
    init: String,
    /// How long to wait for one that another process has locked.
    lock_timeout: LockTimeout,
}

impl Databases {
    /// Finds the databases and tables that the options name.
    ///
    /// # Errors
    ///
    /// If the schema cannot be read, or if it has tables that this program cannot serve.
    fn open(cli: &Cli, messages: &mut Messages) -> Result<Databases> {
        let lock_timeout = LockTimeout {
            limit: cli.lock_timeout,
            ..LockTimeout::default()
        };
        let one_file = cli.one_file();
        let mut databases = Databases {
            folder: cli.folder(),
            tables: TABLES.to_vec(),
            in_one_file: one_file.is_some(),
            unsupported: Vec::new(),
            statements: Vec::new(),
            init: String::new(),
            lock_timeout,
        };
        let schema = cli.declared();
        let schema_option = schema
            .as_ref()
            .map(|path| format!(" --schema {}", quote(path.as_ref())));
        let schema_option = schema_option.unwrap_or_default();
        databases.init = match &one_file {
            None => format!("`tradexa{schema_option} init` first, with the same --dir"),
            Some(file) => {
                let file = quote(file.as_ref());
                format!("`tradexa --database {file}{schema_option} init` first")
            }
        };
        let Some(source) = schema.as_ref().or(one_file.as_ref()) else {
            return Ok(databases);
        };
        let layout = if databases.in_one_file {
            Layout::OneFile
        } else {
            Layout::OwnFiles
        };
        if schema.is_none() && !source.exists() {
            let file = show(source);
            bail!(
                "{file} does not exist: name your database file with --database, or a schema that declares its tables with --schema"
            );
        }
        let is_database = schema.is_none();
        let read = schema::read(
            source,
            is_database,
            layout,
            &databases.lock_timeout,
            messages,
        )?;
        databases.tables = read.tables.to_vec();
        databases.unsupported = read.unsupported;
        databases.statements = read.statements;
        if schema.is_some() {
            for note in read.notes {
                messages.note(format!("{}: {note}", show(source)));
            }
            messages.say();
        }
        if let Some(file) = one_file {
            databases.put_in(&file)?;
            if schema.is_some() {
                let differences =
                    schema::differences(&file, &databases.tables, &databases.lock_timeout);
                let differences = differences.into_iter().map(Error::msg);
                messages.all(differences.map(Err::<(), _>))?;
            }
        }
        Ok(databases)
    }

    /// Puts all tables in one file.
    fn put_in(&mut self, file: &Path) -> Result<()> {
        let Some(name) = file.file_name() else {
            bail!("{} is not a file: name one with --database", show(file));
        };
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        self.folder = folder.unwrap_or(Path::new(".")).to_path_buf();
        let name: &'static Path = Box::leak(PathBuf::from(name).into_boxed_path());
        let encoding = database::encoding(file);
        for table in &mut self.tables {
            let moved = Table {
                file: Some(name),
                encoding,
                ..table.clone()
            };
            *table = Box::leak(Box::new(moved));
        }
        Ok(())
    }

    /// Does something with the database of each table: all results, or all problems.
    fn each<T>(
        &self,
        messages: &mut Messages,
        mut each: impl FnMut(&'static Table) -> Result<T, Problem>,
    ) -> Result<Vec<T>> {
        self.check_files()?;
        self.all(messages, self.tables.iter().map(|table| each(table)))
    }

    /// Opens a reader of each table, given also one of another table in the same file, if there is one.
    fn readers(
        &self,
        messages: &mut Messages,
        mut open: impl FnMut(&'static Table, Option<&Reader>) -> Result<Reader, Problem>,
    ) -> Result<Vec<Reader>> {
        self.check_files()?;
        let mut readers: Vec<Result<Reader, Problem>> = Vec::new();
        for table in &self.tables {
            let mut others = readers.iter().flatten();
            let other = others.find(|other| other.is_of_file(&table.file()));
            let reader = open(table, other);
            readers.push(reader);
        }
        self.all(messages, readers)
    }

    /// Makes sure that the folder and its files can be used.
    fn check_files(&self) -> Result<()> {
        if let Some(character) = platform::refused_character(&self.folder) {
            let folder = show(&self.folder);
            bail!(
                "{folder} is not a valid folder name on this system: names cannot contain {character:?}, so choose another one with --dir"
            );
        }
        if self.folder.exists() && !self.folder.is_dir() {
            let folder = show(&self.folder);
            bail!("{folder} is not a folder: choose another one with --dir");
        }
        database::refuse_shared_files(&self.folder, &self.tables).map_err(Error::msg)
    }

    /// The results for the databases of all tables, or all their problems.
    fn all<T>(
        &self,
        messages: &mut Messages,
        results: impl IntoIterator<Item = Result<T, Problem>>,
    ) -> Result<Vec<T>> {
        let results = self.tables.iter().zip(results);
        messages.all(results.map(|(table, result)| result.map_err(|why| self.at(table, &why))))
    }

    /// What is wrong with the database of a table, as a sentence.
    fn at(&self, table: &Table, problem: &Problem) -> Error {
        let path = self.path_of(table);
        let (file, why) = (show(&path), problem.explain(&path));
        match problem {
            Problem::Missing | Problem::NoTable(_) => anyhow!("{file} {why}: run {}", self.init),
            _ => anyhow!("{file} {why}"),
        }
    }

    /// The path of a table's database, as people name it.
    fn path_of(&self, table: &Table) -> PathBuf {
        if self.in_one_file && self.folder == Path::new(".") {
            table.file()
        } else {
            self.folder.join(table.file())
        }
    }

    /// A message that a table's file was switched from this journal mode to WAL, and how to undo that.
    fn now_in_wal_mode(&self, table: &Table, mode: &str) -> String {
        let (path, mode) = (show(&self.path_of(table)), mode.to_uppercase());
        format!(
            "{path} was in {mode} mode and is now in WAL mode, which tradexa needs; \
             to switch it back after the load, run `PRAGMA journal_mode = {mode}` in the sqlite3 shell"
        )
    }

    /// The tables that a table refers to, one for each of its references.
    fn parents(&self, table: &Table) -> Vec<&'static Table> {
        let parents = table.references.iter().filter_map(|reference| {
            self.tables
                .iter()
                .find(|parent| parent.name == reference.parent)
        });
        parents.copied().collect()
    }
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

/// Standard output. The standard library hides that it is read-only; a duplicate does not. A closed standard output
/// cannot be told from one that is deliberately discarded: Rust opens `/dev/null` in its place, for reading and
/// writing, as Python and Node do for programs whose output they ignore.
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

/// How many times a read-only command is attempted if other processes interfere.
const ATTEMPTS: u32 = 10;

/// How much a report lists.
fn listing(output: &Output) -> Listing {
    match output.format {
        Format::Table => Listing::readable(output.limit),
        Format::Json => Listing::complete(output.limit),
    }
}

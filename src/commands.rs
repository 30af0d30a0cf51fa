//! The commands, each from its options to its exit status: an error is status 1 and says why.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cli::{Format, Insert, LOCK_TIMEOUT};
use crate::database::{self, Database, Problem, State};
use crate::escape::show;
use crate::insert::{self, Feed, Lane};
use crate::outcome::Tally;
use crate::report::{Report, TableReport};
use crate::schema::{TABLES, Table};
use crate::source::Reader;
use crate::validate::Validator;

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
    for (table, state) in TABLES.iter().zip(states) {
        let done = match state {
            State::Ready => "already initialized",
            State::Uninitialized => {
                let created = database::create(table, folder, LOCK_TIMEOUT);
                created.map_err(|problem| at(table, folder, &problem))?;
                "initialized"
            }
        };
        print(&format!("{} database {done}.\n", table.name))?;
    }
    Ok(())
}

/// Inserts rows and reports what became of each.
///
/// # Errors
///
/// If a database could not be used, if a row failed, if a row was skipped and the options are strict, or if the report
/// could not be printed.
pub fn insert(folder: &Path, options: &Insert) -> Result<()> {
    let started = Instant::now();
    let mut feeds = Vec::new();
    for table in TABLES {
        let seed = Box::new(table.seed.as_bytes());
        let reader = Reader::new(table, seed)
            .map_err(|problem| anyhow::anyhow!("seed/{} {problem}", table.csv()))?;
        feeds.push(Feed {
            reader: Some(reader),
            validator: Validator::new(table, options.unique_email),
            error: None,
        });
    }
    let databases = each_table(folder, |table| {
        Database::open(table, folder, options.lock_timeout)
    })?;
    for (database, feed) in databases.iter().zip(&mut feeds) {
        database
            .prepare()
            .and_then(|()| own_stored_texts(database, &mut feed.validator))
            .map_err(|problem| at(database.table, folder, &problem))?;
    }
    let lanes: Vec<_> = databases
        .into_iter()
        .map(|database| Lane::new(database.table, database, Tally::new(options.limit)))
        .collect();
    let threads = insert::run(&mut feeds, &lanes, usize::from(options.threads));
    report(started, options, feeds, lanes, threads)
}

/// Reads the inserted rows back, prints the report, and says what could not be done.
fn report(
    started: Instant,
    options: &Insert,
    feeds: Vec<Feed>,
    lanes: Vec<Lane>,
    threads: usize,
) -> Result<()> {
    let mut errors = Vec::new();
    let mut tables = Vec::new();
    let mut databases = Vec::new();
    for (feed, lane) in feeds.into_iter().zip(lanes) {
        let table = lane.table;
        if let Some(error) = feed.error {
            errors.push(format!(
                "{} could not be read to its end: {error}",
                table.csv()
            ));
        }
        let tally = lane
            .tally
            .into_inner()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut rows = Vec::new();
        for id in tally.rows.iter() {
            match lane.database.read(*id) {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => errors.push(format!(
                    "{} {id} was stored, but is gone from {}: another process deleted it",
                    table.row,
                    table.database()
                )),
                Err(problem) => errors.push(format!(
                    "{} {id} was stored, but could not be read back: {} {problem}",
                    table.row,
                    table.database()
                )),
            }
        }
        tables.push(TableReport {
            table,
            header: feed.reader.map(|reader| reader.header()),
            tally,
            rows,
        });
        databases.push(lane.database);
    }
    close(databases);
    let report = Report {
        tables,
        threads,
        elapsed: started.elapsed(),
        limit: options.limit,
    };
    let printed = match options.format {
        Format::Table => print(&report.to_tables()),
        Format::Json => report.to_json().and_then(|json| print(&json)),
    };
    errors.extend(printed.err().map(|error| format!("{error:#}")));
    errors.extend(report.failures(options.strict));
    match errors.is_empty() {
        true => Ok(()),
        false => bail!(errors.join("\n")),
    }
}

/// Closes databases side by side: each moves its WAL into the file, and waits for the disk.
fn close(databases: Vec<Database>) {
    thread::scope(|scope| {
        for database in databases {
            // Where no thread can be had, dropping the closure closes the database here.
            let _ = thread::Builder::new().spawn_scoped(scope, move || drop(database));
        }
    });
}

/// Tells a validator which unique texts belong to stored rows.
fn own_stored_texts(database: &Database, validator: &mut Validator) -> Result<(), Problem> {
    for (index, column) in validator.unique_columns() {
        database.texts(column.name, |text, id| validator.own(index, text, id))?;
    }
    Ok(())
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
    let mut done = Vec::new();
    let mut errors = Vec::new();
    for table in TABLES {
        match each(table) {
            Ok(result) => done.push(result),
            Err(problem) => errors.push(at(table, folder, &problem).to_string()),
        }
    }
    match errors.is_empty() {
        true => Ok(done),
        false => bail!(errors.join("\n")),
    }
}

/// What is wrong with the database of a table, as a sentence.
fn at(table: &Table, folder: &Path, problem: &Problem) -> anyhow::Error {
    let path = folder.join(table.database());
    anyhow::anyhow!("{} {problem}", show(&path))
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

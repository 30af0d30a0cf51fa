//! `tradexa insert`

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use super::{all, at, each_table, fail_with, print};
use crate::cli::{Format, Insert};
use crate::database::{Database, StoredRow};
use crate::escape::show;
use crate::insert::{self, Feed, Lane, Mode};
use crate::outcome::{Rejects, Tally};
use crate::progress::Progress;
use crate::report::{Report, TableReport, Terminal};
use crate::schema::{TABLES, Table};
use crate::source::Source;
use crate::sync::{Mutex, PoisonError};
use crate::validate::Validator;

/// Inserts rows and reports what became of each.
///
/// # Errors
///
/// If a database or an input file could not be used, if a row failed, if a row was skipped and the options are strict,
/// or if the report or the rejects could not be written.
pub fn insert(folder: &Path, options: &Insert) -> Result<()> {
    let started = Instant::now();
    let source = match &options.from {
        Some(folder) => Source::Folder(folder),
        None => Source::Seed,
    };
    let mut feeds = open_feeds(&source, options.unique_email)?;
    let databases = open_databases(folder, options)?;
    for (database, feed) in databases.iter().zip(&mut feeds) {
        database
            .own_texts(&mut feed.validator)
            .map_err(|problem| at(database.table, folder, &problem))?;
    }
    let rejects = open_rejects(options.rejects.as_deref(), &feeds)?;
    let mut lanes = Vec::new();
    for (database, rejects) in databases.into_iter().zip(rejects) {
        let mut tally = Tally::new(options.output.limit);
        tally.rejects = rejects;
        let mut lane = Lane::new(database, tally);
        lane.timeline = options.timeline.then(Mutex::default);
        lanes.push(lane);
    }
    let mode = match options.dry_run {
        true => Mode::DryRun,
        false => Mode::Threads(usize::from(options.threads)),
    };
    let threads = insert::run(&mut feeds, &lanes, mode, &mut Progress::new(TABLES.len()));

    let mut errors = Vec::new();
    let tables = finish(&source, options, feeds, lanes, &mut errors);
    let report = Report {
        tables,
        threads,
        started,
        elapsed: started.elapsed(),
        dry_run: options.dry_run,
        limit: options.output.limit,
    };
    let printed = match options.output.format {
        Format::Table => print(&report.to_tables(&Terminal::stdout())),
        Format::Json => report.to_json().and_then(|json| print(&json)),
    };
    errors.extend(printed.err().map(|error| format!("{error:#}")));
    errors.extend(report.failures(options.strict));
    fail_with(&errors)
}

/// Opens what the rows come from, and looks at all headers before anything else happens.
fn open_feeds(source: &Source, unique_email: bool) -> Result<Vec<Feed>> {
    if let Source::Folder(folder) = source
        && !folder.is_dir()
    {
        bail!(
            "{} is not a folder: choose another one with --from",
            show(folder)
        );
    }
    let feeds = all(TABLES.iter().map(|table| {
        let reader = source
            .open(table)
            .map_err(|problem| anyhow!("{} {problem}", show(&source.path(table))))?;
        Ok(Feed {
            reader,
            validator: Validator::new(table, unique_email),
            records: 0,
            error: None,
        })
    }))?;
    if let Source::Folder(folder) = source
        && feeds.iter().all(|feed| feed.reader.is_none())
    {
        let names: Vec<_> = TABLES.iter().map(|table| table.csv()).collect();
        bail!(
            "{} has none of the files {}",
            show(folder),
            names.join(", ")
        );
    }
    Ok(feeds)
}

/// Opens all databases before any is changed.
fn open_databases(folder: &Path, options: &Insert) -> Result<Vec<Database>> {
    if options.dry_run {
        return each_table(folder, |table| {
            Database::open_to_rehearse(table, folder, options.lock_timeout)
        });
    }
    let databases = each_table(folder, |table| {
        Database::open(table, folder, options.lock_timeout)
    })?;
    for database in &databases {
        let prepared = database.prepare();
        prepared.map_err(|problem| at(database.table, folder, &problem))?;
    }
    Ok(databases)
}

/// Where the rejects of each table go, if they were asked for. It is the last thing before rows are read, because it
/// creates the folder.
fn open_rejects(folder: Option<&Path>, feeds: &[Feed]) -> Result<Vec<Option<Rejects>>> {
    let Some(folder) = folder else {
        return Ok(feeds.iter().map(|_| None).collect());
    };
    all(TABLES.iter().map(|table| {
        let path = folder.join(table.csv());
        match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).with_context(|| format!("{} cannot be used", show(&path))),
            Ok(_) => bail!(
                "{} exists already: move it away, or choose another folder with --rejects",
                show(&path)
            ),
        }
    }))?;
    fs::create_dir_all(folder).with_context(|| format!("{} could not be created", show(folder)))?;
    // Whether files can be written there is to be known before the load and not after it.
    let probe = folder.join(TABLES[0].csv());
    File::create_new(&probe)
        .and_then(|_| fs::remove_file(&probe))
        .with_context(|| format!("{} cannot be written", show(folder)))?;
    let rejects = TABLES.iter().zip(feeds).map(|(table, feed)| {
        let reader = feed.reader.as_ref()?;
        Some(Rejects::new(folder, table, reader.header()))
    });
    Ok(rejects.collect())
}

/// Closes what the rows came from and went to, and reads the first of them back.
fn finish(
    source: &Source,
    options: &Insert,
    feeds: Vec<Feed>,
    lanes: Vec<Lane>,
    errors: &mut Vec<String>,
) -> Vec<TableReport> {
    let mut tables = Vec::new();
    let mut databases = Vec::new();
    for (feed, lane) in feeds.into_iter().zip(lanes) {
        let table = lane.table;
        if let Some(error) = feed.error {
            let path = show(&source.path(table));
            errors.push(format!("{path} could not be read to its end: {error}"));
        }
        let mut tally = into_inner(lane.tally);
        let finished = tally.rejects.take().map_or(Ok(()), Rejects::finish);
        if let Some(error) = tally.rejects_error.take().or(finished.err()) {
            let folder = options.rejects.as_deref().unwrap_or(Path::new("."));
            let path = show(&folder.join(table.csv()));
            errors.push(format!(
                "{path} could not be written: {error} (it is not complete)"
            ));
        }
        if lane.database.was_disturbed() {
            let file = table.database();
            errors.push(format!(
                "{file} was written by another process meanwhile: run it again"
            ));
        }
        let rows = match options.dry_run {
            true => Vec::new(),
            false => read_back(table, &lane.database, &tally, errors),
        };
        tables.push(TableReport {
            table,
            header: feed.reader.map(|reader| reader.header()),
            tally,
            rows,
            timeline: lane.timeline.map(into_inner),
        });
        databases.push(lane.database);
    }
    close(databases);
    tables
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The first rows that were inserted or unchanged, as the database has them now.
fn read_back(
    table: &Table,
    database: &Database,
    tally: &Tally,
    errors: &mut Vec<String>,
) -> Vec<StoredRow> {
    let mut rows = Vec::new();
    for id in tally.rows.iter() {
        let (row, file) = (table.row, table.database());
        match database.read(*id) {
            Ok(Some(stored)) => rows.push(stored),
            Ok(None) => errors.push(format!(
                "{row} {id} was stored, but is gone from {file}: another process deleted it"
            )),
            Err(problem) => errors.push(format!(
                "{row} {id} was stored, but could not be read back: {file} {problem}"
            )),
        }
    }
    rows
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

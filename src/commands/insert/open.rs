//! Everything that is opened and looked at before any row is read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};

use super::super::{Messages, all_databases, each_table};
use crate::cli::Insert;
use crate::csv::{self, Dialect, Failure, Rejects, Source};
use crate::database::{Database, LockTimeout, Reader};
use crate::insert::Target;
use crate::platform::Interrupt;
use crate::schema::{TABLES, Table};
use crate::sync::{Mutex, lock};
use crate::terminal::{show, to_utf8};

/// How long to wait for a file before saying so.
const SILENCE: Duration = Duration::from_secs(1);

/// Opens what the rows come from, looks at all headers, and says which files are not read.
pub fn files(
    options: &Insert,
    sources: &[Option<Source>],
    dialect: &Dialect,
    messages: &mut Messages,
) -> Result<Vec<Option<csv::Reader>>> {
    let readers = readers(sources, dialect, messages)?;
    if let Some(folder) = &options.from {
        for sentence in unread_files(folder, sources) {
            messages.note(sentence);
        }
        messages.say();
        if sources.iter().all(Option::is_none) {
            let names: Vec<_> = TABLES.iter().map(|table| table.csv()).collect();
            let (folder, names) = (show(folder), names.join(", "));
            bail!(
                "{folder} has none of the files {names}: name other files with --file TABLE=PATH"
            );
        }
    }
    Ok(readers)
}

/// Opens the file of each table that has one, and looks at its header.
pub fn readers(
    sources: &[Option<Source>],
    dialect: &Dialect,
    messages: &mut Messages,
) -> Result<Vec<Option<csv::Reader>>> {
    let readers = TABLES.iter().zip(sources).map(|(table, source)| {
        let Some(source) = source else {
            return Ok(None);
        };
        let name = source.name(table);
        let reader = say_if_it_lasts(source, &name, messages, || source.open(table, dialect));
        reader.map(Some).map_err(|problem| {
            let advice = match problem {
                csv::Problem::Utf32(encoding) => {
                    format!(": {}", to_utf8(source.path(), table.name, encoding))
                }
                _ => String::new(),
            };
            anyhow!("{} {problem}{advice}", show(&name))
        })
    });
    let readers: Vec<_> = readers.collect();
    messages.all(readers.into_iter())
}

/// Opens a file, and says so if it is a pipe from which no data comes for a while. Otherwise, a program that fills several
/// pipes in turn would hang without a word. Opening each pipe only when its rows are due would not help: a wrong header
/// must be an error before anything is written.
fn say_if_it_lasts<T>(
    source: &Source,
    name: &Path,
    messages: &mut Messages,
    open: impl FnOnce() -> T,
) -> T {
    if source.is_rereadable() || source.path().is_some_and(|path| !path.exists()) {
        return open();
    }
    thread::scope(|scope| {
        let (opened, waits) = mpsc::channel::<()>();
        // Without the thread, the file is opened all the same.
        let _ = thread::Builder::new().spawn_scoped(scope, move || {
            if waits.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                let name = show(name);
                messages.note(format!(
                    "waiting for the header of {name}: all headers are read before any row, \
                     so fill pipes at the same time, not one after the other"
                ));
                messages.say();
            }
        });
        let result = open();
        drop(opened);
        result
    })
}

/// A sentence for each table without a file and each CSV file that no table is named after, as far as people would
/// read them.
fn unread_files(folder: &Path, sources: &[Option<Source>]) -> Vec<String> {
    const MOST: usize = 10;

    let tables = TABLES.iter().zip(sources);
    let mut missing: Vec<_> = tables
        .filter(|(_, source)| source.is_none())
        .map(|(table, _)| table)
        .collect();
    let is_csv = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_ascii_lowercase();
        name.ends_with(".csv") || name.ends_with(".csv.gz")
    };
    // Some file systems do not tell names in upper and lower case apart.
    let is_read = |path: &PathBuf| {
        let mut read = sources.iter().flatten().filter_map(Source::path);
        read.any(|read| {
            let is_same = || Some(read.canonicalize().ok()? == path.canonicalize().ok()?);
            read.as_os_str().eq_ignore_ascii_case(path) || is_same() == Some(true)
        })
    };
    // If the folder cannot be listed, its files can still be loaded.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let mut unread: Vec<_> = paths
        .filter(|path| is_csv(path) && !is_read(path))
        .collect();
    unread.sort();
    let mut sentences = Vec::new();
    for path in unread {
        let name = path.file_name().unwrap_or_default();
        let is_named = |table: &Table| {
            let names = [table.csv(), format!("{}.gz", table.csv())];
            names.iter().any(|csv| name.eq_ignore_ascii_case(csv))
        };
        let meant = missing.iter().position(|table| is_named(table));
        let advice = match meant {
            Some(index) => format!("rename it to {}", missing.remove(index).csv()),
            None if TABLES.iter().any(|table| is_named(table)) => {
                "--file names another file for its table".to_string()
            }
            None => "no table is named after it (name it with --file TABLE=PATH)".to_string(),
        };
        sentences.push(format!("{} is not read: {advice}", show(&path)));
    }
    if sources.iter().all(Option::is_none) {
        // The error says so.
        missing.clear();
    }
    let missing = missing.into_iter().map(|table| {
        let path = folder.join(table.csv());
        let (path, rows) = (show(&path), table.name);
        format!("{path} does not exist: no {rows} are loaded")
    });
    missing.chain(sentences).take(MOST).collect()
}

/// Opens all databases before any is changed.
pub fn databases(
    folder: &Path,
    options: &Insert,
    interrupt: &Interrupt,
    messages: &mut Messages,
) -> Result<Vec<Target>> {
    let lock_timeout = LockTimeout {
        limit: options.lock_timeout,
        stop: interrupt.flag(),
    };
    if options.dry_run {
        return each_table(folder, messages, |table| {
            Reader::open_or_empty(table, folder, &lock_timeout).map(Target::DryRun)
        });
    }
    let databases = each_table(folder, messages, |table| {
        Database::open(table, folder, &lock_timeout)
    })?;
    let prepared = side_by_side(databases, Reader::prepare);
    let databases = all_databases(folder, messages, prepared)?.into_iter();
    let threads = usize::from(options.threads);
    Ok(databases
        .map(|database| Target::Database { database, threads })
        .collect())
}

/// Opens the rejects of each table that has a file, if they were asked for.
pub fn rejects(
    options: &Insert,
    sources: &[Option<Source>],
    readers: &[Option<csv::Reader>],
    messages: &mut Messages,
) -> Result<Vec<Option<Rejects>>> {
    let Some(folder) = &options.rejects else {
        return Ok(readers.iter().map(|_| None).collect());
    };
    let says = |path: &Path, failure: Failure| anyhow!("{} {failure}", show(path));
    let reads: Vec<_> = sources.iter().flatten().filter_map(Source::path).collect();
    if let Err(failures) = csv::prepare(folder, options.overwrite, &reads) {
        return messages.all(
            failures
                .into_iter()
                .map(|(path, failure)| Err(says(&path, failure))),
        );
    }
    messages.all(TABLES.iter().zip(readers).map(|(table, reader)| {
        let Some(reader) = reader else {
            return Ok(None);
        };
        Rejects::create(
            folder,
            table,
            reader.header(),
            reader.dialect(),
            options.overwrite,
        )
        .map(Some)
        .map_err(|failure| says(&folder.join(table.csv()), failure))
    }))
}

/// Does something with each item, in as many threads as there are items, or fewer where they cannot be had.
pub fn side_by_side<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let others = 1..items.len();
    let items = Mutex::new(items.into_iter().enumerate());
    let results = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let next = lock(&items).next();
            let Some((place, item)) = next else { return };
            let result = work(item);
            lock(&results).insert(place, result);
        }
    };
    thread::scope(|scope| {
        for _ in others {
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    std::mem::take(&mut *lock(&results)).into_values().collect()
}

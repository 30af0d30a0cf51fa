//! Everything that is opened and looked at before any row is read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use encoding_rs::Encoding;

use super::super::{Databases, Messages};
use crate::cli::{Cli, Insert};
use crate::csv::{self, Dialect, Failure, Rejects, Source};
use crate::database::{Database, LockTimeout, Reader};
use crate::insert::Target;
use crate::platform;
use crate::report::Trace;
use crate::schema::Table;
use crate::sync::{Mutex, lock};
use crate::terminal::{apart, show, to_utf8};

/// The maximum number of names in a message.
const MAX_LISTED: usize = 10;

/// How long to wait for a file before saying so.
const NOTICE_DELAY: Duration = Duration::from_secs(1);

/// Opens what the rows come from, looks at all headers, and says which files are not read.
pub fn files(
    databases: &Databases,
    options: &Insert,
    sources: &[Option<Source>],
    dialect: &Dialect,
    messages: &mut Messages,
) -> Result<Vec<Option<csv::Reader>>> {
    let tables = &databases.tables[..];
    let readers = readers(databases, sources, dialect, messages)?;
    for ((table, source), reader) in tables.iter().zip(sources).zip(&readers) {
        let (Some(source), Some(reader)) = (source, reader) else {
            continue;
        };
        if let Some(sentence) = absent_columns(&source.name(table), table, reader) {
            let stay = if options.update {
                " (stored rows keep their values)"
            } else {
                ""
            };
            messages.note(format!("{sentence}{stay}"));
        }
        if options.update && !reader.header().has_key(table) {
            let (file, name) = (show(&source.name(table)), table.name);
            messages.note(format!(
                "{file} does not have the primary key of {name}, so --update replaces no rows"
            ));
        }
    }
    if let Some(folder) = &options.from {
        for sentence in unread_files(folder, tables, sources) {
            messages.note(sentence);
        }
        if sources.iter().all(Option::is_none) {
            let names = tables.iter().take(MAX_LISTED).map(|table| table.csv());
            let (folder, names) = (show(folder), names.collect::<Vec<_>>().join(", "));
            bail!(
                "{folder} has none of the files {names}: name other files with --file TABLE=PATH"
            );
        }
    }
    messages.say();
    Ok(readers)
}

/// Opens the file of each table that has one, and looks at its header.
pub fn readers(
    databases: &Databases,
    sources: &[Option<Source>],
    dialect: &Dialect,
    messages: &mut Messages,
) -> Result<Vec<Option<csv::Reader>>> {
    let files = databases.tables.iter().zip(sources);
    let readers = files.map(|(table, source)| {
        let Some(source) = source else {
            return Ok(None);
        };
        let name = source.name(table);
        let reader = open_with_notice(source, &name, messages, || source.open(table, dialect));
        reader.map(Some).map_err(|problem| (source, problem))
    });
    let readers: Vec<_> = readers.collect();
    let mut opened = readers.iter().flatten().flatten();
    let would_spoil = opened.any(csv::Reader::is_plain_text);
    let readers = databases.tables.iter().zip(readers).map(|(table, reader)| {
        reader.map_err(|(source, problem)| {
            let name = source.name(table);
            let advice = match problem {
                csv::Problem::Utf32(encoding) => {
                    format!(": {}", to_utf8(source.path(), table.name, encoding))
                }
                csv::Problem::HeaderNotUtf8(_) | csv::Problem::HeaderNotEncoding(..)
                    if would_spoil =>
                {
                    let encoding = dialect.encoding.map_or("UTF-8", Encoding::name);
                    apart(encoding, &name, table.name)
                }
                _ => String::new(),
            };
            anyhow!("{} {problem}{advice}", show(&name))
        })
    });
    messages.all(readers)
}

/// Opens a file, and prints a message if it is a pipe from which no data arrives for a while. Otherwise, a program
/// that fills several pipes in turn would hang silently. Opening each pipe only when its rows are needed would not
/// help: a wrong header must be an error before anything is written.
fn open_with_notice<T>(
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
            if waits.recv_timeout(NOTICE_DELAY) == Err(RecvTimeoutError::Timeout) {
                let name = show(name);
                messages.note(format!(
                    "waiting for the header of {name}: all headers are read before any row, \
                     so write to all pipes at the same time, not one after the other"
                ));
                messages.say();
            }
        });
        let result = open();
        drop(opened);
        result
    })
}

/// A message that the file lacks optional columns of its table, if it does.
fn absent_columns(path: &Path, table: &Table, reader: &csv::Reader) -> Option<String> {
    let header = reader.header();
    let is_absent = |column: &usize| !header.has(*column) && !table.columns[*column].generated;
    let absent: Vec<_> = (0..table.columns.len()).filter(is_absent).collect();
    let has_ids = table.rowid_key().is_none_or(|key| !absent.contains(&key));
    let names: Vec<_> = (absent.iter())
        .map(|column| table.columns[*column].name)
        .collect();
    let path = show(path);
    let (columns, they) = match &names[..] {
        [] => return None,
        [name] if !has_ids => (format!("column {name:?}"), "SQLite assigns the ids"),
        [name] => {
            let mut columns = table.columns.iter();
            let has_default =
                columns.any(|column| column.name == *name && column.default.is_some());
            let gets = if has_default {
                "it gets its default"
            } else {
                "it is NULL"
            };
            (format!("column {name:?}"), gets)
        }
        _ => {
            let they = if has_ids {
                "they get their defaults, or NULL"
            } else {
                "SQLite assigns the ids, and the others get their defaults, or NULL"
            };
            (format!("columns {}", list(&names)), they)
        }
    };
    Some(format!("{path} has no {columns}: {they}"))
}

/// The first few names in quotes, and how many more there are.
fn list(names: &[&str]) -> String {
    let quoted: Vec<_> = names
        .iter()
        .take(MAX_LISTED)
        .map(|name| format!("{name:?}"))
        .collect();
    match names.len().saturating_sub(MAX_LISTED) {
        0 => quoted.join(", "),
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

/// A sentence for each table without a file and each CSV file without a table, but only as many as people would read.
fn unread_files(
    folder: &Path,
    tables: &[&'static Table],
    sources: &[Option<Source>],
) -> Vec<String> {
    let files = tables.iter().zip(sources);
    let mut missing: Vec<_> = files
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
            None if tables.iter().any(|table| is_named(table)) => {
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
        let (path, rows) = (show(&path), table.rows());
        format!("{path} does not exist: no {rows} are loaded")
    });
    missing.chain(sentences).take(MAX_LISTED).collect()
}

/// Opens all databases before any is changed.
pub fn databases(
    databases: &Databases,
    options: &Insert,
    sources: &[Option<Source>],
    lock_timeout: &LockTimeout,
    messages: &mut Messages,
) -> Result<Vec<Target>> {
    let accept_rows = |readers: &[Reader]| {
        readers
            .iter()
            .zip(sources)
            .map(|(reader, source)| match source {
                Some(_) => reader.accepts_rows(),
                None => Ok(()),
            })
            .collect::<Vec<_>>()
    };
    if options.dry_run {
        let readers = databases.readers(messages, |table, other| {
            Reader::open_or_empty(table, &databases.folder, other, lock_timeout)
        })?;
        databases.all(messages, accept_rows(&readers))?;
        let readers = readers.into_iter().map(Box::new);
        return Ok(readers.map(Target::DryRun).collect());
    }
    let readers = databases.readers(messages, |table, other| match other {
        Some(other) => other.of_another(table),
        None => Database::open(table, &databases.folder, lock_timeout),
    })?;
    databases.all(messages, accept_rows(&readers))?;
    let mut files: BTreeMap<PathBuf, Vec<Reader>> = BTreeMap::new();
    for reader in readers {
        files.entry(reader.table.file()).or_default().push(reader);
    }
    let tables: Vec<_> = files.values().map(|readers| readers[0].table).collect();
    let prepared = side_by_side(files.into_values().collect(), Database::prepare);
    let prepared = tables.into_iter().zip(prepared);
    let prepared = prepared.map(|(table, database)| match database {
        Ok(database) => Ok((table.file(), Arc::new(database))),
        Err(problem) => Err(databases.at(table, &problem)),
    });
    let prepared: BTreeMap<_, _> = messages.all(prepared)?.into_iter().collect();
    if databases.in_one_file {
        for (table, database) in databases.tables.iter().zip(prepared.values()) {
            if let Some(mode) = &database.previous_journal_mode {
                messages.note(databases.now_in_wal_mode(table, mode));
            }
        }
    }
    messages.say();
    let threads = usize::from(options.threads);
    let targets = databases.tables.iter().filter_map(|table| {
        Some(Target::Database {
            database: Arc::clone(prepared.get(&table.file())?),
            threads,
        })
    });
    Ok(targets.collect())
}

/// Which files this run reads, by whatever names: nothing is written over them.
pub fn reads(cli: &Cli, databases: &Databases, sources: &[Option<Source>]) -> Vec<(u64, u64)> {
    let tables = databases.tables.iter();
    let databases = tables.map(|table| databases.path_of(table));
    let others = databases.chain(cli.declared());
    let others = others.filter_map(|path| platform::identity(&path).ok());
    let sources = sources.iter().flatten().filter_map(Source::identity);
    sources.chain(others).map(|found| found.file).collect()
}

/// Fails if a file is in the way of the rejects, before a database is changed.
pub fn rejects_can_be_written(
    databases: &Databases,
    options: &Insert,
    reads: &[(u64, u64)],
    messages: &mut Messages,
) -> Result<()> {
    let Some(folder) = &options.rejects else {
        return Ok(());
    };
    let in_the_way = csv::in_the_way(folder, &databases.tables, options.overwrite, reads);
    let failures = in_the_way.into_iter().map(cannot_be_written);
    messages.all(failures.map(Err::<(), _>)).map(drop)
}

fn cannot_be_written((path, failure): (PathBuf, Failure)) -> anyhow::Error {
    anyhow!("{} {failure}", show(&path))
}

/// Opens the rejects of each table that has a file, if they were asked for.
pub fn rejects(
    databases: &Databases,
    options: &Insert,
    reads: &[(u64, u64)],
    readers: &[Option<csv::Reader>],
    messages: &mut Messages,
) -> Result<Vec<Option<Rejects>>> {
    let Some(folder) = &options.rejects else {
        return Ok(readers.iter().map(|_| None).collect());
    };
    let prepared = csv::prepare(folder, &databases.tables, options.overwrite, reads);
    if let Err(failures) = prepared {
        return messages.all(
            failures
                .into_iter()
                .map(|failed| Err(cannot_be_written(failed))),
        );
    }
    messages.all(databases.tables.iter().zip(readers).map(|(table, reader)| {
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
        .map_err(|failure| cannot_be_written((folder.join(table.csv()), failure)))
    }))
}

/// Creates the trace file, if there is to be one.
///
/// # Errors
///
/// If it cannot be created, or is another file of this run.
pub fn trace(
    options: &Insert,
    databases: &Databases,
    reads: &[(u64, u64)],
    started: Instant,
) -> Result<Option<Arc<Trace>>> {
    let Some(path) = &options.trace else {
        return Ok(None);
    };
    let file = |path: &Path| platform::identity(path).ok().map(|identity| identity.file);
    // What does not exist yet is identified by its folder and its name.
    let place = |path: &Path| {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        Some((
            file(folder.unwrap_or(Path::new(".")))?,
            path.file_name()?.to_owned(),
        ))
    };
    let tables = &databases.tables;
    let mut used = tables.iter().flat_map(|table| -> Vec<PathBuf> {
        let files = ["", "-wal", "-shm", "-journal"].map(|suffix| {
            let mut name = databases.path_of(table).into_os_string();
            name.push(suffix);
            name.into()
        });
        let folders = options.from.iter().chain(&options.rejects);
        files
            .into_iter()
            .chain(folders.map(|folder| folder.join(table.csv())))
            .collect()
    });
    let (trace, new) = (file(path), place(path));
    if trace.is_some_and(|trace| reads.contains(&trace))
        || used.any(|used| {
            trace.is_some() && file(&used) == trace || new.is_some() && place(&used) == new
        })
    {
        let path = show(path);
        bail!("{path} belongs to this load: choose another name with --trace");
    }
    let trace = Trace::create(path, tables, started)
        .with_context(|| format!("{} could not be created", show(path)))?;
    Ok(Some(Arc::new(trace)))
}

/// Calls `work` for each item, in as many threads as there are items, or as the system allows.
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
